/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-verifier: what has to be done in which order. As root, where it is
 * that: settings, ports, the key. Then the account of [server] user, for
 * good, and only then everything that comes from outside: CRLs, the policy,
 * the database, the network. What a reload will have to read is read as the
 * account that will have to read it.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mtls/file.h"
#include "mtls/pem.h"
#include "mtls/process.h"

#include "health.h"
#include "local_socket.h"
#include "log_queue.h"
#include "loops.h"
#include "monitor.h"
#include "revocation/crl_floors.h"
#include "server.h"
#include "service.h"

/* Descriptors that are not connections: sockets, database, epoll, files. */
#define DESCRIPTORS_SPARE 64u
/* For the reader of the log, when the program ends. */
#define LAST_WORDS_MS 1000

struct arguments {
	const char *config_file;
	/* What to do instead of serving, with everything loaded. */
	int (*instead)(struct server_parts *parts);
};

static struct mtls_log to_stderr = {
	mtls_log_to_stderr, NULL, MTLS_LOG_NOTICE
};

/* The log of a program that serves; arg is its queue. */
static struct mtls_log queued = { log_queue_put, NULL, MTLS_LOG_NOTICE };

static int
fail(const struct mtls_err *err)
{
	mtls_log_err(&to_stderr, MTLS_LOG_ERR, "failed", err, MTLS_KEY_END);
	return 1;
}

/* For somebody at a terminal, without the dress of a log. */
static int
say(const struct mtls_err *err)
{
	(void)fprintf(stderr, "mtls-verifier: %s\n", err->text);
	return 1;
}

static void
on_ready(const struct server *server)
{
	char device[512], user[512], metrics[512];

	mtls_log_event(server->log, MTLS_LOG_NOTICE, "ready",
	    MTLS_KEY_DEVICE, listener_text(server->listeners[ROLE_DEVICE],
	    device, sizeof(device)),
	    MTLS_KEY_USER, listener_text(server->listeners[ROLE_USER], user,
	    sizeof(user)),
	    MTLS_KEY_METRICS, monitor_text(server->monitor, metrics,
	    sizeof(metrics))[0] == '\0' ? NULL : metrics, MTLS_KEY_END);
	service_ready();
}

/* As many descriptors as there may be connections, or fewer connections. */
static void
set_descriptors(struct settings *s)
{
	struct rlimit limit;
	rlim_t want = (rlim_t)s->max_connections + DESCRIPTORS_SPARE;
	char text[64];

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur >= want)
		return;
	s->max_connections = limit.rlim_cur <= DESCRIPTORS_SPARE ? 1 :
	    (uint32_t)(limit.rlim_cur - DESCRIPTORS_SPARE);
	/* The same part of fewer. */
	if (s->max_half_open > s->max_connections / 2)
		s->max_half_open = (s->max_connections + 1) / 2;
	(void)snprintf(text, sizeof(text), "%u, for want of descriptors",
	    s->max_connections);
	mtls_log_event(&to_stderr, MTLS_LOG_WARNING, "max-connections",
	    MTLS_KEY_REASON, text, MTLS_KEY_END);
}

/* Sockets of the service manager, or else those of the settings. */
static enum mtls_status
open_tcp(enum service_socket which, const struct mtls_conf_list *endpoints,
    struct listener_sockets *ret, struct mtls_err *err)
{
	enum mtls_status status = service_take_sockets(which, ret, err);

	return status != MTLS_OK || ret->n > 0 ? status :
	    listener_bind(endpoints, ret, err);
}

static enum mtls_status
open_admin(const struct settings *s, int *ret_fd, struct mtls_err *err)
{
	struct listener_sockets sockets;
	enum mtls_status status;

	status = service_take_sockets(SERVICE_ADMIN, &sockets, err);
	if (status == MTLS_OK && sockets.n > 1)
		status = mtls_fail(err, MTLS_E_CONFIG, "the service manager "
		    "gave more than one admin socket");
	if (status != MTLS_OK)
		return status;
	if (sockets.n == 0)
		return local_socket_bind(s, s->admin, SOCK_SEQPACKET, ret_fd,
		    err);
	*ret_fd = sockets.fds[0];
	return MTLS_OK;
}

static enum mtls_status
open_sockets(struct settings *s, struct server_parts *parts,
    struct mtls_err *err)
{
	enum mtls_status status;

	status = service_check_sockets(err);
	if (status == MTLS_OK)
		status = open_tcp(SERVICE_DEVICE, &s->listen_device,
		    &parts->sockets[ROLE_DEVICE], err);
	if (status == MTLS_OK)
		status = open_tcp(SERVICE_USER, &s->listen_user,
		    &parts->sockets[ROLE_USER], err);
	if (status == MTLS_OK)
		status = loops_bind(s, parts, err);
	if (status == MTLS_OK)
		status = open_admin(s, &parts->admin_fd, err);
	if (status == MTLS_OK)
		status = service_take_sockets(SERVICE_METRICS,
		    &parts->monitor, err);
	if (status == MTLS_OK && parts->monitor.n == 0)
		status = monitor_bind(s, &parts->monitor, err);
	return status;
}

/* Everything as root; then the account; then the rest. Clears settings. */
static enum mtls_status
load(struct settings *s, const struct arguments *args,
    struct server_parts *parts, struct mtls_err *err)
{
	EVP_PKEY *key = NULL;
	enum mtls_status status = MTLS_OK;
	int fd;

	if (args->instead == NULL)
		status = open_sockets(s, parts, err);
	if (status == MTLS_OK)
		status = mtls_pem_key(parts->tls, s->key, &key, err);
	if (status == MTLS_OK)
		status = mtls_process_become(s->user, err);
	/* A reload would fail later, when nobody is looking. */
	if (status == MTLS_OK) {
		status = mtls_file_open(args->config_file, MTLS_FILE_PUBLIC,
		    &fd, err);
		if (status == MTLS_OK)
			close(fd);
		else
			mtls_err_context(err, "as account %s", s->user);
	}
	if (status == MTLS_OK)
		status = generation_new(parts->tls, s, key, NULL,
		    &parts->generation, err);
	else
		settings_clear(s);
	EVP_PKEY_free(key);
	return status;
}

static void
give_up(struct server_parts *parts)
{
	listener_unbind(&parts->sockets[ROLE_DEVICE]);
	listener_unbind(&parts->sockets[ROLE_USER]);
	loops_unbind(parts);
	listener_unbind(&parts->monitor);
	if (parts->admin_fd >= 0)
		close(parts->admin_fd);
	generation_free(parts->generation);
	mtls_tls_free(parts->tls);
}

/* What is good and will refuse logins all the same. */
static void
say_finding(void *arg, enum health_level level, const char *reason,
    const char *about)
{
	unsigned *n = arg;

	/* How new a list must be is in the store, which is not open. */
	if (level != HEALTH_FAILURE || strcmp(reason, "crl-not-compared") == 0)
		return;
	if ((*n)++ == 0)
		(void)printf("The settings, the policy and all files are "
		    "good, but logins will be refused:\n");
	(void)printf("\t%s%s%s\n", reason, about[0] == '\0' ? "" : " ",
	    about);
}

static int
check(struct server_parts *parts)
{
	unsigned n = 0;

	generation_log(parts->generation, &to_stderr);
	health_of_generation(parts->generation, time(NULL), say_finding, &n);
	give_up(parts);
	if (n == 0)
		(void)printf("The settings, the policy and all files are "
		    "good.\n");
	return fflush(stdout) == 0 ? 0 : 1;
}

/* What a start would open, brought up to this program's schema. */
static int
migrate(struct server_parts *parts)
{
	struct store_options options = {
		.database = parts->generation->settings.database,
		.mode = STORE_MIGRATE,
	};
	char name[OWN_NAME_SIZE];
	struct store *store = NULL;
	enum mtls_status status;
	struct mtls_err err;

	mtls_err_clear(&err);
	options.verifier = name;
	status = own_name(parts->generation, name, &err);
	if (status == MTLS_OK)
		status = store_open(&options, &store, &err);
	store_close(store);
	give_up(parts);
	if (status != MTLS_OK)
		return say(&err);
	(void)printf("The database has the schema of this program.\n");
	return fflush(stdout) == 0 ? 0 : 1;
}

static enum mtls_status
forget_floors(struct store *store, int64_t *ret_n, struct mtls_err *err)
{
	struct store_port *port = NULL;
	enum mtls_status status;

	status = store_attach(store, NULL, NULL, NULL, &port, err);
	if (status == MTLS_OK)
		status = crl_floors_forget(port, ret_n, err);
	store_detach(port);
	return status;
}

static int
forget(struct server_parts *parts)
{
	struct store_options options = {
		.database = parts->generation->settings.database,
		.mode = STORE_SERVE,
	};
	char name[OWN_NAME_SIZE];
	struct store *store = NULL;
	enum mtls_status status;
	struct mtls_err err;
	int64_t n = 0;

	mtls_err_clear(&err);
	options.verifier = name;
	status = own_name(parts->generation, name, &err);
	if (status == MTLS_OK)
		status = store_open(&options, &store, &err);
	if (status == MTLS_OK)
		status = forget_floors(store, &n, &err);
	store_close(store);
	give_up(parts);
	if (status != MTLS_OK)
		return say(&err);
	(void)printf("Forgotten for %lld CAs how new their CRLs were.\n",
	    (long long)n);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* Last words are waited for, but not for ever. */
static int
serve(struct server_parts *parts)
{
	struct mtls_err err;
	enum mtls_status status;

	mtls_err_clear(&err);
	status = log_queue_new(&to_stderr, &parts->log_queue, &err);
	if (status != MTLS_OK) {
		give_up(parts);
		return fail(&err);
	}
	queued.arg = parts->log_queue;
	queued.max = to_stderr.max;
	parts->log = &queued;
	status = server_run(parts, on_ready, &err);
	if (status != MTLS_OK)
		mtls_log_err(&queued, MTLS_LOG_ERR, "failed", &err,
		    MTLS_KEY_END);
	(void)log_queue_flush(parts->log_queue, LAST_WORDS_MS);
	return status == MTLS_OK ? 0 : 1;
}

static int
run(const struct arguments *args)
{
	struct server_parts parts = { .admin_fd = -1, .log = &to_stderr,
	    .config_file = args->config_file };
	struct settings settings;
	struct mtls_err err;
	enum mtls_status status;

	mtls_err_clear(&err);
	status = mtls_tls_new_for_server(&parts.tls, &err);
	if (status == MTLS_OK)
		status = settings_read(args->config_file, &settings, &err);
	if (status == MTLS_OK) {
		set_descriptors(&settings);
		status = load(&settings, args, &parts, &err);
	}
	if (status != MTLS_OK) {
		give_up(&parts);
		return args->instead != NULL ? say(&err) : fail(&err);
	}
	if (args->instead != NULL)
		return args->instead(&parts);
	return serve(&parts);
}

static int
usage(FILE *out)
{
	(void)fprintf(out, "usage: mtls-verifier [--debug] [-f FILE] "
	    "[--check-config | --migrate | --forget-crl-floors]\n"
	    "       mtls-verifier --help | --version\n");
	return out == stdout ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	enum { OPT_CHECK = 256, OPT_DEBUG, OPT_FORGET, OPT_HELP,
		OPT_MIGRATE, OPT_VERSION };
	static const struct option options[] = {
		{ "check-config", no_argument, NULL, OPT_CHECK },
		{ "config", required_argument, NULL, 'f' },
		{ "debug", no_argument, NULL, OPT_DEBUG },
		{ "forget-crl-floors", no_argument, NULL, OPT_FORGET },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "migrate", no_argument, NULL, OPT_MIGRATE },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 }
	};
	struct arguments args = { MTLS_VERIFIER_CONFIG_FILE, NULL };
	struct mtls_err err;
	int option;

	mtls_err_clear(&err);
	while ((option = getopt_long(argc, argv, "f:", options, NULL)) !=
	    -1) {
		switch (option) {
		case 'f':
			args.config_file = optarg;
			break;
		case OPT_CHECK:
			args.instead = check;
			break;
		case OPT_DEBUG:
			to_stderr.max = MTLS_LOG_DEBUG;
			break;
		case OPT_FORGET:
			args.instead = forget;
			break;
		case OPT_MIGRATE:
			args.instead = migrate;
			break;
		case OPT_HELP:
			return usage(stdout);
		case OPT_VERSION:
			(void)printf("mtls-verifier %s\n", PACKAGE_VERSION);
			return 0;
		default:
			return usage(stderr);
		}
	}
	if (optind != argc)
		return usage(stderr);
	if (mtls_process_harden(service_last_fd(), &err) != MTLS_OK)
		return fail(&err);
	return run(&args);
}
