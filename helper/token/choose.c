/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which certificates could be used: everything that can be known before
 * anybody types a PIN is asked here, so that a login which cannot succeed
 * ends before. Whether a certificate is good enough is for the verifier.
 */
#include "config.h"

#include "choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mtls/identity.h"
#include "mtls/login.h"

#define ISSUERS_MAX	1024
#define TLS13_MECHANISMS (MTLS_MECHANISM_RSA_PSS | MTLS_MECHANISM_RSA_RAW | \
    MTLS_MECHANISM_ECDSA | MTLS_MECHANISM_EDDSA)

enum fate { USABLE, MALFORMED, OF_CA, EXPIRED, NOT_YET, NOT_CLIENT,
	FOREIGN_ISSUER, NO_KEY, NO_MECHANISM, N_FATES };

static const char *const fate_words[N_FATES] = { "can be used",
	"malformed", "is a CA's", "expired", "not valid yet",
	"not for client authentication",
	"from an issuer that the verifier does not accept",
	"without its key", "with a key that this card cannot use" };

struct look {
	const struct mtls_pkcs11_list *list;
	STACK_OF(X509_NAME) *issuers;
	const struct mtls_identity *ids;	/* zeroed: malformed */
	enum fate *fates;
};

static enum mtls_status
parse_issuers(const struct mtls_bytes *bytes, STACK_OF(X509_NAME) **ret,
    struct mtls_err *err)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	const unsigned char *at = bytes->data;
	const unsigned char *end = at + bytes->len;
	X509_NAME *name;

	if (names == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "issuers");
	while (at < end) {
		name = d2i_X509_NAME(NULL, &at, end - at);
		if (name == NULL || sk_X509_NAME_num(names) == ISSUERS_MAX ||
		    sk_X509_NAME_push(names, name) == 0) {
			X509_NAME_free(name);
			sk_X509_NAME_pop_free(names, X509_NAME_free);
			ERR_clear_error();
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "the list of issuers is malformed");
		}
	}
	*ret = names;
	return MTLS_OK;
}

static int
is_accepted(const struct look *look, const X509_NAME *issuer)
{
	if (sk_X509_NAME_num(look->issuers) == 0)
		return 1;
	for (int i = 0; i < sk_X509_NAME_num(look->issuers); i++) {
		if (X509_NAME_cmp(sk_X509_NAME_value(look->issuers, i),
		    issuer) == 0)
			return 1;
	}
	return 0;
}

/* A CA certificate on a card that could have issued x509; n_certs: none. */
static size_t
find_issuer(const struct look *look, X509 *x509)
{
	size_t i;

	for (i = 0; i < look->list->n_certs; i++) {
		X509 *candidate = look->list->certs[i].x509;

		if (candidate != NULL && look->ids[i].is_ca &&
		    candidate != x509 &&
		    X509_check_issued(candidate, x509) == X509_V_OK)
			break;
	}
	return i;
}

/* Fills the chain that leads to an accepted issuer; 0 when there is none. */
static int
find_chain(const struct look *look, struct token_choice *choice)
{
	X509 *at = look->list->certs[choice->cert].x509;
	size_t next;

	choice->n_chain = 0;
	while (!is_accepted(look, X509_get_issuer_name(at))) {
		if (choice->n_chain == TOKEN_CHAIN_MAX)
			return 0;
		next = find_issuer(look, at);
		if (next == look->list->n_certs)
			return 0;
		choice->chain[choice->n_chain++] = next;
		at = look->list->certs[next].x509;
	}
	return 1;
}

static enum fate
decide(const struct look *look, size_t i, int64_t now_s,
    struct token_choice *choice)
{
	const struct mtls_pkcs11_cert *cert = &look->list->certs[i];
	const struct mtls_identity *id = &look->ids[i];

	if (id->subject == NULL)
		return MALFORMED;
	if (id->is_ca)
		return OF_CA;
	if (now_s > id->not_after_s)
		return EXPIRED;
	if (now_s < id->not_before_s)
		return NOT_YET;
	if (!id->for_client_auth)
		return NOT_CLIENT;
	choice->cert = i;
	if (!find_chain(look, choice))
		return FOREIGN_ISSUER;
	if (cert->has_key == MTLS_PKCS11_KEY_NONE)
		return NO_KEY;
	if ((cert->mechanisms & TLS13_MECHANISMS) == 0)
		return NO_MECHANISM;
	return USABLE;
}

/*
 * Most cards hide private keys until the login. A certificate beside which
 * nothing shows is offered only if none of the same card has its key.
 */
static void
drop_keyless(const struct look *look, struct token_choices *choices)
{
	const struct mtls_pkcs11_cert *certs = look->list->certs;
	size_t kept = 0;

	for (size_t i = 0; i < choices->n; i++) {
		size_t cert = choices->at[i].cert;
		int better = 0;

		for (size_t j = 0; j < look->list->n_certs; j++)
			better |= look->fates[j] == USABLE &&
			    certs[j].token == certs[cert].token &&
			    certs[j].has_key == MTLS_PKCS11_KEY_THERE;
		if (better && certs[cert].has_key != MTLS_PKCS11_KEY_THERE)
			look->fates[cert] = NO_KEY;
		else
			choices->at[kept++] = choices->at[i];
	}
	choices->n = kept;
}

/* Numbers that people are asked to type stay the same from day to day. */
static int
by_card_and_label(const void *a, const void *b, void *arg)
{
	const struct mtls_pkcs11_cert *certs = arg;
	const struct mtls_pkcs11_cert *x =
	    &certs[((const struct token_choice *)a)->cert];
	const struct mtls_pkcs11_cert *y =
	    &certs[((const struct token_choice *)b)->cert];
	int order;

	if (x->token != y->token)
		return x->token < y->token ? -1 : 1;
	order = strcmp(x->label, y->label);
	return order != 0 ? order : X509_cmp(x->x509, y->x509);
}

static void
describe(const struct look *look, struct token_choices *choices)
{
	const struct mtls_pkcs11_list *list = look->list;
	size_t counts[N_FATES] = { 0 };
	char cards[300];
	const char *sep = ": ";
	size_t n_cards = 0;
	int n;

	for (size_t i = 0; i < list->n_tokens; i++) {
		if (list->tokens[i].initialized && n_cards++ == 0)
			snprintf(cards, sizeof(cards), "\"%s\"",
			    list->tokens[i].label);
	}
	if (n_cards != 1)
		snprintf(cards, sizeof(cards), "%zu cards", n_cards);
	for (size_t i = 0; i < list->n_certs; i++)
		counts[look->fates[i]]++;
	n = snprintf(choices->reason, sizeof(choices->reason),
	    list->n_certs == 1 ? "%zu certificate on %s" :
	    "%zu certificates on %s", list->n_certs, cards);
	for (int f = 0; f < N_FATES; f++) {
		if (counts[f] == 0 || n < 0 ||
		    (size_t)n >= sizeof(choices->reason))
			continue;
		n += snprintf(choices->reason + n,
		    sizeof(choices->reason) - (size_t)n, "%s%zu %s", sep,
		    counts[f], fate_words[f]);
		sep = ", ";
	}
}

static enum mtls_status
look_at_all(struct look *look, int64_t now_s, struct token_choices *choices,
    struct mtls_err *err)
{
	size_t n = look->list->n_certs;
	struct mtls_err malformed;

	choices->n_ids = n;
	choices->ids = calloc(n + 1, sizeof(*choices->ids));
	look->ids = choices->ids;
	look->fates = calloc(n + 1, sizeof(*look->fates));
	choices->at = calloc(n + 1, sizeof(*choices->at));
	if (look->ids == NULL || look->fates == NULL || choices->at == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "certificates");
	for (size_t i = 0; i < n; i++) {
		mtls_err_clear(&malformed);
		if (look->list->certs[i].x509 != NULL &&
		    mtls_identity_read(look->list->certs[i].x509,
		    &choices->ids[i], &malformed) == MTLS_E_MEMORY)
			return mtls_fail(err, MTLS_E_MEMORY, "certificates");
	}
	for (size_t i = 0; i < n; i++) {
		look->fates[i] = decide(look, i, now_s,
		    &choices->at[choices->n]);
		choices->n += look->fates[i] == USABLE;
	}
	drop_keyless(look, choices);
	qsort_r(choices->at, choices->n, sizeof(*choices->at),
	    by_card_and_label, look->list->certs);
	describe(look, choices);
	return MTLS_OK;
}

enum mtls_status
token_choose(const struct mtls_pkcs11_list *list,
    const struct mtls_bytes *issuers, int64_t now_s,
    struct token_choices *ret, struct mtls_err *err)
{
	struct token_choices choices = { 0 };
	struct look look = { .list = list };
	enum mtls_status status;

	status = parse_issuers(issuers, &look.issuers, err);
	if (status == MTLS_OK)
		status = look_at_all(&look, now_s, &choices, err);
	if (status == MTLS_OK)
		*ret = choices;
	else
		token_choices_clear(&choices);
	sk_X509_NAME_pop_free(look.issuers, X509_NAME_free);
	free(look.fates);
	return status;
}

void
token_choices_clear(struct token_choices *choices)
{
	for (size_t i = 0; choices->ids != NULL && i < choices->n_ids; i++)
		mtls_identity_clear(&choices->ids[i]);
	free(choices->ids);
	free(choices->at);
	memset(choices, 0, sizeof(*choices));
}
