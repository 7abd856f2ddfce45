/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which PKCS#11 URIs may stand in a configuration.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mtls/pkcs11.h"

static enum mtls_status
check(const char *uri)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return mtls_pkcs11_uri_check(uri, &err);
}

static void
T064_uris_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"pkcs11:token=a?module-path=/tmp/x.so",
		"pkcs11:?module-name=x", "pkcs11:token=a?pin-value=1234",
		"pkcs11:?pin-source=file:/etc/shadow", "pkcs11:?x-vendor=1",
		"pkcs11:?", "pkcs11:module-path=/tmp/x.so",
		"pkcs11:pin-value=1234", "pkcs11:x-token=a",
		"pkcs11:library-manufacturer=x", "pkcs11:token=a;token=b",
		"pkcs11:id=%01;token=a;id=%02", "pkcs11:token=%zz",
		"pkcs11:token=%", "pkcs11:token=%4", "pkcs11:token=a%00b",
		"pkcs11:object=%00", "pkcs11:token", "pkcs11:token=",
		"pkcs11:=a",
		"pkcs11:;", "pkcs11:token=a;", "pkcs11:token=a;;serial=1",
		"pkcs11:type=public", "pkcs11:type=secret-key",
		"pkcs11:token=a b", "pkcs11:token=a\nb", "pkcs11:slot-id=x",
		"pkcs11", "PKCS11:token=a", "file:/etc/shadow", "token=a",
		" pkcs11:token=a" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (check(bad[i]) != MTLS_E_CONFIG)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
T064_an_overlong_uri_is_refused(void **state)
{
	static char uri[65536];

	(void)state;
	memset(uri, 'a', sizeof(uri) - 1);
	memcpy(uri, "pkcs11:token=", 13);
	assert_int_equal(check(uri), MTLS_E_CONFIG);
	/* The token label has 32 bytes anyway; up to 1024 it is syntax. */
	uri[1025] = '\0';
	assert_int_equal(check(uri), MTLS_E_CONFIG);
}

static void
uris_that_are_taken(void **state)
{
	static const char *const good[] = { "", "pkcs11:",
		"pkcs11:token=Alice%27s%20card;serial=0123;id=%01%02",
		"pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2",
		"pkcs11:slot-id=4711", "pkcs11:object=key;type=private",
		"pkcs11:type=cert", "pkcs11:id=%00%01",
		"pkcs11:slot-description=Reader%201;slot-manufacturer=X" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (check(good[i]) != MTLS_OK)
			fail_msg("refused: %s", good[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T064_uris_that_are_refused),
		cmocka_unit_test(T064_an_overlong_uri_is_refused),
		cmocka_unit_test(uris_that_are_taken)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
