/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl token list and token show: what is on the cards, and whether it
 * could be used for a login. Nobody is asked for a PIN.
 */
#include "config.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtlsctl/card.h"
#include "mtlsctl/output.h"
#include "mtlsctl/token_commands.h"

struct settings {
	struct card_settings card;
	int json, pem;
};

const struct ctl_option token_list_options[] = {
	CARD_OPTIONS(struct settings, card),
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each certificate or empty card", 0 },
	CTL_OPTIONS_END
};

const struct ctl_option token_show_options[] = {
	CARD_OPTIONS(struct settings, card),
	{ "pem", CTL_FLAG, offsetof(struct settings, pem), 0, 0, NULL, NULL,
	    "the certificates themselves", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each certificate", 0 },
	CTL_OPTIONS_END
};

static const char *
pin_state(const struct mtls_pkcs11_token *t)
{
	if ((t->pin_flags & MTLS_PIN_LOCKED) != 0)
		return "locked";
	if ((t->pin_flags & MTLS_PIN_FINAL_TRY) != 0)
		return "last try";
	if ((t->pin_flags & MTLS_PIN_COUNT_LOW) != 0)
		return "low";
	if ((t->pin_flags & MTLS_PIN_NOT_NEEDED) != 0)
		return "not needed";
	return "ok";
}

static const char *
key_state(enum mtls_pkcs11_has_key has_key)
{
	switch (has_key) {
	case MTLS_PKCS11_KEY_UNKNOWN:
		return "hidden";
	case MTLS_PKCS11_KEY_NONE:
		return "none";
	case MTLS_PKCS11_KEY_THERE:
		return "there";
	}
	return "hidden";
}

static void
add_token(struct output *o, const struct mtls_pkcs11_token *t)
{
	output_text(o, "token", t->label);
	output_text(o, "token_serial", t->serial);
	output_text(o, "manufacturer", t->manufacturer);
	output_text(o, "model", t->model);
	output_text(o, "reader", t->reader);
	output_text(o, "pin", pin_state(t));
	output_yesno(o, "pin_pad", (t->pin_flags & MTLS_PIN_PAD) != 0);
}

/* Every value of a certificate; id is NULL where it is malformed. */
static void
add_certificate(struct output *o, const struct mtls_pkcs11_cert *c,
    const struct mtls_identity *id)
{
	output_text(o, "label", c->label);
	output_hex(o, "id", c->id, c->id_len);
	output_text(o, "key_on_card", key_state(c->has_key));
	if (id == NULL)
		return;
	output_text(o, "key", id->key_kind);
	output_text(o, "subject", id->subject);
	output_text(o, "issuer", id->issuer);
	output_text(o, "serial", id->serial);
	output_time(o, "not_before", id->not_before_s);
	output_time(o, "not_after", id->not_after_s);
	output_texts(o, "upn", &id->upn);
	output_texts(o, "email", &id->email);
	output_texts(o, "dns", &id->dns);
	output_hex(o, "sha256", id->sha256, sizeof(id->sha256));
	output_hex(o, "key_sha256", id->spki_sha256,
	    sizeof(id->spki_sha256));
}

/* The columns that fit on a terminal. */
static void
add_short(struct output *o, const struct mtls_pkcs11_token *t,
    const struct mtls_pkcs11_cert *c0, const struct mtls_identity *id0,
    const char *why_not)
{
	char usable[64];

	snprintf(usable, sizeof(usable), "%s%s", why_not == NULL ? "yes" :
	    "no: ", why_not == NULL ? "" : why_not);
	output_text(o, "token", t->label);
	output_text(o, "label", c0 == NULL ? NULL : c0->label);
	output_text(o, "key", id0 == NULL ? NULL : id0->key_kind);
	output_time(o, "not_after", id0 == NULL ? 0 : id0->not_after_s);
	output_text(o, "usable", usable);
	output_text(o, "subject", id0 == NULL ? NULL : id0->subject);
	output_row(o);
}

enum detail { IN_SHORT, IN_FULL };

static void
add_row(struct output *o, const struct mtls_pkcs11_list *list,
    const struct mtls_pkcs11_cert *c, enum detail detail)
{
	const struct mtls_pkcs11_token *t = &list->tokens[c->token];
	const char *why_not = card_why_not(list, c);
	struct mtls_identity id;
	int readable = c->x509 != NULL &&
	    mtls_identity_read(c->x509, &id, NULL) == MTLS_OK;

	if (detail == IN_SHORT) {
		add_short(o, t, c, readable ? &id : NULL, why_not);
	} else {
		add_token(o, t);
		add_certificate(o, c, readable ? &id : NULL);
		output_yesno(o, "usable", why_not == NULL);
		output_text(o, "why_not", why_not);
		output_row(o);
	}
	if (readable)
		mtls_identity_clear(&id);
}

/* A card on which nothing is. */
static void
add_empty_card(struct output *o, const struct mtls_pkcs11_token *t,
    enum detail detail)
{
	const char *why_not = t->initialized ? "no certificate" :
	    "not initialised";

	if (detail == IN_SHORT) {
		add_short(o, t, NULL, NULL, why_not);
		return;
	}
	add_token(o, t);
	output_yesno(o, "usable", 0);
	output_text(o, "why_not", why_not);
	output_row(o);
}

/* A library that makes cards shows a blank one beside the others. */
static int
is_worth_a_row(const struct mtls_pkcs11_list *list,
    const struct mtls_pkcs11_token *t)
{
	return t->initialized || list->n_tokens == 1;
}

/* Everything on one card; the number of usable certificates. */
static size_t
add_card(struct output *o, const struct mtls_pkcs11_list *list, size_t token,
    enum detail detail)
{
	size_t n = 0;
	size_t n_usable = 0;

	for (size_t i = 0; i < list->n_certs; i++) {
		if (list->certs[i].token != token)
			continue;
		add_row(o, list, &list->certs[i], detail);
		n++;
		n_usable += card_why_not(list, &list->certs[i]) == NULL;
	}
	if (n == 0 && is_worth_a_row(list, &list->tokens[token]))
		add_empty_card(o, &list->tokens[token], detail);
	return n_usable;
}

/* Opens the card; no card is no error, but there is nothing to show. */
static enum mtls_status
open_card(struct ctl *ctl, const struct settings *set, struct card *card,
    struct mtls_err *err)
{
	enum mtls_status status = card_open(&set->card, card, err);

	if (status != MTLS_E_TOKEN_ABSENT)
		return status;
	ctl_warn(ctl, "%s", err->text);
	mtls_err_clear(err);
	return MTLS_OK;
}

CTL_COMMAND(token_list_command)
{
	struct settings set = { CARD_SETTINGS_INIT, 0, 0 };
	struct output *o = NULL;
	enum mtls_status status;
	struct ctl_words words;
	enum detail detail;
	struct card card;
	size_t n_usable = 0;

	memset(&card, 0, sizeof(card));
	status = ctl_options(token_list_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = open_card(ctl, &set, &card, err);
	if (status == MTLS_OK) {
		detail = set.json ? IN_FULL : IN_SHORT;
		o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
		for (size_t i = 0; i < card.list.n_tokens; i++)
			n_usable += add_card(o, &card.list, i, detail);
		if (n_usable == 0)
			ctl->exit_status = CTL_NOTHING;
		status = output_write(o, stdout, err);
	}
	output_free(o);
	card_close(&card);
	return status;
}

static enum mtls_status
print_pem(const struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	for (size_t i = 0; i < list->n_certs; i++) {
		if (list->certs[i].x509 != NULL &&
		    PEM_write_X509(stdout, list->certs[i].x509) != 1)
			return mtls_fail(err, MTLS_E_SYSTEM,
			    "the output could not be written");
	}
	return MTLS_OK;
}

CTL_COMMAND(token_show_command)
{
	struct settings set = { CARD_SETTINGS_INIT, 0, 0 };
	struct output *o = NULL;
	enum mtls_status status;
	struct ctl_words words;
	struct card card;

	memset(&card, 0, sizeof(card));
	status = ctl_options(token_show_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = open_card(ctl, &set, &card, err);
	if (status == MTLS_OK && card.list.n_certs == 0)
		ctl_nothing(ctl);
	if (status == MTLS_OK && set.pem) {
		status = print_pem(&card.list, err);
	} else if (status == MTLS_OK) {
		o = output_new(set.json ? OUTPUT_JSON : OUTPUT_RECORD);
		for (size_t i = 0; i < card.list.n_certs; i++)
			add_row(o, &card.list, &card.list.certs[i], IN_FULL);
		status = output_write(o, stdout, err);
	}
	output_free(o);
	card_close(&card);
	return status;
}
