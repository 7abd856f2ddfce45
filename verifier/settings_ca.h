/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The sections [ca NAME] of verifier.conf(5): where the revocation data of
 * one CA comes from, and what it means when there is none.
 */
#ifndef VERIFIER_SETTINGS_CA_H
#define VERIFIER_SETTINGS_CA_H

#include <stdint.h>

#include "mtls/conf.h"
#include "mtls/status.h"

#define SETTINGS_CAS_MAX	64

enum settings_ca_mode {
	SETTINGS_CA_DEFAULT = 0,	/* as in [revocation] */
	SETTINGS_CA_STRICT, SETTINGS_CA_IFURI, SETTINGS_CA_RELAXED
};

struct settings_ca {
	char *name;
	char *subject;			/* as pattern_normalise_dn() */
	struct mtls_conf_list crl;	/* files, directories, one URL */
	uint32_t crl_refresh_s;
	char *ocsp;			/* "", "aia" or a URL */
	uint32_t ocsp_max_age_s;
	uint32_t ocsp_timeout_s;
	int mode;			/* enum settings_ca_mode */
	struct mtls_conf_seen seen;
};

struct settings_cas {
	size_t n;
	struct settings_ca *ca;
};

extern const struct mtls_conf_option settings_ca_table[];

/* Whether a section of the file is one of these. */
int settings_ca_is_section(const char *section);

/* Takes a "name = value" of such a section; CONFIG as mtls_conf_set(). */
enum mtls_status settings_ca_take(struct settings_cas *cas,
    const char *section, const char *name, const char *value,
    struct mtls_err *err);

/*
 * What must hold when the file has been read, with the section; subjects are
 * then as pattern_normalise_dn() makes them. CONFIG.
 */
enum mtls_status settings_ca_check(struct settings_cas *cas,
    struct mtls_err *err);

void settings_ca_clear(struct settings_cas *cas);

/* The URL among the words of crl; NULL: there is none. */
const char *settings_ca_url0(const struct settings_ca *ca);

/* Whether a word is a URL that http_fetch() can ask. */
int settings_ca_is_url(const char *word);

#endif
