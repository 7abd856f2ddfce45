/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What an answer of a verifier must look like before its body is read.
 */
#ifndef CLIENT_HTTP_HEADERS_H
#define CLIENT_HTTP_HEADERS_H

#include <event2/http.h>
#include <stddef.h>

#include "mtls/status.h"

/*
 * HTTP/1.1; 200, 201, 202 or 400 to 599; exactly one Content-Type, which is
 * application/json; exactly one Content-Length, at most MTLS_BODY_MAX; no
 * transfer or content coding. PROTOCOL otherwise, UNAVAILABLE for a 5xx
 * without such a body (a proxy's, for example).
 */
enum mtls_status http_headers_check(struct evhttp_request *request,
    struct mtls_err *err);

/* Whether the body that came has the length that was said. PROTOCOL. */
enum mtls_status http_headers_check_length(struct evhttp_request *request,
    size_t len, struct mtls_err *err);

#endif
