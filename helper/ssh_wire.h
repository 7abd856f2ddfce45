/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading what SSH writes (RFC 4251, 5): a view of bytes from which numbers
 * and strings are taken. Nothing is copied, nothing is read twice, and what
 * does not fit fails.
 */
#ifndef HELPER_SSH_WIRE_H
#define HELPER_SSH_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct ssh_wire {
	const uint8_t *data;
	size_t len;		/* that is left */
};

/* 0, or -1 where there is not as much; the view is then unchanged. */
int ssh_wire_byte(struct ssh_wire *w, uint8_t *ret);
int ssh_wire_u32(struct ssh_wire *w, uint32_t *ret);
/* A string of at most max bytes; *ret is a view of it. */
int ssh_wire_string(struct ssh_wire *w, size_t max, struct ssh_wire *ret);
/* The same, and whether it is this text. */
int ssh_wire_word(struct ssh_wire *w, const char *word);

/* Writes a number behind p, and returns where it ends. */
uint8_t *ssh_wire_put_u32(uint8_t *p, uint32_t value);
/* A length and as many bytes. */
uint8_t *ssh_wire_put_string(uint8_t *p, const uint8_t *data, size_t len);

#endif
