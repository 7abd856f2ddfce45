/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A verifier with several event loops: each login is on whichever loops the
 * kernel has chosen for its two connections, and nobody can tell.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "verifier_rig.h"

#include "listener.h"

#include "../lib/unit.h"

#define LOOPS	3
/* So many that all loops have some, but once in 10^9. */
#define ENOUGH	60

static struct reply reply;
static struct mtls_body_challenge challenge;

static int
set_up(void **state)
{
	((struct rig *)*state)->loops = LOOPS;
	return rig_set_up(state);
}

static void
logins_on_all_loops(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < ENOUGH; i++)
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    "allow");
}

/* --- a machine waits on one loop, the proof comes on another --- */

struct waiter {
	struct rig *rig;
	struct http device;
	uint8_t id[MTLS_ID_BYTES];
	int allow;
};

static void *
wait_for_grant(void *arg)
{
	struct waiter *w = arg;
	static __thread struct reply mine;

	if (rig_grant(&w->device, w->id, 20, &w->allow, &mine) != 200)
		w->allow = 0;
	return NULL;
}

static void
woken_across_loops(void **state)
{
	static struct waiter waiters[ENOUGH / 2];
	static pthread_t threads[ENOUGH / 2];
	struct rig *rig = *state;
	size_t n = sizeof(waiters) / sizeof(waiters[0]);
	struct http user;

	for (size_t i = 0; i < n; i++) {
		http_machine(&waiters[i].device, rig);
		assert_int_equal(rig_open(&waiters[i].device, &challenge,
		    &reply), 201);
		memcpy(waiters[i].id, challenge.challenge, MTLS_ID_BYTES);
		assert_int_equal(pthread_create(&threads[i], NULL,
		    wait_for_grant, &waiters[i]), 0);
	}
	for (size_t i = 0; i < n; i++) {
		http_person(&user, rig, rig->alice);
		assert_int_equal(rig_prove(&user, waiters[i].id, NULL,
		    &reply), 200);
		http_close(&user);
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(waiters[i].allow, 1);
		http_close(&waiters[i].device);
	}
}

/* --- a reload is for all or for none --- */

static void
T182_reload_reaches_all_loops(void **state)
{
	struct rig *rig = *state;

	rig_write_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take "
	    "san:upn realm acme.example\n"
	    "allow user bob on ws-*.acme.example for sudo by token\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < ENOUGH / 2; i++)
		assert_string_not_equal(rig_login(rig, rig->alice, NULL),
		    "allow");
	assert_string_equal(rig_login(rig, rig->bob,
	    &(struct rig_open){.user = "bob"}), "allow");
	/* A broken one changes none of them. */
	rig_write_policy(rig, "allow everybody\n");
	assert_false(rig_reload(rig));
	for (int i = 0; i < ENOUGH / 2; i++)
		assert_string_equal(rig_login(rig, rig->bob,
		    &(struct rig_open){.user = "bob"}), "allow");
}

static void
T034_revoked_on_all_loops(void **state)
{
	struct rig *rig = *state;

	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	rig_write_crls(rig, rig->alice);
	rig_write_settings(rig, RIG_NO_LIMITS);
	assert_true(rig_reload(rig));
	for (int i = 0; i < ENOUGH / 2; i++)
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    "revoked");
	assert_string_equal(rig_login(rig, rig->bob,
	    &(struct rig_open){.user = "bob"}), "allow");
}

/* The CA is gone for those who have shaken hands already, too. */
static void
T022_ca_removed_on_all_loops(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *root = pki_ca(rig->pki, NULL, "Other Root",
	    NULL);
	struct http open[ENOUGH / 2];

	for (int i = 0; i < ENOUGH / 2; i++)
		http_machine(&open[i], rig);
	(void)pki_file_certs(rig->pki, "machines-ca.pem", PKI_CERTS(root));
	assert_true(rig_reload(rig));
	for (int i = 0; i < ENOUGH / 2; i++) {
		assert_int_equal(rig_open(&open[i], &challenge, &reply), 403);
		http_close(&open[i]);
	}
}

/* --- limits --- */

static int
half_open(const struct rig *rig)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)rig->ports[ROLE_USER]),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval tv = { 30, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
	    sizeof(tv)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(send(fd, "\x16", 1, 0), 1);
	return fd;
}

/* One address has its number in all loops together, not in each. */
static void
T057_one_address_in_all_loops(void **state)
{
	static const char late[] = "reason=handshake-timeout";
	struct rig *rig = *state;
	int fds[ENOUGH];
	size_t mark = 0;
	const char *found;
	char byte;

	rig_write_settings(rig, "[limits]\nhandshake-timeout = 2s\n"
	    "max-connections = 1000\nmax-connections-per-address = 10\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < ENOUGH; i++)
		fds[i] = half_open(rig);
	for (int i = 0; i < ENOUGH; i++) {
		assert_true(read(fds[i], &byte, 1) <= 0);
		close(fds[i]);
	}
	/* All but ten ended at once, and those at the deadline. */
	for (int i = 0; i < 10; i++) {
		found = rig_wait_log(rig, mark, late);
		assert_non_null(found);
		mark = (size_t)(found - rig->log) + 1;
	}
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_non_null(rig_wait_log(rig, mark, "verdict=allow"));
	assert_null(strstr(rig->log + mark, late));
}

/*
 * All loops have the same clock: where one of them is in another year, the
 * buckets are full again whenever the next connection is another loop's.
 */
static void
T183_buckets_in_all_loops(void **state)
{
	struct rig *rig = *state;
	int n_opened = 0;
	struct http h;

	rig_write_settings(rig, "[limits]\nmachine-challenges = 5/1d\n"
	    "origin-challenges = none\nsource-challenges = none\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < ENOUGH; i++) {
		http_machine(&h, rig);
		if (rig_open(&h, &challenge, &reply) == 201)
			n_opened++;
		else
			assert_int_equal(reply.status, 429);
		http_close(&h);
	}
	assert_int_equal(n_opened, 5);
}

/* --- its end --- */

static void
ending_answers_on_all_loops(void **state)
{
	static struct waiter waiters[LOOPS * 4];
	static pthread_t threads[LOOPS * 4];
	struct rig *rig = *state;
	size_t n = sizeof(waiters) / sizeof(waiters[0]);

	for (size_t i = 0; i < n; i++) {
		http_machine(&waiters[i].device, rig);
		assert_int_equal(rig_open(&waiters[i].device, &challenge,
		    &reply), 201);
		memcpy(waiters[i].id, challenge.challenge, MTLS_ID_BYTES);
		waiters[i].allow = 1;
		assert_int_equal(pthread_create(&threads[i], NULL,
		    wait_for_grant, &waiters[i]), 0);
	}
	rig_stop(rig);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(waiters[i].allow, 0);
		http_close(&waiters[i].device);
	}
}

/* --- sockets --- */

static void
one_verifier_for_one_address(void **state)
{
	struct mtls_conf_list list = {0};
	struct listener_sockets first, more, none;
	char endpoint[64], *words[] = { endpoint };
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	list.n = 1;
	list.words = words;
	strcpy(endpoint, "127.0.0.1:0");
	assert_int_equal(listener_bind(&list, &first, &err), MTLS_OK);
	assert_int_equal(getsockname(first.fds[0], (struct sockaddr *)&sa,
	    &len), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u",
	    ntohs(sa.sin_port));
	assert_int_equal(listener_bind_again(&first, &more, &err), MTLS_OK);
	assert_int_equal(more.n, 1);
	assert_int_not_equal(more.fds[0], first.fds[0]);
	/* The same account, and still not a second one. */
	assert_int_equal(listener_bind(&list, &none, &err), MTLS_E_SYSTEM);
	assert_int_equal(err.sys_errno, EADDRINUSE);
	listener_unbind(&first);
	listener_unbind(&more);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logins_on_all_loops),
		TEST(woken_across_loops),
		TEST(T182_reload_reaches_all_loops),
		TEST(T034_revoked_on_all_loops),
		TEST(T022_ca_removed_on_all_loops),
		TEST(T057_one_address_in_all_loops),
		TEST(T183_buckets_in_all_loops),
		TEST(ending_answers_on_all_loops),
		cmocka_unit_test(one_verifier_for_one_address),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}
