/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of [ca NAME] and what must hold within such a section.
 */
#include "config.h"

#include "settings_ca.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "mtls/message.h"

#include "pattern.h"

static const char section_head[] = "ca ";

/* In the order of enum settings_ca_mode. */
static const char *const modes[] = { "default", "strict", "ifuri", "relaxed",
	NULL };

#define AT(member) offsetof(struct settings_ca, member)

const struct mtls_conf_option settings_ca_table[] = {
	{ "ca", "subject", AT(subject), MTLS_CONF_TEXT, NULL, 1, 500,
	    MTLS_CONF_REQUIRED, NULL, "the CA that this is about" },
	{ "ca", "crl", AT(crl), MTLS_CONF_LIST, "", 0, 8, 0, NULL,
	    "files, directories and one URL of its CRLs" },
	{ "ca", "crl-refresh", AT(crl_refresh_s), MTLS_CONF_SECONDS, "1h", 1,
	    604800, 0, NULL, "how often the URL is asked" },
	{ "ca", "ocsp", AT(ocsp), MTLS_CONF_TEXT, "", 0, 1024, 0, NULL,
	    "its OCSP responder" },
	{ "ca", "ocsp-max-age", AT(ocsp_max_age_s), MTLS_CONF_SECONDS, "1h",
	    1, 604800, 0, NULL, "how long an answer is good at most" },
	{ "ca", "ocsp-timeout", AT(ocsp_timeout_s), MTLS_CONF_SECONDS, "5s",
	    1, 60, 0, NULL, "how long the responder may take" },
	{ "ca", "revocation", AT(mode), MTLS_CONF_CHOICE, "default", 0, 3, 0,
	    modes, "what missing data means" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

int
settings_ca_is_section(const char *section)
{
	return strncmp(section, section_head, sizeof(section_head) - 1) == 0;
}

static enum mtls_status
find_or_add(struct settings_cas *cas, const char *name,
    struct settings_ca **ret, struct mtls_err *err)
{
	struct settings_ca *more;
	enum mtls_status status;

	for (size_t i = 0; i < cas->n; i++) {
		if (strcmp(cas->ca[i].name, name) == 0) {
			*ret = &cas->ca[i];
			return MTLS_OK;
		}
	}
	if (cas->n >= SETTINGS_CAS_MAX)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "more than %d sections [ca NAME]", SETTINGS_CAS_MAX);
	more = reallocarray(cas->ca, cas->n + 1, sizeof(*more));
	if (more == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	cas->ca = more;
	more += cas->n;
	memset(more, 0, sizeof(*more));
	status = mtls_text_dup(&more->name, name, err);
	if (status != MTLS_OK)
		return status;
	cas->n++;
	*ret = more;
	return mtls_conf_init(settings_ca_table, "ca", more, err);
}

enum mtls_status
settings_ca_take(struct settings_cas *cas, const char *section,
    const char *name, const char *value, struct mtls_err *err)
{
	struct settings_ca *ca = NULL;
	enum mtls_status status;

	status = find_or_add(cas, section + sizeof(section_head) - 1, &ca,
	    err);
	if (status != MTLS_OK)
		return status;
	return mtls_conf_set(settings_ca_table, ca, &ca->seen, "ca", name,
	    value, err);
}

int
settings_ca_is_url(const char *word)
{
	struct evhttp_uri *uri = evhttp_uri_parse(word);
	const char *scheme, *host;
	int is_it;

	if (uri == NULL)
		return 0;
	scheme = evhttp_uri_get_scheme(uri);
	host = evhttp_uri_get_host(uri);
	is_it = scheme != NULL && strcmp(scheme, "http") == 0 &&
	    host != NULL && host[0] != '\0' &&
	    evhttp_uri_get_userinfo(uri) == NULL &&
	    evhttp_uri_get_fragment(uri) == NULL;
	evhttp_uri_free(uri);
	return is_it;
}

const char *
settings_ca_url0(const struct settings_ca *ca)
{
	for (size_t i = 0; i < ca->crl.n; i++) {
		if (ca->crl.words[i][0] != '/')
			return ca->crl.words[i];
	}
	return NULL;
}

static enum mtls_status
check_crl(const struct settings_ca *ca, struct mtls_err *err)
{
	size_t n_urls = 0;

	for (size_t i = 0; i < ca->crl.n; i++) {
		const char *word = ca->crl.words[i];

		if (word[0] == '/')
			continue;
		/* A CRL is signed; TLS would ask for a CRL to be checked. */
		if (!settings_ca_is_url(word))
			return mtls_fail(err, MTLS_E_CONFIG, "crl: \"%s\" is "
			    "neither an absolute path nor an http:// URL",
			    word);
		n_urls++;
	}
	if (n_urls > 1)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "crl: more than one URL");
	return MTLS_OK;
}

static enum mtls_status
check_one(struct settings_ca *ca, struct mtls_err *err)
{
	enum mtls_status status;
	char dn[512];

	status = mtls_conf_check(settings_ca_table, &ca->seen, "ca", err);
	if (status != MTLS_OK)
		return status;
	if (pattern_normalise_dn(dn, sizeof(dn), ca->subject) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "subject: not a distinguished name");
	free(ca->subject);
	ca->subject = NULL;
	status = mtls_text_dup(&ca->subject, dn, err);
	if (status == MTLS_OK)
		status = check_crl(ca, err);
	if (status == MTLS_OK && ca->ocsp[0] != '\0' &&
	    strcmp(ca->ocsp, "aia") != 0 && !settings_ca_is_url(ca->ocsp))
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "ocsp: neither \"aia\" nor an http:// URL");
	return status;
}

enum mtls_status
settings_ca_check(struct settings_cas *cas, struct mtls_err *err)
{
	enum mtls_status status;

	for (size_t i = 0; i < cas->n; i++) {
		status = check_one(&cas->ca[i], err);
		for (size_t k = 0; status == MTLS_OK && k < i; k++) {
			if (strcmp(cas->ca[k].subject,
			    cas->ca[i].subject) == 0)
				status = mtls_fail(err, MTLS_E_CONFIG,
				    "the same subject as in [ca %s]",
				    cas->ca[k].name);
		}
		if (status != MTLS_OK) {
			mtls_err_context(err, "[ca %s]", cas->ca[i].name);
			return status;
		}
	}
	return MTLS_OK;
}

void
settings_ca_clear(struct settings_cas *cas)
{
	for (size_t i = 0; i < cas->n; i++) {
		mtls_conf_done(settings_ca_table, "ca", &cas->ca[i]);
		free(cas->ca[i].name);
	}
	free(cas->ca);
	memset(cas, 0, sizeof(*cas));
}
