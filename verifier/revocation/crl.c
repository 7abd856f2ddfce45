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
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#define NEGATIVE 0x80

struct crl_serial {
	uint8_t len;			/* and NEGATIVE */
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
	X509_EXTENSION *e;

	if (X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point,
	    -1) >= 0)
		return refuse("a CRL for some certificates only", err);
	for (int i = 0; i < X509_CRL_get_ext_count(list); i++) {
		e = X509_CRL_get_ext(list, i);
		if (X509_EXTENSION_get_critical(e) &&
		    OBJ_obj2nid(X509_EXTENSION_get_object(e)) !=
		    NID_delta_crl)
			return refuse("a critical extension in the CRL", err);
	}
	return MTLS_OK;
}

/* Whether an entry of a delta takes a revocation back. */
static int
is_removal(const X509_REVOKED *entry)
{
	ASN1_ENUMERATED *reason;
	int is_it;

	reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	is_it = reason != NULL &&
	    ASN1_ENUMERATED_get(reason) == CRL_REASON_REMOVE_FROM_CRL;
	ASN1_ENUMERATED_free(reason);
	return is_it;
}

/*
 * A number of any length and sign as a key; one that is longer than RFC 5280
 * allows, by the beginning of its hash. No leaf may have such a number, but a
 * CA is whoever is in the bundle. Returns 0, or -1 if it cannot be made.
 */
static int
make_key(const ASN1_INTEGER *serial, struct crl_serial *ret)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct crl_serial key = { 0, { 0 } };

	if (len < 0)
		return -1;
	if (len <= CRL_SERIAL_MAX) {
		key.len = (uint8_t)len;
		memcpy(key.bytes, bytes, (size_t)len);
	} else {
		if (EVP_Digest(bytes, (size_t)len, hash, NULL, EVP_sha256(),
		    NULL) != 1)
			return -1;
		key.len = CRL_SERIAL_MAX + 1;
		memcpy(key.bytes, hash, CRL_SERIAL_MAX);
	}
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		key.len |= NEGATIVE;
	*ret = key;
	return 0;
}

static enum mtls_status
take_serial(const X509_REVOKED *entry, struct crl *crl, struct mtls_err *err)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(entry);
	struct crl_serial *s = &crl->serials[crl->n_serials];

	for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
		if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry,
		    i)))
			return refuse("a critical extension in an entry of "
			    "the CRL", err);
	}
	if (crl->is_delta && is_removal(entry))
		s = &crl->removed[crl->n_removed++];
	else
		crl->n_serials++;
	return make_key(serial, s) == 0 ? MTLS_OK : mtls_fail(err,
	    MTLS_E_MEMORY, "out of memory");
}

static int
compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct crl_serial));
}

static void
sort_serials(struct crl_serial *serials, size_t n)
{
	if (n > 0)
		qsort(serials, n, sizeof(*serials), compare_serials);
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
	if (crl->is_delta)
		crl->removed = calloc((size_t)n, sizeof(*crl->removed));
	if (crl->serials == NULL ||
	    (crl->is_delta && crl->removed == NULL))
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (int i = 0; i < n; i++) {
		status = take_serial(sk_X509_REVOKED_value(entries, i), crl,
		    err);
		if (status != MTLS_OK)
			return status;
	}
	sort_serials(crl->serials, crl->n_serials);
	sort_serials(crl->removed, crl->n_removed);
	return MTLS_OK;
}

/* The number in an extension; *ret_has is 0 where it is not there. */
static enum mtls_status
take_number_of(X509_CRL *list, int nid, uint8_t ret[CRL_SERIAL_MAX],
    int *ret_has, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	ASN1_INTEGER *number;
	int critical, len;

	*ret_has = 0;
	number = X509_CRL_get_ext_d2i(list, nid, &critical, NULL);
	if (number == NULL)
		return critical == -1 ? MTLS_OK :
		    refuse("the number of the CRL is malformed", err);
	len = ASN1_STRING_length(number);
	if (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER || len < 0 ||
	    len > CRL_SERIAL_MAX) {
		status = refuse("the number of the CRL is malformed", err);
	} else {
		*ret_has = 1;
		memcpy(ret + CRL_SERIAL_MAX - len,
		    ASN1_STRING_get0_data(number), (size_t)len);
	}
	ASN1_INTEGER_free(number);
	return status;
}

static enum mtls_status
take_numbers(X509_CRL *list, struct crl *crl, struct mtls_err *err)
{
	enum mtls_status status;

	status = take_number_of(list, NID_crl_number, crl->number,
	    &crl->has_number, err);
	if (status == MTLS_OK)
		status = take_number_of(list, NID_delta_crl,
		    crl->base_number, &crl->is_delta, err);
	if (status == MTLS_OK && crl->is_delta && !crl->has_number)
		status = refuse("a delta CRL without a number", err);
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
		status = take_numbers(list, crl, err);
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
	free(crl->removed);
	free(crl);
}

static int
is_among(const struct crl_serial *key, const struct crl_serial *serials,
    size_t n)
{
	return n > 0 && bsearch(key, serials, n, sizeof(*key),
	    compare_serials) != NULL;
}

int
crl_has(const struct crl *crl, const ASN1_INTEGER *serial)
{
	struct crl_serial key;

	/* What cannot be looked for is not known not to be there. */
	if (make_key(serial, &key) != 0)
		return 1;
	return is_among(&key, crl->serials, crl->n_serials);
}

/* What the base has and the delta does not take back, and the delta's. */
static enum mtls_status
merge_serials(struct crl *all, const struct crl *base,
    const struct crl *delta, struct mtls_err *err)
{
	size_t n = base->n_serials + delta->n_serials;

	all->serials = calloc(n + 1, sizeof(*all->serials));
	if (all->serials == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (size_t i = 0; i < base->n_serials; i++) {
		if (!is_among(&base->serials[i], delta->removed,
		    delta->n_removed) && !is_among(&base->serials[i],
		    delta->serials, delta->n_serials))
			all->serials[all->n_serials++] = base->serials[i];
	}
	for (size_t i = 0; i < delta->n_serials; i++)
		all->serials[all->n_serials++] = delta->serials[i];
	sort_serials(all->serials, all->n_serials);
	return MTLS_OK;
}

enum mtls_status
crl_combine(const struct crl *base, const struct crl *delta,
    struct crl **ret, struct mtls_err *err)
{
	struct crl *all;
	enum mtls_status status;

	if (!base->has_number || memcmp(base->number, delta->base_number,
	    sizeof(base->number)) < 0)
		return refuse("a delta CRL for a newer base than there is",
		    err);
	all = calloc(1, sizeof(*all));
	if (all == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	all->this_update_s = delta->this_update_s;
	all->next_update_s = delta->next_update_s < base->next_update_s ?
	    delta->next_update_s : base->next_update_s;
	all->has_number = 1;
	memcpy(all->number, delta->number, sizeof(all->number));
	status = merge_serials(all, base, delta, err);
	if (status != MTLS_OK) {
		crl_free(all);
		return status;
	}
	*ret = all;
	return MTLS_OK;
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

int
crl_differs(const struct crl *a, const struct crl *b)
{
	return crl_compare(a, b) != 0 || a->has_number != b->has_number ||
	    a->next_update_s != b->next_update_s ||
	    a->n_serials != b->n_serials || (a->n_serials > 0 &&
	    memcmp(a->serials, b->serials, a->n_serials *
	    sizeof(*a->serials)) != 0);
}
