/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a certificate, and those above it, may be relied on now: validity
 * and revocation, from CRLs that were read and verified once, and from
 * answers of OCSP responders. Knows only the CA certificates of its bundles;
 * a certificate of another issuer has no standing.
 *
 * The CAs and their settings never change; what is known of them does, while
 * any number of threads ask. Every function here may be called by any thread.
 */
#ifndef VERIFIER_REVOCATION_H
#define VERIFIER_REVOCATION_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "mtls/conf.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#include "crl.h"
#include "policy.h"
#include "settings_ca.h"

struct ocsp_cache;
struct revocation;

/* What it means when there is no data for a certificate of a CA. */
enum revocation_mode {
	REVOCATION_STRICT = 0,	/* that it cannot be relied on */
	REVOCATION_IFURI,	/* the same where it says where data is */
	REVOCATION_RELAXED	/* nothing */
};

struct revocation_options {
	STACK_OF(X509) *cas;		/* of all bundles; are copied */
	const char *crl_dir;
	const struct mtls_conf_list *crl_files;	/* NULL: none */
	const char *fetched_dir;	/* what was fetched; NULL: nothing */
	enum revocation_mode mode;	/* for CAs without settings */
	const struct settings_cas *settings;	/* NULL: none */
	/* A list is relied on when revocation_floor_set() has said so. */
	int has_floors;
};

/* Whether a list is as new as what was known before this program started. */
enum revocation_floor {
	REVOCATION_FLOOR_UNKNOWN = 0,	/* not yet; it is not relied on */
	REVOCATION_FLOOR_KEPT,
	REVOCATION_FLOOR_BROKEN		/* it is older; not relied on */
};

/* One CA, for logs, status and metrics. Times are 0 for "never". */
struct revocation_ca {
	char subject[512];
	enum revocation_mode mode;
	int has_crl;
	enum revocation_floor floor;
	int64_t this_update_s, next_update_s;
	size_t n_revoked;
	/* Where its CRL is fetched from. */
	int has_url;
	int64_t fetched_s;		/* last time that it worked */
	uint64_t n_fetched, n_fetch_failed;
	int has_ocsp;
};

/*
 * Reads all CRLs. CONFIG with the file: a CRL that says it is from one of
 * the CAs and is not, or that cannot be used, a delta without its base, or
 * one that is older than the one that previous (NULL: none) has. CRLs of
 * other issuers are counted and left out. Answers of responders and what is
 * known of floors are taken over from previous. *ret has one reference.
 */
enum mtls_status revocation_load(struct mtls_tls *tls,
    const struct revocation_options *options, struct revocation *previous,
    struct revocation **ret, struct mtls_err *err);
struct revocation *revocation_ref(struct revocation *r);
void revocation_free(struct revocation *r);	/* NULL is a no-op */

/*
 * Reads the files again where they have changed, with a context of the
 * calling thread. Each CA has its newer list afterwards,
 * and its old one where the new one is broken, older or gone: then the first
 * reason is returned. *ret_n is how many CAs have another list than before.
 */
enum mtls_status revocation_refresh(struct revocation *r,
    struct mtls_tls *tls, size_t *ret_n, struct mtls_err *err);

/* A link of a chain of which only a responder could say how it stands. */
struct revocation_question {
	size_t ca;			/* who issued it */
	X509 *certificate;		/* a reference; NULL: no question */
};

/*
 * The standing of a certificate that was issued by issuer. What is known to
 * be revoked is REVOKED even where the CRL has expired; UNKNOWN where data
 * for it or for one above it is missing or not of now; NO_ISSUER where
 * issuer is not one of the CAs. *ret_mode is RELAXED where the modes of the
 * CAs excuse everything that is not known. ret_question (NULL: not wanted)
 * is freed by the caller with X509_free(), where it has a certificate.
 */
enum policy_standing revocation_standing(struct revocation *r,
    X509 *certificate, X509 *issuer, int64_t now_s,
    enum policy_revocation *ret_mode,
    struct revocation_question *ret_question);

size_t revocation_n_cas(const struct revocation *r);
void revocation_describe(struct revocation *r, size_t i,
    struct revocation_ca *ret);
/* CRLs of issuers that are in no bundle. */
size_t revocation_n_foreign(struct revocation *r);
/* A section [ca NAME] whose subject no CA has; NULL: there is none. */
const char *revocation_unknown_section0(const struct revocation *r);

/* --- floors --- */

#define REVOCATION_KEY_BYTES 32

/* What is to be compared with, and become, the floor of a CA. */
struct revocation_due {
	uint8_t key[REVOCATION_KEY_BYTES];	/* SHA-256 of its SPKI */
	int has_number;
	uint8_t number[CRL_SERIAL_MAX];
	int64_t this_update_s;
};

/* Returns 1 if the list of this CA has to be compared with its floor. */
int revocation_floor_due(struct revocation *r, size_t i,
    struct revocation_due *ret);

/*
 * What came of it. Changes nothing where the CA has another list meanwhile.
 * Returns 1 if that was not known before.
 */
int revocation_floor_set(struct revocation *r, size_t i,
    const struct revocation_due *due, enum revocation_floor floor);

/* --- fetching --- */

/* How to fetch the list of a CA. Texts live as long as r. */
struct revocation_source {
	const char *url;		/* NULL: it is not fetched */
	const char *directory;
	char name[2 * REVOCATION_KEY_BYTES + 5];	/* of its file */
	uint32_t refresh_s;
	int has_crl;
	int64_t next_update_s;
};
void revocation_source(struct revocation *r, size_t i,
    struct revocation_source *ret);

/*
 * Whether the file holds a list of this CA that may replace the one it has.
 * CONFIG with the reason.
 */
enum mtls_status revocation_check_file(struct revocation *r, size_t i,
    struct mtls_tls *tls, const char *path, struct mtls_err *err);
void revocation_fetched(struct revocation *r, size_t i, int is_good,
    int64_t now_s);

/* --- OCSP --- */

struct revocation_responder {
	X509 *ca;			/* borrowed, as long as r */
	const uint8_t *id;		/* of the CA in the cache */
	const char *url;		/* or "aia" */
	uint32_t max_age_s, timeout_s;
};
void revocation_responder(struct revocation *r, size_t i,
    struct revocation_responder *ret);
struct ocsp_cache *revocation_ocsp_cache0(struct revocation *r);

/* What the CRL of a CA alone says of a certificate of it. */
enum policy_standing revocation_listed(struct revocation *r, size_t i,
    X509 *certificate, int64_t now_s);

#endif
