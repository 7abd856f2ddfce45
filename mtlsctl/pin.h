/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A PIN from the person or from a descriptor, never from argv, an environment
 * variable or a file name.
 */
#ifndef MTLSCTL_PIN_H
#define MTLSCTL_PIN_H

#include "mtls/secret.h"
#include "mtls/status.h"

#define PIN_SIZE	256	/* a PIN of 255 bytes and a NUL */
#define PIN_NO_FD	UINT32_MAX

/* Where PINs come from. */
struct pin_source {
	uint32_t fd;		/* of --pin-fd, or PIN_NO_FD: the terminal */
};

/*
 * The PIN as text: the first line of the descriptor, or what is typed after
 * prompt. CANCELLED where it is empty or too long. The caller wipes out.
 */
enum mtls_status pin_read(const struct pin_source *source,
    const char *prompt, char out[PIN_SIZE], struct mtls_err *err);

/* The same into a secret, which the caller frees. */
enum mtls_status pin_read_secret(const struct pin_source *source,
    const char *prompt, struct mtls_secret **ret, struct mtls_err *err);

#endif
