/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that decide about logins: every kind that is refused, and why.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/file.h"

#include "../lib/scratch.h"
#include "../lib/unit.h"

#define SOMEBODY 12345		/* an uid that is neither root nor ours */

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

static void
accepted(const char *path, enum mtls_file_kind kind)
{
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	if (mtls_file_open(path, kind, &fd, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
	    O_RDONLY);
	close(fd);
}

/* Refused with CONFIG; the text ends in why. */
static void
refused(const char *path, enum mtls_file_kind kind, const char *why)
{
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	assert_int_equal(mtls_file_open(path, kind, &fd, &err),
	    MTLS_E_CONFIG);
	assert_int_equal(fd, -1);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

static void
ordinary_files_are_read(void **state)
{
	char *data = NULL;
	size_t len = 0;

	(void)state;
	accepted(scratch_text("f", "hello\n"), MTLS_FILE_PUBLIC);
	accepted(scratch_file("f", "x", 1, 0600), MTLS_FILE_PRIVATE);
	accepted(scratch_file("f", "x", 1, 0640), MTLS_FILE_PRIVATE);
	accepted(scratch_file("f", "x", 1, 0755), MTLS_FILE_PROGRAM);
	accepted("/etc/passwd", MTLS_FILE_PUBLIC);
	assert_int_equal(mtls_file_read(scratch_text("f", "hello\n"),
	    MTLS_FILE_PUBLIC, 6, &data, &len, NULL), MTLS_OK);
	assert_int_equal(len, 6);
	assert_string_equal(data, "hello\n");
	mtls_file_data_free(data, len);
	assert_int_equal(mtls_file_read(scratch_text("f", ""),
	    MTLS_FILE_PUBLIC, 6, &data, &len, NULL), MTLS_OK);
	assert_int_equal(len, 0);
	assert_string_equal(data, "");
	mtls_file_data_free(data, len);
	mtls_file_data_free(NULL, 0);
}

static void
T080_modes(void **state)
{
	static const mode_t writable[] = {
		0622, 0602, 0620, 0664, 0646, 0666, 0777
	};

	(void)state;
	for (size_t i = 0; i < sizeof(writable) / sizeof(writable[0]); i++) {
		scratch_file("f", "x", 1, writable[i]);
		refused(scratch_path("f"), MTLS_FILE_PUBLIC,
		    "others can write to it");
		refused(scratch_path("f"), MTLS_FILE_PRIVATE,
		    "others can write to it");
		refused(scratch_path("f"), MTLS_FILE_PROGRAM,
		    "others can write to it");
	}
	refused(scratch_file("f", "x", 1, 0644), MTLS_FILE_PRIVATE,
	    "others can read it");
	refused(scratch_file("f", "x", 1, 0604), MTLS_FILE_PRIVATE,
	    "others can read it");
	refused(scratch_file("f", "x", 1, 0601), MTLS_FILE_PRIVATE,
	    "others can read it");
	refused(scratch_file("f", "x", 1, 04755), MTLS_FILE_PROGRAM,
	    "is set-id");
	refused(scratch_file("f", "x", 1, 02755), MTLS_FILE_PROGRAM,
	    "is set-id");
}

static void
T080_symbolic_links(void **state)
{
	(void)state;
	scratch_text("f", "x");
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	scratch_text("d/f", "x");
	assert_int_equal(symlink("f", scratch_path("link")), 0);
	assert_int_equal(symlink("nothing", scratch_path("dangling")), 0);
	assert_int_equal(symlink("d", scratch_path("dirlink")), 0);
	refused(scratch_path("link"), MTLS_FILE_PUBLIC, "a symbolic link");
	refused(scratch_path("dangling"), MTLS_FILE_PUBLIC,
	    "a symbolic link");
	refused(scratch_path("dirlink/f"), MTLS_FILE_PUBLIC,
	    "dirlink: a symbolic link");
	accepted(scratch_path("d/f"), MTLS_FILE_PUBLIC);
	accepted(scratch_path("d//f"), MTLS_FILE_PUBLIC);
}

static void
T080_not_regular_files(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	refused(scratch_path("fifo"), MTLS_FILE_PUBLIC, "not a regular file");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    scratch_path("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	refused(scratch_path("socket"), MTLS_FILE_PUBLIC,
	    "not a regular file");
	close(fd);
	refused("/dev/null", MTLS_FILE_PUBLIC, "not a regular file");
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	refused(scratch_path("d"), MTLS_FILE_PUBLIC, "not a regular file");
	refused(scratch_path("d/"), MTLS_FILE_PUBLIC, "a directory");
	refused("/", MTLS_FILE_PUBLIC, "a directory");
	scratch_text("f", "x");
	refused(scratch_path("f/"), MTLS_FILE_PUBLIC, "a directory");
	refused(scratch_path("f/x"), MTLS_FILE_PUBLIC, "not a directory");
}

static void
T080_directories_on_the_way(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	scratch_text("d/f", "x");
	assert_int_equal(chmod(scratch_path("d"), 0777), 0);
	refused(scratch_path("d/f"), MTLS_FILE_PUBLIC,
	    "d: others can write to this directory");
	assert_int_equal(chmod(scratch_path("d"), 0775), 0);
	refused(scratch_path("d/f"), MTLS_FILE_PUBLIC,
	    "d: others can write to this directory");
	assert_int_equal(chmod(scratch_path("d"), 0755), 0);
	accepted(scratch_path("d/f"), MTLS_FILE_PUBLIC);
	if (geteuid() != 0)
		return;
	/* As /tmp is. */
	assert_int_equal(chmod(scratch_path("d"), 01777), 0);
	accepted(scratch_path("d/f"), MTLS_FILE_PUBLIC);
	/* Sticky does not bind its owner. */
	assert_int_equal(chown(scratch_path("d"), SOMEBODY, 0), 0);
	refused(scratch_path("d/f"), MTLS_FILE_PUBLIC,
	    "d: belongs to somebody else");
	assert_int_equal(chmod(scratch_path("d"), 0755), 0);
	refused(scratch_path("d/f"), MTLS_FILE_PUBLIC,
	    "d: belongs to somebody else");
}

/* As SOMEBODY: what root owns and what is one's own, nothing else. */
static int
run_as_somebody(void)
{
	int fd;

	if (setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)
		return 1;
	if (mtls_file_open(scratch_path("d/roots"), MTLS_FILE_PUBLIC, &fd,
	    NULL) != MTLS_OK)
		return 2;
	if (mtls_file_open(scratch_path("d/own"), MTLS_FILE_PRIVATE, &fd,
	    NULL) != MTLS_OK)
		return 3;
	if (mtls_file_open(scratch_path("d/other"), MTLS_FILE_PUBLIC, &fd,
	    NULL) != MTLS_E_CONFIG)
		return 4;
	/* A sticky directory of one's own lets others write all the same. */
	if (mtls_file_open(scratch_path("d/sticky/f"), MTLS_FILE_PUBLIC, &fd,
	    NULL) != MTLS_E_CONFIG)
		return 5;
	if (mtls_file_open(scratch_path("d/locked/f"), MTLS_FILE_PUBLIC, &fd,
	    NULL) != MTLS_E_SYSTEM)
		return 6;
	return 0;
}

static void
T080_owners(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_path(""), 0755), 0);
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("d/sticky"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("d/locked"), 0700), 0);
	scratch_text("d/roots", "x");
	scratch_text("d/sticky/f", "x");
	scratch_file("d/own", "x", 1, 0600);
	scratch_text("d/other", "x");
	assert_int_equal(chown(scratch_path("d/own"), SOMEBODY, 0), 0);
	assert_int_equal(chown(scratch_path("d/other"), SOMEBODY + 1, 0), 0);
	assert_int_equal(chown(scratch_path("d/sticky"), SOMEBODY, 0), 0);
	assert_int_equal(chmod(scratch_path("d/sticky"), 01777), 0);
	refused(scratch_path("d/own"), MTLS_FILE_PRIVATE,
	    "belongs to somebody else");
	pid = fork();
	if (pid == 0)
		_exit(run_as_somebody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
T080_size(void **state)
{
	struct mtls_err err;
	char *data = NULL;
	size_t len = 0;
	int fd;

	(void)state;
	scratch_text("f", "0123456789");
	assert_int_equal(mtls_file_read(scratch_path("f"), MTLS_FILE_PUBLIC,
	    9, &data, &len, NULL), MTLS_E_CONFIG);
	assert_null(data);
	fd = open(scratch_path("f"), O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)1 << 30), 0);
	close(fd);
	mtls_err_clear(&err);
	assert_int_equal(mtls_file_read(scratch_path("f"), MTLS_FILE_PUBLIC,
	    256 * 1024, &data, &len, &err), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "larger than 262144 bytes"));
	/* Says that it is empty, and is not. */
	mtls_err_clear(&err);
	assert_int_equal(mtls_file_read("/proc/version", MTLS_FILE_PUBLIC,
	    4096, &data, &len, &err), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "changed while it was read"));
}

static void
T080_names(void **state)
{
	static char too_long[PATH_MAX + 8];
	char component[NAME_MAX + 8];
	struct mtls_err err;
	int fd;

	(void)state;
	scratch_text("f", "x");
	refused("f", MTLS_FILE_PUBLIC, "not an absolute path");
	refused("", MTLS_FILE_PUBLIC, "not an absolute path");
	refused(scratch_path("./f"), MTLS_FILE_PUBLIC, "are not allowed");
	refused(scratch_path("../f"), MTLS_FILE_PUBLIC, "are not allowed");
	refused(scratch_path("."), MTLS_FILE_PUBLIC, "are not allowed");
	memset(component, 'a', sizeof(component));
	component[0] = '/';
	component[NAME_MAX + 2] = '\0';
	refused(component, MTLS_FILE_PUBLIC, "");
	memset(too_long, '/', sizeof(too_long));
	too_long[PATH_MAX] = '\0';
	refused(too_long, MTLS_FILE_PUBLIC, "path too long");
	mtls_err_clear(&err);
	assert_int_equal(mtls_file_open(scratch_path("nothing"),
	    MTLS_FILE_PUBLIC, &fd, &err), MTLS_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "nothing: No such file"));
	mtls_err_clear(&err);
	assert_int_equal(mtls_file_open(scratch_path("no/thing"),
	    MTLS_FILE_PUBLIC, &fd, &err), MTLS_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "no: No such file"));
}

/* A process that swaps "f" between two contents until it is killed. */
static pid_t
start_swapping(const char *a, const char *b, size_t len)
{
	char target[256], next[256];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(target, sizeof(target), "%s", scratch_path("f"));
	snprintf(next, sizeof(next), "%s", scratch_path("next"));
	for (;;) {
		scratch_file("next", a, len, 0644);
		if (rename(next, target) != 0)
			_exit(1);
		scratch_file("next", b, len / 2, 0644);
		if (rename(next, target) != 0)
			_exit(1);
	}
}

static void
T081_swapped_while_it_is_read(void **state)
{
	enum { LEN = 20000 };
	const unsigned runs = under_valgrind() ? 2000 : 100000;
	static char a[LEN], b[LEN];
	unsigned n_a = 0, n_b = 0;
	char *data = NULL;
	size_t len = 0;
	pid_t pid;

	(void)state;
	memset(a, 'a', LEN);
	memset(b, 'b', LEN);
	scratch_file("f", a, LEN, 0644);
	pid = start_swapping(a, b, LEN);
	assert_true(pid > 0);
	for (unsigned i = 0; i < runs; i++) {
		assert_int_equal(mtls_file_read(scratch_path("f"),
		    MTLS_FILE_PUBLIC, LEN, &data, &len, NULL), MTLS_OK);
		if (len == LEN && memcmp(data, a, LEN) == 0)
			n_a++;
		else if (len == LEN / 2 && memcmp(data, b, len) == 0)
			n_b++;
		mtls_file_data_free(data, len);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(n_a + n_b, runs);
	assert_true(n_a > 0 && n_b > 0);
}

static void
directories_by_the_same_rules(void **state)
{
	struct mtls_err err;
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
	assert_int_equal(symlink("d", scratch_path("link")), 0);
	scratch_text("f", "x");
	assert_int_equal(mtls_file_open_dir(scratch_path("d"), &fd, NULL),
	    MTLS_OK);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(mtls_file_open_dir(scratch_path("d/"), &fd, NULL),
	    MTLS_OK);
	close(fd);
	assert_int_equal(mtls_file_open_dir("/", &fd, NULL), MTLS_OK);
	close(fd);
	fd = -1;
	assert_int_equal(mtls_file_open_dir("d", &fd, NULL), MTLS_E_CONFIG);
	assert_int_equal(mtls_file_open_dir(scratch_path("link"), &fd, NULL),
	    MTLS_E_CONFIG);
	assert_int_equal(mtls_file_open_dir(scratch_path("f"), &fd, NULL),
	    MTLS_E_CONFIG);
	assert_int_equal(mtls_file_open_dir(scratch_path("no"), &fd, NULL),
	    MTLS_E_NOT_FOUND);
	assert_int_equal(chmod(scratch_path("d"), 0777), 0);
	mtls_err_clear(&err);
	assert_int_equal(mtls_file_open_dir(scratch_path("d"), &fd, &err),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "others can write"));
	assert_int_equal(fd, -1);
}

#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(ordinary_files_are_read),
		IN_SCRATCH(T080_modes),
		IN_SCRATCH(T080_symbolic_links),
		IN_SCRATCH(T080_not_regular_files),
		IN_SCRATCH(T080_directories_on_the_way),
		IN_SCRATCH(T080_owners),
		IN_SCRATCH(T080_size),
		IN_SCRATCH(T080_names),
		IN_SCRATCH(T081_swapped_while_it_is_read),
		IN_SCRATCH(directories_by_the_same_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
