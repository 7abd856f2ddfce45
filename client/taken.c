/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An answer about another challenge is no answer.
 */
#include "config.h"

#include "client/taken.h"

#include <string.h>

#include "client/problem.h"
#include "mtls/body.h"
#include "mtls/secret.h"

enum mtls_status
taken_read(const struct http_answer *answer, const uint8_t *challenge,
    struct mtls_err *err)
{
	struct mtls_body_taken taken;

	if (answer->code != 200) {
		(void)problem_read(answer, err);
		return err->status;
	}
	memset(&taken, 0, sizeof(taken));
	if (mtls_body_parse(MTLS_BODY_TAKEN, answer->body, answer->len,
	    &taken, err) != MTLS_OK)
		return err->status;
	if (!mtls_bytes_equal(taken.challenge, challenge, MTLS_ID_BYTES))
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the proof was taken for another challenge");
	mtls_body_clear(MTLS_BODY_TAKEN, &taken);
	return err->status;
}
