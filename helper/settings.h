/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * /etc/pam_mtls/pam_mtls.conf as one struct, const after settings_read().
 */
#ifndef HELPER_SETTINGS_H
#define HELPER_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "client/client_settings.h"
#include "mtls/conf.h"
#include "mtls/status.h"

#define SETTINGS_MAX_SERVICES	64u

enum settings_prompt { SETTINGS_PROMPT_NORMAL = 0, SETTINGS_PROMPT_SINGLE };

/* [service NAME]: what differs for one PAM service. */
struct settings_service {
	char *name;		/* "" in the one that holds the defaults */
	char *methods;		/* NULL = those of [helper] */
	uint32_t deadline_s;	/* 0 = that of [helper] */
	int prompt;		/* enum settings_prompt */
	struct mtls_conf_seen seen;
};

struct settings {
	/* the options of settings_table */
	struct mtls_conf_list server_words;
	char *ca;
	uint32_t connect_timeout_s;
	int tls_min;		/* enum mtls_tls_min */
	char *certificate, *key;
	char *module;
	char *uri;		/* "" = any token */
	char *token_user;
	struct mtls_conf_list environment;	/* NAME=VALUE */
	struct mtls_conf_list writable;		/* absolute directories */
	uint32_t pin_tries;	/* 0 = not known */
	char *helper_user;
	struct mtls_conf_list callers;		/* ACCOUNT:SERVICE */
	char *methods;		/* a list, login_methods_parse() */
	uint32_t deadline_s;

	/* made of them */
	struct settings_server *servers;
	size_t n_servers;
	struct settings_service defaults;	/* for services not named */
	struct settings_service *services;
	size_t n_services;
	struct mtls_conf_seen seen;
};

/* Every option; those of [service NAME] stand under the section "service"
 * and are offsets into struct settings_service. */
extern const struct mtls_conf_option settings_table[];

/*
 * Reads and checks path. CONFIG with file and line, or with the file where no
 * single line is at fault; NOT_FOUND where there is no such file (it has no
 * defaults that would do). *ret is freed with settings_free(); untouched on
 * failure.
 */
enum mtls_status settings_read(const char *path, struct settings **ret,
    struct mtls_err *err);
void settings_free(struct settings *settings);	/* NULL is a no-op */

/* The section of this PAM service, or the defaults; never NULL. */
const struct settings_service *settings_for_service(
    const struct settings *settings, const char *service);

/* Its list of methods, or that of [helper]. */
const char *settings_methods(const struct settings *settings,
    const struct settings_service *service);

#endif
