/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins with a verifier that sends too much, or what nobody asked for: they
 * end in time, and need no more memory than others.
 */
#include "config.h"

#include <openssl/ssl.h>
#include <string.h>
#include <sys/resource.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"

#define GROWTH_MAX_KIB 4096

/* The most memory that any helper has needed so far. */
static long
most_memory_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return usage.ru_maxrss;
}

static void
no_more_than(long before_kib)
{
	/* What ASan keeps back is no leak. */
	if (!UNDER_ASAN && !under_valgrind())
		assert_true(most_memory_kib() - before_kib < GROWTH_MAX_KIB);
}

/* How much an ordinary login needs. */
static long
usual_memory_kib(void)
{
	struct login_case c = { 0 };

	login_case_is_granted(&c);
	login_case_clear(&c);
	return most_memory_kib();
}

/* Not granted, in time, and without a PIN where it came before it. */
static void
fails(struct login_case *c, int n_secret)
{
	c->connect_timeout = "1s";
	c->deadline_ms = 3000;
	login_case_fails(c, LOGIN_CASE_UNAVAILABLE);
	assert_int_equal(c->n_secret, n_secret);
	assert_int_equal(c->record[0]->allowed, 0);
	assert_true(c->ms < 20000);
	login_case_clear(c);
}

static void
T028_floods(void **state)
{
	long before_kib = usual_memory_kib();

	(void)state;
	for (int kind = FAKE_NO_FLOOD + 1; kind < FAKE_FLOODS; kind++) {
		struct login_case device = { 0 }, user = { 0 };

		device.verifier[0].device.flood = (enum fake_flood)kind;
		fails(&device, 0);
		user.verifier[0].user.flood = (enum fake_flood)kind;
		/* The preflight leaves before a handshake is done. */
		fails(&user, kind == FAKE_LONG_HELLO ? 0 : 1);
	}
	no_more_than(before_kib);
}

/* Many, but not without end, and everything else is as it should be. */
static void
T028_a_thousand_key_updates(void **state)
{
	long before_kib = usual_memory_kib();
	struct login_case c = { 0 };

	(void)state;
	c.verifier[0].device.flood = FAKE_1000_KEY_UPDATES;
	c.verifier[0].user.flood = FAKE_1000_KEY_UPDATES;
	login_case_is_granted(&c);
	login_case_clear(&c);
	no_more_than(before_kib);
}

/* 16 bytes each; of a CertificateRequest we take 32 KiB, it could have 64. */
static void
T028_many_issuers(void **state)
{
	struct login_case c = { 0 };
	long before_kib = usual_memory_kib();

	(void)state;
	c.verifier[0].device.n_more_cas = 1900;
	c.verifier[0].user.n_more_cas = 1900;
	login_case_is_granted(&c);
	login_case_clear(&c);
	memset(&c, 0, sizeof(c));
	c.verifier[0].user.n_more_cas = 3800;
	fails(&c, 0);
	no_more_than(before_kib);
}

static void
T028_a_chain_without_end(void **state)
{
	struct login_case c = { 0 };
	long before_kib = usual_memory_kib();

	(void)state;
	c.verifier[0].device.more = login_rig.ca->x509;
	c.verifier[0].device.n_more_certs = 20000;
	fails(&c, 0);
	memset(&c, 0, sizeof(c));
	c.verifier[0].user.more = login_rig.ca->x509;
	c.verifier[0].user.n_more_certs = 200;
	fails(&c, 0);
	no_more_than(before_kib);
}

/* T-029: the machine and the person have proven themselves, once. */
static void
T029_a_second_request(void **state)
{
	struct login_case device = { 0 }, user = { 0 };

	(void)state;
	device.verifier[0].device.flood = FAKE_SECOND_REQUEST;
	fails(&device, 0);
	user.verifier[0].user.flood = FAKE_SECOND_REQUEST;
	fails(&user, 1);
}

/* Asked for, not done; what was agreed first goes on. */
static void
T029_renegotiation(void **state)
{
	struct login_case c = { .insecure_tls12 = 1 };

	(void)state;
	c.verifier[0].device.max_version = TLS1_2_VERSION;
	c.verifier[0].device.flood = FAKE_RENEGOTIATION;
	c.verifier[0].user.max_version = TLS1_2_VERSION;
	c.verifier[0].user.flood = FAKE_RENEGOTIATION;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->second_handshakes, 0);
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T028_floods),
		cmocka_unit_test(T028_a_thousand_key_updates),
		cmocka_unit_test(T028_many_issuers),
		cmocka_unit_test(T028_a_chain_without_end),
		cmocka_unit_test(T029_a_second_request),
		cmocka_unit_test(T029_renegotiation),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}
