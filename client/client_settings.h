/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a person's side needs of pam_mtls.conf: the sections [verifier] and
 * [token]. The options stand here once, for this and for mtls-helper's
 * settings.
 */
#ifndef CLIENT_CLIENT_SETTINGS_H
#define CLIENT_CLIENT_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/conf.h"
#include "mtls/status.h"

#define SETTINGS_DEVICE_PORT	7443u
#define SETTINGS_USER_PORT	7444u

/* One verifier: the name is what its certificate must say. */
struct settings_server {
	char *name;
	uint16_t device_port, user_port;
};

extern const char *const client_tls_min_choices[];

/* Rows of an option table; AT(member) is the offset of the member. */
#define CLIENT_VERIFIER_OPTIONS(AT) \
	{ "verifier", "servers", AT(server_words), MTLS_CONF_LIST, \
	    NULL, 1, 16, MTLS_CONF_REQUIRED, NULL, \
	    "the verifiers, NAME[:DEVICE-PORT[:USER-PORT]], in order" }, \
	{ "verifier", "ca", AT(ca), MTLS_CONF_PATH, \
	    NULL, 1, 1024, MTLS_CONF_REQUIRED, NULL, \
	    "certificates of the CAs that may vouch for a verifier" }, \
	{ "verifier", "connect-timeout", AT(connect_timeout_s), \
	    MTLS_CONF_SECONDS, "4s", 1, 120, 0, NULL, \
	    "after this long without an answer the next verifier is " \
	    "tried" }, \
	{ "verifier", "tls-min", AT(tls_min), MTLS_CONF_CHOICE, \
	    "1.3", 0, 0, 0, client_tls_min_choices, \
	    "the oldest version of TLS that is spoken" }

#define CLIENT_TOKEN_OPTIONS(AT) \
	{ "token", "module", AT(module), MTLS_CONF_PATH, \
	    NULL, 1, 1024, MTLS_CONF_REQUIRED, NULL, \
	    "the PKCS#11 module that drives the card" }, \
	{ "token", "uri", AT(uri), MTLS_CONF_TEXT, \
	    "", 0, 1024, 0, NULL, \
	    "PKCS#11 URI that narrows the choice of card and certificate" }, \
	{ "token", "user", AT(token_user), MTLS_CONF_TEXT, \
	    "_mtls-token", 1, 32, 0, NULL, \
	    "the account that mtls-token becomes" }, \
	{ "token", "environment", AT(environment), MTLS_CONF_LIST, \
	    "", 0, 16, 0, NULL, \
	    "environment of mtls-token, NAME=VALUE" }, \
	{ "token", "writable", AT(writable), MTLS_CONF_LIST, \
	    "", 0, 16, 0, NULL, \
	    "directories that the PKCS#11 module may write to" }, \
	{ "token", "pin-tries", AT(pin_tries), MTLS_CONF_NUMBER, \
	    "0", 0, 15, 0, NULL, \
	    "wrong PINs that lock the card, 0 where that is not known" }

struct client_settings {
	struct mtls_conf_list server_words;
	char *ca;
	uint32_t connect_timeout_s;
	int tls_min;		/* enum mtls_tls_min */
	char *module;
	char *uri;		/* "" = any token */
	char *token_user;
	struct mtls_conf_list environment;	/* NAME=VALUE */
	struct mtls_conf_list writable;		/* absolute directories */
	uint32_t pin_tries;	/* 0 = not known */

	/* made of them */
	struct settings_server *servers;
	size_t n_servers;
	struct mtls_conf_seen seen;
};

/*
 * Reads path, of which only [verifier] and [token] are looked at: what else
 * is in it is the machine's, and its certificate and key need not be there.
 * CONFIG with file and line; NOT_FOUND where there is no such file. *ret is
 * freed with client_settings_free(); untouched on failure.
 */
enum mtls_status client_settings_read(const char *path,
    struct client_settings **ret, struct mtls_err *err);
void client_settings_free(struct client_settings *s);	/* NULL: no-op */

/*
 * One value of those sections that was taken; OK for every other. CONFIG.
 */
enum mtls_status client_settings_check_value(const char *section,
    const char *name, const char *value, struct mtls_err *err);

/* Calls check for every word of a list as it stands in the file. */
enum mtls_status client_settings_each_word(const char *list,
    enum mtls_status (*check)(const char *word, struct mtls_err *err),
    struct mtls_err *err);

/* An unprivileged account. CONFIG. */
enum mtls_status client_settings_check_account(const char *value,
    struct mtls_err *err);

/*
 * "name:7443:7444" ... into an array of servers, no two of them the same;
 * CONFIG or MEMORY. Freed with client_settings_servers_free().
 */
enum mtls_status client_settings_servers(const struct mtls_conf_list *words,
    struct settings_server **ret, size_t *ret_n, struct mtls_err *err);
void client_settings_servers_free(struct settings_server *servers, size_t n);

#endif
