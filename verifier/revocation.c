/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of CAs, each with its newest CRL and the CA above it. A CA is a
 * certificate, not a name: a second CA of the same name has another key, and
 * the CRL of one says nothing about the other (T047).
 */
#include "config.h"

#include "revocation.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crl.h"
#include "crl_dir.h"

/* How far the clocks of a CA and of ours may be apart. */
#define SKEW_S	120

#define NO_CA	SIZE_MAX

struct ca {
	X509 *certificate;
	size_t issuer;		/* index; NO_CA: a root, or not here */
	int is_root;
	struct crl *crl;	/* NULL: none */
};

struct revocation {
	size_t n_cas;
	struct ca *cas;
	size_t n_foreign;
};

static size_t
find_ca(const struct revocation *r, X509 *certificate)
{
	for (size_t i = 0; i < r->n_cas; i++) {
		if (X509_cmp(r->cas[i].certificate, certificate) == 0)
			return i;
	}
	return NO_CA;
}

static int
issued(X509 *issuer, X509 *certificate)
{
	return X509_check_issued(issuer, certificate) == X509_V_OK &&
	    X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

/* Which of the CAs issued which, once. */
static void
link_cas(struct revocation *r)
{
	for (size_t i = 0; i < r->n_cas; i++) {
		struct ca *ca = &r->cas[i];

		ca->issuer = NO_CA;
		ca->is_root = X509_self_signed(ca->certificate, 1) == 1;
		for (size_t k = 0; k < r->n_cas && !ca->is_root &&
		    ca->issuer == NO_CA; k++) {
			if (k != i && issued(r->cas[k].certificate,
			    ca->certificate))
				ca->issuer = k;
		}
	}
	ERR_clear_error();
}

static enum mtls_status
take_cas(struct revocation *r, STACK_OF(X509) *cas, struct mtls_err *err)
{
	X509 *certificate;

	r->cas = calloc((size_t)sk_X509_num(cas) + 1, sizeof(*r->cas));
	if (r->cas == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (int i = 0; i < sk_X509_num(cas); i++) {
		certificate = sk_X509_value(cas, i);
		if (find_ca(r, certificate) != NO_CA)
			continue;
		if (X509_up_ref(certificate) != 1)
			return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		r->cas[r->n_cas++].certificate = certificate;
	}
	link_cas(r);
	return MTLS_OK;
}

/* The newest of the lists of a CA stays. */
static void
keep_newer(struct ca *ca, struct crl *crl)
{
	if (ca->crl != NULL && crl_compare(crl, ca->crl) <= 0) {
		crl_free(crl);
		return;
	}
	crl_free(ca->crl);
	ca->crl = crl;
}

/*
 * Gives the list to every CA whose key made it: one, or more where a CA has
 * several certificates. A name without the key is a mistake or worse.
 */
static enum mtls_status
take_crl(void *arg, X509_CRL *list, struct mtls_err *err)
{
	struct revocation *r = arg;
	enum mtls_status status = MTLS_OK;
	struct mtls_err first;
	size_t n_named = 0, n_taken = 0;
	struct crl *crl;

	mtls_err_clear(&first);
	for (size_t i = 0; i < r->n_cas; i++) {
		if (!crl_is_by(list, r->cas[i].certificate))
			continue;
		n_named++;
		status = crl_new(list, r->cas[i].certificate, &crl, &first);
		if (status == MTLS_E_MEMORY)
			break;
		if (status == MTLS_OK) {
			keep_newer(&r->cas[i], crl);
			n_taken++;
		}
	}
	if (n_named == 0)
		r->n_foreign++;
	if (status == MTLS_E_MEMORY || (n_named > 0 && n_taken == 0))
		return mtls_fail(err, first.status, "%s", first.text);
	return MTLS_OK;
}

static void
subject_of(const struct ca *ca, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio != NULL && X509_NAME_print_ex(bio,
	    X509_get_subject_name(ca->certificate), 0, XN_FLAG_RFC2253 &
	    ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, out, (int)size - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

/* A list that was once known cannot be replaced by one from before. */
static enum mtls_status
check_forward(const struct revocation *r, const struct revocation *previous,
    const char *crl_dir, struct mtls_err *err)
{
	char subject[160];
	size_t was;

	for (size_t i = 0; i < r->n_cas; i++) {
		was = find_ca(previous, r->cas[i].certificate);
		if (was == NO_CA || previous->cas[was].crl == NULL ||
		    (r->cas[i].crl != NULL && crl_compare(r->cas[i].crl,
		    previous->cas[was].crl) >= 0))
			continue;
		subject_of(&r->cas[i], subject, sizeof(subject));
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: the CRL of %s is %s", crl_dir, subject,
		    r->cas[i].crl == NULL ? "gone" :
		    "older than the one in use");
	}
	return MTLS_OK;
}

enum mtls_status
revocation_load(struct mtls_tls *tls, const char *crl_dir,
    STACK_OF(X509) *cas, const struct revocation *previous,
    struct revocation **ret, struct mtls_err *err)
{
	struct revocation *r = calloc(1, sizeof(*r));
	enum mtls_status status;

	if (r == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = take_cas(r, cas, err);
	if (status == MTLS_OK)
		status = crl_dir_read(tls, crl_dir, take_crl, r, err);
	if (status == MTLS_OK && previous != NULL)
		status = check_forward(r, previous, crl_dir, err);
	if (status != MTLS_OK) {
		revocation_free(r);
		return status;
	}
	*ret = r;
	return MTLS_OK;
}

void
revocation_free(struct revocation *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_cas; i++) {
		X509_free(r->cas[i].certificate);
		crl_free(r->cas[i].crl);
	}
	free(r->cas);
	free(r);
}

static enum policy_standing
validity_of(X509 *certificate, int64_t now_s)
{
	int64_t from_s, to_s;

	if (crl_time(X509_get0_notBefore(certificate), &from_s) != 0 ||
	    crl_time(X509_get0_notAfter(certificate), &to_s) != 0)
		return POLICY_STANDING_MALFORMED;
	if (now_s < from_s)
		return POLICY_STANDING_NOT_YET_VALID;
	return now_s > to_s ? POLICY_STANDING_OUTDATED :
	    POLICY_STANDING_GOOD;
}

/* What the list of its issuer says of a certificate. */
static enum policy_standing
listed(const struct crl *crl, X509 *certificate, int64_t now_s)
{
	if (crl == NULL)
		return POLICY_STANDING_UNKNOWN;
	if (crl_has(crl, X509_get0_serialNumber(certificate)))
		return POLICY_STANDING_REVOKED;
	if (now_s < crl->this_update_s - SKEW_S || now_s > crl->next_update_s)
		return POLICY_STANDING_UNKNOWN;
	return POLICY_STANDING_GOOD;
}

/* Later ones matter more; the first that is not GOOD is told. */
static int
weight(enum policy_standing standing)
{
	switch (standing) {
	case POLICY_STANDING_GOOD:
		return 0;
	case POLICY_STANDING_UNKNOWN:
		return 1;
	case POLICY_STANDING_NOT_YET_VALID:
	case POLICY_STANDING_OUTDATED:
	case POLICY_STANDING_MALFORMED:
	case POLICY_STANDING_NO_ISSUER:
		return 2;
	case POLICY_STANDING_REVOKED:
	case POLICY_STANDING_ISSUER_REVOKED:
	case POLICY_STANDING_COUNT:
		break;
	}
	return 3;
}

static enum policy_standing
worse(enum policy_standing a, enum policy_standing b)
{
	return weight(b) > weight(a) ? b : a;
}

/* A CA, by its dates and by the list of the CA above it, up to the root. */
static enum policy_standing
standing_of_ca(const struct revocation *r, size_t at, int64_t now_s)
{
	enum policy_standing standing = POLICY_STANDING_GOOD, one;
	const struct ca *ca;

	/* As many steps as there are CAs; a circle would never end. */
	for (size_t step = 0; step <= r->n_cas; step++) {
		ca = &r->cas[at];
		standing = worse(standing,
		    validity_of(ca->certificate, now_s));
		if (ca->is_root)
			return standing;
		if (ca->issuer == NO_CA)
			break;
		one = listed(r->cas[ca->issuer].crl, ca->certificate, now_s);
		standing = worse(standing, one == POLICY_STANDING_REVOKED ?
		    POLICY_STANDING_ISSUER_REVOKED : one);
		at = ca->issuer;
	}
	return worse(standing, POLICY_STANDING_UNKNOWN);
}

enum policy_standing
revocation_standing(const struct revocation *r, X509 *certificate,
    X509 *issuer, int64_t now_s)
{
	enum policy_standing standing = validity_of(certificate, now_s);
	size_t at = issuer == NULL ? NO_CA : find_ca(r, issuer);

	if (at == NO_CA)
		return POLICY_STANDING_NO_ISSUER;
	standing = worse(standing,
	    listed(r->cas[at].crl, certificate, now_s));
	return worse(standing, standing_of_ca(r, at, now_s));
}

size_t
revocation_n_cas(const struct revocation *r)
{
	return r->n_cas;
}

size_t
revocation_n_foreign(const struct revocation *r)
{
	return r->n_foreign;
}

void
revocation_describe(const struct revocation *r, size_t i,
    struct revocation_ca *ret)
{
	const struct crl *crl = r->cas[i].crl;

	memset(ret, 0, sizeof(*ret));
	subject_of(&r->cas[i], ret->subject, sizeof(ret->subject));
	if (crl == NULL)
		return;
	ret->has_crl = 1;
	ret->this_update_s = crl->this_update_s;
	ret->next_update_s = crl->next_update_s;
	ret->n_revoked = crl->n_serials;
}
