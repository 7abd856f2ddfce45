/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ca issue: a certificate for a user, a machine or a verifier. The
 * key comes from a CSR, of which nothing else is believed, or is made here.
 * Everything is checked, made and on the disk under temporary names before
 * the index says that it is there.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"
#include "mtlsctl/ca_commands.h"
#include "mtlsctl/ca_make.h"
#include "mtlsctl/ca_names.h"
#include "mtlsctl/csr.h"
#include "mtlsctl/key.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

#define DAY_S		INT64_C(86400)
#define DAYS		365u
#define BACKDATED_S	300	/* clocks of machines differ */

struct settings {
	const char *ca, *csr, *key_out, *out;
	const char *user, *upn, *email, *name;
	uint32_t days;
	int key;
	int json;
};

#define COMMON_OPTIONS \
	{ "ca", CTL_TEXT, offsetof(struct settings, ca), 0, 0, NULL, "DIR", \
	    "the directory of the CA", 1 }, \
	{ "csr", CTL_TEXT, offsetof(struct settings, csr), 0, 0, NULL, \
	    "FILE", "a signing request; only its key is taken from it", 0 }, \
	{ "key-out", CTL_TEXT, offsetof(struct settings, key_out), 0, 0, \
	    NULL, "FILE", "make the key here and put it there", 0 }, \
	{ "key", CTL_CHOICE, offsetof(struct settings, key), 0, 0, \
	    key_kinds, "KIND", "of --key-out: p256, p384 or rsa3072", 0 }, \
	{ "out", CTL_TEXT, offsetof(struct settings, out), 0, 0, NULL, \
	    "FILE", "put the certificate there as well", 0 }, \
	{ "days", CTL_NUMBER, offsetof(struct settings, days), 1, 7300, \
	    NULL, "N", "how long it is valid (365)", 0 }, \
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, \
	    NULL, "say as JSON what was made", 0 }

const struct ctl_option ca_user_options[] = {
	COMMON_OPTIONS,
	{ "user", CTL_TEXT, offsetof(struct settings, user), 0, 0, NULL,
	    "NAME", "the CN; without it what --upn has before the @", 0 },
	{ "upn", CTL_TEXT, offsetof(struct settings, upn), 0, 0, NULL,
	    "USER@REALM", "the user principal name", 0 },
	{ "email", CTL_TEXT, offsetof(struct settings, email), 0, 0, NULL,
	    "ADDRESS", "the e-mail address", 0 },
	CTL_OPTIONS_END
};

const struct ctl_option ca_host_options[] = {
	COMMON_OPTIONS,
	{ "name", CTL_TEXT, offsetof(struct settings, name), 0, 0, NULL,
	    "HOST", "the only dNSName", 1 },
	CTL_OPTIONS_END
};

/* One certificate on its way. */
struct issue {
	struct settings set;
	struct ca_dir dir;
	struct ca_index index;
	struct ca root, issuer;
	EVP_PKEY *key;
	X509 *certificate;
	struct ca_subject subject;
	struct ca_entry entry;
	char user[MTLS_USER_MAX + 1];
	char *issued_path;
	struct new_file issued, key_out, out;
};

static enum mtls_status
check_user(struct issue *i, struct mtls_err *err)
{
	const struct settings *set = &i->set;
	enum mtls_status status = MTLS_OK;

	if (set->user == NULL && set->upn == NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--upn USER@REALM or --user NAME is missing");
	if (set->upn != NULL)
		status = ca_check_upn(set->upn, err);
	if (status == MTLS_OK && set->email != NULL)
		status = ca_check_email(set->email, err);
	if (status != MTLS_OK)
		return status;
	if (set->user != NULL)
		snprintf(i->user, sizeof(i->user), "%s", set->user);
	else
		snprintf(i->user, sizeof(i->user), "%.*s",
		    (int)strcspn(set->upn, "@"), set->upn);
	i->subject.name = i->user;
	i->subject.upn0 = set->upn;
	i->subject.email0 = set->email;
	/* What the index knows the certificate by. */
	i->entry.name = (char *)(uintptr_t)(set->upn != NULL ? set->upn :
	    set->user);
	return ca_check_user(set->user != NULL ? set->user : i->user, err);
}

static enum mtls_status
check_settings(struct issue *i, struct mtls_err *err)
{
	const struct settings *set = &i->set;
	enum mtls_status status;

	if ((set->csr == NULL) == (set->key_out == NULL))
		return mtls_fail(err, MTLS_E_USAGE,
		    "either --csr FILE or --key-out FILE");
	if (set->key >= 0 && set->key_out == NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--key goes with --key-out");
	if (set->out != NULL && set->key_out != NULL &&
	    strcmp(set->out, set->key_out) == 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--out and --key-out are the same file");
	if (i->entry.kind == CA_KIND_USER) {
		status = check_user(i, err);
	} else {
		status = ca_check_host(set->name, err);
		i->subject.name = set->name;
		i->entry.name = (char *)(uintptr_t)set->name;
	}
	if (status == MTLS_OK && set->key_out != NULL)
		status = new_file_is_free(set->key_out, err);
	if (status == MTLS_OK && set->out != NULL)
		status = new_file_is_free(set->out, err);
	return status;
}

/* A CA that was revoked certifies nobody any more. */
static enum mtls_status
check_issuer(const struct issue *i, struct mtls_err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "%s CA", ca_names[i->issuer.id]);
	for (size_t k = 0; k < i->index.n; k++) {
		const struct ca_entry *e = &i->index.entries[k];

		if (e->kind == CA_KIND_CA && e->revoked &&
		    strcmp(e->name, name) == 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "the %s has been revoked", name);
	}
	return ca_need_key(&i->dir, &i->issuer, err);
}

static enum mtls_status
load(struct issue *i, struct mtls_tls *tls, struct mtls_err *err)
{
	enum mtls_status status;

	status = ca_dir_open(tls, i->set.ca, &i->dir, err);
	if (status == MTLS_OK)
		status = ca_index_read(&i->dir, &i->index, err);
	if (status == MTLS_OK)
		status = ca_load(&i->dir, CA_ROOT, &i->root, err);
	if (status == MTLS_OK)
		status = ca_load(&i->dir, i->entry.kind == CA_KIND_USER ?
		    CA_USERS : CA_MACHINES, &i->issuer, err);
	if (status == MTLS_OK)
		status = check_issuer(i, err);
	return status;
}

static enum mtls_status
get_key(struct issue *i, struct mtls_err *err)
{
	struct key_pem pem = { NULL, 0 };
	enum mtls_status status;
	enum key_kind kind = i->set.key < 0 ? KEY_P256 :
	    (enum key_kind)i->set.key;

	if (i->set.csr != NULL) {
		status = csr_read(i->dir.tls, i->set.csr, &i->key, err);
	} else {
		status = key_generate(i->dir.tls, kind, &i->key, err);
		if (status == MTLS_OK)
			status = key_to_pem(i->key, &pem, err);
		if (status == MTLS_OK)
			status = new_file_prepare(&i->key_out,
			    i->set.key_out, NEW_FILE_ONLY, 0600, pem.data,
			    pem.len, err);
		key_pem_free(&pem);
	}
	if (status == MTLS_OK)
		status = key_fingerprint(i->key, i->entry.key, err);
	if (status == MTLS_OK)
		status = ca_index_check_key(&i->index, i->entry.key,
		    i->entry.kind, i->entry.name, err);
	return status;
}

static enum mtls_status
set_dates(struct issue *i, struct mtls_err *err)
{
	X509 *issuer = i->issuer.certificate;
	int64_t begin = ca_seconds(X509_get0_notBefore(issuer));
	int64_t end = ca_seconds(X509_get0_notAfter(issuer));
	int64_t now = timestamp_now();
	uint32_t days = i->set.days == 0 ? DAYS : i->set.days;
	int64_t from = now - BACKDATED_S;
	int64_t until = now + days * DAY_S;

	if (begin < 0 || end < 0 || now < begin || now >= end)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the %s CA is not valid now; is the clock right?",
		    ca_names[i->issuer.id]);
	if (until > end && i->set.days != 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "the CA itself ends in %lld days; --days is too much",
		    (long long)((end - now) / DAY_S));
	i->subject.not_before_s = from > begin ? from : begin;
	i->subject.not_after_s = until < end ? until : end;
	i->entry.not_before_s = i->subject.not_before_s;
	i->entry.not_after_s = i->subject.not_after_s;
	return MTLS_OK;
}

static enum mtls_status
make(struct issue *i, struct mtls_err *err)
{
	enum mtls_status status;
	char *pem = NULL;
	size_t len;

	status = set_dates(i, err);
	if (status == MTLS_OK)
		status = ca_index_serial(&i->index, i->entry.serial, err);
	i->subject.kind = i->entry.kind;
	i->subject.serial = i->entry.serial;
	i->entry.issuer = i->issuer.id;
	if (status == MTLS_OK)
		status = ca_make_leaf(i->dir.tls, &i->issuer,
		    i->root.certificate, &i->subject, i->key, &i->certificate,
		    err);
	if (status == MTLS_OK)
		status = ca_pem_of(i->certificate, NULL, &pem, &len, err);
	i->issued_path = ca_dir_path(&i->dir, "issued/%s.pem",
	    i->entry.serial);
	if (status == MTLS_OK && i->issued_path == NULL)
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (status == MTLS_OK)
		status = new_file_prepare(&i->issued, i->issued_path,
		    NEW_FILE_ONLY, 0644, pem, len, err);
	if (status == MTLS_OK && i->set.out != NULL)
		status = new_file_prepare(&i->out, i->set.out, NEW_FILE_ONLY,
		    0644, pem, len, err);
	OPENSSL_free(pem);
	return status;
}

/* From here on it exists. */
static enum mtls_status
publish(struct issue *i, struct mtls_err *err)
{
	enum mtls_status status;

	status = ca_index_add(&i->index, &i->entry, err);
	if (status == MTLS_OK)
		status = ca_index_write(&i->dir, &i->index, err);
	if (status != MTLS_OK)
		return status;
	status = new_file_commit(&i->issued, err);
	if (status == MTLS_OK && i->set.key_out != NULL)
		status = new_file_commit(&i->key_out, err);
	if (status == MTLS_OK && i->set.out != NULL)
		status = new_file_commit(&i->out, err);
	if (status != MTLS_OK)
		mtls_err_context(err, "certificate %s is in the index, but",
		    i->entry.serial);
	return status;
}

static enum mtls_status
show(const struct issue *i, struct mtls_err *err)
{
	struct output *o = output_new(i->set.json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "serial", i->entry.serial);
	output_text(o, "kind", ca_kind_names[i->entry.kind]);
	output_text(o, "name", i->entry.name);
	output_time(o, "not_before", i->entry.not_before_s);
	output_time(o, "not_after", i->entry.not_after_s);
	output_text(o, "key_sha256", i->entry.key);
	output_text(o, "file", i->issued_path);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static void
done(struct issue *i)
{
	new_file_abandon(&i->issued);
	new_file_abandon(&i->key_out);
	new_file_abandon(&i->out);
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	ca_clear(&i->issuer);
	ca_clear(&i->root);
	ca_index_clear(&i->index);
	ca_dir_close(&i->dir);
	free(i->issued_path);
}

static enum mtls_status
issue(struct ctl *ctl, enum ca_kind kind, const struct ctl_option *options,
    int argc, char *const argv[], struct mtls_err *err)
{
	struct issue i = { .dir = CA_DIR_NONE, .index = CA_INDEX_NONE,
		.root = CA_NONE, .issuer = CA_NONE, .issued = NEW_FILE_NONE,
		.key_out = NEW_FILE_NONE, .out = NEW_FILE_NONE };
	enum mtls_status status;
	struct ctl_words words;

	i.set.key = -1;
	i.entry.kind = kind;
	status = ctl_options(options, argc, argv, &i.set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = check_settings(&i, err);
	if (status == MTLS_OK)
		status = load(&i, ctl->tls, err);
	if (status == MTLS_OK)
		status = get_key(&i, err);
	if (status == MTLS_OK)
		status = make(&i, err);
	if (status == MTLS_OK)
		status = publish(&i, err);
	if (status == MTLS_OK)
		status = show(&i, err);
	done(&i);
	return status;
}

CTL_COMMAND(ca_user_command)
{
	return issue(ctl, CA_KIND_USER, ca_user_options, argc, argv, err);
}

CTL_COMMAND(ca_machine_command)
{
	return issue(ctl, CA_KIND_MACHINE, ca_host_options, argc, argv, err);
}

CTL_COMMAND(ca_verifier_command)
{
	return issue(ctl, CA_KIND_VERIFIER, ca_host_options, argc, argv, err);
}
