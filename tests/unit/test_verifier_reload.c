/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A reload that takes long: it asks for a group whose directory does not
 * answer until the test lets it. Nobody else waits for that.
 */
#include "config.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "verifier_rig.h"

#include "../lib/unit.h"

#define MAP "map issuer \"CN=Acme Users CA,O=Acme\" take san:upn realm " \
	"acme.example\n"
#define FOR_BOB MAP "allow user bob\n"
#define HELD_UP MAP "allow group held-up\nallow user bob\n"

/* Between the test and the verifier, which is a child of it. */
static int asked[2], answer[2];

int __real_getgrnam_r(const char *name, struct group *entry, char *buffer,
    size_t size, struct group **ret);
int __wrap_getgrnam_r(const char *name, struct group *entry, char *buffer,
    size_t size, struct group **ret);

/* The answer is '+' for "there is one" and '-' for "there is none". */
int
__wrap_getgrnam_r(const char *name, struct group *entry, char *buffer,
    size_t size, struct group **ret)
{
	struct pollfd pfd = { answer[0], POLLIN, 0 };
	char c;

	if (strcmp(name, "held-up") != 0)
		return __real_getgrnam_r(name, entry, buffer, size, ret);
	*ret = NULL;
	/* Where everybody waits for this, the test ends all the same. */
	if (write(asked[1], "?", 1) != 1 || poll(&pfd, 1, 20000) != 1 ||
	    read(answer[0], &c, 1) != 1)
		return 0;
	if (c == '+') {
		memset(entry, 0, sizeof(*entry));
		entry->gr_gid = 4711;
		*ret = entry;
	}
	return 0;
}

static void
wait_until_asked(void)
{
	char c;

	assert_int_equal(read(asked[0], &c, 1), 1);
}

static void
let_it(const char *what)
{
	assert_int_equal(write(answer[1], what, 1), 1);
}

/* The reload is in the middle of it when this returns. */
static size_t
begin_reload(struct rig *rig)
{
	size_t mark;

	rig_write_settings(rig, RIG_NO_LIMITS);
	assert_true(rig_reload(rig));
	mark = rig->log_len;
	rig_write_policy(rig, HELD_UP);
	assert_int_equal(kill(rig->pid, SIGHUP), 0);
	wait_until_asked();
	return mark;
}

static void
nobody_waits_for_a_reload(void **state)
{
	struct rig *rig = *state;
	size_t mark = begin_reload(rig);

	for (int i = 0; i < 3; i++)
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    "allow");
	let_it("+");
	assert_non_null(rig_wait_log(rig, mark, "reloaded"));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "no-rule");
	assert_string_equal(rig_login(rig, rig->bob,
	    &(struct rig_open){ .user = "bob" }), "allow");
}

static void
T182_the_old_stays_where_the_new_fails_late(void **state)
{
	struct rig *rig = *state;
	size_t mark = begin_reload(rig);

	let_it("-");
	assert_non_null(rig_wait_log(rig, mark, "reload-failed"));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* What was changed while a reload had read it already is read again. */
static void
a_signal_in_a_reload_is_not_lost(void **state)
{
	struct rig *rig = *state;
	size_t mark = begin_reload(rig);
	const char *line;

	rig_write_policy(rig, FOR_BOB);
	assert_int_equal(kill(rig->pid, SIGHUP), 0);
	assert_int_equal(kill(rig->pid, SIGHUP), 0);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	let_it("-");
	line = rig_wait_log(rig, mark, "reload-failed");
	assert_non_null(line);
	assert_non_null(rig_wait_log(rig, (size_t)(line - rig->log),
	    "reloaded"));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "no-rule");
}

/* It is thrown away, and what it was for ends well. */
static void
an_end_in_a_reload(void **state)
{
	struct rig *rig = *state;
	size_t mark = begin_reload(rig);

	assert_int_equal(kill(rig->pid, SIGTERM), 0);
	assert_non_null(rig_wait_log(rig, mark, "ending"));
	let_it("+");
	while (rig_is_alive(rig))
		usleep(1000);
	rig->pid = 0;
	(void)close(rig->log_fd);
	assert_int_equal(rig->status, 0);
	assert_null(strstr(rig->log + mark, "reloaded"));
}

static int
group_set_up(void **state)
{
	if (pipe2(asked, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0 ||
	    rig_group_set_up(state) != 0)
		return -1;
	((struct rig *)*state)->loops = 2;
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(nobody_waits_for_a_reload),
		TEST(T182_the_old_stays_where_the_new_fails_late),
		TEST(a_signal_in_a_reload_is_not_lost),
		TEST(an_end_in_a_reload),
	};

	return cmocka_run_group_tests(tests, group_set_up,
	    rig_group_tear_down);
}
