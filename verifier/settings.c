/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of settings and what must hold between them.
 */
#include "config.h"

#include "settings.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "network.h"
#include "store/store.h"

static const char *const tls_mins[] = { "1.3", "1.2-insecure", NULL };
static const char *const revocations[] = { "strict", "ifuri", "relaxed",
	NULL };

#define AUDIT_KEEP_MIN_S (24u * 3600u)

#define AT(member) offsetof(struct settings, member)

const struct mtls_conf_option settings_table[] = {
	{ "server", "user", AT(user), MTLS_CONF_TEXT, "_mtls-verifier", 1, 32,
	    0, NULL, "account that the program becomes" },
	{ "server", "name", AT(name), MTLS_CONF_TEXT, "", 0, 253, 0, NULL,
	    "whose audit it writes" },
	{ "server", "loops", AT(loops), MTLS_CONF_NUMBER, "0", 0, 64, 0, NULL,
	    "threads that serve connections" },
	{ "listen", "device", AT(listen_device), MTLS_CONF_LIST,
	    "0.0.0.0:7443, [::]:7443", 1, 16, 0, NULL,
	    "where machines connect" },
	{ "listen", "user", AT(listen_user), MTLS_CONF_LIST,
	    "0.0.0.0:7444, [::]:7444", 1, 16, 0, NULL,
	    "where people connect" },
	{ "listen", "metrics", AT(listen_metrics), MTLS_CONF_LIST, "", 0, 16,
	    0, NULL, "where metrics and health can be read" },
	{ "listen", "admin", AT(admin), MTLS_CONF_PATH, MTLS_ADMIN_SOCKET, 1,
	    107, 0, NULL, "socket of mtlsctl" },
	{ "listen", "admin-group", AT(admin_group), MTLS_CONF_TEXT, "", 0, 32,
	    0, NULL, "group that may use the admin socket" },
	{ "tls", "certificate", AT(certificate), MTLS_CONF_PATH, NULL, 1,
	    1024, MTLS_CONF_REQUIRED, NULL, "the verifier's certificate" },
	{ "tls", "key", AT(key), MTLS_CONF_PATH, NULL, 1, 1024,
	    MTLS_CONF_REQUIRED, NULL, "its private key" },
	{ "tls", "device-ca", AT(device_ca), MTLS_CONF_PATH, NULL, 1, 1024,
	    MTLS_CONF_REQUIRED, NULL, "who certifies machines" },
	{ "tls", "user-ca", AT(user_ca), MTLS_CONF_PATH, NULL, 1, 1024,
	    MTLS_CONF_REQUIRED, NULL, "who certifies people" },
	{ "tls", "min", AT(tls_min), MTLS_CONF_CHOICE, "1.3", 0, 1, 0,
	    tls_mins, "oldest version of TLS" },
	{ "revocation", "crl-dir", AT(crl_dir), MTLS_CONF_PATH, NULL, 1,
	    1024, MTLS_CONF_REQUIRED, NULL, "where the CRLs are" },
	{ "revocation", "crl-file", AT(crl_files), MTLS_CONF_LIST, "", 0, 64,
	    0, NULL, "more CRLs, one by one" },
	{ "revocation", "fetched-dir", AT(fetched_dir), MTLS_CONF_PATH,
	    MTLS_VERIFIER_STATE_DIR "/crl", 1, 1024, 0, NULL,
	    "where CRLs that were fetched are kept" },
	{ "revocation", "watch", AT(watch_s), MTLS_CONF_SECONDS, "1s", 0,
	    3600, 0, NULL, "how often CRLs are looked at for changes" },
	{ "revocation", "mode", AT(revocation), MTLS_CONF_CHOICE, "strict", 0,
	    2, 0, revocations, "what a missing CRL means" },
	{ "policy", "file", AT(policy), MTLS_CONF_PATH,
	    MTLS_VERIFIER_POLICY_FILE, 1, 1024, 0, NULL, "the policy" },
	{ "audit", "keep", AT(audit_keep_s), MTLS_CONF_SECONDS, "0", 0,
	    UINT32_MAX, 0, NULL, "when records are dropped; 0: never" },
	{ "state", "database", AT(database), MTLS_CONF_TEXT,
	    MTLS_VERIFIER_STATE_DIR "/state.db", 1, 1024, MTLS_CONF_SECRET,
	    NULL, "challenges, bindings, audit" },
	{ "codes", "key", AT(code_key), MTLS_CONF_TEXT, "", 0, 1024, 0, NULL,
	    "key of the codes, for verifiers with one state" },
	{ "codes", "ttl", AT(code_ttl_s), MTLS_CONF_SECONDS, "90s", 1, 600,
	    0, NULL, "how long a code can be used" },
	{ "limits", "challenge-ttl", AT(challenge_ttl_s), MTLS_CONF_SECONDS,
	    "120s", 5, 600, 0, NULL, "how long a login may take" },
	{ "limits", "grant-ttl", AT(grant_ttl_s), MTLS_CONF_SECONDS, "30s", 1,
	    300, 0, NULL, "how long a decision can be fetched" },
	{ "limits", "hold", AT(hold_s), MTLS_CONF_SECONDS, "25s", 1, 120, 0,
	    NULL, "how long a machine may wait for a decision" },
	{ "limits", "handshake-timeout", AT(handshake_timeout_s),
	    MTLS_CONF_SECONDS, "10s", 1, 60, 0, NULL,
	    "whole time for a TLS handshake" },
	{ "limits", "request-timeout", AT(request_timeout_s),
	    MTLS_CONF_SECONDS, "30s", 1, 300, 0, NULL,
	    "whole time for a request to arrive" },
	{ "limits", "idle-timeout", AT(idle_timeout_s), MTLS_CONF_SECONDS,
	    "130s", 1, 3600, 0, NULL, "time between two requests" },
	{ "limits", "max-connections", AT(max_connections),
	    MTLS_CONF_NUMBER, "2000", 1, 100000, 0, NULL,
	    "connections at one time" },
	{ "limits", "max-connections-per-address",
	    AT(max_connections_per_address), MTLS_CONF_NUMBER, "200", 1,
	    100000, 0, NULL, "of which from one address" },
	{ "limits", "max-half-open", AT(max_half_open), MTLS_CONF_NUMBER,
	    "1000", 1, 100000, 0, NULL,
	    "of which have not finished their handshake" },
	{ "limits", "user-failures", AT(user_failures), MTLS_CONF_RATE,
	    "20/10m", 1, 1000000, 0, NULL, "failed logins of one person" },
	{ "limits", "card-failures", AT(card_failures), MTLS_CONF_RATE,
	    "10/10m", 1, 1000000, 0, NULL,
	    "failed logins with one certificate" },
	{ "limits", "machine-failures", AT(machine_failures), MTLS_CONF_RATE,
	    "300/10m", 1, 1000000, 0, NULL, "failed logins on one machine" },
	{ "limits", "source-failures", AT(source_failures), MTLS_CONF_RATE,
	    "600/10m", 1, 1000000, 0, NULL, "failed logins from one address" },
	{ "limits", "machine-challenges", AT(machine_challenges),
	    MTLS_CONF_RATE, "6000/1m", 1, 1000000, 0, NULL,
	    "logins that one machine begins" },
	{ "limits", "origin-challenges", AT(origin_challenges), MTLS_CONF_RATE,
	    "600/1m", 1, 1000000, 0, NULL,
	    "of which for one remote host or account" },
	{ "limits", "source-challenges", AT(source_challenges), MTLS_CONF_RATE,
	    "60000/1m", 1, 1000000, 0, NULL, "logins that one address begins" },
	{ "limits", "code-failures", AT(code_failures), MTLS_CONF_RATE,
	    "10/1h", 1, 1000000, 0, NULL, "wrong codes for one person" },
	{ "limits", "code-requests", AT(code_requests), MTLS_CONF_RATE,
	    "30/10m", 1, 1000000, 0, NULL,
	    "requests about codes with one certificate" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

struct reader {
	struct settings *settings;
	struct mtls_conf_seen seen;
};

static enum mtls_status
take_value(void *arg, const char *section, const char *name,
    const char *value, int line, struct mtls_err *err)
{
	struct reader *r = arg;

	(void)line;
	if (settings_ca_is_section(section))
		return settings_ca_take(&r->settings->cas, section, name,
		    value, err);
	return mtls_conf_set(settings_table, r->settings, &r->seen, section,
	    name, value, err);
}

static enum mtls_status
check_endpoints(const struct mtls_conf_list *list, const char *name,
    struct mtls_err *err)
{
	struct sockaddr_storage sa;
	enum mtls_status status;
	socklen_t len;

	for (size_t i = 0; i < list->n; i++) {
		status = network_endpoint_parse(list->words[i], &sa, &len,
		    err);
		if (status != MTLS_OK) {
			mtls_err_context(err, "%s in [listen]", name);
			return status;
		}
	}
	return MTLS_OK;
}

/* A path, or an address on which nobody else listens in. */
static enum mtls_status
check_metrics(const char *endpoint, struct mtls_err *err)
{
	struct network_address address;
	struct sockaddr_storage sa;
	enum mtls_status status;
	socklen_t len;

	if (endpoint[0] == '/')
		return MTLS_OK;
	status = network_endpoint_parse(endpoint, &sa, &len, err);
	if (status != MTLS_OK)
		return status;
	address = network_address_of((struct sockaddr *)&sa);
	if (network_is_loopback(&address))
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_CONFIG,
	    "\"%s\": there is no TLS here, so this must be a path or a "
	    "loopback address", endpoint);
}

static enum mtls_status
check_crl_files(const struct mtls_conf_list *list, struct mtls_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->words[i][0] != '/')
			return mtls_fail(err, MTLS_E_CONFIG, "crl-file: "
			    "\"%s\" is not an absolute path",
			    list->words[i]);
	}
	return MTLS_OK;
}

static enum mtls_status
check(const struct settings *s, struct mtls_err *err)
{
	enum mtls_status status;

	status = check_endpoints(&s->listen_device, "device", err);
	if (status == MTLS_OK)
		status = check_endpoints(&s->listen_user, "user", err);
	for (size_t i = 0; status == MTLS_OK && i < s->listen_metrics.n;
	    i++) {
		status = check_metrics(s->listen_metrics.words[i], err);
		mtls_err_context(err, "metrics in [listen]");
	}
	if (status != MTLS_OK)
		return status;
	status = check_crl_files(&s->crl_files, err);
	if (status != MTLS_OK)
		return status;
	if (s->audit_keep_s != 0 && s->audit_keep_s < AUDIT_KEEP_MIN_S)
		return mtls_fail(err, MTLS_E_CONFIG, "keep in [audit] is at "
		    "least a day, or 0 for ever");
	if (s->code_key[0] != '\0' && !mtls_conf_is_path(s->code_key))
		return mtls_fail(err, MTLS_E_CONFIG, "key in [codes]: not an "
		    "absolute path without \".\" and \"..\"");
	if (s->hold_s >= s->idle_timeout_s)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "hold must be shorter than idle-timeout");
	if (strcmp(s->device_ca, s->user_ca) == 0)
		return mtls_fail(err, MTLS_E_CONFIG, "device-ca and user-ca "
		    "are the same file: people could connect as machines");
	return MTLS_OK;
}

/* A URL may have a password in it, which is not for everybody. */
static enum mtls_status
check_database(const char *path, struct settings *s,
    struct mtls_err *err)
{
	enum mtls_status status;
	struct stat st;

	if (!store_is_url(s->database))
		return mtls_conf_is_path(s->database) ? MTLS_OK :
		    mtls_fail(err, MTLS_E_CONFIG, "database: neither an "
		    "absolute path without \".\" and \"..\" nor a "
		    "postgresql:// URL");
	status = store_check_url(s->database, &s->has_password, err);
	if (status != MTLS_OK || !s->has_password)
		return status;
	if (stat(path, &st) != 0 || (st.st_mode & S_IROTH) != 0)
		return mtls_fail(err, MTLS_E_CONFIG, "database: there is a "
		    "password in it, and everybody can read this file: "
		    "chmod 640, and chgrp to the group of the verifier");
	return MTLS_OK;
}

enum mtls_status
settings_read(const char *path, struct settings *ret, struct mtls_err *err)
{
	struct settings s;
	struct reader r;
	enum mtls_status status;

	memset(&s, 0, sizeof(s));
	memset(&r, 0, sizeof(r));
	r.settings = &s;
	status = mtls_conf_init(settings_table, NULL, &s, err);
	if (status == MTLS_OK)
		status = mtls_conf_read(path, take_value, &r, err);
	if (status == MTLS_OK) {
		status = mtls_conf_check(settings_table, &r.seen, NULL, err);
		if (status == MTLS_OK)
			status = check(&s, err);
		if (status == MTLS_OK)
			status = check_database(path, &s, err);
		if (status == MTLS_OK)
			status = settings_ca_check(&s.cas, err);
		if (status != MTLS_OK)
			mtls_err_context(err, "%s", path);
	}
	if (status != MTLS_OK) {
		settings_clear(&s);
		return status;
	}
	*ret = s;
	return MTLS_OK;
}

void
settings_clear(struct settings *settings)
{
	mtls_conf_done(settings_table, NULL, settings);
	settings_ca_clear(&settings->cas);
}

static int
same_list(const struct mtls_conf_list *a, const struct mtls_conf_list *b)
{
	if (a->n != b->n)
		return 0;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->words[i], b->words[i]) != 0)
			return 0;
	}
	return 1;
}

enum mtls_status
settings_check_reload(const struct settings *now,
    const struct settings *next, struct mtls_err *err)
{
	const char *changed = NULL;

	if (strcmp(now->user, next->user) != 0)
		changed = "user in [server]";
	else if (strcmp(now->name, next->name) != 0)
		changed = "name in [server]";
	else if (now->loops != next->loops)
		changed = "loops in [server]";
	else if (!same_list(&now->listen_device, &next->listen_device))
		changed = "device in [listen]";
	else if (!same_list(&now->listen_user, &next->listen_user))
		changed = "user in [listen]";
	else if (!same_list(&now->listen_metrics, &next->listen_metrics))
		changed = "metrics in [listen]";
	else if (strcmp(now->admin, next->admin) != 0)
		changed = "admin in [listen]";
	else if (strcmp(now->admin_group, next->admin_group) != 0)
		changed = "admin-group in [listen]";
	else if (strcmp(now->database, next->database) != 0)
		changed = "database in [state]";
	if (changed == NULL)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_CONFIG,
	    "%s was changed, which needs a restart", changed);
}
