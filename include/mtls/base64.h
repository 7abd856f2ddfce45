/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Base64 as in RFC 4648, section 4. One encoding for one value: padded, no
 * white space, unused bits zero.
 */
#ifndef MTLS_BASE64_H
#define MTLS_BASE64_H

#include <stddef.h>

/* How many characters n bytes become, without the NUL. */
#define MTLS_BASE64_LEN(n)	(((n) + 2) / 3 * 4)

/* out has room for MTLS_BASE64_LEN(n) + 1. Returns out. */
char *mtls_base64_encode(char *out, const void *bytes, size_t n);

/*
 * Decodes exactly len characters into out, which has room for size bytes.
 * Returns 0 and *ret_n; or -1 where they are not the encoding of anything,
 * or of more than size bytes (out may then hold a part).
 */
int mtls_base64_decode(void *out, size_t size, const char *in, size_t len,
    size_t *ret_n);

#endif
