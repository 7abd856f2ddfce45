/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of a certificate and of those above it, now. Lists are
 * exchanged by another thread: they are looked at under the lock, for as long
 * as a search takes.
 */
#include "config.h"

#include "revocation_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "mtls/text.h"

#include "ocsp_cache.h"

/* How far the clocks of a CA and of ours may be apart. */
#define SKEW_S	120

struct revocation *
revocation_ref(struct revocation *r)
{
	(void)atomic_fetch_add(&r->n_references, 1);
	return r;
}

void
revocation_free(struct revocation *r)
{
	if (r == NULL || atomic_fetch_sub(&r->n_references, 1) != 1)
		return;
	revocation_clear_cas(r);
	for (size_t i = 0; i < r->n_sources; i++)
		free(r->sources[i]);
	free(r->sources);
	free(r->fetched_dir);
	ocsp_cache_free(r->ocsp);
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_mutex_destroy(&r->refreshing);
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
listed(const struct revocation_authority *ca, X509 *certificate,
    int64_t now_s)
{
	const struct crl *crl = ca->crl;

	if (crl == NULL)
		return POLICY_STANDING_UNKNOWN;
	if (crl_has(crl, X509_get0_serialNumber(certificate)))
		return POLICY_STANDING_REVOKED;
	if (ca->floor != REVOCATION_FLOOR_KEPT ||
	    now_s < crl->this_update_s - SKEW_S || now_s > crl->next_update_s)
		return POLICY_STANDING_UNKNOWN;
	return POLICY_STANDING_GOOD;
}

enum policy_standing
revocation_listed(struct revocation *r, size_t i, X509 *certificate,
    int64_t now_s)
{
	enum policy_standing standing;

	(void)pthread_mutex_lock(&r->lock);
	standing = listed(&r->cas[i], certificate, now_s);
	(void)pthread_mutex_unlock(&r->lock);
	return standing;
}

/* What a responder has said, where the list does not say it. */
static enum policy_standing
answered(struct revocation *r, size_t at, X509 *certificate, int64_t now_s)
{
	switch (ocsp_cache_find(r->ocsp, r->cas[at].id,
	    X509_get0_serialNumber(certificate), now_s)) {
	case OCSP_ANSWER_NONE:
		break;
	case OCSP_ANSWER_GOOD:
		return POLICY_STANDING_GOOD;
	case OCSP_ANSWER_REVOKED:
		return POLICY_STANDING_REVOKED;
	}
	return POLICY_STANDING_UNKNOWN;
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
	case POLICY_STANDING_REVOKED_HERE:
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

/* One way up a chain, and what was not known on it. */
struct climb {
	struct revocation *r;
	int64_t now_s;
	int is_excused;		/* everything that is not known */
	struct revocation_question *question;	/* NULL: not wanted */
};

static int
has_uri(X509 *certificate)
{
	return X509_get_ext_by_NID(certificate, NID_crl_distribution_points,
	    -1) >= 0 || X509_get_ext_by_NID(certificate, NID_info_access,
	    -1) >= 0;
}

static int
is_excused(enum revocation_mode mode, X509 *certificate)
{
	switch (mode) {
	case REVOCATION_STRICT:
		break;
	case REVOCATION_IFURI:
		return !has_uri(certificate);
	case REVOCATION_RELAXED:
		return 1;
	}
	return 0;
}

/* A question is asked for the lowest link first, one at a time. */
static void
ask(struct climb *climb, size_t at, X509 *certificate)
{
	struct revocation_question *q = climb->question;

	if (q == NULL || q->certificate != NULL ||
	    climb->r->cas[at].ocsp == NULL || X509_up_ref(certificate) != 1)
		return;
	q->ca = at;
	q->certificate = certificate;
}

/* Whether the CA at has revoked a certificate that it issued. */
static enum policy_standing
look(struct climb *climb, size_t at, X509 *certificate)
{
	enum policy_standing list, answer;

	list = revocation_listed(climb->r, at, certificate, climb->now_s);
	answer = answered(climb->r, at, certificate, climb->now_s);
	if (list == POLICY_STANDING_REVOKED ||
	    answer == POLICY_STANDING_REVOKED)
		return POLICY_STANDING_REVOKED;
	if (list == POLICY_STANDING_GOOD || answer == POLICY_STANDING_GOOD)
		return POLICY_STANDING_GOOD;
	ask(climb, at, certificate);
	if (!is_excused(climb->r->cas[at].mode, certificate))
		climb->is_excused = 0;
	return POLICY_STANDING_UNKNOWN;
}

/* A CA, by its dates and by what the CA above it says, up to the root. */
static enum policy_standing
standing_of_ca(struct climb *climb, size_t at)
{
	const struct revocation *r = climb->r;
	enum policy_standing standing = POLICY_STANDING_GOOD, one;
	const struct revocation_authority *ca;

	/* As many steps as there are CAs; a circle would never end. */
	for (size_t step = 0; step <= r->n_cas; step++) {
		ca = &r->cas[at];
		standing = worse(standing,
		    validity_of(ca->certificate, climb->now_s));
		if (ca->is_root)
			return standing;
		if (ca->issuer == REVOCATION_NO_CA)
			break;
		one = look(climb, ca->issuer, ca->certificate);
		standing = worse(standing, one == POLICY_STANDING_REVOKED ?
		    POLICY_STANDING_ISSUER_REVOKED : one);
		at = ca->issuer;
	}
	climb->is_excused = 0;
	return worse(standing, POLICY_STANDING_UNKNOWN);
}

enum policy_standing
revocation_standing(struct revocation *r, X509 *certificate, X509 *issuer,
    int64_t now_s, enum policy_revocation *ret_mode,
    struct revocation_question *ret_question)
{
	struct climb climb = { r, now_s, 1, ret_question };
	size_t at = issuer == NULL ? REVOCATION_NO_CA :
	    revocation_find_ca(r, issuer);
	enum policy_standing standing;

	*ret_mode = POLICY_STRICT;
	if (ret_question != NULL)
		memset(ret_question, 0, sizeof(*ret_question));
	if (at == REVOCATION_NO_CA)
		return POLICY_STANDING_NO_ISSUER;
	standing = validity_of(certificate, now_s);
	standing = worse(standing, look(&climb, at, certificate));
	standing = worse(standing, standing_of_ca(&climb, at));
	if (climb.is_excused)
		*ret_mode = POLICY_RELAXED;
	return standing;
}

size_t
revocation_n_cas(const struct revocation *r)
{
	return r->n_cas;
}

size_t
revocation_n_foreign(struct revocation *r)
{
	size_t n;

	(void)pthread_mutex_lock(&r->lock);
	n = r->n_foreign;
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}

const char *
revocation_unknown_section0(const struct revocation *r)
{
	return r->unknown_section;
}

void
revocation_describe(struct revocation *r, size_t i,
    struct revocation_ca *ret)
{
	const struct revocation_authority *ca = &r->cas[i];

	memset(ret, 0, sizeof(*ret));
	revocation_subject(ca, ret->subject, sizeof(ret->subject));
	ret->mode = ca->mode;
	ret->has_url = ca->url != NULL;
	ret->has_ocsp = ca->ocsp != NULL;
	(void)pthread_mutex_lock(&r->lock);
	ret->floor = ca->floor;
	ret->fetched_s = ca->fetched_s;
	ret->n_fetched = ca->n_fetched;
	ret->n_fetch_failed = ca->n_fetch_failed;
	if (ca->crl != NULL) {
		ret->has_crl = 1;
		ret->this_update_s = ca->crl->this_update_s;
		ret->next_update_s = ca->crl->next_update_s;
		ret->n_revoked = ca->crl->n_serials;
	}
	(void)pthread_mutex_unlock(&r->lock);
}
