/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes and session words: made of random bits, read from what people type,
 * and turned into what the store keeps. Both are written in Crockford's
 * base 32: digits and letters without I, L, O and U.
 */
#ifndef VERIFIER_CODE_H
#define VERIFIER_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/body.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#include "store/store_code.h"

#define CODE_LEN	8u		/* characters, of 5 bits */
#define CODE_WORD_LEN	6u
/* What a person may type with all its spaces and dashes. */
#define CODE_TYPED_MAX	32u

/* The key of the codes. */
#define CODE_KEY_BYTES	32u

/* n random characters and a NUL. SYSTEM. */
enum mtls_status code_make(char *out, size_t n, struct mtls_err *err);

/*
 * What was typed, as n characters and a NUL: lower case becomes upper case,
 * O is 0, I and L are 1, and spaces and dashes are left out. Returns 0, or -1
 * and "" where it is anything else.
 */
int code_read(const char *typed, char *out, size_t n);

/* What a code is for. */
struct code_purpose {
	const uint8_t *challenge;	/* this login; NULL: minted */
	const char *user, *service, *host;
};

/* What the store needs to know. CRYPTO; MEMORY. */
enum mtls_status code_key(const struct mtls_tls *tls,
    const uint8_t key[CODE_KEY_BYTES], const struct code_purpose *purpose,
    const char *code, struct store_code_key *ret, struct mtls_err *err);
enum mtls_status code_mark(const struct mtls_tls *tls,
    const uint8_t key[CODE_KEY_BYTES], const char *code,
    uint8_t ret[STORE_MAC_BYTES], struct mtls_err *err);

/*
 * A key from a file of at least CODE_KEY_BYTES bytes, which nobody else can
 * read. CONFIG; SYSTEM with errno.
 */
enum mtls_status code_key_read(const struct mtls_tls *tls, const char *path,
    uint8_t ret[CODE_KEY_BYTES], struct mtls_err *err);

#endif
