/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory for a PIN: wiped, fenced in, never larger than it was made.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtls/secret.h"

#include "../lib/unit.h"

static const uint8_t zeros[64];

/* Writes one datagram and reads it as a secret. */
static enum mtls_status
through_socket(struct mtls_secret *s, const void *data, size_t len)
{
	enum mtls_status status;
	int fds[2];

	assert_int_equal(mtls_message_socketpair(fds, NULL), MTLS_OK);
	assert_int_equal(send(fds[0], data, len, 0), (ssize_t)len);
	status = mtls_secret_read(s, fds[1], 10000, NULL);
	close(fds[0]);
	close(fds[1]);
	return status;
}

static void
capacity_has_limits(void **state)
{
	static const size_t good[] = { 1, 64, 4095, 4096 };
	struct mtls_secret *s;

	(void)state;
	assert_null(mtls_secret_new(0));
	assert_null(mtls_secret_new(4097));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		s = mtls_secret_new(good[i]);
		assert_non_null(s);
		assert_int_equal(mtls_secret_capacity(s), good[i]);
		assert_int_equal(mtls_secret_len(s), 0);
		assert_int_equal(mtls_secret_bytes0(s)[good[i]], 0);
		mtls_secret_free(s);
	}
	mtls_secret_free(NULL);
}

static void
T105_a_datagram_is_taken_whole_or_not_at_all(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);
	const uint8_t *bytes = mtls_secret_bytes0(s);

	(void)state;
	assert_int_equal(through_socket(s, "123456", 6), MTLS_OK);
	assert_int_equal(mtls_secret_len(s), 6);
	assert_memory_equal(bytes, "123456", 7);
	assert_int_equal(through_socket(s, "12345678", 8), MTLS_OK);
	assert_int_equal(mtls_secret_len(s), 8);
	assert_memory_equal(bytes, "12345678", 9);
	assert_int_equal(through_socket(s, "123456789", 9), MTLS_E_USAGE);
	assert_int_equal(mtls_secret_len(s), 0);
	assert_memory_equal(bytes, zeros, 9);
	assert_int_equal(through_socket(s, "0123456789", 10), MTLS_E_USAGE);
	assert_memory_equal(bytes, zeros, 9);
	mtls_secret_free(s);
}

static void
clear_wipes(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);

	(void)state;
	assert_int_equal(through_socket(s, "12345678", 8), MTLS_OK);
	mtls_secret_clear(s);
	assert_int_equal(mtls_secret_len(s), 0);
	assert_memory_equal(mtls_secret_bytes0(s), zeros, 9);
	/* A shorter one leaves nothing of the longer one behind it. */
	assert_int_equal(through_socket(s, "12345678", 8), MTLS_OK);
	assert_int_equal(through_socket(s, "12", 2), MTLS_OK);
	assert_memory_equal(mtls_secret_bytes0(s), "12\0\0\0\0\0\0", 9);
	mtls_secret_free(s);
}

static void
end_of_file_and_silence(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);
	struct mtls_err err;
	int fds[2];

	(void)state;
	assert_int_equal(through_socket(s, "", 0), MTLS_E_CLOSED);
	assert_int_equal(mtls_message_socketpair(fds, NULL), MTLS_OK);
	mtls_err_clear(&err);
	assert_int_equal(mtls_secret_read(s, fds[1], 1, &err),
	    MTLS_E_TIMEOUT);
	assert_int_equal(mtls_secret_read(s, fds[1], -1, NULL),
	    MTLS_E_TIMEOUT);
	close(fds[0]);
	assert_int_equal(mtls_secret_read(s, fds[1], 10000, NULL),
	    MTLS_E_CLOSED);
	close(fds[1]);
	assert_int_equal(mtls_secret_read(s, fds[1], 10000, NULL),
	    MTLS_E_SYSTEM);
	mtls_secret_free(s);
}

static void
a_pipe_will_do(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "1234", 4), 4);
	assert_int_equal(mtls_secret_read(s, fds[0], 10000, NULL), MTLS_OK);
	assert_memory_equal(mtls_secret_bytes0(s), "1234", 5);
	close(fds[0]);
	close(fds[1]);
	mtls_secret_free(s);
}

/* Whether touching the byte kills; in a child. */
static int
faults(const uint8_t *p)
{
	struct rlimit no_core = { 0, 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		(void)*(const volatile uint8_t *)p;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void
guard_pages_fault(void **state)
{
	struct mtls_secret *s = mtls_secret_new(64);
	const uint8_t *p = mtls_secret_bytes0(s);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_false(faults(p));
	assert_false(faults(p + 64));
	assert_true(faults(p + 65));
	assert_true(faults(p + 64 - page));
	mtls_secret_free(s);
}

static void
a_forked_child_finds_nothing(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(through_socket(s, "12345678", 8), MTLS_OK);
	pid = fork();
	if (pid == 0)
		_exit(memcmp(mtls_secret_bytes0(s), zeros, 9) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_memory_equal(mtls_secret_bytes0(s), "12345678", 9);
	mtls_secret_free(s);
}

/* The VmFlags line of the mapping that holds p. */
static void
mapping_flags(const void *p, char *out, size_t size)
{
	unsigned long first, last;
	char line[512];
	int inside = 0;
	FILE *f = fopen("/proc/self/smaps", "r");

	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
			inside = (unsigned long)p >= first &&
			    (unsigned long)p < last;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(out, size, "%s", line + 8);
	}
	fclose(f);
}

static void
T109_locked_and_out_of_dumps(void **state)
{
	struct mtls_secret *s = mtls_secret_new(8);
	char flags[512];

	(void)state;
	mapping_flags(mtls_secret_bytes0(s), flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd"));	/* do not dump */
	assert_non_null(strstr(flags, " wf"));	/* wipe on fork */
	if (!UNDER_ASAN)
		assert_non_null(strstr(flags, " lo"));	/* locked */
	mtls_secret_free(s);
}

static void
no_limit_for_locked_memory_is_no_failure(void **state)
{
	struct rlimit before, none;
	struct mtls_secret *s;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	s = mtls_secret_new(8);
	assert_non_null(s);
	assert_int_equal(through_socket(s, "1234", 4), MTLS_OK);
	mtls_secret_free(s);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
}

static void
comparison(void **state)
{
	struct mtls_secret *a = mtls_secret_new(8);
	struct mtls_secret *b = mtls_secret_new(16);
	uint8_t x[32], y[32];

	(void)state;
	assert_true(mtls_secret_equal(a, b));
	assert_int_equal(through_socket(a, "1234", 4), MTLS_OK);
	assert_int_equal(through_socket(b, "1234", 4), MTLS_OK);
	assert_true(mtls_secret_equal(a, b));
	assert_int_equal(through_socket(b, "12345", 5), MTLS_OK);
	assert_false(mtls_secret_equal(a, b));
	assert_int_equal(through_socket(b, "1235", 4), MTLS_OK);
	assert_false(mtls_secret_equal(a, b));
	mtls_secret_free(a);
	mtls_secret_free(b);

	memset(x, 7, sizeof(x));
	memset(y, 7, sizeof(y));
	assert_true(mtls_bytes_equal(x, y, sizeof(x)));
	for (size_t bit = 0; bit < 8 * sizeof(x); bit++) {
		y[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(mtls_bytes_equal(x, y, sizeof(x)));
		y[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(mtls_bytes_equal(x, y, 0));
}

static void
erasers(void **state)
{
	char array[8] = "1234567";
	char text[] = "1234567";
	char *pointer = text;
	char *nothing = NULL;

	(void)state;
	mtls_wipe_array(array);
	assert_memory_equal(array, zeros, sizeof(array));
	mtls_wipe_string(pointer);
	assert_memory_equal(text, zeros, sizeof(text));
	mtls_wipe_string(nothing);
	mtls_wipe(NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capacity_has_limits),
		cmocka_unit_test(
		    T105_a_datagram_is_taken_whole_or_not_at_all),
		cmocka_unit_test(clear_wipes),
		cmocka_unit_test(end_of_file_and_silence),
		cmocka_unit_test(a_pipe_will_do),
		cmocka_unit_test(guard_pages_fault),
		cmocka_unit_test(a_forked_child_finds_nothing),
		cmocka_unit_test(T109_locked_and_out_of_dumps),
		cmocka_unit_test(no_limit_for_locked_memory_is_no_failure),
		cmocka_unit_test(comparison),
		cmocka_unit_test(erasers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
