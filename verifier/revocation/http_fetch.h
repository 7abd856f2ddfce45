/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One request to another server, by a thread that may wait for it; never by
 * an event loop. http only: what is fetched is signed, and believed for that
 * alone. No redirects, no proxy, no cookies; bounded in size and time.
 */
#ifndef VERIFIER_HTTP_FETCH_H
#define VERIFIER_HTTP_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

struct http_fetch {
	const char *url;	/* "http://host[:port][/path[?query]]" */
	/* POST with this body; NULL: GET. */
	const void *body;
	size_t body_len;
	const char *body_type;		/* its Content-Type */
	size_t max_bytes;		/* of the answer */
	uint32_t timeout_s;		/* for all of it but a name look-up */
	int wake_fd;			/* readable: give up; -1: none */
};

/*
 * The body of an answer 200, which the caller frees with free(3); it may be
 * empty. TIMEOUT, CLOSED where wake_fd said so, PROTOCOL for other answers and
 * those that are too long, UNAVAILABLE where nobody answers.
 */
enum mtls_status http_fetch(const struct http_fetch *request,
    uint8_t **ret_data, size_t *ret_len, struct mtls_err *err);

#endif
