/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The child process, its files, its log and its end.
 */
#include "config.h"

#include "verifier_rig.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/deadline.h"

#include "local_socket.h"
#include "loops.h"
#include "monitor.h"
#include "server.h"

#include "../lib/unit.h"

#define DEADLINE_MS 20000

static const char policy[] =
    "map issuer \"CN=Acme Users CA,O=Acme\" take san:upn realm acme.example\n"
    "deny user root\n"
    "allow user alice, bob on ws-*.acme.example for sudo, login by token\n";

static char *
path_of(const struct rig *rig, const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/%s", rig->dir, name);

	assert_true(n > 0 && (size_t)n < size);
	return out;
}

void
rig_write(struct rig *rig, const char *name, const char *text)
{
	(void)pki_file_bytes(rig->pki, name, text, strlen(text));
}

void
rig_write_settings(struct rig *rig, const char *more)
{
	static const char format[] =
	    "[server]\n"
	    "loops = %3$u\n"
	    "[listen]\n"
	    "device = 127.0.0.1:0, [::1]:0\n"
	    "user = 127.0.0.1:0\n"
	    "admin = %1$s/admin.sock\n"
	    "[tls]\n"
	    "certificate = %1$s/server.pem\n"
	    "key = %1$s/server.key\n"
	    "device-ca = %1$s/machines-ca.pem\n"
	    "user-ca = %1$s/users-ca.pem\n"
	    "[revocation]\n"
	    "crl-dir = %1$s/crl\n"
	    "[policy]\n"
	    "file = %1$s/policy.conf\n"
	    "[state]\n"
	    "database = %1$s/state/state.db\n"
	    "%2$s";
	char *text;

	assert_true(asprintf(&text, format, rig->dir, more,
	    rig->loops == 0 ? 1 : rig->loops) > 0);
	rig_write(rig, "verifier.conf", text);
	free(text);
}

void
rig_write_policy(struct rig *rig, const char *text)
{
	rig_write(rig, "policy.conf", text);
}

void
rig_write_crl(struct rig *rig, const struct pki_cert *ca,
    const struct pki_cert *revoked)
{
	static int64_t number = 1;
	struct pki_crl_options o = { .number = ++number };
	const char *name = ca == rig->root ? "crl/root.crl" :
	    ca == rig->users ? "crl/users.crl" : "crl/machines.crl";

	(void)pki_file_crl(rig->pki, name, pki_crl(rig->pki, ca,
	    PKI_CERTS(revoked), &o));
}

void
rig_write_crls(struct rig *rig, const struct pki_cert *revoked)
{
	const struct pki_cert *cas[] = { rig->root, rig->users,
		rig->machines };

	for (size_t i = 0; i < 3; i++)
		rig_write_crl(rig, cas[i], revoked != NULL &&
		    revoked->issuer == cas[i] ? revoked : NULL);
}

int
rig_group_set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct mtls_err err;

	mtls_err_clear(&err);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	if (rig == NULL || mtls_tls_new(&rig->tls, &err) != MTLS_OK)
		return -1;
	rig->pki = pki_new(mtls_tls_libctx0(rig->tls));
	(void)snprintf(rig->dir, sizeof(rig->dir), "%s",
	    pki_dir0(rig->pki));
	rig->root = pki_ca(rig->pki, NULL, "Acme Root CA", NULL);
	rig->users = pki_ca(rig->pki, rig->root, "Acme Users CA", NULL);
	rig->machines = pki_ca(rig->pki, rig->root, "Acme Machines CA",
	    NULL);
	rig->server = pki_server(rig->pki, rig->machines,
	    "verifier1.acme.example", NULL);
	rig->machine = pki_machine(rig->pki, rig->machines, RIG_HOST, NULL);
	rig->alice = pki_user(rig->pki, rig->users, "alice", NULL);
	rig->bob = pki_user(rig->pki, rig->users, "bob", NULL);
	*state = rig;
	return 0;
}

int
rig_group_tear_down(void **state)
{
	struct rig *rig = *state;

	pki_free(rig->pki);
	mtls_tls_free(rig->tls);
	free(rig->log);
	free(rig);
	return 0;
}

static void
write_files(struct rig *rig)
{
	char path[256];

	(void)mkdir(path_of(rig, "crl", path, sizeof(path)), 0755);
	(void)mkdir(path_of(rig, "state", path, sizeof(path)), 0700);
	(void)unlink(path_of(rig, "state/state.db", path, sizeof(path)));
	(void)unlink(path_of(rig, "state/state.db-wal", path, sizeof(path)));
	(void)unlink(path_of(rig, "state/state.db-shm", path, sizeof(path)));
	(void)pki_file_certs(rig->pki, "server.pem",
	    PKI_CERTS(rig->server));
	(void)pki_file_key(rig->pki, "server.key", rig->server);
	(void)pki_file_certs(rig->pki, "machines-ca.pem",
	    PKI_CERTS(rig->root, rig->machines));
	(void)pki_file_certs(rig->pki, "users-ca.pem",
	    PKI_CERTS(rig->root, rig->users));
	rig_write_crls(rig, NULL);
	rig_write_policy(rig, policy);
	rig_write_settings(rig, "");
}

int
rig_set_up(void **state)
{
	write_files(*state);
	rig_start(*state);
	return 0;
}

int
rig_tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->pid != 0)
		rig_stop(rig);
	return 0;
}

/* --- the child --- */

static int child_log_fd;

static void
child_log(void *arg, enum mtls_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	/* libc's own write(), which no test lets fail. */
	if (dprintf(child_log_fd, "%s\n", line) < 0)
		_exit(98);
}

static void
child_ready(const struct server *server)
{
	char device[256], user[256], line[600];

	(void)snprintf(line, sizeof(line), "ready device=%s user=%s",
	    listener_text(server->listeners[ROLE_DEVICE], device,
	    sizeof(device)),
	    listener_text(server->listeners[ROLE_USER], user, sizeof(user)));
	child_log(NULL, MTLS_LOG_NOTICE, line);
}

/*
 * SIGUSR1 fills the disk, SIGUSR2 empties it again: a file size limit of 0,
 * which pipes and sockets do not have.
 */
static void
on_disk(int sig)
{
	struct rlimit limit;
	const char *line = sig == SIGUSR1 ? "disk-full\n" : "disk-empty\n";

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(97);
	limit.rlim_cur = sig == SIGUSR1 ? 0 : limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    dprintf(child_log_fd, "%s", line) < 0)
		_exit(97);
}

static enum mtls_status
child_run(const struct rig *rig, struct mtls_err *err)
{
	static struct mtls_log log = { child_log, NULL, MTLS_LOG_DEBUG };
	struct server_parts parts = { .admin_fd = -1, .log = &log };
	struct settings s;
	enum mtls_status status;
	char path[256];

	memset(&s, 0, sizeof(s));
	parts.config_file = path_of(rig, "verifier.conf", path, sizeof(path));
	status = mtls_tls_new_for_server(&parts.tls, err);
	if (status == MTLS_OK)
		status = settings_read(parts.config_file, &s, err);
	if (status == MTLS_OK)
		status = listener_bind(&s.listen_device,
		    &parts.sockets[ROLE_DEVICE], err);
	if (status == MTLS_OK)
		status = listener_bind(&s.listen_user,
		    &parts.sockets[ROLE_USER], err);
	if (status == MTLS_OK)
		status = loops_bind(&s, &parts, err);
	if (status == MTLS_OK) {
		/* Tests run as anybody. */
		free(s.user);
		s.user = strdup("root");
		status = local_socket_bind(&s, s.admin, SOCK_SEQPACKET,
		    &parts.admin_fd, err);
	}
	if (status == MTLS_OK)
		status = monitor_bind(&s, &parts.monitor, err);
	if (status == MTLS_OK)
		status = generation_new(parts.tls, &s, NULL, NULL,
		    &parts.generation, err);
	if (status != MTLS_OK)
		return status;
	/* What a reload reads says nothing of an account. */
	free(parts.generation->settings.user);
	parts.generation->settings.user = strdup("_mtls-verifier");
	return server_run(&parts, child_ready, err);
}

static void __attribute__((noreturn))
child(const struct rig *rig, int log_fd)
{
	struct mtls_err err;

	/* A test that was ended leaves nothing behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGUSR1, on_disk);
	signal(SIGUSR2, on_disk);
	child_log_fd = log_fd;
	mtls_err_clear(&err);
	if (child_run(rig, &err) == MTLS_OK)
		_exit(0);
	child_log(NULL, MTLS_LOG_ERR, err.text);
	_exit(1);
}

/*
 * More of the log; 0 at its end, or where nothing comes for so long. With calls that
 * fail_nth.c does not know: a test that lets them fail means the child's.
 */
static int
read_log(struct rig *rig, int timeout_ms)
{
	struct pollfd pfd = { rig->log_fd, POLLIN, 0 };
	struct timespec left = { timeout_ms / 1000,
	    timeout_ms % 1000 * 1000000 };
	char more[2048];
	struct iovec iov = { more, sizeof(more) };
	ssize_t n;

	if (ppoll(&pfd, 1, &left, NULL) != 1)
		return 0;
	n = readv(rig->log_fd, &iov, 1);
	if (n <= 0)
		return 0;
	rig->log = reallocarray(rig->log, rig->log_len + (size_t)n + 1, 1);
	assert_non_null(rig->log);
	memcpy(rig->log + rig->log_len, more, (size_t)n);
	rig->log_len += (size_t)n;
	rig->log[rig->log_len] = '\0';
	return 1;
}

const char *
rig_wait_log(struct rig *rig, size_t mark, const char *text)
{
	const char *found;

	do {
		found = rig->log_len <= mark ? NULL :
		    strstr(rig->log + mark, text);
		/* The whole line. */
		if (found != NULL && strchr(found, '\n') != NULL)
			return found;
	} while (read_log(rig, DEADLINE_MS));
	return NULL;
}

int
rig_try_start(struct rig *rig)
{
	const char *ready;
	int fds[2], status;

	assert_int_equal(rig->pid, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	rig->log_len = 0;
	rig->pid = fork();
	assert_true(rig->pid >= 0);
	if (rig->pid == 0) {
		close(fds[0]);
		child(rig, fds[1]);
	}
	close(fds[1]);
	rig->log_fd = fds[0];
	ready = rig_wait_log(rig, 0, "ready device=");
	if (ready == NULL) {
		close(rig->log_fd);
		assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
		rig->pid = 0;
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		return 0;
	}
	assert_int_equal(sscanf(ready, "ready device=127.0.0.1:%d",
	    &rig->ports[ROLE_DEVICE]), 1);
	assert_int_equal(sscanf(strstr(ready, " user="),
	    " user=127.0.0.1:%d", &rig->ports[ROLE_USER]), 1);
	return 1;
}

void
rig_start(struct rig *rig)
{
	if (!rig_try_start(rig))
		fail_msg("%s", rig->log);
}

int
rig_is_alive(struct rig *rig)
{
	/* A full pipe would stop it. */
	while (read_log(rig, 0))
		;
	return waitpid(rig->pid, &rig->status, WNOHANG) == 0;
}

void
rig_stop(struct rig *rig)
{
	int status = -1;

	(void)kill(rig->pid, SIGTERM);
	/* Up to its end, so that its last words do not wait for a reader. */
	while (read_log(rig, DEADLINE_MS))
		;
	if (waitpid(rig->pid, &status, 0) != rig->pid)
		status = rig->status;
	rig->pid = 0;
	close(rig->log_fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("status %#x\n%s", (unsigned)status, rig->log);
}

int
rig_reload(struct rig *rig)
{
	size_t mark = rig->log_len;
	const char *line;

	while (read_log(rig, 1))
		mark = rig->log_len;
	assert_int_equal(kill(rig->pid, SIGHUP), 0);
	line = rig_wait_log(rig, mark, "reload");
	assert_non_null(line);
	return strncmp(line, "reloaded", 8) == 0;
}

/* The newest max records, or all that allow where is_allowed. */
static int
ask_audit(struct rig *rig, size_t max, int is_allowed)
{
	struct mtls_message m = { .type = MTLS_MSG_ADMIN_AUDIT };
	struct mtls_deadline deadline = mtls_deadline_in_ms(DEADLINE_MS);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char allow[] = "allow";
	struct mtls_err err;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	mtls_err_clear(&err);
	path_of(rig, "admin.sock", sa.sun_path, sizeof(sa.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	m.u.admin_audit.limit = (uint32_t)max;
	if (is_allowed)
		m.u.admin_audit.decision = allow;
	assert_int_equal(mtls_message_send(fd, &m, -1, deadline, &err),
	    MTLS_OK);
	return fd;
}

/* The next record; 0 at the end, which closes fd. */
static int
next_record(int fd, struct mtls_message *m, size_t n)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(DEADLINE_MS);
	struct mtls_err err;
	int passed;

	mtls_err_clear(&err);
	assert_int_equal(mtls_message_recv(fd, m, &passed, deadline, &err),
	    MTLS_OK);
	if (m->type == MTLS_MSG_ADMIN_RECORD)
		return 1;
	assert_int_equal(m->type, MTLS_MSG_ADMIN_DONE);
	assert_int_equal(m->u.admin_done.status, MTLS_OK);
	assert_int_equal(m->u.admin_done.n, n);
	mtls_message_clear(m);
	close(fd);
	return 0;
}

size_t
rig_audit(struct rig *rig, char rows[][128], size_t max)
{
	const struct mtls_msg_admin_record *r;
	int fd = ask_audit(rig, max, 0);
	struct mtls_message m;
	size_t n = 0;

	while (next_record(fd, &m, n)) {
		assert_true(n < max);
		r = &m.u.admin_record;
		(void)snprintf(rows[n++], 128, "%s %s %s", r->decision,
		    r->reason, r->user);
		mtls_message_clear(&m);
	}
	return n;
}

size_t
rig_n_allowed(struct rig *rig, const char *request)
{
	int fd = ask_audit(rig, 4096, 1);
	struct mtls_message m;
	size_t n = 0, n_of_it = 0;

	while (next_record(fd, &m, n)) {
		n++;
		if (strcmp(m.u.admin_record.request, request) == 0)
			n_of_it++;
		mtls_message_clear(&m);
	}
	return n_of_it;
}
