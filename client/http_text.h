/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One request and its answer as text, for a connection that is no socket
 * (client/relay_session.h); where there is one, http_channel.h does it.
 */
#ifndef CLIENT_HTTP_TEXT_H
#define CLIENT_HTTP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "client/http_channel.h"
#include "mtls/body.h"
#include "mtls/status.h"

#define HTTP_TEXT_HEADERS_MAX	8192u
#define HTTP_TEXT_MAX		(HTTP_TEXT_HEADERS_MAX + MTLS_BODY_MAX)

/*
 * A POST of json to a verifier of that name, on a connection for this one
 * request; *ret is freed with free(3).
 */
enum mtls_status http_text_post(const char *name, uint16_t port,
    const char *path, const char *json, char **ret, size_t *ret_len,
    struct mtls_err *err);

/*
 * What has come so far: AGAIN while it is the beginning of an answer; OK when
 * it is a whole one by the rules of http_headers.h, and not a byte more, with
 * *ret pointing into text, which has a NUL behind len bytes; PROTOCOL;
 * UNAVAILABLE for a 5xx without such a body.
 */
enum mtls_status http_text_parse(const char *text, size_t len,
    struct http_answer *ret, struct mtls_err *err);

#endif
