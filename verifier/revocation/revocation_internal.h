/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the revocation unit share. Private to them.
 */
#ifndef VERIFIER_REVOCATION_INTERNAL_H
#define VERIFIER_REVOCATION_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "crl_files.h"
#include "revocation.h"

#define REVOCATION_NO_CA	SIZE_MAX

struct revocation_authority {
	X509 *certificate;
	uint8_t id[32];		/* SHA-256 of the certificate */
	uint8_t key[REVOCATION_KEY_BYTES];
	size_t issuer;		/* index; NO_CA: a root, or not here */
	int is_root;
	enum revocation_mode mode;
	char *url, *ocsp;	/* NULL: none */
	uint32_t refresh_s, ocsp_max_age_s, ocsp_timeout_s;
	/* Under the lock. */
	struct crl *crl;	/* NULL: none */
	enum revocation_floor floor;
	int floor_is_due;
	int64_t fetched_s;
	uint64_t n_fetched, n_fetch_failed;
};

struct revocation {
	atomic_uint n_references;
	pthread_mutex_t lock;
	size_t n_cas;
	struct revocation_authority *cas;
	char **sources;		/* files and directories */
	size_t n_sources;
	char *fetched_dir;	/* NULL: none */
	char *unknown_section;	/* NULL: none */
	struct ocsp_cache *ocsp;
	size_t n_foreign;	/* under the lock */
	/* Of the thread that refreshes; one at a time. */
	pthread_mutex_t refreshing;
	uint64_t mark;		/* of the files as they were read */
	int64_t failed_ms;	/* when that went wrong; 0: it did not */
};

/* NO_CA where it is not one of them. */
size_t revocation_find_ca(const struct revocation *r, X509 *certificate);

/* The subject in the form of RFC 2253, cut to size. */
void revocation_subject(const struct revocation_authority *ca, char *out,
    size_t size);

/* Copies the CAs and what the settings say of them; revocation_cas.c. */
enum mtls_status revocation_take_cas(struct revocation *r,
    struct mtls_tls *tls, const struct revocation_options *o,
    struct mtls_err *err);
void revocation_clear_cas(struct revocation *r);

#endif
