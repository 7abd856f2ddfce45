/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Bodies to the verifier and back.
 */
#include "config.h"

#include "mtlsctl/code_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/problem.h"

enum mtls_status
code_request(struct with_card *card, const struct code_request *request,
    void *ret, struct mtls_err *err)
{
	struct http_answer answer;
	char *json = NULL;
	size_t len;

	if (mtls_body_format(request->type, request->body, &json, &len,
	    err) != MTLS_OK) {
		err->status = MTLS_E_USAGE;
		return err->status;
	}
	(void)person_request(card->person, request->path, json, &answer, err);
	free(json);
	if (err->status != MTLS_OK)
		return err->status;
	if (answer.code != request->want) {
		(void)problem_read(&answer, err);
		return err->status;
	}
	return mtls_body_parse(request->answer, answer.body, answer.len, ret,
	    err);
}

void
code_request_split(const char *word, char *out, size_t size)
{
	size_t half = strlen(word) / 2;

	(void)snprintf(out, size, "%.*s-%s", (int)half, word, word + half);
}
