/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Finding the card and logging in to it.
 */
#include "config.h"

#include "mtlsctl/card.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/conf.h"
#include "mtls/identity.h"
#include "mtls/text.h"
#include "mtlsctl/terminal.h"
#include "mtlsctl/timestamp.h"

#define TLS13_MECHANISMS (MTLS_MECHANISM_RSA_PSS | MTLS_MECHANISM_RSA_RAW | \
    MTLS_MECHANISM_ECDSA | MTLS_MECHANISM_EDDSA)
#define URI_MAX 1024

static enum mtls_status
take_module(void *arg, const char *section, const char *name,
    const char *value, int line, struct mtls_err *err)
{
	char **module = arg;

	(void)line;
	if (strcmp(section, "token") != 0 || strcmp(name, "module") != 0 ||
	    *module != NULL)
		return MTLS_OK;
	*module = strdup(value);
	if (*module == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

/* --module, or what the machine's settings say; free(3). */
static enum mtls_status
find_module(const struct card_settings *settings, char **ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	char *module = NULL;
	struct mtls_err why;

	if (settings->module0 != NULL) {
		/* Packages put symbolic links where people look. */
		module = realpath(settings->module0, NULL);
		if (module == NULL)
			return mtls_fail_errno(err, MTLS_E_CONFIG, errno,
			    "%s", settings->module0);
		*ret = module;
		return MTLS_OK;
	}
	mtls_err_clear(&why);
	status = mtls_conf_read(MTLS_CONFIG_FILE, take_module, &module, &why);
	if (status == MTLS_OK && module == NULL)
		status = mtls_fail(&why, MTLS_E_CONFIG,
		    "%s has no [token] module", MTLS_CONFIG_FILE);
	if (status == MTLS_OK) {
		*ret = module;
		return MTLS_OK;
	}
	free(module);
	return mtls_fail(err, MTLS_E_USAGE, "say --module PATH (%s)",
	    why.text);
}

/* The URI of --uri, or one made of the label of --token, or "". */
static enum mtls_status
make_uri(const struct card_settings *settings, char uri[URI_MAX],
    struct mtls_err *err)
{
	size_t len;

	if (settings->uri0 != NULL && settings->label0 != NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "either --uri or --token");
	if (settings->label0 == NULL) {
		if ((size_t)snprintf(uri, URI_MAX, "%s",
		    settings->uri0 != NULL ? settings->uri0 : "") >= URI_MAX)
			return mtls_fail(err, MTLS_E_USAGE,
			    "--uri is too long");
		return mtls_pkcs11_uri_check(uri, err);
	}
	len = (size_t)snprintf(uri, URI_MAX, "pkcs11:token=");
	for (const char *p = settings->label0; *p != '\0'; p++) {
		if (len + 4 > URI_MAX)
			return mtls_fail(err, MTLS_E_USAGE,
			    "--token is too long");
		len += (size_t)snprintf(uri + len, URI_MAX - len, "%%%02X",
		    (unsigned char)*p);
	}
	return MTLS_OK;
}

enum mtls_status
card_open(const struct card_settings *settings, struct card *ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	struct card card;
	char uri[URI_MAX];
	char *module = NULL;

	memset(&card, 0, sizeof(card));
	status = make_uri(settings, uri, err);
	if (status == MTLS_OK)
		status = find_module(settings, &module, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_open(module, &card.library, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_list(card.library, uri, &card.list, err);
	free(module);
	if (status == MTLS_OK)
		*ret = card;
	else
		card_close(&card);
	return status;
}

void
card_close(struct card *card)
{
	mtls_pkcs11_session_close(card->session);
	mtls_secret_free(card->pin);
	mtls_pkcs11_list_clear(&card->list);
	mtls_pkcs11_close(card->library);
	memset(card, 0, sizeof(*card));
}

enum mtls_status
card_choose(const struct card *card, const struct mtls_pkcs11_token **ret,
    struct mtls_err *err)
{
	const struct mtls_pkcs11_token *found = NULL;
	char labels[160] = "";
	size_t n = 0;

	for (size_t i = 0; i < card->list.n_tokens; i++) {
		const struct mtls_pkcs11_token *t = &card->list.tokens[i];

		if (!t->initialized)
			continue;
		found = t;
		if (n++ > 0)
			strncat(labels, ", ",
			    sizeof(labels) - strlen(labels) - 1);
		strncat(labels, t->label, sizeof(labels) - strlen(labels) - 1);
	}
	mtls_text_make_line(labels);
	if (n == 0)
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT,
		    "the card is not initialised");
	if (n > 1)
		return mtls_fail(err, MTLS_E_USAGE, "there are %zu cards (%s); "
		    "say which with --token or --uri", n, labels);
	*ret = found;
	return MTLS_OK;
}

/* Whether the last try may be spent; asked before the PIN is typed. */
static enum mtls_status
confirm_last_try(const struct card_settings *settings, struct mtls_err *err)
{
	enum mtls_status status;
	char answer[8];

	if (settings->last_try)
		return MTLS_OK;
	if (settings->pin.fd != PIN_NO_FD)
		return mtls_fail(err, MTLS_E_CANCELLED, "only one try is left "
		    "for the PIN; with --last-try it is spent");
	status = terminal_ask("Only one try is left. A wrong PIN locks the "
	    "card. Go on? (yes/no) ", TERMINAL_ECHO, answer, sizeof(answer),
	    err);
	if (status == MTLS_OK && strcmp(answer, "yes") != 0)
		status = mtls_fail(err, MTLS_E_CANCELLED,
		    "the last try was not spent");
	return status;
}

static enum mtls_status
get_pin(struct card *card, const struct card_settings *settings,
    const struct mtls_pkcs11_token *token, struct mtls_err *err)
{
	char prompt[300];

	if ((card->pin_flags & MTLS_PIN_NOT_NEEDED) != 0)
		return MTLS_OK;
	if ((card->pin_flags & MTLS_PIN_PAD) != 0) {
		ctl_note("Enter the PIN at the reader.");
		return MTLS_OK;
	}
	snprintf(prompt, sizeof(prompt), "PIN for %s: ", token->label);
	return pin_read_secret(&settings->pin, prompt, &card->pin, err);
}

/* What is left after an attempt that failed. */
static const char *
tries_left(uint32_t flags)
{
	if ((flags & MTLS_PIN_LOCKED) != 0)
		return "; the card is locked now, it is unblocked with its "
		    "PUK";
	if ((flags & MTLS_PIN_FINAL_TRY) != 0)
		return "; one try is left";
	if ((flags & MTLS_PIN_COUNT_LOW) != 0)
		return "; few tries are left";
	return "";
}

enum mtls_status
card_login(struct card *card, const struct card_settings *settings,
    const struct mtls_pkcs11_token *token, struct mtls_err *err)
{
	enum mtls_status status;
	struct mtls_err why;

	status = mtls_pkcs11_session_open(card->library, token,
	    MTLS_PKCS11_WRITE, &card->session, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_pin_flags(card->session,
		    &card->pin_flags, err);
	if (status == MTLS_OK && (card->pin_flags & MTLS_PIN_LOCKED) != 0)
		status = mtls_fail(err, MTLS_E_PIN_LOCKED,
		    "the PIN of %s is locked; it is unblocked with the "
		    "card's PUK", token->label);
	if (status == MTLS_OK && (card->pin_flags & MTLS_PIN_FINAL_TRY) != 0)
		status = confirm_last_try(settings, err);
	if (status == MTLS_OK)
		status = get_pin(card, settings, token, err);
	if (status != MTLS_OK)
		return status;
	mtls_err_clear(&why);
	status = mtls_pkcs11_login(card->session, card->pin,
	    (card->pin_flags & MTLS_PIN_FINAL_TRY) != 0 ?
	    MTLS_PKCS11_SPEND_LAST_TRY : MTLS_PKCS11_KEEP_LAST_TRY,
	    &card->pin_flags, &why);
	if (status == MTLS_E_PIN_WRONG)
		return mtls_fail(err, status, "the PIN is wrong (%s)%s",
		    why.text, tries_left(card->pin_flags));
	if (status != MTLS_OK)
		return mtls_fail(err, status, "%s", why.text);
	return MTLS_OK;
}

const char *
card_why_not(const struct mtls_pkcs11_list *list,
    const struct mtls_pkcs11_cert *cert)
{
	const struct mtls_pkcs11_token *token = &list->tokens[cert->token];
	struct mtls_identity id;
	int64_t now = timestamp_now();
	const char *why = NULL;

	if (cert->x509 == NULL ||
	    mtls_identity_read(cert->x509, &id, NULL) != MTLS_OK)
		return "malformed";
	if (id.is_ca)
		why = "a CA's";
	else if (now < id.not_before_s)
		why = "not valid yet";
	else if (now > id.not_after_s)
		why = "expired";
	else if (!id.for_client_auth)
		why = "not for client authentication";
	else if (cert->has_key == MTLS_PKCS11_KEY_NONE)
		why = "no key on the card";
	else if ((cert->mechanisms & TLS13_MECHANISMS) == 0)
		why = "the card cannot sign with its key";
	else if ((token->pin_flags & MTLS_PIN_LOCKED) != 0)
		why = "the PIN is locked";
	mtls_identity_clear(&id);
	return why;
}
