/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One request about codes, with the person's card, and its answer.
 */
#ifndef MTLSCTL_CODE_REQUEST_H
#define MTLSCTL_CODE_REQUEST_H

#include "mtls/body.h"
#include "mtlsctl/with_card.h"

struct code_request {
	const char *path;
	enum mtls_body_type type;
	const void *body;
	int want;			/* the status that answers it ... */
	enum mtls_body_type answer;	/* ... with this body */
};

/* The caller clears *ret. Failures as person_request(), and PROBLEMs. */
enum mtls_status code_request(struct with_card *card,
    const struct code_request *request, void *ret, struct mtls_err *err);

/* "K7Q4-MX2A": in two halves. out has room for 2 characters more. */
void code_request_split(const char *word, char *out, size_t size);

#endif
