/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A card that signs one TLS handshake: mtls-token is started and told what
 * the verifier accepts, a certificate is chosen, the PIN is asked for, once,
 * and an SSL_CTX is made ready. Everything that can be checked is checked
 * before anybody is asked for a PIN. Where questions go and what is sent over
 * the connection is the owner's business.
 */
#ifndef CLIENT_CARD_LOGIN_H
#define CLIENT_CARD_LOGIN_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "client/token_worker.h"
#include "client/trace.h"
#include "mtls/deadline.h"
#include "mtls/status.h"
#include "mtls/tls.h"

struct card_login;

/* The answer to a question; text is "" after a secret one. Borrowed. */
typedef void (*card_answer_fn)(void *arg, const char *text,
    const struct mtls_err *err);

/*
 * Questions are answered with answer(answer_arg, ...), once, from the event
 * loop or at once; one is open at a time. usable and failed may free the
 * card_login only from the event loop, after they have returned.
 */
struct card_login_owner {
	/* A question with echo. A failure ends the card's login. */
	enum mtls_status (*ask)(void *arg, const char *text,
	    card_answer_fn answer, void *answer_arg, struct mtls_err *err);
	/*
	 * The PIN: it is written to pin_fd, which is borrowed, as one
	 * datagram; answer then says whether that was done.
	 */
	enum mtls_status (*ask_secret)(void *arg, const char *text,
	    int pin_fd, card_answer_fn answer, void *answer_arg,
	    struct mtls_err *err);
	/* Something to show. */
	void (*tell)(void *arg, const char *text);
	/* What is used, as it can be shown: the token's label; the
	 * certificate in short, a moment later. */
	void (*token_chosen)(void *arg, const char *label);
	void (*certificate_chosen)(void *arg, const char *name);
	/*
	 * The connection may be opened now: ctx presents the certificate, and
	 * signing waits for the card. Called again after card_login_again().
	 */
	void (*usable)(void *arg);
	/*
	 * There will be no signature. sentence: for the person where the card
	 * knows more than the status says, or "". Called at most once.
	 */
	void (*failed)(void *arg, const struct mtls_err *err,
	    const char *sentence);
	void *arg;
};

struct card_login_options {
	struct token_worker_options worker;
	int insist_on_pin;	/* a card that asks for none will not do */
	int watch_fd;		/* its hang-up ends waiting for a signature;
				 * -1 for none */
};

/*
 * Starts mtls-token, so that nothing of what it is told can change after
 * this process has dropped its rights. owner is copied.
 */
enum mtls_status card_login_start(const struct card_login_options *options,
    const struct card_login_owner *owner, struct card_login **ret,
    struct mtls_err *err);
/* Ends mtls-token, wherever it is. NULL is a no-op. After the connection
 * that uses ctx is gone. */
void card_login_free(struct card_login *c);

/* From now on events and questions come from base. */
enum mtls_status card_login_listen(struct card_login *c,
    struct event_base *base, struct mtls_err *err);

/*
 * The issuers that the verifier accepts, once; may be empty. ctx, a client
 * context of tls, will present the chosen certificate; both are borrowed
 * and outlive c.
 */
enum mtls_status card_login_issuers(struct card_login *c,
    struct mtls_tls *tls, SSL_CTX *ctx, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err);

/*
 * The connection that was opened at usable has failed. Whether that was only
 * because it was too early for the card or the network: nothing was signed,
 * the next one is as good. The owner gives the failed one back then and calls
 * card_login_again(), which calls usable as soon as the card can sign.
 */
int card_login_was_early(const struct card_login *c);
void card_login_again(struct card_login *c);

/* What the card said is nearer to the cause than what TLS made of it: puts
 * it in the place of err where there is something. */
void card_login_reason(const struct card_login *c, struct mtls_err *err);

/* There is nothing left to sign: mtls-token logs out of the card and ends. */
void card_login_finish(struct card_login *c);

#endif
