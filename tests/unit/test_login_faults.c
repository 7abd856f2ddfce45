/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-140 for mtls-helper: each call into libc that a login makes fails once,
 * also those of libevent's allocator; then random bytes and clocks. Whatever
 * fails: an ALLOW only where the verifier has granted this very login, an end
 * in time, a reason, and nothing left behind.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../helper/settings.h"
#include "../../helper/verdict.h"
#include "../lib/fail_nth.h"
#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/file.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/*
 * libevent does not survive every failure of its own allocations; a crash in
 * it is an end without a result, and those of our code are not forgiven.
 */
static int *libevent_failed;

static void *
libevent_malloc(size_t n)
{
	void *p = malloc(n);

	if (p == NULL)
		*libevent_failed = 1;
	return p;
}

static void *
libevent_realloc(void *old, size_t n)
{
	void *p = realloc(old, n);

	if (p == NULL)
		*libevent_failed = 1;
	return p;
}

/* Which call fails in the helper. */
static unsigned nth;
static const char *name;
static int name_errno;

static void
fail_that_one(struct login_case *c)
{
	(void)c;
	fail_nth_start_here(nth);
}

static void
fail_by_name(struct login_case *c)
{
	(void)c;
	fail_nth_start_here(0);
	fail_nth_call(name, name_errno);
}

/* What holds for every end of a login. */
static void
ends_well(const struct login_case *c, const char *failed)
{
	const struct mtls_msg_result *r = &c->result.u.result;

	if (!WIFEXITED(c->helper_status)) {
		if (!*libevent_failed)
			fail_msg("%s made it crash", failed);
		assert_int_equal(c->n_results, 0);
	}
	assert_true(c->ms < 30000);
	assert_int_equal(c->other.type, MTLS_MSG_NONE);
	if (c->n_results == 0)
		return;
	if (r->verdict == MTLS_VERDICT_ALLOW) {
		assert_true(c->record[0]->allowed >= 1);
		assert_int_equal(r->status, MTLS_OK);
		return;
	}
	if (r->status == MTLS_OK || r->reason[0] == '\0')
		fail_msg("no reason after %s", failed);
	/* A handshake without its signature is refused by the other side. */
	if (r->verdict != MTLS_VERDICT_NONE &&
	    strstr(r->reason, "refused our certificate") == NULL)
		fail_msg("%s made a denial: %s", failed, r->reason);
}

/* With the nth call failing; returns the call, NULL where none failed. */
static const char *
run_with_fault(struct login_case *c)
{
	const char *failed;

	*libevent_failed = 0;
	c->may_crash = 1;
	c->connect_timeout = "1s";
	c->in_helper = fail_that_one;
	login_case_run(c);
	(void)fail_nth_stop();
	failed = fail_nth_failed();
	ends_well(c, failed);
	return failed;
}

static unsigned
sweep(void)
{
	struct login_case untouched = { 0 };
	const char *failed;

	nth = 0;
	assert_null(run_with_fault(&untouched));
	assert_int_equal(untouched.result.u.result.verdict,
	    MTLS_VERDICT_ALLOW);
	login_case_clear(&untouched);
	/* Some failures show as silence: a short deadline for those. */
	do {
		struct login_case c = { .deadline_ms = 1000 };

		nth++;
		failed = run_with_fault(&c);
		login_case_clear(&c);
	} while (failed != NULL);
	return nth - 1;
}

static void
T140_every_failure_is_no_verdict(void **state)
{
	(void)state;
	/* Settings, spawn, sockets, events, JSON: fewer would be a mistake. */
	assert_true(sweep() > 300);
}

static int
parse_verdict(void *arg)
{
	static const char json[] = "{\"version\":1,\"decision\":\"allow\","
	    "\"challenge\":\"00000000000000000000000000000000\","
	    "\"request\":\"00000000000000000000000000000000\","
	    "\"nonce\":\"00000000000000000000000000000000"
	    "00000000000000000000000000000000\",\"user\":\"u\","
	    "\"service\":\"s\",\"host\":\"h\",\"tty\":\"\",\"rhost\":\"\","
	    "\"ruser\":\"\",\"method\":\"token\",\"expires_in\":30,"
	    "\"certificate\":\"\",\"reason\":\"r\",\"message\":\"\"}";
	static const uint8_t challenge[MTLS_ID_BYTES];
	static char u[] = "u", s[] = "s", h[] = "h", none[] = "",
	    token[] = "token";
	struct mtls_body_open o;
	struct mtls_body_grant grant;
	enum mtls_verdict verdict;
	struct mtls_err err;

	(void)arg;
	memset(&o, 0, sizeof(o));
	memset(&grant, 0, sizeof(grant));
	o.version = 1;
	o.user = u;
	o.service = s;
	o.host = h;
	o.tty = o.rhost = o.ruser = none;
	o.method = token;
	mtls_err_clear(&err);
	verdict = verdict_check(&o, challenge, json, sizeof(json) - 1,
	    &grant, &err);
	mtls_body_clear(MTLS_BODY_GRANT, &grant);
	if (verdict == MTLS_VERDICT_ALLOW)
		return 1;
	assert_int_equal(verdict, MTLS_VERDICT_NONE);
	assert_int_not_equal(err.status, MTLS_OK);
	return 0;
}

static void
T140_verdict(void **state)
{
	(void)state;
	assert_true(fail_nth_sweep(parse_verdict, NULL, NULL) > 20);
}

static int
read_settings(void *arg)
{
	struct settings *s = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (settings_read(arg, &s, &err) == MTLS_OK) {
		settings_free(s);
		return 1;
	}
	assert_null(s);
	assert_int_not_equal(err.status, MTLS_OK);
	return 0;
}

static void
T140_settings(void **state)
{
	static const char text[] = "[verifier]\n"
	    "servers = a.example, b.example:1:2\nca = /ca\n"
	    "[device]\ncertificate = /c\nkey = /k\n[token]\nmodule = /m\n"
	    "environment = A=1, B=2\nwritable = /a, /b\n"
	    "[helper]\ncallers = a:b\n[service su]\nprompt = single\n"
	    "[service sudo]\ndeadline = 9s\n";
	const char *path = pki_file_bytes(login_rig.pki, "sweep.conf", text,
	    sizeof(text) - 1);

	(void)state;
	assert_true(fail_nth_sweep(read_settings,
	    (void *)(uintptr_t)path, NULL) > 40);
}

/* One call by name, everywhere else as usual. */
static void
fails_when(const char *call, int sys_errno, int status)
{
	struct login_case c = { .in_helper = fail_by_name };

	name = call;
	name_errno = sys_errno;
	login_case_fails(&c, status);
	(void)fail_nth_stop();
	assert_int_equal(c.record[0]->allowed, 0);
	login_case_clear(&c);
}

static void
T141_no_random_bytes(void **state)
{
	(void)state;
	fails_when("getrandom", EIO, MTLS_E_SYSTEM);
	fails_when("getrandom", ENOSYS, MTLS_E_SYSTEM);
}

static void
give_three_bytes(struct login_case *c)
{
	(void)c;
	fail_nth_start_here(0);
	fail_nth_short(3);
}

/* Short reads are continued, or refused: the nonce is whole either way. */
static void
T141_few_random_bytes(void **state)
{
	struct login_case c = { .in_helper = give_three_bytes };
	static const uint8_t zero[MTLS_NONCE_BYTES];
	const uint8_t *nonce;

	(void)state;
	login_case_run(&c);
	fail_nth_short(0);
	(void)fail_nth_stop();
	assert_int_equal(c.n_results, 1);
	nonce = c.record[0]->open.nonce;
	if (c.result.u.result.verdict == MTLS_VERDICT_ALLOW)
		assert_memory_not_equal(nonce + 3, zero + 3,
		    MTLS_NONCE_BYTES - 3);
	else
		assert_int_equal(c.result.u.result.status, MTLS_E_SYSTEM);
	login_case_clear(&c);
}

static void
break_clock(struct login_case *c)
{
	(void)c;
	fail_nth_start_here(0);
	fail_nth_calls("clock_gettime", EINVAL);
}

/* Without a clock every deadline has passed: nothing waits, nobody enters. */
static void
T142_no_clock(void **state)
{
	struct login_case c = { .in_helper = break_clock };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	fail_nth_calls(NULL, 0);
	(void)fail_nth_stop();
	assert_true(c.ms < 10000);
	assert_int_equal(c.n_secret, 0);
	assert_int_equal(c.record[0]->connections[0], 0);
	login_case_clear(&c);
}

static void
T143_resources_that_are_used_up(void **state)
{
	(void)state;
	fails_when("socketpair", EMFILE, MTLS_E_SYSTEM);
	fails_when("pipe2", ENFILE, MTLS_E_SYSTEM);
	fails_when("syscall", EAGAIN, MTLS_E_SYSTEM);
	fails_when("setresuid", EAGAIN, MTLS_E_SYSTEM);
	fails_when("initgroups", ENOMEM, MTLS_E_SYSTEM);
}

static void
storm(struct login_case *c)
{
	(void)c;
	fail_nth_start_here(0);
	fail_nth_storm(1);
}

static void
T070_interrupted_calls(void **state)
{
	struct login_case c = { .in_helper = storm };

	(void)state;
	login_case_run(&c);
	fail_nth_storm(0);
	(void)fail_nth_stop();
	assert_int_equal(c.n_results, 1);
	assert_int_equal(c.result.u.result.verdict, MTLS_VERDICT_ALLOW);
	login_case_clear(&c);
}

static int
set_up(void **state)
{
	/* The address is that of the wrapper. */
	json_set_alloc_funcs(malloc, free);
	libevent_failed = mmap(NULL, sizeof(*libevent_failed),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(libevent_failed, MAP_FAILED);
	event_set_mem_functions(libevent_malloc, libevent_realloc, free);
	return login_rig_set_up(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_verdict),
		cmocka_unit_test(T140_settings),
		cmocka_unit_test(T140_every_failure_is_no_verdict),
		cmocka_unit_test(T141_no_random_bytes),
		cmocka_unit_test(T141_few_random_bytes),
		cmocka_unit_test(T142_no_clock),
		cmocka_unit_test(T143_resources_that_are_used_up),
		cmocka_unit_test(T070_interrupted_calls),
	};

	return cmocka_run_group_tests(tests, set_up, login_rig_tear_down);
}
