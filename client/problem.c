/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * PROBLEM bodies -> status. The word of the verifier goes to the log.
 */
#include "config.h"

#include "client/problem.h"

#include <string.h>

#include "mtls/body.h"

static enum mtls_status
status_of_code(int code)
{
	if (code == 403 || code == 404 || code == 409)
		return MTLS_E_REFUSED;
	if (code == 429)
		return MTLS_E_LIMITED;
	if (code == 408 || code >= 500)
		return MTLS_E_UNAVAILABLE;
	return MTLS_E_PROTOCOL;
}

enum problem_kind
problem_read(const struct http_answer *answer, struct mtls_err *err)
{
	struct mtls_body_problem problem;

	if (answer->code < 400) {
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "HTTP status %d does not belong here", answer->code);
		return PROBLEM_TRANSPORT;
	}
	memset(&problem, 0, sizeof(problem));
	if (mtls_body_parse(MTLS_BODY_PROBLEM, answer->body, answer->len,
	    &problem, err) != MTLS_OK) {
		mtls_err_context(err, "HTTP status %d", answer->code);
		return PROBLEM_TRANSPORT;
	}
	(void)mtls_fail(err, status_of_code(answer->code), "%s%s%s",
	    problem.reason, problem.message[0] == '\0' ? "" : ": ",
	    problem.message);
	mtls_body_clear(MTLS_BODY_PROBLEM, &problem);
	return answer->code < 500 ? PROBLEM_ANSWER : PROBLEM_TRANSPORT;
}
