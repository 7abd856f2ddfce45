/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From X509_CRL to sorted serial numbers. OpenSSL would hash the whole list
 * again for every certificate that it checks; 21 bytes for each entry and a
 * binary search do not.
 */
#include "config.h"

#include "crl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

struct crl_serial {
	uint8_t len;
	uint8_t bytes[CRL_SERIAL_MAX];
};

int
crl_time(const ASN1_TIME *time, int64_t *ret_s)
{
	struct tm tm;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return -1;
	*ret_s = timegm(&tm);
	return 0;
}

int
crl_is_by(X509_CRL *list, X509 *ca)
{
	if (X509_NAME_cmp(X509_CRL_get_issuer(list),
	    X509_get_subject_name(ca)) != 0)
		return 0;
	/* UINT32_MAX where there is no keyUsage. */
	return (X509_get_key_usage(ca) & KU_CRL_SIGN) != 0;
}

static enum mtls_status
refuse(const char *why, struct mtls_err *err)
{
	ERR_clear_error();
	return mtls_fail(err, MTLS_E_CONFIG, "%s", why);
}

/* MD5 and SHA-1 can be collided with. */
static int
has_weak_digest(const X509_CRL *list)
{
	int digest, key;

	if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(list), &digest,
	    &key) != 1)
		return 1;
	return digest == NID_md5 || digest == NID_sha1 ||
	    digest == NID_md5_sha1;
}

/* All that makes a list less than the whole truth is critical or here. */
static enum mtls_status
check_extensions(X509_CRL *list, struct mtls_err *err)
{
	if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0)
		return refuse("a delta CRL", err);
	if (X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point,
	    -1) >= 0)
		return refuse("a CRL for some certificates only", err);
	for (int i = 0; i < X509_CRL_get_ext_count(list); i++) {
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(list, i)))
			return refuse("a critical extension in the CRL", err);
	}
	return MTLS_OK;
}

static enum mtls_status
take_serial(const X509_REVOKED *entry, struct crl *crl, struct mtls_err *err)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(entry);
	int len = ASN1_STRING_length(serial);
	struct crl_serial *s = &crl->serials[crl->n_serials];

	for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
		if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry,
		    i)))
			return refuse("a critical extension in an entry of "
			    "the CRL", err);
	}
	/* No certificate with such a number is ever accepted. */
	if (len <= 0 || len > CRL_SERIAL_MAX ||
	    ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		return MTLS_OK;
	s->len = (uint8_t)len;
	memcpy(s->bytes, ASN1_STRING_get0_data(serial), (size_t)len);
	crl->n_serials++;
	return MTLS_OK;
}

static int
compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct crl_serial));
}

static enum mtls_status
take_serials(X509_CRL *list, struct crl *crl, struct mtls_err *err)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
	int n = sk_X509_REVOKED_num(entries);
	enum mtls_status status;

	if (n <= 0)
		return MTLS_OK;
	crl->serials = calloc((size_t)n, sizeof(*crl->serials));
	if (crl->serials == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (int i = 0; i < n; i++) {
		status = take_serial(sk_X509_REVOKED_value(entries, i), crl,
		    err);
		if (status != MTLS_OK)
			return status;
	}
	qsort(crl->serials, crl->n_serials, sizeof(*crl->serials),
	    compare_serials);
	return MTLS_OK;
}

static enum mtls_status
take_number(X509_CRL *list, struct crl *crl, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	ASN1_INTEGER *number;
	int critical, len;

	number = X509_CRL_get_ext_d2i(list, NID_crl_number, &critical, NULL);
	if (number == NULL)
		return critical == -1 ? MTLS_OK :
		    refuse("the number of the CRL is malformed", err);
	len = ASN1_STRING_length(number);
	if (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER || len < 0 ||
	    len > CRL_SERIAL_MAX) {
		status = refuse("the number of the CRL is malformed", err);
	} else {
		crl->has_number = 1;
		memcpy(crl->number + CRL_SERIAL_MAX - len,
		    ASN1_STRING_get0_data(number), (size_t)len);
	}
	ASN1_INTEGER_free(number);
	return status;
}

static enum mtls_status
take_times(X509_CRL *list, struct crl *crl, struct mtls_err *err)
{
	if (crl_time(X509_CRL_get0_lastUpdate(list),
	    &crl->this_update_s) != 0)
		return refuse("thisUpdate of the CRL is malformed", err);
	/* Without it a list would be good for ever. */
	if (crl_time(X509_CRL_get0_nextUpdate(list),
	    &crl->next_update_s) != 0)
		return refuse("the CRL has no good nextUpdate", err);
	return MTLS_OK;
}

enum mtls_status
crl_new(X509_CRL *list, X509 *ca, struct crl **ret, struct mtls_err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);
	struct crl *crl;
	enum mtls_status status;

	if (key == NULL || has_weak_digest(list) ||
	    X509_CRL_verify(list, key) != 1)
		return refuse("the signature of the CRL is not good", err);
	crl = calloc(1, sizeof(*crl));
	if (crl == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = check_extensions(list, err);
	if (status == MTLS_OK)
		status = take_times(list, crl, err);
	if (status == MTLS_OK)
		status = take_number(list, crl, err);
	if (status == MTLS_OK)
		status = take_serials(list, crl, err);
	if (status != MTLS_OK) {
		crl_free(crl);
		return status;
	}
	*ret = crl;
	return MTLS_OK;
}

void
crl_free(struct crl *crl)
{
	if (crl == NULL)
		return;
	free(crl->serials);
	free(crl);
}

int
crl_has(const struct crl *crl, const ASN1_INTEGER *serial)
{
	struct crl_serial key;
	int len = ASN1_STRING_length(serial);

	if (len <= 0 || len > CRL_SERIAL_MAX || crl->n_serials == 0)
		return 0;
	memset(&key, 0, sizeof(key));
	key.len = (uint8_t)len;
	memcpy(key.bytes, ASN1_STRING_get0_data(serial), (size_t)len);
	return bsearch(&key, crl->serials, crl->n_serials, sizeof(key),
	    compare_serials) != NULL;
}

int
crl_compare(const struct crl *a, const struct crl *b)
{
	int by_number;

	if (a->has_number && b->has_number) {
		by_number = memcmp(a->number, b->number, sizeof(a->number));
		if (by_number != 0)
			return by_number;
	}
	if (a->this_update_s == b->this_update_s)
		return 0;
	return a->this_update_s < b->this_update_s ? -1 : 1;
}
