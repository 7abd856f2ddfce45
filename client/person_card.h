/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The card of the person at this terminal, for a program that does one thing
 * at a time: the questions are put and answered while it waits here.
 */
#ifndef CLIENT_PERSON_CARD_H
#define CLIENT_PERSON_CARD_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "client/client_settings.h"
#include "mtls/deadline.h"
#include "mtls/status.h"
#include "mtls/tls.h"

struct person_card;

/* How to talk to the person. Texts are printable. */
struct person_talk {
	/* A question with echo: one line into answer, at most size - 1. */
	enum mtls_status (*ask)(void *arg, const char *text, char *answer,
	    size_t size, struct mtls_err *err);
	/* The PIN, written to pin_fd as one datagram. */
	enum mtls_status (*ask_pin)(void *arg, const char *text, int pin_fd,
	    struct mtls_err *err);
	void (*tell)(void *arg, const char *text);
	void *arg;
};

struct person_options {
	struct mtls_tls *tls;
	const struct client_settings *settings;
	const char *token_program;	/* absolute path of mtls-token */
	struct mtls_deadline deadline;
	struct person_talk talk;
};

/* Starts mtls-token as this process' account. options are copied, what they
 * point to is borrowed. */
enum mtls_status person_card_new(const struct person_options *options,
    struct person_card **ret, struct mtls_err *err);
void person_card_free(struct person_card *c);	/* NULL is a no-op */

/* For what else waits in person_card_turn(). */
struct event_base *person_card_base(const struct person_card *c);

/*
 * Waits for the next event, of the card's or of others on its base, and
 * handles it. Failures have a sentence for the person: TOKEN_*, PIN_*,
 * CANCELLED, CONVERSATION, TIMEOUT at the deadline. Once it has failed it
 * fails for ever.
 */
enum mtls_status person_card_turn(struct person_card *c,
    struct mtls_err *err);

/*
 * Tells the card which issuers are accepted, once, asks what there is to
 * ask, and returns when ctx, a client context, can be used for one
 * handshake. ctx outlives c. Failures as person_card_turn().
 */
enum mtls_status person_card_unlock(struct person_card *c, SSL_CTX *ctx,
    STACK_OF(X509_NAME) *issuers, struct mtls_err *err);

/*
 * The handshake failed, and its connection is gone. OK: the card was not
 * ready and nothing was signed, now it is, the next one is as good.
 * Otherwise err, which is the failure, is replaced where the card knows more.
 */
enum mtls_status person_card_again(struct person_card *c,
    struct mtls_err *err);

/* Nothing more will be signed: the card is let go. */
void person_card_finish(struct person_card *c);

/* The certificate in use in a few words; "" before it is chosen. */
const char *person_card_certificate0(const struct person_card *c);

#endif
