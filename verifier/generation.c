/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading everything that decides, and only then letting it decide.
 */
#include "config.h"

#include "generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtls/pem.h"
#include "mtls/random.h"
#include "mtls/secret.h"

#include "account.h"
#include "pattern.h"
#include "policy_file.h"
#include "store/store.h"
#include "revocation/crl.h"

static enum mtls_status
load_role(struct mtls_tls *tls, struct generation *g, enum role role,
    struct mtls_err *err)
{
	const struct settings *s = &g->settings;
	struct mtls_tls_server_options options = {
		.certificate_file = s->certificate,
		.key_file = s->key,
		.key = g->key,
		.client_ca_file = role == ROLE_DEVICE ? s->device_ca :
		    s->user_ca,
		.min = s->tls_min == 0 ? MTLS_TLS_13 : MTLS_TLS_12_INSECURE,
	};
	enum mtls_status status;

	status = mtls_tls_server_ctx(tls, &options, &g->ctx[role], err);
	if (status != MTLS_OK)
		return status;
	/* What the context trusts: those of the file that are valid now. */
	g->cas[role] = X509_STORE_get1_all_certs(
	    SSL_CTX_get_cert_store(g->ctx[role]));
	if (g->cas[role] == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

static enum mtls_status
read_revocation(struct mtls_tls *tls, struct generation *g,
    STACK_OF(X509) *cas, struct revocation *previous, struct mtls_err *err)
{
	const struct settings *s = &g->settings;
	struct revocation_options options = {
		.cas = cas,
		.crl_dir = s->crl_dir,
		.crl_files = &s->crl_files,
		.fetched_dir = s->fetched_dir,
		.mode = (enum revocation_mode)s->revocation,
		.settings = &s->cas,
		.has_floors = 1,
	};

	return revocation_load(tls, &options, previous, &g->revocation, err);
}

static enum mtls_status
load_revocation(struct mtls_tls *tls, struct generation *g,
    const struct generation *previous, struct mtls_err *err)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	enum mtls_status status = MTLS_OK;

	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		for (int i = 0; i < sk_X509_num(g->cas[role]); i++) {
			if (all == NULL || sk_X509_push(all,
			    sk_X509_value(g->cas[role], i)) == 0)
				status = mtls_fail(err, MTLS_E_MEMORY,
				    "out of memory");
		}
	}
	if (status == MTLS_OK)
		status = read_revocation(tls, g, all, previous == NULL ?
		    NULL : previous->revocation, err);
	sk_X509_free(all);
	return status;
}

/*
 * Without a file it is as old as the program: codes of before a start are
 * worth nothing, those of before a reload are.
 */
static enum mtls_status
load_code_key(struct mtls_tls *tls, struct generation *g,
    const struct generation *previous, struct mtls_err *err)
{
	if (g->settings.code_key[0] != '\0')
		return code_key_read(tls, g->settings.code_key, g->code_key,
		    err);
	if (previous == NULL || previous->settings.code_key[0] != '\0')
		return mtls_random(g->code_key, sizeof(g->code_key), err);
	memcpy(g->code_key, previous->code_key, sizeof(g->code_key));
	return MTLS_OK;
}

enum mtls_status
generation_new(struct mtls_tls *tls, struct settings *settings,
    EVP_PKEY *key, const struct generation *previous,
    struct generation **ret, struct mtls_err *err)
{
	struct generation *g = calloc(1, sizeof(*g));
	enum mtls_status status = MTLS_OK;

	if (g == NULL) {
		settings_clear(settings);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	atomic_init(&g->refs, 1);
	g->settings = *settings;
	memset(settings, 0, sizeof(*settings));
	if (key == NULL)
		status = mtls_pem_key(tls, g->settings.key, &g->key, err);
	else if (EVP_PKEY_up_ref(key) == 1)
		g->key = key;
	else
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (status == MTLS_OK)
		status = load_role(tls, g, ROLE_DEVICE, err);
	if (status == MTLS_OK)
		status = load_role(tls, g, ROLE_USER, err);
	if (status == MTLS_OK)
		status = load_revocation(tls, g, previous, err);
	if (status == MTLS_OK)
		status = load_code_key(tls, g, previous, err);
	if (status == MTLS_OK)
		status = policy_file_read(g->settings.policy, account_group,
		    &g->policy, err);
	if (status != MTLS_OK) {
		generation_free(g);
		return status;
	}
	*ret = g;
	return MTLS_OK;
}

/* Whether both have these certificates, in this order. */
static int
same_certificates(STACK_OF(X509) *a, STACK_OF(X509) *b)
{
	if (sk_X509_num(a) != sk_X509_num(b))
		return 0;
	for (int i = 0; i < sk_X509_num(a); i++) {
		if (X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) != 0)
			return 0;
	}
	return 1;
}

static enum mtls_status
check_same(const struct generation *a, const struct generation *b,
    struct mtls_err *err)
{
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		if (!same_certificates(a->cas[role], b->cas[role]) ||
		    X509_cmp(SSL_CTX_get0_certificate(a->ctx[role]),
		    SSL_CTX_get0_certificate(b->ctx[role])) != 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "certificates were changed while they were read");
	}
	return MTLS_OK;
}

enum mtls_status
generation_share(struct mtls_tls *tls, struct generation *shared,
    struct generation **ret, struct mtls_err *err)
{
	struct generation *g = calloc(1, sizeof(*g));
	enum mtls_status status;

	if (g == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	atomic_init(&g->refs, 1);
	(void)atomic_fetch_add(&shared->refs, 1);
	g->shared = shared;
	g->settings = shared->settings;
	g->policy = shared->policy;
	g->revocation = shared->revocation;
	memcpy(g->code_key, shared->code_key, sizeof(g->code_key));
	status = mtls_pem_key_copy(tls, shared->key, &g->key, err);
	if (status == MTLS_OK)
		status = load_role(tls, g, ROLE_DEVICE, err);
	if (status == MTLS_OK)
		status = load_role(tls, g, ROLE_USER, err);
	if (status == MTLS_OK)
		status = check_same(shared, g, err);
	if (status != MTLS_OK) {
		generation_free(g);
		return status;
	}
	*ret = g;
	return MTLS_OK;
}

void
generation_free(struct generation *g)
{
	if (g == NULL || atomic_fetch_sub(&g->refs, 1) > 1)
		return;
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		SSL_CTX_free(g->ctx[role]);
		sk_X509_pop_free(g->cas[role], X509_free);
	}
	EVP_PKEY_free(g->key);
	mtls_wipe_array(g->code_key);
	if (g->shared == NULL) {
		revocation_free(g->revocation);
		policy_clear(&g->policy);
		settings_clear(&g->settings);
	}
	generation_free(g->shared);
	free(g);
}

/*
 * The key was read by root when the program started; a file that only root
 * can read is no reason to refuse new CRLs. Any other failure is one.
 */
static enum mtls_status
read_key(struct mtls_tls *tls, const char *path,
    const struct generation *now, EVP_PKEY **ret, struct mtls_err *err)
{
	struct mtls_err mine;
	enum mtls_status status;

	mtls_err_clear(&mine);
	status = mtls_pem_key(tls, path, ret, &mine);
	if (status == MTLS_OK)
		return MTLS_OK;
	if (mine.sys_errno == EACCES &&
	    strcmp(path, now->settings.key) == 0 &&
	    EVP_PKEY_up_ref(now->key) == 1) {
		*ret = now->key;
		return MTLS_OK;
	}
	return mtls_fail(err, status, "%s", mine.text);
}

enum mtls_status
generation_next(struct mtls_tls *tls, const char *path,
    const struct generation *now, struct generation **ret,
    struct mtls_err *err)
{
	struct settings settings;
	EVP_PKEY *key = NULL;
	enum mtls_status status;

	status = settings_read(path, &settings, err);
	if (status != MTLS_OK)
		return status;
	status = settings_check_reload(&now->settings, &settings, err);
	if (status != MTLS_OK)
		mtls_err_context(err, "%s", path);
	if (status == MTLS_OK)
		status = read_key(tls, settings.key, now, &key, err);
	if (status == MTLS_OK)
		status = generation_new(tls, &settings, key, now, ret, err);
	else
		settings_clear(&settings);
	EVP_PKEY_free(key);
	return status;
}

int
generation_has_ca(const struct generation *g, enum role role, X509 *issuer)
{
	for (int i = 0; i < sk_X509_num(g->cas[role]); i++) {
		if (X509_cmp(sk_X509_value(g->cas[role], i), issuer) == 0)
			return 1;
	}
	return 0;
}

/* Whose certificates are accepted without data about them. */
static void
log_modes(const struct generation *g, const struct mtls_log *log)
{
	const char *section = revocation_unknown_section0(g->revocation);
	struct revocation_ca ca;

	for (size_t i = 0; i < revocation_n_cas(g->revocation); i++) {
		revocation_describe(g->revocation, i, &ca);
		if (ca.mode != REVOCATION_STRICT)
			mtls_log_event(log, MTLS_LOG_WARNING,
			    ca.mode == REVOCATION_IFURI ?
			    "revocation-ifuri" : "revocation-relaxed",
			    MTLS_KEY_CERT, ca.subject, MTLS_KEY_END);
	}
	if (section != NULL)
		mtls_log_event(log, MTLS_LOG_WARNING, "ca-unknown",
		    MTLS_KEY_REASON, section, MTLS_KEY_END);
}

int64_t
generation_not_after_s(const struct generation *g)
{
	const X509 *certificate = SSL_CTX_get0_certificate(g->ctx[0]);
	int64_t not_after_s;

	if (certificate == NULL ||
	    crl_time(X509_get0_notAfter(certificate), &not_after_s) != 0)
		return 0;
	return not_after_s;
}

static void
log_crls(const struct generation *g, const struct mtls_log *log)
{
	struct revocation_ca ca;
	int64_t now_s = time(NULL);
	char n[24];

	for (size_t i = 0; i < revocation_n_cas(g->revocation); i++) {
		revocation_describe(g->revocation, i, &ca);
		if (!ca.has_crl && !ca.has_ocsp)
			mtls_log_event(log, MTLS_LOG_WARNING, "crl-missing",
			    MTLS_KEY_CERT, ca.subject,
			    MTLS_KEY_FILE, g->settings.crl_dir,
			    MTLS_KEY_END);
		else if (ca.has_crl && now_s > ca.next_update_s)
			mtls_log_event(log, MTLS_LOG_WARNING, "crl-expired",
			    MTLS_KEY_CERT, ca.subject,
			    MTLS_KEY_FILE, g->settings.crl_dir,
			    MTLS_KEY_END);
	}
	if (revocation_n_foreign(g->revocation) == 0)
		return;
	(void)snprintf(n, sizeof(n), "%zu of them",
	    revocation_n_foreign(g->revocation));
	mtls_log_event(log, MTLS_LOG_WARNING, "crl-of-unknown-issuer",
	    MTLS_KEY_FILE, g->settings.crl_dir, MTLS_KEY_REASON, n,
	    MTLS_KEY_END);
}

/* A map line whose issuer is spelt otherwise would match nobody. */
static int
is_known_issuer(const struct generation *g, const char *issuer)
{
	struct revocation_ca ca;
	char dn[sizeof(ca.subject)];

	for (size_t i = 0; i < revocation_n_cas(g->revocation); i++) {
		revocation_describe(g->revocation, i, &ca);
		if (pattern_normalise_dn(dn, sizeof(dn), ca.subject) == 0 &&
		    strcmp(dn, issuer) == 0)
			return 1;
	}
	return 0;
}

void
generation_log(const struct generation *g, const struct mtls_log *log)
{
	const struct policy_map *map;
	char where[64];

	if (g->settings.tls_min != 0)
		mtls_log_event(log, MTLS_LOG_WARNING, "tls-1.2-insecure",
		    MTLS_KEY_END);
	/* Codes of one verifier mean nothing to another. */
	if (store_is_url(g->settings.database) &&
	    g->settings.code_key[0] == '\0')
		mtls_log_event(log, MTLS_LOG_WARNING, "codes-without-key",
		    MTLS_KEY_REASON, "codes can be used at the verifier that "
		    "made them only: key in [codes]", MTLS_KEY_END);
	log_modes(g, log);
	log_crls(g, log);
	for (size_t i = 0; i < g->policy.n_maps; i++) {
		map = &g->policy.maps[i];
		if (map->issuer == NULL || is_known_issuer(g, map->issuer))
			continue;
		(void)snprintf(where, sizeof(where), "line %u", map->line);
		mtls_log_event(log, MTLS_LOG_WARNING, "map-of-unknown-issuer",
		    MTLS_KEY_CERT, map->issuer,
		    MTLS_KEY_FILE, g->settings.policy,
		    MTLS_KEY_REASON, where, MTLS_KEY_END);
	}
}
