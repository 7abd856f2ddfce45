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

/* Of what the policy says, or of what the verifier can do. */
static int
is_about_method(int code, const char *reason)
{
	return code == 403 && (strcmp(reason, "service-not-allowed") == 0 ||
	    strcmp(reason, "method-unknown") == 0);
}

enum problem_kind
problem_read(const struct http_answer *answer, struct mtls_err *err)
{
	struct mtls_body_problem problem;
	enum problem_kind kind;

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
	kind = answer->code < 500 ? PROBLEM_ANSWER : PROBLEM_TRANSPORT;
	if (is_about_method(answer->code, problem.reason))
		kind = PROBLEM_METHOD;
	mtls_body_clear(MTLS_BODY_PROBLEM, &problem);
	return kind;
}
