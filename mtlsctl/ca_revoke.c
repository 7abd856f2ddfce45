/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ca revoke: into the index, then into the CRL. What is in the index
 * is in every CRL from now on, also when writing this one fails.
 */
#include "config.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/text.h"
#include "mtlsctl/ca_commands.h"
#include "mtlsctl/ca_crl.h"
#include "mtlsctl/input.h"
#include "mtlsctl/key.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

struct settings {
	const char *ca;
	int reason;
	int json;
};

const struct ctl_option ca_revoke_options[] = {
	{ "ca", CTL_TEXT, offsetof(struct settings, ca), 0, 0, NULL, "DIR",
	    "the directory of the CA", 1 },
	{ "reason", CTL_CHOICE, offsetof(struct settings, reason), 0, 0,
	    ca_reason_names, "WORD", "keyCompromise, affiliationChanged, "
	    "superseded, cessationOfOperation, privilegeWithdrawn", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say as JSON what was revoked", 0 },
	CTL_OPTIONS_END
};

/* A serial number as people copy it: "4F:0A..." or "4f0a...". */
static int
read_serial(const char *word, char out[2 * CA_SERIAL_BYTES + 1])
{
	uint8_t bytes[CA_SERIAL_BYTES];
	size_t n = 0;

	for (; *word != '\0'; word++) {
		if (*word == ':')
			continue;
		if (n == 2 * CA_SERIAL_BYTES)
			return -1;
		out[n++] = (char)(*word >= 'A' && *word <= 'F' ?
		    *word - 'A' + 'a' : *word);
	}
	out[n] = '\0';
	return n == 2 * CA_SERIAL_BYTES ?
	    mtls_hex_decode(bytes, sizeof(bytes), out) : -1;
}

/* Serial number and key of a certificate, to be compared with the index. */
static enum mtls_status
read_certificate(struct mtls_tls *tls, const char *path,
    char serial[2 * CA_SERIAL_BYTES + 1], char key[65], struct mtls_err *err)
{
	uint8_t bytes[CA_SERIAL_BYTES];
	enum mtls_status status;
	EVP_PKEY *public_key;
	X509 *x = NULL;
	BIGNUM *n;

	status = input_certificate(tls, path, &x, err);
	if (status != MTLS_OK)
		return status;
	n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	public_key = X509_get0_pubkey(x);
	if (n == NULL || public_key == NULL ||
	    BN_bn2binpad(n, bytes, sizeof(bytes)) < 0)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not a certificate of this CA", path);
	else
		status = key_fingerprint(public_key, key, err);
	if (status == MTLS_OK)
		mtls_hex_encode(serial, bytes, sizeof(bytes));
	BN_free(n);
	X509_free(x);
	return status;
}

static enum mtls_status
find(struct mtls_tls *tls, const struct ca_index *index, const char *word,
    struct ca_entry **ret, struct mtls_err *err)
{
	char serial[2 * CA_SERIAL_BYTES + 1];
	char key[65] = "";
	struct ca_entry *entry;
	enum mtls_status status = MTLS_OK;
	int is_serial = read_serial(word, serial) == 0;

	if (!is_serial)
		status = read_certificate(tls, word, serial, key, err);
	if (status != MTLS_OK)
		return status;
	entry = ca_index_find(index, serial);
	if (entry == NULL || (!is_serial && strcmp(entry->key, key) != 0))
		return mtls_fail(err, MTLS_E_CONFIG, is_serial ?
		    "%s is no serial number of this CA; "
		    "\"mtlsctl ca list\" has them" :
		    "%s is not a certificate of this CA", word);
	*ret = entry;
	return MTLS_OK;
}

static enum mtls_status
show(const struct settings *set, const struct ca_entry *e,
    const struct ca_crl *crl, struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "serial", e->serial);
	output_text(o, "kind", ca_kind_names[e->kind]);
	output_text(o, "name", e->name);
	output_time(o, "revoked_at", e->revoked_at_s);
	output_text(o, "reason", ca_reason_names[e->reason]);
	output_text(o, "crl", ca_names[e->issuer]);
	output_integer(o, "crl_number", (int64_t)crl->number);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
revoke_entry(struct ctl *ctl, const struct settings *set,
    const struct ca_dir *dir, struct ca_index *index, struct ca_entry *e,
    struct mtls_err *err)
{
	struct ca ca = CA_NONE;
	enum mtls_status status;
	struct ca_crl crl;

	status = ca_load(dir, e->issuer, &ca, err);
	/* Without the key it could not get into a CRL. */
	if (status == MTLS_OK)
		status = ca_need_key(dir, &ca, err);
	if (status == MTLS_OK && e->revoked) {
		ctl_warn(ctl, "%s has been revoked before", e->serial);
	} else if (status == MTLS_OK) {
		e->revoked = 1;
		e->revoked_at_s = timestamp_now();
		e->reason = (enum ca_reason)set->reason;
		status = ca_index_write(dir, index, err);
	}
	if (status == MTLS_OK) {
		status = ca_crl_write(dir, &ca, index, 0, &crl, err);
		if (status != MTLS_OK)
			mtls_err_context(err, "it is revoked, but the CRL is "
			    "still the old one (then: mtlsctl ca crl)");
	}
	if (status == MTLS_OK)
		status = show(set, e, &crl, err);
	ca_clear(&ca);
	return status;
}

CTL_COMMAND(ca_revoke_command)
{
	struct settings set = { NULL, CA_REASON_UNSPECIFIED, 0 };
	struct ca_index index = CA_INDEX_NONE;
	struct ca_dir dir = CA_DIR_NONE;
	struct ca_entry *entry = NULL;
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(ca_revoke_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 1,
		    "a serial number or a certificate", err);
	if (status == MTLS_OK)
		status = ca_dir_open(ctl->tls, set.ca, &dir, err);
	if (status == MTLS_OK)
		status = ca_index_read(&dir, &index, err);
	if (status == MTLS_OK)
		status = find(ctl->tls, &index, words.word[0], &entry, err);
	if (status == MTLS_OK && entry != NULL)
		status = revoke_entry(ctl, &set, &dir, &index, entry, err);
	if (status == MTLS_OK && entry != NULL)
		ctl_note("Verifiers know it when they have the new "
		    "%s.crl.pem in their crl-dir.",
		    ca_names[entry->issuer]);
	ca_index_clear(&index);
	ca_dir_close(&dir);
	return status;
}
