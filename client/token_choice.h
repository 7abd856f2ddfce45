/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which certificate of the card: what the worker is told about issuers, the
 * question where more than one remains, and what speaks against a card
 * before its PIN is asked for. Nothing here talks to anybody.
 */
#ifndef CLIENT_TOKEN_CHOICE_H
#define CLIENT_TOKEN_CHOICE_H

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#include "client/token_worker.h"
#include "mtls/message.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#define TOKEN_CHOICE_TEXT_MAX	480u	/* fits into an ASK */

/*
 * DER Names, one after the other, into *ret, whose data the caller frees.
 * PROTOCOL where they are more than a TOKEN_ISSUERS takes.
 */
enum mtls_status token_choice_issuers(STACK_OF(X509_NAME) *issuers,
    struct mtls_bytes *ret, struct mtls_err *err);

/*
 * The certificates that stand one after the other in chain, at most
 * TOKEN_CHOICE_MAX_CHAIN; TOKEN_FAILED otherwise. *ret is NULL for none and
 * is freed with sk_X509_pop_free().
 */
#define TOKEN_CHOICE_MAX_CHAIN	8
enum mtls_status token_choice_chain(struct mtls_tls *tls,
    const struct mtls_bytes *chain, STACK_OF(X509) **ret,
    struct mtls_err *err);

/*
 * "Which certificate? 1: CN=Alice (Alice's card, until 2027-03-01), 2: ...: ";
 * TOKEN_UNUSABLE for too many.
 */
enum mtls_status token_choice_question(struct mtls_tls *tls,
    const struct token_worker *t, char *out, size_t size,
    struct mtls_err *err);

/* A number from 1 to n into an index. CANCELLED for everything else. */
enum mtls_status token_choice_parse(const char *text, size_t n,
    size_t *ret, struct mtls_err *err);

/*
 * Whether it makes sense to ask for the PIN: PIN_LOCKED, or TOKEN_UNUSABLE
 * where no mechanism fits, or where the card wants no PIN and the caller
 * insists on one.
 */
enum mtls_status token_choice_check(const struct mtls_msg_token_cert *cert,
    int insist_on_pin, struct mtls_err *err);

#endif
