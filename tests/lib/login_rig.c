/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The stage for whole logins.
 */
#include "config.h"

#include "login_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../helper/login.h"
#include "mtls/log.h"
#include "mtls/process.h"
#include "mtls/verdict.h"
#include "unit.h"

/* Nothing that is right takes that long, on any machine. */
#define HARD_LIMIT_S 60

struct login_rig login_rig;

/* DIR/NAME.pem and DIR/NAME.key */
void
login_rig_write(const struct pki_cert *cert, const char *name)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "%s.pem", name);
	(void)pki_file_certs(login_rig.pki, file, PKI_CERTS(cert));
	(void)snprintf(file, sizeof(file), "%s.key", name);
	(void)pki_file_key(login_rig.pki, file, cert);
}

int
login_rig_set_up(void **state)
{
	struct login_rig *r = &login_rig;
	const struct passwd *pw = getpwuid(geteuid());

	(void)state;
	/* The fake verifier writes to connections that may be gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (pw == NULL) {
		print_message("SKIP: uid %d has no name\n", (int)geteuid());
		exit(77);
	}
	(void)snprintf(r->user, sizeof(r->user), "%s", pw->pw_name);
	r->pki = pki_new(NULL);
	r->ca = pki_ca(r->pki, NULL, "CA", NULL);
	r->other_ca = pki_ca(r->pki, NULL, "Other CA", NULL);
	r->verifier = pki_server(r->pki, r->ca, "localhost", NULL);
	r->machine = pki_machine(r->pki, r->ca, "ws1.acme.example", NULL);
	r->person = pki_user(r->pki, r->ca, "alice", NULL);
	r->other_person = pki_user(r->pki, r->ca, "bob", NULL);
	login_rig_write(r->ca, "ca");
	login_rig_write(r->machine, "machine");
	login_rig_write(r->person, "person");
	login_rig_write(r->other_person, "other");
	return 0;
}

int
login_rig_tear_down(void **state)
{
	(void)state;
	pki_free(login_rig.pki);
	return 0;
}

/* --- the configuration --- */

static void
write_config(struct login_case *c, const char *path)
{
	FILE *f = fopen(path, "w");
	const char *name = c->verifier_name != NULL ? c->verifier_name :
	    "localhost";
	const char *dir = pki_dir0(login_rig.pki);
	int i;

	assert_non_null(f);
	if (c->token_settings != NULL)
		(void)fprintf(f, "[token]\n%s", c->token_settings);
	else
		(void)fprintf(f, "[token]\nmodule = /fake.so\nuser = daemon\n"
		    "environment = FAKE_TOKEN=%s, FAKE_TOKEN_DIR=%s\n",
		    c->token != NULL ? c->token : "", dir);
	(void)fprintf(f, "[verifier]\nservers =");
	for (i = 0; i < c->n_verifiers; i++)
		(void)fprintf(f, " %s:%u:%u", name,
		    (unsigned)fake_verifier_device_port(c->fake[i]),
		    (unsigned)fake_verifier_user_port(c->fake[i]));
	(void)fprintf(f, "\ntls-min = %s\nca = %s/ca.pem\n"
	    "connect-timeout = %s\n"
	    "[device]\ncertificate = %s/%s.pem\nkey = %s/%s.key\n"
	    "[helper]\nuser = %s\ndeadline = %s\n%s",
	    c->insecure_tls12 ? "1.2-insecure" : "1.3", dir,
	    c->connect_timeout != NULL ? c->connect_timeout :
	    "2s", dir, c->machine != NULL ? c->machine : "machine",
	    dir, c->machine != NULL ? c->machine : "machine",
	    c->helper_user != NULL ? c->helper_user : "nobody",
	    c->deadline != NULL ? c->deadline : "20s",
	    c->service_extra != NULL ? c->service_extra : "");
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
start_verifiers(struct login_case *c)
{
	struct fake_verifier_options *o;
	int i;

	if (c->n_verifiers == 0)
		c->n_verifiers = 1;
	for (i = 0; i < c->n_verifiers; i++) {
		o = &c->verifier[i];
		o->base = c->base;
		if (o->device.cert == NULL) {
			o->device.cert = login_rig.verifier->x509;
			o->device.key = login_rig.verifier->key;
		}
		if (o->user.cert == NULL) {
			o->user.cert = login_rig.verifier->x509;
			o->user.key = login_rig.verifier->key;
		}
		if (o->device.client_ca == NULL)
			o->device.client_ca = login_rig.ca->x509;
		if (o->user.client_ca == NULL)
			o->user.client_ca = login_rig.ca->x509;
		c->fake[i] = fake_verifier_new(o);
		c->record[i] = fake_verifier_record0(c->fake[i]);
	}
}

/* --- the helper --- */

#if defined(__SANITIZE_ADDRESS__)
int __lsan_do_recoverable_leak_check(void);
#endif

/* What login_run() has not given back, where the build can tell. */
static int
leaks(void)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)prctl(PR_SET_DUMPABLE, 1);
	return __lsan_do_recoverable_leak_check();
#else
	return 0;
#endif
}

static void
drop_line(int severity, const char *line)
{
	(void)severity;
	(void)line;
}

static void
serve(struct login_case *c, const char *config, int fd)
{
	static const struct mtls_log log = { mtls_log_to_stderr, NULL,
	    MTLS_LOG_NOTICE };
	struct login_options options = { 0, config, c->token_program != NULL ?
	    c->token_program : FAKE_TOKEN, &log };
	struct mtls_err err;
	int null = open("/dev/null", O_RDWR);

	mtls_err_clear(&err);
	/* The lines are for a person who looks for a fault. */
	if (getenv("LOGIN_RIG_VERBOSE") == NULL)
		(void)dup2(null, 2);
	(void)dup2(fd, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mtls_process_harden(2, &err) != MTLS_OK)
		_exit(99);
	event_set_log_callback(drop_line);
	if (c->in_helper != NULL)
		c->in_helper(c);
	(void)login_run(&options);
	_exit(leaks() ? 98 : 0);
}

static void
start_helper(struct login_case *c, const char *config)
{
	int fds[2];

	if (c->caller != 0)
		assert_int_equal(seteuid(c->caller), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
	if (c->caller != 0)
		assert_int_equal(seteuid(0), 0);
	c->helper = fork();
	assert_true(c->helper >= 0);
	if (c->helper == 0)
		serve(c, config, fds[1]);
	(void)close(fds[1]);
	c->module_fd = fds[0];
}

/* --- one run --- */

static void
on_hard_limit(evutil_socket_t fd, short what, void *arg)
{
	struct login_case *c = arg;

	(void)fd;
	(void)what;
	(void)kill(c->helper, SIGKILL);
	fail_msg("the helper did not end");
}

static void
run_events(struct login_case *c)
{
	static const struct timeval limit = { HARD_LIMIT_S, 0 };
	struct event *timer = evtimer_new(c->base, on_hard_limit, c);

	c->readable = event_new(c->base, c->module_fd, EV_READ | EV_PERSIST,
	    login_case_on_readable, c);
	assert_non_null(timer);
	assert_non_null(c->readable);
	assert_int_equal(event_add(timer, &limit), 0);
	assert_int_equal(event_add(c->readable, NULL), 0);
	login_case_send_login(c);
	if (c->on_connected != NULL)
		c->on_connected(c);
	(void)event_base_dispatch(c->base);
	event_free(timer);
	event_free(c->readable);
	if (c->poll != NULL)
		event_free(c->poll);
}

void
login_case_run(struct login_case *c)
{
	char config[128];
	int64_t began = mtls_clock_ms();
	int i;

	c->pin_fd = -1;
	c->base = event_base_new();
	assert_non_null(c->base);
	start_verifiers(c);
	(void)snprintf(config, sizeof(config), "%s/pam_mtls.conf",
	    pki_dir0(login_rig.pki));
	write_config(c, config);
	start_helper(c, config);
	run_events(c);
	assert_int_equal(waitpid(c->helper, &c->helper_status, 0), c->helper);
	c->ms = mtls_clock_ms() - began;
	(void)close(c->module_fd);
	if (c->pin_fd != -1)
		(void)close(c->pin_fd);
	for (i = 0; i < c->n_verifiers; i++)
		fake_verifier_stop(c->fake[i]);
	assert_int_equal(c->other.type, MTLS_MSG_NONE);
	assert_true(c->n_results <= 1);
	if (WIFEXITED(c->helper_status))
		assert_int_equal(WEXITSTATUS(c->helper_status), 0);
	else if (!c->may_crash)
		assert_int_equal(WTERMSIG(c->helper_status), SIGKILL);
}

void
login_case_clear(struct login_case *c)
{
	int i;

	for (i = 0; i < c->n_verifiers; i++)
		fake_verifier_free(c->fake[i]);
	event_base_free(c->base);
	mtls_message_clear(&c->result);
	mtls_message_clear(&c->other);
	free(c->asked);
	free(c->secret);
	free(c->told);
	free(c->relayed);
}

void
login_case_is_granted(struct login_case *c)
{
	const struct mtls_msg_result *r = &c->result.u.result;

	login_case_run(c);
	assert_int_equal(c->n_results, 1);
	if (r->verdict != MTLS_VERDICT_ALLOW)
		fail_msg("not granted: %s", r->reason);
	assert_int_equal(r->status, MTLS_OK);
	assert_memory_equal(r->request.data, "request-number-1", 16);
	assert_memory_equal(r->nonce.data, "a nonce of the module's, its own",
	    32);
	assert_true(WIFEXITED(c->helper_status));
}

static int
could_not_tell(int status)
{
	static const int statuses[] = { MTLS_E_PROTOCOL, MTLS_E_CLOSED,
	    MTLS_E_TIMEOUT, MTLS_E_UNAVAILABLE, MTLS_E_PEER, MTLS_E_CRYPTO };
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i] == status)
			return 1;
	}
	return 0;
}

void
login_case_fails(struct login_case *c, int status)
{
	const struct mtls_msg_result *r = &c->result.u.result;

	login_case_run(c);
	if (status == LOGIN_CASE_NO_RESULT) {
		assert_int_equal(c->n_results, 0);
		return;
	}
	assert_int_equal(c->n_results, 1);
	assert_int_not_equal(r->verdict, MTLS_VERDICT_ALLOW);
	if (status == LOGIN_CASE_UNAVAILABLE) {
		if (!could_not_tell(r->status))
			fail_msg("status is %s: %s", mtls_status_word(
			    (enum mtls_status)r->status), r->reason);
		status = r->status;
	}
	if (r->status != status)
		fail_msg("%s: status is %s, not %s: %s",
		    c->token != NULL ? c->token : "",
		    mtls_status_word((enum mtls_status)r->status),
		    mtls_status_word((enum mtls_status)status), r->reason);
	assert_true(r->reason[0] != '\0');
}
