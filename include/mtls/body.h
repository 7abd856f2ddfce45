/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON bodies of PROTOCOL.md, from and to the structs that bodies.def
 * declares. Parsing is strict: at most MTLS_BODY_MAX bytes, UTF-8, one flat
 * object, no duplicate, unknown, missing or wrongly typed member, text as
 * mtls_text_is_line() wants it, nothing behind it.
 */
#ifndef MTLS_BODY_H
#define MTLS_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

#define MTLS_BODY_MAX	16384u
#define MTLS_ID_BYTES	16u
#define MTLS_NONCE_BYTES 32u

enum mtls_body_type {
#define BODY(NAME, name) MTLS_BODY_##NAME,
#define ITEM(name, kind, item, min, max)
#define BODY_END(name)
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END
	MTLS_BODY_COUNT
};

#define MTLS_ITEM_integer(f)	int64_t f;
#define MTLS_ITEM_text(f)	char *f;
#define MTLS_ITEM_id(f)		uint8_t f[MTLS_ID_BYTES];
#define MTLS_ITEM_nonce(f)	uint8_t f[MTLS_NONCE_BYTES];
#define BODY(NAME, name) struct mtls_body_##name {
#define ITEM(name, kind, item, min, max) MTLS_ITEM_##kind(item)
#define BODY_END(name) };
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END

/*
 * Parses into *ret, a struct mtls_body_<name> of that type, which the caller
 * clears. PROTOCOL with the member's name; ret is untouched then.
 */
enum mtls_status mtls_body_parse(enum mtls_body_type type, const char *data,
    size_t len, void *ret, struct mtls_err *err);

/*
 * Formats a body as compact JSON, NUL-terminated; the caller frees it with
 * free(3). USAGE where a member breaks its range; a NULL text is "".
 */
enum mtls_status mtls_body_format(enum mtls_body_type type, const void *body,
    char **ret_json, size_t *ret_len, struct mtls_err *err);

/* Frees the texts and zeroes the struct. */
void mtls_body_clear(enum mtls_body_type type, void *body);

#endif
