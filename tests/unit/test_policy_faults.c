/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-140 for the policy: with each allocation and each call for a zone file
 * failing once, it is read as a whole or not at all, and nothing is left.
 */
#include "config.h"

#include <string.h>

#include "fail_nth.h"
#include "policy_file.h"

#include "../lib/unit.h"

static const char text[] =
    "map issuer \"CN=a\" take san:upn realm x.y and bound\n"
    "map issuer \"CN=a\" take cn prefix \"p\"\n"
    "map issuer \"CN=a\" serial 0a user alice\n"
    "map bound\n"
    "group g = alice, bob\n"
    "require key ec 256, eku 1.2.3\n"
    "warn 14 days before expiry\n"
    "deny user root\n"
    "allow group g, h on *.x, y for s, t by token from 10.0.0.0/8, ::1 "
    "within \"mon 07:00-08:00 Europe/Berlin\" require policy 1.2.3\n"
    "allow user any within \"mon 07:00-08:00 UTC\"\n";

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)name;
	(void)err;
	*ret = 7;
	return MTLS_OK;
}

static int
read_once(void *arg)
{
	struct policy policy;
	struct mtls_err err;
	enum mtls_status status;

	(void)arg;
	mtls_err_clear(&err);
	status = policy_file_parse("p", text, strlen(text), find_group,
	    &policy, &err);
	if (status != err.status)
		fail_msg("%d, but %d: %s", status, err.status, err.text);
	if (status != MTLS_OK)
		return 0;
	policy_clear(&policy);
	return 1;
}

static void
T140_every_call_fails_once(void **state)
{
	static const char *const tolerated[] = { "close", NULL };

	(void)state;
	assert_true(fail_nth_sweep(read_once, NULL, tolerated) > 60);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
