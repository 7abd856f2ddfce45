/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory for a PIN: its own mapping between guard pages, locked where the
 * limits allow it, left out of core dumps, empty in a forked child, of one
 * capacity for ever, wiped when it is cleared or freed. It cannot be printed
 * and is never reallocated.
 */
#ifndef MTLS_SECRET_H
#define MTLS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

struct mtls_secret;

/* A new empty secret of capacity bytes (1..4096), NULL when out of memory. */
struct mtls_secret *mtls_secret_new(size_t capacity);

/* Wipes and frees; NULL is a no-op. */
void mtls_secret_free(struct mtls_secret *s);

/* Wipes the content; the length becomes 0. */
void mtls_secret_clear(struct mtls_secret *s);

size_t mtls_secret_len(const struct mtls_secret *s);
size_t mtls_secret_capacity(const struct mtls_secret *s);

/*
 * The bytes, followed by a NUL that does not count; borrowed until clear or
 * free.
 */
const uint8_t *mtls_secret_bytes0(const struct mtls_secret *s);

/*
 * Reads one datagram or one write(2) from fd into s, replacing what it held,
 * by the deadline in ms from now. USAGE if the datagram is larger than the
 * capacity (s is then empty), CLOSED at end of file, TIMEOUT, SYSTEM. A
 * datagram of length 0 cannot be told from end of file and is CLOSED.
 */
enum mtls_status mtls_secret_read(struct mtls_secret *s, int fd,
    int timeout_ms, struct mtls_err *err);

/* Whether two secrets hold the same bytes, in constant time. */
int mtls_secret_equal(const struct mtls_secret *a,
    const struct mtls_secret *b);

/* Whether two byte strings of n bytes are the same, in constant time. */
int mtls_bytes_equal(const void *a, const void *b, size_t n);

/*
 * Erasers which refuse the wrong operand at compile time: an array by name,
 * a string by pointer. A pointer handed to the array form, or an array to
 * the string form, does not compile.
 */
#define mtls_wipe_array(a) \
	mtls_wipe((a), sizeof(a) + \
	    0 * sizeof(struct { int not_an_array : \
	    __builtin_types_compatible_p(__typeof__(a), \
	    __typeof__(&(a)[0])) ? -1 : 1; }))
#define mtls_wipe_string(s) \
	((void)sizeof(struct { int not_a_pointer : \
	    __builtin_types_compatible_p(__typeof__(s), \
	    __typeof__(&(s)[0])) ? 1 : -1; }), (mtls_wipe_string)(s))
void mtls_wipe(void *p, size_t len);
void (mtls_wipe_string)(char *s);	/* up to its NUL; NULL is a no-op */

#endif
