/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The TLS profile: our client against our server over memory, with every
 * certificate that must not pass.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "tls_rig.h"

static void
good_handshake_carries_data(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	if (!rig_both_accept(&pair, MTLS_TLS_13))
		fail_msg("client: %s, server: %s", pair.client.err.text,
		    pair.server.err.text);
	assert_int_equal(SSL_version(pair.client.ssl), TLS1_3_VERSION);
	assert_true(tls_pair_carries(&pair.client, &pair.server, "question"));
	assert_true(tls_pair_carries(&pair.server, &pair.client, "answer"));
	tls_pair_free(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_handshake_carries_data),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
