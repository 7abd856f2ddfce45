/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The rights of the real user, on one thread and for a while. What needs a
 * setuid program's ids runs in a child, as root.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../pam_mtls/invoker.h"
#include "../lib/unit.h"

#define USER 12345u

/* A file that root alone may look at. */
static char secret[] = "/tmp/mtls-invoker-XXXXXX";

static int
begin(void **state)
{
	int fd = mkstemp(secret);

	(void)state;
	if (fd != -1)
		close(fd);
	return fd == -1 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	return unlink(secret);
}

static int
can_read(void)
{
	int fd = open(secret, O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* Whether check() is true in a child with these real and effective users. */
static void
in_child(uid_t real, uid_t effective, int (*check)(void))
{
	int status = 0;
	pid_t pid;

	if (getuid() != 0)
		skip();
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (setresgid(real, effective, effective) != 0 ||
		    setresuid(real, effective, effective) != 0)
			_exit(2);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
is_root_again(void)
{
	return setfsuid((uid_t)-1) == 0 && setfsgid((gid_t)-1) == 0 &&
	    can_read();
}

static int
becomes_and_leaves(void)
{
	struct invoker invoker;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (!can_read() || invoker_become(&invoker, &err) != MTLS_OK ||
	    invoker.uid != USER)
		return 0;
	if (can_read() || setfsuid((uid_t)-1) != (int)USER ||
	    setfsgid((gid_t)-1) != (int)USER || geteuid() != 0)
		return 0;
	return invoker_leave(&invoker, &err) == MTLS_OK && is_root_again();
}

static void
T172_a_setuid_program_has_the_users_rights_for_a_while(void **state)
{
	(void)state;
	in_child(USER, 0, becomes_and_leaves);
}

static void *
look(void *arg)
{
	*(int *)arg = is_root_again();
	return NULL;
}

static int
other_threads_stay(void)
{
	struct invoker invoker;
	struct mtls_err err;
	pthread_t thread;
	int there = 0;

	mtls_err_clear(&err);
	/* A thread that is made now has the rights of its maker; it makes
	 * itself root again, and this one is not. */
	if (invoker_become(&invoker, &err) != MTLS_OK ||
	    pthread_create(&thread, NULL, look, &there) != 0 ||
	    pthread_join(thread, NULL) != 0 || there)
		return 0;
	return invoker_leave(&invoker, &err) == MTLS_OK && is_root_again();
}

struct waiting {
	pthread_barrier_t start, stop;
	int was_root;
};

static void *
wait_and_look(void *arg)
{
	struct waiting *w = arg;

	pthread_barrier_wait(&w->start);
	w->was_root = is_root_again();
	pthread_barrier_wait(&w->stop);
	return NULL;
}

/* One that was there before is looked at while this one is the user. */
static int
threads_that_were_there_stay_root(void)
{
	struct waiting w = { .was_root = 0 };
	struct invoker invoker;
	struct mtls_err err;
	pthread_t thread;

	mtls_err_clear(&err);
	pthread_barrier_init(&w.start, NULL, 2);
	pthread_barrier_init(&w.stop, NULL, 2);
	if (pthread_create(&thread, NULL, wait_and_look, &w) != 0 ||
	    invoker_become(&invoker, &err) != MTLS_OK)
		return 0;
	pthread_barrier_wait(&w.start);
	pthread_barrier_wait(&w.stop);
	if (can_read() || !w.was_root || pthread_join(thread, NULL) != 0)
		return 0;
	return invoker_leave(&invoker, &err) == MTLS_OK;
}

static void
T172_other_threads_are_left_alone(void **state)
{
	(void)state;
	in_child(USER, 0, other_threads_stay);
	in_child(USER, 0, threads_that_were_there_stay_root);
}

static int
is_refused(enum mtls_status want)
{
	struct invoker invoker;
	struct mtls_err err;
	int uid = setfsuid((uid_t)-1);

	mtls_err_clear(&err);
	return invoker_become(&invoker, &err) == want &&
	    setfsuid((uid_t)-1) == uid;
}

static int
is_not_permitted(void)
{
	return is_refused(MTLS_E_PERMISSION);
}

static void
a_program_of_a_third_user(void **state)
{
	(void)state;
	in_child(USER, USER + 1, is_not_permitted);
}

/* With this bit, capabilities outlive root. */
static int
keeps_capabilities(void)
{
	return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) ==
	    0 && is_refused(MTLS_E_SYSTEM) && is_root_again();
}

static void
T172_capabilities_that_would_stay(void **state)
{
	(void)state;
	in_child(USER, 0, keeps_capabilities);
}

/* Who is who they are has nothing to take or to give back. */
static int
is_the_same(void)
{
	struct invoker invoker;
	struct mtls_err err;
	int uid = setfsuid((uid_t)-1);

	mtls_err_clear(&err);
	return invoker_become(&invoker, &err) == MTLS_OK &&
	    invoker.uid == geteuid() && setfsuid((uid_t)-1) == uid &&
	    invoker_leave(&invoker, &err) == MTLS_OK &&
	    setfsuid((uid_t)-1) == uid;
}

static void
programs_that_are_not_setuid(void **state)
{
	(void)state;
	assert_true(is_the_same());
	in_child(0, 0, is_the_same);
	in_child(USER, USER, is_the_same);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    T172_a_setuid_program_has_the_users_rights_for_a_while),
		cmocka_unit_test(T172_other_threads_are_left_alone),
		cmocka_unit_test(a_program_of_a_third_user),
		cmocka_unit_test(T172_capabilities_that_would_stay),
		cmocka_unit_test(programs_that_are_not_setuid),
	};

	return cmocka_run_group_tests_name("invoker", tests, begin, end);
}
