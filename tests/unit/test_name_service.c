/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread that asks the name service: every question is answered once,
 * also where the name service hangs, and what is late is not believed.
 */
#include "config.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "name_service.h"
#include "policy_file.h"

#include "../lib/unit.h"

#define GID_STAFF 77

static sem_t entered, go;

static enum policy_answer
superuser(const char *user)
{
	if (strcmp(user, "hang") == 0) {
		sem_post(&entered);
		while (sem_wait(&go) != 0)
			continue;
	}
	return strcmp(user, "root") == 0 ? POLICY_YES : POLICY_NO;
}

/* Members are those of staff whose name begins with 's'. */
static void
members(const char *user, const gid_t *gids, size_t n,
    enum policy_answer *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (gids[i] == ACCOUNT_NO_GID)
			continue;
		assert_int_equal(gids[i], GID_STAFF);
		ret[i] = user[0] == 's' ? POLICY_YES : POLICY_NO;
	}
}

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)name;
	(void)err;
	*ret = GID_STAFF;
	return MTLS_OK;
}

struct rig {
	struct event_base *base;
	struct name_service *service;
	struct name_port *port;
	struct policy policy;
};

static void
set_up(struct rig *rig, unsigned within_ms)
{
	static const char text[] =
	    "group here = alice\nallow group here, staff\n";
	const struct name_lookup lookup = { superuser, members, within_ms };

	assert_int_equal(sem_init(&entered, 0, 0), 0);
	assert_int_equal(sem_init(&go, 0, 0), 0);
	rig->base = event_base_new();
	assert_non_null(rig->base);
	assert_int_equal(policy_file_parse("p", text, strlen(text),
	    find_group, &rig->policy, NULL), MTLS_OK);
	assert_int_equal(name_service_new(&lookup, &rig->service, NULL),
	    MTLS_OK);
	assert_int_equal(name_service_attach(rig->service, rig->base,
	    &rig->port, NULL), MTLS_OK);
}

static void
tear_down(struct rig *rig)
{
	name_port_close(rig->port);
	name_port_free(rig->port);
	name_service_free(rig->service);
	event_base_free(rig->base);
	policy_clear(&rig->policy);
}

static void
on_done(struct name_query *q)
{
	++*(int *)q->arg;
}

static void
ask(struct rig *rig, struct name_query *q, const char *user, int *n)
{
	memset(q, 0, sizeof(*q));
	q->user = user;
	q->policy = &rig->policy;
	q->done = on_done;
	q->arg = n;
	name_service_ask(rig->port, q);
}

static void
wait_for(struct rig *rig, const int *n, int wanted)
{
	while (*n < wanted)
		assert_int_equal(event_base_loop(rig->base, EVLOOP_ONCE), 0);
	assert_int_equal(*n, wanted);
}

static void
assert_unknown(struct name_query *q)
{
	assert_int_equal(q->superuser, POLICY_CANNOT_TELL);
	assert_null(q->member);
	name_query_clear(q);
}

static void
answers(void **state)
{
	struct name_query q[3];
	struct rig rig;
	int n = 0;

	(void)state;
	set_up(&rig, 60000);
	ask(&rig, &q[0], "root", &n);
	ask(&rig, &q[1], "sam", &n);
	ask(&rig, &q[2], "alice", &n);
	/* The question was copied. */
	q[0].user = NULL;
	rig.policy.groups[1].gid = 0;
	assert_int_equal(n, 0);
	wait_for(&rig, &n, 3);
	assert_int_equal(q[0].superuser, POLICY_YES);
	assert_int_equal(q[1].superuser, POLICY_NO);
	assert_int_equal(q[1].member[1], POLICY_YES);
	assert_int_equal(q[2].member[1], POLICY_NO);
	/* Groups of the file are not looked up. */
	assert_int_equal(q[2].member[0], POLICY_CANNOT_TELL);
	for (int i = 0; i < 3; i++) {
		assert_null(q[i].job);
		name_query_clear(&q[i]);
	}
	tear_down(&rig);
}

/* What hangs, and what waits behind it, cannot be told. */
static void
late_is_unknown(void **state)
{
	struct name_query q[3];
	struct rig rig;
	int n = 0;

	(void)state;
	set_up(&rig, 20);
	ask(&rig, &q[0], "hang", &n);
	ask(&rig, &q[1], "root", &n);
	wait_for(&rig, &n, 2);
	assert_unknown(&q[0]);
	assert_unknown(&q[1]);
	/* When it comes back, it is as before; late answers go nowhere. */
	assert_int_equal(sem_post(&go), 0);
	for (;;) {
		ask(&rig, &q[2], "root", &n);
		wait_for(&rig, &n, n + 1);
		if (q[2].superuser != POLICY_CANNOT_TELL)
			break;
		name_query_clear(&q[2]);
	}
	assert_int_equal(q[2].superuser, POLICY_YES);
	name_query_clear(&q[2]);
	tear_down(&rig);
}

static void
closing_answers_everything(void **state)
{
	struct name_query q[4];
	struct rig rig;
	int n = 0;

	(void)state;
	set_up(&rig, 60000);
	ask(&rig, &q[0], "hang", &n);
	ask(&rig, &q[1], "root", &n);
	assert_int_equal(sem_wait(&entered), 0);
	name_port_close(rig.port);
	assert_int_equal(n, 2);
	assert_unknown(&q[0]);
	assert_unknown(&q[1]);
	ask(&rig, &q[2], "root", &n);
	assert_int_equal(n, 3);
	assert_unknown(&q[2]);
	assert_int_equal(sem_post(&go), 0);
	tear_down(&rig);
}

/* An answer that has come, and that the loop has not seen yet, counts. */
static void
closing_delivers_what_is_done(void **state)
{
	struct name_query q[2];
	struct rig rig;
	int n = 0;

	(void)state;
	set_up(&rig, 60000);
	ask(&rig, &q[0], "root", &n);
	ask(&rig, &q[1], "hang", &n);
	/* The thread is at the second: it is through with the first. */
	assert_int_equal(sem_wait(&entered), 0);
	name_port_close(rig.port);
	assert_int_equal(n, 2);
	assert_int_equal(q[0].superuser, POLICY_YES);
	name_query_clear(&q[0]);
	assert_unknown(&q[1]);
	assert_int_equal(sem_post(&go), 0);
	tear_down(&rig);
}

/* Two loops, each with its answers. */
static void
two_ports(void **state)
{
	struct event_base *other = event_base_new();
	struct name_port *first, *second;
	struct name_query a, b;
	struct rig rig;
	int n_a = 0, n_b = 0;

	(void)state;
	assert_non_null(other);
	set_up(&rig, 60000);
	first = rig.port;
	assert_int_equal(name_service_attach(rig.service, other, &second,
	    NULL), MTLS_OK);
	ask(&rig, &a, "root", &n_a);
	rig.port = second;
	ask(&rig, &b, "sam", &n_b);
	rig.port = first;
	while (n_b < 1)
		assert_int_equal(event_base_loop(other, EVLOOP_ONCE), 0);
	/* The other's loop does not bring this one's. */
	assert_int_equal(n_a, 0);
	wait_for(&rig, &n_a, 1);
	assert_int_equal(a.superuser, POLICY_YES);
	assert_int_equal(b.superuser, POLICY_NO);
	name_query_clear(&a);
	name_query_clear(&b);
	name_port_close(second);
	name_port_free(second);
	tear_down(&rig);
	event_base_free(other);
}

/* A thread that does not come back is left behind, and still cleans up. */
static void
ends_although_it_hangs(void **state)
{
	struct name_query q;
	struct rig rig;
	int n = 0;

	(void)state;
	set_up(&rig, 60000);
	ask(&rig, &q, "hang", &n);
	assert_int_equal(sem_wait(&entered), 0);
	tear_down(&rig);
	assert_int_equal(n, 1);
	assert_unknown(&q);
	assert_int_equal(sem_post(&go), 0);
	name_service_free(NULL);
	name_port_close(NULL);
	name_port_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(late_is_unknown),
		cmocka_unit_test(closing_answers_everything),
		cmocka_unit_test(closing_delivers_what_is_done),
		cmocka_unit_test(two_ports),
		cmocka_unit_test(ends_although_it_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
