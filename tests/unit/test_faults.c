/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-140 for common/: each scenario with each of its calls into libc failing
 * once; then clocks, random bytes and interrupted calls that misbehave.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/body.h"
#include "mtls/conf.h"
#include "mtls/deadline.h"
#include "mtls/file.h"
#include "mtls/helper_channel.h"
#include "mtls/log.h"
#include "mtls/message.h"
#include "mtls/process.h"
#include "mtls/random.h"
#include "mtls/secret.h"
#include "mtls/spawn.h"

#include "mtls/fd.h"

#include "../lib/fail_nth.h"
#include "../lib/sample.h"
#include "../lib/scratch.h"
#include "../lib/unit.h"

#define SOON mtls_deadline_in_ms(20000)

static struct mtls_err err;

/* A scenario has failed: there is a reason for it, and a sentence. */
static int
failed(void)
{
	assert_int_not_equal(err.status, MTLS_OK);
	assert_true(strlen(err.text) > 0);
	return 0;
}

static int
codec(void *arg)
{
	const struct mtls_message *m = arg;
	struct mtls_message again = { .type = MTLS_MSG_NONE };
	uint8_t *data = NULL;
	size_t len = 0;
	int ok;

	mtls_err_clear(&err);
	ok = mtls_message_encode(m, &data, &len, &err) == MTLS_OK &&
	    mtls_message_decode(data, len, &again, &err) == MTLS_OK;
	if (!ok)
		assert_int_equal(again.type, MTLS_MSG_NONE);
	mtls_message_data_free(data, len);
	mtls_message_clear(&again);
	return ok ? 1 : failed();
}

static void
T140_message_codec(void **state)
{
	struct mtls_message m;
	unsigned swept = 0;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		sample_message(&m, *t, SAMPLE_SMALL);
		swept += fail_nth_sweep(codec, &m, NULL);
		mtls_message_clear(&m);
	}
	assert_true(swept > 80);
}

static int
copies(void *arg)
{
	struct mtls_bytes bytes = { 0, NULL };
	char *text = NULL;
	int ok;

	(void)arg;
	mtls_err_clear(&err);
	ok = mtls_text_dup(&text, "alice", &err) == MTLS_OK &&
	    mtls_bytes_dup(&bytes, "alice", 5, &err) == MTLS_OK;
	assert_int_equal(bytes.len, ok ? 5 : 0);
	free(text);
	free(bytes.data);
	return ok ? 1 : failed();
}

static void
T140_copies(void **state)
{
	(void)state;
	assert_int_equal(fail_nth_sweep(copies, NULL, NULL), 2);
}

/* One message through a socket pair, with a descriptor where one belongs. */
static int
transport(void *arg)
{
	struct mtls_message again = { .type = MTLS_MSG_NONE };
	const struct mtls_message *m = arg;
	int fds[2] = { -1, -1 };
	int fd = -1;
	int ok;

	mtls_err_clear(&err);
	ok = mtls_message_socketpair(fds, &err) == MTLS_OK &&
	    mtls_message_send(fds[0], m,
	    m->type == MTLS_MSG_ASK_SECRET ? 1 : -1, SOON, &err) ==
	    MTLS_OK &&
	    mtls_message_recv(fds[1], &again, &fd, SOON, &err) == MTLS_OK;
	assert_int_equal(fd >= 0, ok && m->type == MTLS_MSG_ASK_SECRET);
	assert_int_equal(again.type, ok ? m->type : MTLS_MSG_NONE);
	mtls_message_clear(&again);
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (fd >= 0)
		close(fd);
	return ok ? 1 : failed();
}

static void
T140_messages_through_a_socket(void **state)
{
	struct mtls_message m;

	(void)state;
	sample_message(&m, MTLS_MSG_RESULT, SAMPLE_SMALL);
	assert_true(fail_nth_sweep(transport, &m, NULL) > 10);
	mtls_message_clear(&m);
	sample_message(&m, MTLS_MSG_ASK_SECRET, SAMPLE_SMALL);
	assert_true(fail_nth_sweep(transport, &m, NULL) > 8);
	mtls_message_clear(&m);
}

static int
body(void *arg)
{
	enum mtls_body_type type = *(enum mtls_body_type *)arg;
	union sample_any_body value, again;
	char *json = NULL, *whole = NULL;
	size_t len = 0;
	int ok;

	mtls_err_clear(&err);
	fail_nth_pause();
	memset(&again, 0, sizeof(again));
	sample_body(&value, type, SAMPLE_SMALL);
	assert_int_equal(mtls_body_format(type, &value, &whole, &len, &err),
	    MTLS_OK);
	fail_nth_resume();
	mtls_err_clear(&err);
	ok = mtls_body_format(type, &value, &json, &len, &err) == MTLS_OK;
	/* A part of a body would be worse than none. */
	if (ok)
		assert_string_equal(json, whole);
	ok = ok && mtls_body_parse(type, json, len, &again, &err) == MTLS_OK;
	free(whole);
	mtls_body_clear(type, &value);
	mtls_body_clear(type, &again);
	free(json);
	/* jansson does not say of every failure that it was memory. */
	if (!ok && err.status != MTLS_E_PROTOCOL)
		assert_int_equal(err.status, MTLS_E_MEMORY);
	return ok ? 1 : failed();
}

static void
T140_bodies(void **state)
{
	enum mtls_body_type type;
	unsigned swept = 0;

	(void)state;
	/* jansson's memory fails with ours; its hash seed is drawn before. */
	json_object_seed(1);
	json_set_alloc_funcs(malloc, free);
	for (int t = 0; t < MTLS_BODY_COUNT; t++) {
		type = (enum mtls_body_type)t;
		swept += fail_nth_sweep(body, &type, NULL);
	}
	assert_true(swept > 200);
}

struct settings {
	char *text;
	char *path;
	struct mtls_conf_list list;
	uint32_t number;
};

static const struct mtls_conf_option table[] = {
	{ "a", "text", offsetof(struct settings, text), MTLS_CONF_TEXT,
	    "default", 0, 9, 0, NULL, "" },
	{ "a", "path", offsetof(struct settings, path), MTLS_CONF_PATH,
	    "/default", 0, 0, 0, NULL, "" },
	{ "a", "list", offsetof(struct settings, list), MTLS_CONF_LIST,
	    "x, y", 0, 9, 0, NULL, "" },
	{ "a", "number", offsetof(struct settings, number),
	    MTLS_CONF_NUMBER, "1", 0, 9, MTLS_CONF_REQUIRED, NULL, "" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

struct reading {
	struct settings settings;
	struct mtls_conf_seen seen;
};

static enum mtls_status
take(void *arg, const char *section, const char *name, const char *value,
    int line, struct mtls_err *why)
{
	struct reading *r = arg;

	(void)line;
	return mtls_conf_set(table, &r->settings, &r->seen, section, name,
	    value, why);
}

static int
configuration(void *arg)
{
	struct reading r;
	int ok;

	memset(&r, 0, sizeof(r));
	mtls_err_clear(&err);
	ok = mtls_conf_init(table, NULL, &r.settings, &err) == MTLS_OK &&
	    mtls_conf_read(arg, take, &r, &err) == MTLS_OK &&
	    mtls_conf_check(table, &r.seen, NULL, &err) == MTLS_OK;
	if (ok) {
		assert_string_equal(r.settings.text, "t");
		assert_string_equal(r.settings.path, "/p");
		assert_int_equal(r.settings.list.n, 3);
		assert_int_equal(r.settings.number, 7);
	}
	mtls_conf_done(table, NULL, &r.settings);
	return ok ? 1 : failed();
}

static char *
conf_file(void)
{
	return (char *)(uintptr_t)scratch_text("conf", "[a]\ntext = t\n"
	    "path = /p\nlist = 1, 2, 3\nnumber = 7\n");
}

static void
T140_settings(void **state)
{
	(void)state;
	assert_true(fail_nth_sweep(configuration, conf_file(), NULL) > 20);
}

static int
directory(void *arg)
{
	int fd = -1;

	mtls_err_clear(&err);
	if (mtls_file_open_dir(arg, &fd, &err) != MTLS_OK)
		return failed();
	close(fd);
	return 1;
}

static void
T140_directories(void **state)
{
	char root[] = "/";

	(void)state;
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	assert_true(fail_nth_sweep(directory,
	    (char *)(uintptr_t)scratch_path("d"), NULL) > 4);
	assert_true(fail_nth_sweep(directory, root, NULL) > 2);
}

/* Mappings of this process. */
static int
n_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static int
put(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = write(fd, data, len);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static int
secret(void *arg)
{
	struct mtls_secret *s = mtls_secret_new(8);
	int fds[2] = { -1, -1 };
	int ok = 0;

	(void)arg;
	mtls_err_clear(&err);
	if (s == NULL)
		return 0;
	if (mtls_message_socketpair(fds, &err) == MTLS_OK) {
		ok = put(fds[0], "1234", 4);
		ok = ok && mtls_secret_read(s, fds[1], 20000, &err) ==
		    MTLS_OK;
		close(fds[0]);
		close(fds[1]);
	}
	assert_int_equal(mtls_secret_len(s), ok ? 4 : 0);
	mtls_secret_free(s);
	return ok;
}

static void
T140_secrets(void **state)
{
	/* A secret that is there is read, whatever the time is. */
	static const char *const tolerated[] = { "clock_gettime", NULL };
	int before;

	(void)state;
	assert_true(secret(NULL));
	before = n_mappings();
	assert_true(fail_nth_sweep(secret, NULL, tolerated) > 5);
	assert_in_range(n_mappings(), 1, before + 2);
	fail_nth_storm(1);
	assert_true(secret(NULL));
	fail_nth_storm(0);
}

static int log_lines;

static void
count_line(void *arg, enum mtls_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	log_lines += strlen(line) > 0;
}

static int
logging(void *arg)
{
	const struct mtls_log log = { count_line, NULL, MTLS_LOG_DEBUG };

	(void)arg;
	log_lines = 0;
	mtls_log_event(&log, MTLS_LOG_ERR, "x", MTLS_KEY_USER, "alice",
	    MTLS_KEY_END);
	assert_true(log_lines > 0);
	log_lines = 0;
	mtls_log_err(&log, MTLS_LOG_ERR, "x", &err, MTLS_KEY_USER, "alice",
	    MTLS_KEY_END);
	return log_lines > 0;
}

static void
T140_a_log_line_without_memory(void **state)
{
	static const char *const tolerated[] = { "malloc", NULL };

	(void)state;
	assert_int_equal(fail_nth_sweep(logging, NULL, tolerated), 2);
}

/* A whole life of a child; the scenario succeeds if it heard of it. */
static int
spawning(void *arg)
{
	char name[] = "probe", mode[] = "wait";
	char *const argv[] = { name, mode, NULL };
	char *const envp[] = { NULL };
	struct mtls_child child = MTLS_CHILD_NONE;
	int fds[2] = { -1, -1 };
	char c[8];
	ssize_t n = 0;
	int ok;

	(void)arg;
	mtls_err_clear(&err);
	ok = mtls_message_socketpair(fds, &err) == MTLS_OK;
	if (!ok)
		return failed();
	ok = mtls_spawn(PROBE, argv, envp, fds[1], &child, &err) == MTLS_OK;
	close(fds[1]);
	if (ok) {
		while ((n = recv(fds[0], c, sizeof(c), 0)) < 0 &&
		    errno == EINTR)
			;
	}
	if (ok && n != (ssize_t)sizeof(c)) {
		ok = 0;
		(void)!mtls_fail(&err, MTLS_E_CLOSED, "end of file");
	}
	close(fds[0]);
	mtls_child_end(&child, 20000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	return ok ? 1 : failed();
}

static void
T140_spawning(void **state)
{
	/* Some is in the child, some only when it is ended. */
	static const char *const tolerated[] = {
		"poll", "clock_gettime", "syscall", "prctl", NULL
	};

	(void)state;
	assert_true(fail_nth_sweep(spawning, NULL, tolerated) > 20);
}

static int
connecting(void *arg)
{
	struct mtls_helper_channel channel = MTLS_HELPER_CHANNEL_NONE;

	mtls_err_clear(&err);
	if (mtls_helper_channel_open(arg, SOON, &channel, &err) != MTLS_OK)
		return failed();
	assert_int_equal(channel.child.pid, 0);
	mtls_helper_channel_close(&channel);
	return 1;
}

static void
T140_connecting(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)state;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", scratch_path("s"));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 100), 0);
	assert_true(fail_nth_sweep(connecting, a.sun_path, NULL) > 5);
	fail_nth_storm(1);
	assert_true(connecting(a.sun_path));
	fail_nth_storm(0);
	close(fd);
}

/* Nobody listens: root starts the program, which is not there. */
static int
starting(void *arg)
{
	struct mtls_helper_channel channel = MTLS_HELPER_CHANNEL_NONE;

	mtls_err_clear(&err);
	if (mtls_helper_channel_open(arg, SOON, &channel, &err) != MTLS_OK) {
		assert_int_equal(channel.socket_fd, -1);
		assert_int_equal(channel.child.pid, 0);
		return failed();
	}
	assert_true(channel.child.pid > 0);
	mtls_helper_channel_close(&channel);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	return 1;
}

static void
T140_starting_where_nobody_listens(void **state)
{
	/* In the child, or when it is ended: the channel was there. */
	static const char *const tolerated[] = {
		"poll", "clock_gettime", "syscall", "prctl", "fcntl",
		"dup2", "setsid", NULL
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(fail_nth_sweep(starting,
	    (char *)(uintptr_t)scratch_path("nothing"), tolerated) > 10);
}

/* A child does it, with the nth call failing: 0 done, 1 refused, 2 over. */
static int
in_child(enum mtls_status (*fn)(void), unsigned nth)
{
	pid_t pid = fork();
	enum mtls_status status;
	int how;

	if (pid == 0) {
		fail_nth_start(nth);
		status = fn();
		fail_nth_stop();
		if (fail_nth_failed() == NULL)
			_exit(status == MTLS_OK ? 2 : 3);
		_exit(status == MTLS_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static enum mtls_status
harden(void)
{
	return mtls_process_harden(2, NULL);
}

static enum mtls_status
become(void)
{
	return mtls_process_become("nobody", NULL);
}

static void
T140_process_hygiene(void **state)
{
	unsigned nth;
	int how;

	(void)state;
	for (nth = 1; (how = in_child(harden, nth)) != 2; nth++)
		assert_int_equal(how, 1);
	assert_true(nth > 60);
	if (geteuid() != 0)
		skip();
	for (nth = 1; (how = in_child(become, nth)) != 2; nth++)
		assert_int_equal(how, 1);
	assert_true(nth > 8);
}

static void
T141_random_bytes_or_none(void **state)
{
	static const uint8_t zeros[32];
	uint8_t a[300], b[300];

	(void)state;
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_int_equal(mtls_random(a, sizeof(a), NULL), MTLS_OK);
	assert_int_equal(mtls_random(b, sizeof(b), NULL), MTLS_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	for (size_t i = 0; i + 32 <= sizeof(a); i += 32)
		assert_memory_not_equal(a + i, zeros, 32);
	assert_int_equal(mtls_random(a, 0, NULL), MTLS_OK);

	fail_nth_call("getrandom", ENOSYS);
	mtls_err_clear(&err);
	memset(a, 0x5a, sizeof(a));
	assert_int_equal(mtls_random(a, 32, &err), MTLS_E_SYSTEM);
	assert_memory_equal(a, zeros, 32);
	assert_int_equal(err.sys_errno, ENOSYS);

	/* One byte at a time, then no more: what there is goes. */
	fail_nth_short(1);
	assert_int_equal(mtls_random(a, 32, NULL), MTLS_OK);
	assert_memory_not_equal(a + 16, zeros, 16);
	fail_nth_start(7);
	assert_int_equal(mtls_random(a, 32, NULL), MTLS_E_SYSTEM);
	fail_nth_stop();
	assert_memory_equal(a, zeros, 32);
	fail_nth_short(0);
	fail_nth_storm(1);
	assert_int_equal(mtls_random(a, 32, NULL), MTLS_OK);
	fail_nth_storm(0);
	/* A kernel that gives nothing, and says that this is fine. */
	fail_nth_call("getrandom", 0);
	assert_int_equal(mtls_random(a, 32, NULL), MTLS_E_SYSTEM);
}

static void
T124_descriptors_are_moved_above_2(void **state)
{
	int fd = dup(0);
	int saved = dup(2);

	(void)state;
	assert_true(fd > 2);
	assert_int_equal(mtls_fd_above_2(fd), fd);
	errno = EDOM;
	assert_int_equal(mtls_fd_above_2(-1), -1);
	assert_int_equal(errno, EDOM);
	/* 2 itself moves, and is free afterwards. */
	fd = mtls_fd_above_2(2);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(2, F_GETFD), -1);
	assert_int_equal(dup2(saved, 2), 2);
	close(fd);
	/* Where it cannot move it is closed, and the reason is kept. */
	fail_nth_call("fcntl", EMFILE);
	assert_int_equal(mtls_fd_above_2(2), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(fcntl(2, F_GETFD), -1);
	assert_int_equal(dup2(saved, 2), 2);
	close(saved);
}

static void
T142_without_a_clock_all_deadlines_have_passed(void **state)
{
	struct mtls_deadline d = mtls_deadline_in_ms(60000);
	struct mtls_message m;
	int fds[2], fd;

	(void)state;
	fail_nth_call("clock_gettime", EINVAL);
	assert_int_equal(mtls_clock_ms(), -1);
	fail_nth_call("clock_gettime", EINVAL);
	assert_int_equal(mtls_clock_us(), -1);
	fail_nth_call("clock_gettime", EINVAL);
	assert_int_equal(mtls_deadline_left_ms(d), 0);
	fail_nth_call("clock_gettime", EINVAL);
	d = mtls_deadline_in_ms(60000);
	assert_int_equal(d.at_ms, 0);
	assert_int_equal(mtls_deadline_left_ms(d), 0);

	/* Not even a message that is already there is taken. */
	assert_int_equal(mtls_message_socketpair(fds, NULL), MTLS_OK);
	sample_message(&m, MTLS_MSG_ASK, SAMPLE_SMALL);
	assert_int_equal(mtls_message_send(fds[0], &m, -1, SOON, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	d = SOON;
	fail_nth_call("clock_gettime", EINVAL);
	assert_int_equal(mtls_message_recv(fds[1], &m, &fd, d, NULL),
	    MTLS_E_TIMEOUT);
	close(fds[0]);
	close(fds[1]);
}

static void
T142_a_clock_that_jumps(void **state)
{
	struct mtls_deadline far = { mtls_clock_ms() + INT32_MAX };
	struct mtls_deadline past = { mtls_clock_ms() - 1 };

	(void)state;
	/* Forwards: passed. Backwards: still what poll(2) can take. */
	assert_int_equal(mtls_deadline_left_ms(past), 0);
	assert_true(mtls_deadline_left_ms(far) > 0);
}

static void
T070_every_call_is_interrupted(void **state)
{
	enum mtls_body_type type = MTLS_BODY_GRANT;
	char *conf = conf_file();
	struct mtls_message m;

	(void)state;
	sample_message(&m, MTLS_MSG_ASK_SECRET, SAMPLE_SMALL);
	fail_nth_storm(1);
	assert_true(transport(&m));
	assert_true(body(&type));
	assert_true(configuration(conf));
	assert_true(spawning(NULL));
	fail_nth_storm(0);
	mtls_message_clear(&m);
}

static void
T070_reads_of_one_byte(void **state)
{
	char *conf = conf_file();

	(void)state;
	fail_nth_short(1);
	assert_true(configuration(conf));
	fail_nth_short(0);
}

static void
T143_the_reason_is_the_kernels(void **state)
{
	static const struct {
		const char *call;
		int number;
	} cases[] = {
		{ "sendmsg", ENOBUFS }, { "sendmsg", ENOSPC },
		{ "recvmsg", ENOMEM }, { "socketpair", EMFILE },
		{ "socketpair", ENFILE }, { "poll", ENOMEM },
	};
	struct mtls_message m;

	(void)state;
	sample_message(&m, MTLS_MSG_RESULT, SAMPLE_SMALL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fail_nth_call(cases[i].call, cases[i].number);
		assert_false(transport(&m));
		assert_int_equal(err.status, MTLS_E_SYSTEM);
		assert_int_equal(err.sys_errno, cases[i].number);
	}
	fail_nth_call("malloc", ENOMEM);
	assert_false(transport(&m));
	assert_int_equal(err.status, MTLS_E_MEMORY);
	/* A full queue is waited for, not failed. */
	fail_nth_call("sendmsg", EAGAIN);
	assert_true(transport(&m));
	mtls_message_clear(&m);
	fail_nth_call("clone3", EAGAIN);
	assert_false(spawning(NULL));
	assert_int_equal(err.sys_errno, EAGAIN);
	fail_nth_call("read", EIO);
	assert_false(configuration(conf_file()));
	assert_int_equal(err.status, MTLS_E_SYSTEM);
}

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	return scratch_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_message_codec),
		cmocka_unit_test(T140_copies),
		cmocka_unit_test(T140_messages_through_a_socket),
		cmocka_unit_test(T140_bodies),
		IN_SCRATCH(T140_settings),
		IN_SCRATCH(T140_directories),
		cmocka_unit_test(T140_secrets),
		cmocka_unit_test(T140_a_log_line_without_memory),
		cmocka_unit_test(T140_spawning),
		IN_SCRATCH(T140_connecting),
		IN_SCRATCH(T140_starting_where_nobody_listens),
		cmocka_unit_test(T140_process_hygiene),
		cmocka_unit_test(T141_random_bytes_or_none),
		cmocka_unit_test(T124_descriptors_are_moved_above_2),
		cmocka_unit_test(
		    T142_without_a_clock_all_deadlines_have_passed),
		cmocka_unit_test(T142_a_clock_that_jumps),
		IN_SCRATCH(T070_every_call_is_interrupted),
		IN_SCRATCH(T070_reads_of_one_byte),
		IN_SCRATCH(T143_the_reason_is_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
