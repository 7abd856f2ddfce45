/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-helper: one login on descriptor 0, which is a connected socket of the
 * PAM module's, whether systemd accepted it or the module made it. Its exit
 * status is not a verdict and nobody may take it for one.
 */
#include "config.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "login.h"
#include "machine.h"
#include "mtls/file.h"
#include "mtls/log.h"
#include "mtls/process.h"
#include "settings.h"

static const struct mtls_log program_log = { mtls_log_to_stderr, NULL,
    MTLS_LOG_NOTICE };

/* libevent's complaints are about what shows as a failed login anyway. */
static void
drop_libevent_line(int severity, const char *line)
{
	(void)severity;
	(void)line;
}

/* A state that libevent holds for impossible: no verdict, an end. */
static void
on_libevent_fatal(int error)
{
	(void)error;
	mtls_log_event(&program_log, MTLS_LOG_ERR, "libevent-gave-up",
	    MTLS_KEY_END);
	_exit(1);
}

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: mtls-helper\n"
	    "       mtls-helper --check-config [file]\n"
	    "       mtls-helper --version\n");
	return 2;
}

/* mtls-token looks again, before it loads it. */
static enum mtls_status
check_module(const struct settings *settings, struct mtls_err *err)
{
	int fd;

	if (mtls_file_open(settings->module, MTLS_FILE_PROGRAM, &fd, err) !=
	    MTLS_OK) {
		mtls_err_context(err, "module in [token]");
		return err->status;
	}
	close(fd);
	return MTLS_OK;
}

static int
check_config(const char *file)
{
	struct settings *settings = NULL;
	struct machine *machine = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (settings_read(file, &settings, &err) != MTLS_OK ||
	    machine_load(settings, (int64_t)time(NULL), &machine, &err) !=
	    MTLS_OK || check_module(settings, &err) != MTLS_OK)
		(void)fprintf(stderr, "mtls-helper: %s\n", err.text);
	else
		(void)printf("%s: ok, this machine is %s\n", file,
		    machine->host);
	machine_free(machine);
	settings_free(settings);
	return err.status == MTLS_OK ? 0 : 1;
}

static int
serve(void)
{
	struct login_options options = { STDIN_FILENO, MTLS_CONFIG_FILE,
	    MTLS_TOKEN_PATH, &program_log };
	struct mtls_err err;

	mtls_err_clear(&err);
	if (mtls_process_harden(STDERR_FILENO, &err) != MTLS_OK) {
		mtls_log_err(&program_log, MTLS_LOG_ERR, "not-hardened",
		    &err, MTLS_KEY_END);
		return 1;
	}
	event_set_log_callback(drop_libevent_line);
	event_set_fatal_callback(on_libevent_fatal);
	(void)login_run(&options);
	return 0;
}

/*
 * Before anything else of OpenSSL's: no openssl.cnf, and without the names of
 * its old ciphers, which nothing here asks for by name and which every
 * library context would otherwise copy into its tables. A login is short
 * enough for that to show.
 */
static int
start_openssl(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ATEXIT,
	    NULL) == 1;
}

int
main(int argc, char **argv)
{
	if (!start_openssl()) {
		(void)fprintf(stderr, "mtls-helper: OpenSSL does not start\n");
		return 1;
	}
	if (argc <= 1)
		return serve();
	if (strcmp(argv[1], "--check-config") == 0 && argc <= 3)
		return check_config(argc == 3 ? argv[2] : MTLS_CONFIG_FILE);
	if (strcmp(argv[1], "--version") == 0 && argc == 2) {
		(void)printf("mtls-helper %s\n", PACKAGE_VERSION);
		return 0;
	}
	return usage();
}
