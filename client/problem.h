/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The answers of a verifier that are not what was hoped for.
 */
#ifndef CLIENT_PROBLEM_H
#define CLIENT_PROBLEM_H

#include "client/http_channel.h"
#include "mtls/status.h"

enum problem_kind {
	PROBLEM_TRANSPORT,	/* nobody has answered: try the next one */
	PROBLEM_ANSWER,		/* a verifier has answered: its word stands */
	PROBLEM_METHOD		/* it has, and says: not with this method */
};

/*
 * Reads the answer of a verifier that has another code than was wanted, and
 * sets err: REFUSED where it said no, LIMITED where too often, UNAVAILABLE
 * where it cannot tell, PROTOCOL where the answer is not one of ours.
 */
enum problem_kind problem_read(const struct http_answer *answer,
    struct mtls_err *err);

#endif
