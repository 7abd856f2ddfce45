/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests on the user channel of a configured verifier with the card of the
 * person at this terminal: mtls-token as the person's own account, one PIN,
 * one TLS connection. Which request it is, and what an answer means, is the
 * caller's business:
 *
 *	person_open(&options, &p, err)
 *	person_request(p, "/v1/things", json, &answer, err)
 *	if (answer.code != 200)
 *		problem_read(&answer, err);
 *	person_close(p)
 */
#ifndef CLIENT_PERSON_H
#define CLIENT_PERSON_H

#include "client/http_channel.h"
#include "client/person_card.h"
#include "mtls/status.h"

struct person;

/*
 * Finds a verifier that is there and is who it must be, in the order of the
 * settings, then asks for the PIN. What can fail has failed before that, but
 * for the card's and the verifier's opinion of it. A failure has a sentence
 * for the person: UNAVAILABLE and PEER where no verifier did, TOKEN_*, PIN_*,
 * CONFIG, CANCELLED, CONVERSATION, TIMEOUT.
 */
enum mtls_status person_open(const struct person_options *options,
    struct person **ret, struct mtls_err *err);
void person_close(struct person *p);	/* NULL is a no-op */

/*
 * POSTs json, or GETs where it is NULL, and waits for the answer; the first
 * request makes the connection, which the card signs. *ret is borrowed until
 * the next request. Failures as person_open(); REFUSED where the verifier
 * does not accept the certificate, PIN_WRONG, CLOSED where it has ended the
 * connection: there is no second one, the card has signed.
 */
enum mtls_status person_request(struct person *p, const char *path,
    const char *json, struct http_answer *ret, struct mtls_err *err);

/* The verifier, and the certificate in a few words; borrowed. */
const char *person_verifier0(const struct person *p);
const char *person_certificate0(const struct person *p);

#endif
