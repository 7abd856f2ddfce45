/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * CRL files, and "mtlsctl ca crl", which renews them.
 */
#include "config.h"

#include "mtlsctl/ca_crl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "mtls/file.h"
#include "mtls/pem.h"
#include "mtlsctl/ca_commands.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

#define DAY_S INT64_C(86400)

static enum mtls_status
look_into(X509_CRL *crl, const char *path, struct ca_crl *ret,
    struct mtls_err *err)
{
	ASN1_INTEGER *number;
	struct ca_crl what;
	int good;

	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	good = number != NULL &&
	    ASN1_INTEGER_get_uint64(&what.number, number) == 1 &&
	    what.number < INT64_MAX;
	ASN1_INTEGER_free(number);
	what.this_update_s = ca_seconds(X509_CRL_get0_lastUpdate(crl));
	what.next_update_s = ca_seconds(X509_CRL_get0_nextUpdate(crl));
	if (!good || what.this_update_s < 0 || what.next_update_s < 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s has no number or no dates", path);
	*ret = what;
	return MTLS_OK;
}

enum mtls_status
ca_crl_read(const struct ca_dir *dir, enum ca_id id, struct ca_crl *ret,
    struct mtls_err *err)
{
	char *path = ca_dir_path(dir, "%s.crl.pem", ca_names[id]);
	STACK_OF(X509_CRL) *crls = NULL;
	enum mtls_status status;

	if (path == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_pem_crls(dir->tls, path, &crls, err);
	if (status == MTLS_OK) {
		status = look_into(sk_X509_CRL_value(crls, 0), path, ret,
		    err);
		sk_X509_CRL_pop_free(crls, X509_CRL_free);
	}
	free(path);
	return status;
}

/* Number and dates of the next one. */
static enum mtls_status
plan(const struct ca_dir *dir, const struct ca *ca, uint32_t days,
    struct ca_crl *ret, struct mtls_err *err)
{
	struct ca_crl old;
	struct mtls_err why;
	enum mtls_status status;
	int64_t end = ca_seconds(X509_get0_notAfter(ca->certificate));
	int64_t now = timestamp_now();

	mtls_err_clear(&why);
	status = ca_crl_read(dir, ca->id, &old, &why);
	if (status == MTLS_E_NOT_FOUND) {
		old.number = 0;
		old.this_update_s = now;
	} else if (status != MTLS_OK) {
		return mtls_fail(err, status, "%s; move it away, then it is "
		    "made anew", why.text);
	}
	ret->number = old.number + 1;
	if ((uint64_t)timestamp_now_ms() > ret->number)
		ret->number = (uint64_t)timestamp_now_ms();
	ret->this_update_s = now > old.this_update_s ? now :
	    old.this_update_s;
	if (days == 0)
		days = ca->id == CA_ROOT ? CA_CRL_DAYS_ROOT : CA_CRL_DAYS;
	ret->next_update_s = ret->this_update_s + days * DAY_S;
	if (ret->next_update_s > end)
		ret->next_update_s = end;
	if (ret->next_update_s <= ret->this_update_s)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the %s CA has expired, or the clock is wrong",
		    ca_names[ca->id]);
	return MTLS_OK;
}

static enum mtls_status
write_pem(const struct ca_dir *dir, const struct ca *ca, X509_CRL *crl,
    struct mtls_err *err)
{
	char *path = ca_dir_path(dir, "%s.crl.pem", ca_names[ca->id]);
	BIO *bio = BIO_new(BIO_s_mem());
	enum mtls_status status;
	char *data;
	long len;

	if (path == NULL || bio == NULL ||
	    PEM_write_bio_X509_CRL(bio, crl) != 1) {
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	} else {
		len = BIO_get_mem_data(bio, &data);
		status = new_file_write(path, NEW_FILE_REPLACE, 0644, data,
		    (size_t)len, err);
	}
	BIO_free(bio);
	free(path);
	return status;
}

enum mtls_status
ca_crl_write(const struct ca_dir *dir, const struct ca *ca,
    const struct ca_index *index, uint32_t days, struct ca_crl *ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	X509_CRL *crl = NULL;
	struct ca_crl what;

	status = ca_need_key(dir, ca, err);
	if (status == MTLS_OK)
		status = plan(dir, ca, days, &what, err);
	if (status == MTLS_OK)
		status = ca_make_crl(dir->tls, ca, index, &what, &crl, err);
	if (status == MTLS_OK)
		status = write_pem(dir, ca, crl, err);
	X509_CRL_free(crl);
	if (status == MTLS_OK)
		*ret = what;
	return status;
}

struct settings {
	const char *ca;
	uint32_t days;
	const char *out;
	int json;
};

const struct ctl_option ca_crl_options[] = {
	{ "ca", CTL_TEXT, offsetof(struct settings, ca), 0, 0, NULL, "DIR",
	    "the directory of the CA", 1 },
	{ "days", CTL_NUMBER, offsetof(struct settings, days), 1, 3650, NULL,
	    "N", "how long they are valid (30; the root's 365)", 0 },
	{ "out", CTL_TEXT, offsetof(struct settings, out), 0, 0, NULL, "DIR",
	    "put copies there, as a verifier's crl-dir", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each CRL", 0 },
	CTL_OPTIONS_END
};

/* Copies DIR/ID.crl.pem to out/ID.crl.pem. */
static enum mtls_status
copy_to(const struct ca_dir *dir, enum ca_id id, const char *out,
    struct mtls_err *err)
{
	char *from = ca_dir_path(dir, "%s.crl.pem", ca_names[id]);
	enum mtls_status status;
	char *data = NULL;
	char *to = NULL;
	size_t len;

	if (from == NULL || asprintf(&to, "%s/%s.crl.pem", out,
	    ca_names[id]) < 0) {
		free(from);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	status = mtls_file_read(from, MTLS_FILE_PUBLIC, 1u << 30, &data, &len,
	    err);
	if (status == MTLS_OK) {
		status = new_file_write(to, NEW_FILE_REPLACE, 0644, data, len,
		    err);
		mtls_file_data_free(data, len);
	}
	free(from);
	free(to);
	return status;
}

static void
show(struct output *o, const struct ca *ca, const struct ca_index *index,
    const struct ca_crl *what)
{
	int64_t n = 0;

	for (size_t i = 0; i < index->n; i++)
		n += index->entries[i].revoked &&
		    index->entries[i].issuer == ca->id;
	output_text(o, "ca", ca_names[ca->id]);
	output_integer(o, "number", (int64_t)what->number);
	output_integer(o, "revoked", n);
	output_time(o, "this_update", what->this_update_s);
	output_time(o, "next_update", what->next_update_s);
	output_row(o);
}

static enum mtls_status
renew(struct ctl *ctl, const struct ca_dir *dir, enum ca_id id,
    const struct settings *set, const struct ca_index *index,
    struct output *o, struct mtls_err *err)
{
	struct ca ca = CA_NONE;
	enum mtls_status status;
	struct ca_crl what;

	status = ca_load(dir, id, &ca, err);
	if (status != MTLS_OK)
		return status;
	if (ca.key == NULL && id == CA_ROOT) {
		ctl_warn(ctl, "root.key is not there: the root's CRL stays "
		    "as it is");
	} else {
		status = ca_crl_write(dir, &ca, index, set->days, &what, err);
		if (status == MTLS_OK)
			show(o, &ca, index, &what);
	}
	if (status == MTLS_OK && set->out != NULL)
		status = copy_to(dir, id, set->out, err);
	ca_clear(&ca);
	return status;
}

CTL_COMMAND(ca_crl_command)
{
	struct settings set = { NULL, 0, NULL, 0 };
	struct ca_index index = CA_INDEX_NONE;
	struct ca_dir dir = CA_DIR_NONE;
	struct output *o = NULL;
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(ca_crl_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = ca_dir_open(ctl->tls, set.ca, &dir, err);
	if (status == MTLS_OK)
		status = ca_index_read(&dir, &index, err);
	o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	for (int id = 0; id < CA_COUNT && status == MTLS_OK; id++)
		status = renew(ctl, &dir, (enum ca_id)id, &set, &index, o,
		    err);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	ca_index_clear(&index);
	ca_dir_close(&dir);
	return status;
}
