/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl token enroll: a key that is made on the card and never leaves it,
 * and a signing request that it has signed.
 */
#include "config.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/signer.h"
#include "mtls/text.h"
#include "mtlsctl/card.h"
#include "mtlsctl/csr.h"
#include "mtlsctl/key.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/output.h"
#include "mtlsctl/token_commands.h"

#define LABEL_MAX 64

static const char *const kinds[] = { "p256", "p384", "rsa2048", "rsa3072",
	NULL };
static const enum mtls_pkcs11_key_kind kind_numbers[] = {
	MTLS_PKCS11_P256, MTLS_PKCS11_P384, MTLS_PKCS11_RSA2048,
	MTLS_PKCS11_RSA3072 };

struct settings {
	struct card_settings card;
	const char *out, *label, *name;
	int key;
	int json;
};

const struct ctl_option token_enroll_options[] = {
	CARD_OPTIONS(struct settings, card),
	CARD_PIN_OPTIONS(struct settings, card),
	{ "out", CTL_TEXT, offsetof(struct settings, out), 0, 0, NULL, "FILE",
	    "where the signing request goes", 1 },
	{ "key", CTL_CHOICE, offsetof(struct settings, key), 0, 0, kinds,
	    "KIND", "p256 (the default), p384, rsa2048 or rsa3072", 0 },
	{ "label", CTL_TEXT, offsetof(struct settings, label), 0, 0, NULL,
	    "TEXT", "the label of the key (login)", 0 },
	{ "name", CTL_TEXT, offsetof(struct settings, name), 0, 0, NULL,
	    "TEXT", "the CN of the request (the card's label)", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say as JSON what was made", 0 },
	CTL_OPTIONS_END
};

static enum mtls_status
check(const struct settings *set, struct mtls_err *err)
{
	if (strlen(set->label) > LABEL_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--label is longer than %d bytes", LABEL_MAX);
	if (set->name != NULL && strlen(set->name) > 64)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--name is longer than 64 bytes");
	return new_file_is_free(set->out, err);
}

/* Signs the request on the card and writes it. */
static enum mtls_status
request(struct ctl *ctl, const struct settings *set, struct card *card,
    const char *name, EVP_PKEY *public_key, struct mtls_err *err)
{
	enum mtls_status status;
	EVP_PKEY *key = NULL;
	char *pem = NULL;
	size_t len;

	status = mtls_signer_key(ctl->tls, public_key, mtls_pkcs11_sign,
	    card->session, &key, err);
	if (status == MTLS_OK)
		status = csr_make(ctl->tls, key, name, &pem, &len, err);
	if (status == MTLS_OK)
		status = new_file_write(set->out, NEW_FILE_ONLY, 0644, pem,
		    len, err);
	if (status != MTLS_OK)
		mtls_err_context(err, "the key is on the card, but there is "
		    "no request");
	EVP_PKEY_free(key);
	free(pem);
	return status;
}

static enum mtls_status
show(const struct settings *set, const struct mtls_pkcs11_token *token,
    const struct mtls_pkcs11_new_key *key, EVP_PKEY *public_key,
    struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	char fingerprint[65] = "";
	enum mtls_status status;

	status = key_fingerprint(public_key, fingerprint, err);
	output_text(o, "token", token->label);
	output_text(o, "token_serial", token->serial);
	output_text(o, "label", key->label);
	output_hex(o, "id", key->id, key->id_len);
	output_text(o, "key", kinds[set->key]);
	output_text(o, "key_sha256", fingerprint);
	output_text(o, "file", set->out);
	output_row(o);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
enroll(struct ctl *ctl, const struct settings *set, struct card *card,
    struct mtls_err *err)
{
	const struct mtls_pkcs11_token *token = NULL;
	struct mtls_pkcs11_new_key key = { kind_numbers[set->key],
		set->label, { 0 }, 0 };
	EVP_PKEY *public_key = NULL;
	enum mtls_status status;

	status = card_choose(card, &token, err);
	if (status == MTLS_OK)
		status = card_login(card, &set->card, token, err);
	if (status != MTLS_OK)
		return status;
	if (strncmp(kinds[set->key], "rsa", 3) == 0)
		ctl_note("The card makes its key; this can take a minute.");
	status = mtls_pkcs11_generate(card->session, &key, &public_key, err);
	if (status == MTLS_OK)
		status = request(ctl, set, card, set->name != NULL ?
		    set->name : token->label, public_key, err);
	if (status == MTLS_OK)
		status = show(set, token, &key, public_key, err);
	EVP_PKEY_free(public_key);
	return status;
}

CTL_COMMAND(token_enroll_command)
{
	struct settings set = { CARD_SETTINGS_INIT, NULL, "login", NULL, 0,
		0 };
	enum mtls_status status;
	struct ctl_words words;
	struct card card;

	memset(&card, 0, sizeof(card));
	status = ctl_options(token_enroll_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = check(&set, err);
	if (status == MTLS_OK)
		status = card_open(&set.card, &card, err);
	if (status == MTLS_OK)
		status = enroll(ctl, &set, &card, err);
	card_close(&card);
	return status;
}
