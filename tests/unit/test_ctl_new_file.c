/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that appear whole or not at all, with every call failing once.
 */
#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_nth.h"
#include "mtlsctl/new_file.h"
#include "scratch.h"

static struct mtls_err err;

static int
begin(void **state)
{
	(void)state;
	mtls_err_clear(&err);
	return scratch_begin();
}

static int
end(void **state)
{
	(void)state;
	return scratch_end();
}

static int
n_files(void)
{
	char path[256];
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "%s", scratch_path("x"));
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

/* Whether the file is exactly this. */
static int
holds(const char *path, const char *text)
{
	char data[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, data, sizeof(data) - 1);
	close(fd);
	return n == (ssize_t)strlen(text) && strcmp(data, text) == 0;
}

static void
written_with_its_mode(void **state)
{
	const char *path = scratch_path("new");
	struct stat st;

	(void)state;
	umask(0777);
	assert_int_equal(new_file_write(path, NEW_FILE_ONLY, 0640, "hello", 5,
	    &err), MTLS_OK);
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(holds(path, "hello"));
	assert_int_equal(n_files(), 1);
}

static void
nothing_is_overwritten(void **state)
{
	const char *path = scratch_text("old", "old");
	struct new_file f = NEW_FILE_NONE;

	(void)state;
	assert_int_equal(new_file_is_free(path, &err), MTLS_E_CONFIG);
	mtls_err_clear(&err);
	assert_int_equal(new_file_write(path, NEW_FILE_ONLY, 0600, "new", 3,
	    &err), MTLS_E_CONFIG);
	assert_true(holds(path, "old"));
	/* It comes between preparing and committing. */
	mtls_err_clear(&err);
	path = scratch_path("late");
	assert_int_equal(new_file_prepare(&f, path, NEW_FILE_ONLY, 0600,
	    "new", 3, &err), MTLS_OK);
	scratch_text("late", "old");
	assert_int_equal(new_file_commit(&f, &err), MTLS_E_CONFIG);
	assert_true(holds(path, "old"));
	assert_int_equal(n_files(), 2);
}

static void
replaced_at_once(void **state)
{
	const char *path = scratch_text("old", "old");
	struct new_file f = NEW_FILE_NONE;

	(void)state;
	assert_int_equal(new_file_prepare(&f, path, NEW_FILE_REPLACE, 0600,
	    "new", 3, &err), MTLS_OK);
	assert_true(holds(path, "old"));
	assert_int_equal(new_file_commit(&f, &err), MTLS_OK);
	assert_true(holds(path, "new"));
	assert_int_equal(n_files(), 1);
}

static void
abandoned(void **state)
{
	struct new_file f = NEW_FILE_NONE;

	(void)state;
	new_file_abandon(&f);
	assert_int_equal(new_file_prepare(&f, scratch_path("new"),
	    NEW_FILE_ONLY, 0600, "new", 3, &err), MTLS_OK);
	assert_int_equal(n_files(), 1);
	new_file_abandon(&f);
	new_file_abandon(&f);
	assert_int_equal(n_files(), 0);
}

static void
no_file_names(void **state)
{
	char path[300];

	(void)state;
	for (const char *const *name = (const char *const []){ "", ".", "..",
	    "no/where", "text/x", NULL }; *name != NULL; name++) {
		scratch_text("text", "a file");
		snprintf(path, sizeof(path), "%s", scratch_path(*name));
		mtls_err_clear(&err);
		if (new_file_write(path, NEW_FILE_REPLACE, 0600, "x", 1,
		    &err) == MTLS_OK)
			fail_msg("%s", path);
	}
	mtls_err_clear(&err);
	assert_int_equal(mkdir(scratch_path("dir"), 0700), 0);
	assert_int_equal(new_file_write(scratch_path("dir"), NEW_FILE_REPLACE,
	    0600, "x", 1, &err), MTLS_E_CONFIG);
	assert_int_equal(n_files(), 2);
}

static int
replace_once(void *arg)
{
	struct mtls_err why;
	int good;

	mtls_err_clear(&why);
	good = new_file_write(arg, NEW_FILE_REPLACE, 0600, "new", 3, &why) ==
	    MTLS_OK;
	fail_nth_pause();
	/* Old or new, and nothing else in the directory. */
	if (!(good ? holds(arg, "new") : holds(arg, "old")) ||
	    n_files() != 1 || good != (why.status == MTLS_OK))
		fail_msg("good %d, %d files: %s", good, n_files(), why.text);
	fail_nth_resume();
	return good;
}

static void
every_call_fails_once(void **state)
{
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s", scratch_text("old", "old"));
	assert_true(fail_nth_sweep(replace_once, path, NULL) >= 4);
	assert_true(holds(path, "new"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written_with_its_mode, begin,
		    end),
		cmocka_unit_test_setup_teardown(nothing_is_overwritten, begin,
		    end),
		cmocka_unit_test_setup_teardown(replaced_at_once, begin, end),
		cmocka_unit_test_setup_teardown(abandoned, begin, end),
		cmocka_unit_test_setup_teardown(no_file_names, begin, end),
		cmocka_unit_test_setup_teardown(every_call_fails_once, begin,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
