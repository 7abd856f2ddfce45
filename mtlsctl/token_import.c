/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl token import: a certificate beside its key on the card.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtlsctl/card.h"
#include "mtlsctl/input.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"
#include "mtlsctl/token_commands.h"

struct settings {
	struct card_settings card;
	int json;
};

const struct ctl_option token_import_options[] = {
	CARD_OPTIONS(struct settings, card),
	CARD_PIN_OPTIONS(struct settings, card),
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say as JSON what was stored", 0 },
	CTL_OPTIONS_END
};

static enum mtls_status
show(const struct settings *set, const struct mtls_pkcs11_token *token,
    const struct mtls_identity *id, int is_new, struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "token", token->label);
	output_text(o, "token_serial", token->serial);
	output_text(o, "subject", id->subject);
	output_text(o, "issuer", id->issuer);
	output_text(o, "serial", id->serial);
	output_time(o, "not_after", id->not_after_s);
	output_yesno(o, "stored", is_new);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

/* Stored all the same: what a login needs may come later. */
static void
warn(struct ctl *ctl, const struct mtls_identity *id)
{
	int64_t now = timestamp_now();

	if (!id->for_client_auth || id->is_ca)
		ctl_warn(ctl, "the certificate is not for client "
		    "authentication; nobody can log in with it");
	else if (now > id->not_after_s)
		ctl_warn(ctl, "the certificate has expired");
	else if (now < id->not_before_s)
		ctl_warn(ctl, "the certificate is not valid yet; is the clock "
		    "right?");
}

static enum mtls_status
import(struct ctl *ctl, const struct settings *set, X509 *certificate,
    const struct mtls_identity *id, struct mtls_err *err)
{
	const struct mtls_pkcs11_token *token = NULL;
	enum mtls_status status;
	struct card card;
	int is_new = 0;

	memset(&card, 0, sizeof(card));
	status = card_open(&set->card, &card, err);
	if (status == MTLS_OK)
		status = card_choose(&card, &token, err);
	if (status == MTLS_OK)
		status = card_login(&card, &set->card, token, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_store_certificate(card.session,
		    certificate, &is_new, err);
	if (status == MTLS_OK && !is_new)
		ctl_warn(ctl, "this certificate is on the card already");
	if (status == MTLS_OK)
		status = show(set, token, id, is_new, err);
	if (status == MTLS_OK)
		warn(ctl, id);
	card_close(&card);
	return status;
}

CTL_COMMAND(token_import_command)
{
	struct settings set = { CARD_SETTINGS_INIT, 0 };
	X509 *certificate = NULL;
	struct mtls_identity id;
	enum mtls_status status;
	struct ctl_words words;

	memset(&id, 0, sizeof(id));
	status = ctl_options(token_import_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 1, "a certificate", err);
	if (status == MTLS_OK)
		status = input_certificate(ctl->tls, words.word[0],
		    &certificate, err);
	if (status == MTLS_OK) {
		status = mtls_identity_read(certificate, &id, err);
		if (status != MTLS_OK)
			mtls_err_context(err, "%s", words.word[0]);
	}
	if (status == MTLS_OK)
		status = import(ctl, &set, certificate, &id, err);
	mtls_identity_clear(&id);
	X509_free(certificate);
	return status;
}
