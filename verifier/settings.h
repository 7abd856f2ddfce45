/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * verifier.conf(5) as a struct. One table, from which the walker of
 * mtls/conf.h reads the file and tests check the manual page.
 */
#ifndef VERIFIER_SETTINGS_H
#define VERIFIER_SETTINGS_H

#include <stdint.h>

#include "mtls/conf.h"
#include "mtls/status.h"

#include "settings_ca.h"

struct settings {
	char *user;			/* [server] */
	char *name;			/* "": the certificate's */
	uint32_t loops;			/* 0: as many as there are cores */
	struct mtls_conf_list listen_device;	/* [listen] */
	struct mtls_conf_list listen_user;
	struct mtls_conf_list listen_metrics;
	char *admin;
	char *admin_group;
	char *certificate;		/* [tls] */
	char *key;
	char *device_ca;
	char *user_ca;
	int tls_min;			/* enum mtls_tls_min */
	char *crl_dir;			/* [revocation] */
	struct mtls_conf_list crl_files;
	char *fetched_dir;
	uint32_t watch_s;		/* 0: never */
	int revocation;			/* enum revocation_mode */
	struct settings_cas cas;	/* [ca NAME] */
	char *policy;			/* [policy] */
	uint32_t audit_keep_s;		/* [audit]; 0: for ever */
	char *database;			/* [state] */
	int has_password;		/* in database: not to be shown */
	char *code_key;			/* [codes]; "": a random one */
	uint32_t code_ttl_s;
	uint32_t challenge_ttl_s;	/* [limits] */
	uint32_t grant_ttl_s;
	uint32_t hold_s;
	uint32_t handshake_timeout_s;
	uint32_t request_timeout_s;
	uint32_t idle_timeout_s;
	uint32_t max_connections;
	uint32_t max_connections_per_address;
	uint32_t max_half_open;
	struct mtls_conf_rate user_failures, card_failures;
	struct mtls_conf_rate machine_failures, source_failures;
	struct mtls_conf_rate machine_challenges, origin_challenges;
	struct mtls_conf_rate source_challenges;
	struct mtls_conf_rate code_failures, code_requests;
};

extern const struct mtls_conf_option settings_table[];

/*
 * Reads and checks the whole file; *ret is a struct that the caller clears
 * with settings_clear(). CONFIG with file and, where there is one, line.
 */
enum mtls_status settings_read(const char *path, struct settings *ret,
    struct mtls_err *err);
void settings_clear(struct settings *settings);

/*
 * Whether next can take the place of now while the program runs; CONFIG with
 * what would need a restart: account, listeners, database, admin socket.
 */
enum mtls_status settings_check_reload(const struct settings *now,
    const struct settings *next, struct mtls_err *err);

#endif
