/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The user's side of a relay for tests, by PROTOCOL.md section 3 alone: a TLS
 * client over memory, a certificate and key that are files elsewhere, and one
 * request.
 */
#ifndef TESTS_RELAY_PERSON_H
#define TESTS_RELAY_PERSON_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mtls/body.h"
#include "mtls/relay.h"

struct relay_person_options {
	X509 *ca, *cert;
	EVP_PKEY *key;
	const char *verifier, *user, *service, *host;	/* as it means */
	int looks_first;	/* a connection without a certificate first */
};

struct relay_person;

struct relay_person *relay_person_new(
    const struct relay_person_options *options);
void relay_person_free(struct relay_person *p);	/* NULL is a no-op */

/* Answers one prompt. Fails the test where it is not what must come. */
void relay_person_answer(struct relay_person *p, const char *prompt,
    char out[MTLS_RELAY_ANSWER_MAX + 1]);

/* What it has seen: prompts, and the RELAY of the first one. */
unsigned relay_person_prompts(const struct relay_person *p);
const struct mtls_body_relay *relay_person_hello0(
    const struct relay_person *p);

#endif
