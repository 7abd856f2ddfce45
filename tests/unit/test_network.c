/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses and networks.
 */
#include "config.h"

#include <string.h>

#include "network.h"

#include "../lib/unit.h"

static void
networks_contain(void **state)
{
	static const struct {
		const char *network, *address;
		int contains;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "10.0.0.0/8", "11.0.0.0", 0 },
		{ "10.0.0.0/9", "10.127.255.255", 1 },
		{ "10.0.0.0/9", "10.128.0.0", 0 },
		{ "192.0.2.7", "192.0.2.7", 1 },
		{ "192.0.2.7", "192.0.2.6", 0 },
		{ "0.0.0.0/0", "203.0.113.1", 1 },
		{ "0.0.0.0/0", "2001:db8::1", 0 },
		{ "::/0", "203.0.113.1", 0 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 },
		{ "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", 1 },
		{ "fe80::/10", "fe80::1%eth0", 1 },
	};
	struct network_address a;
	struct network n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(network_parse(cases[i].network, &n, NULL),
		    MTLS_OK);
		assert_int_equal(network_address_parse(cases[i].address, &a),
		    0);
		if (network_contains(&n, &a) != cases[i].contains)
			fail_msg("%s %s", cases[i].network, cases[i].address);
	}
}

static void
bad_networks(void **state)
{
	static const char *const bad[] = {
		"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
		"10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/ 8", "::/129",
		"2001:db8::1/64", "10.0.0", "fe80::1%eth0", "localhost",
		"10.0.0.0/99999999999999999999",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
	};
	struct network n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (network_parse(bad[i], &n, NULL) != MTLS_E_CONFIG)
			fail_msg("%s", bad[i]);
	}
}

/* T-116: a host name is not an address, and nobody is asked about it. */
static void
T116_names_are_not_addresses(void **state)
{
	static const char *const bad[] = {
		"", "localhost", "ws-1.acme.example", "10.0.0.1 ", " 10.0.0.1",
		"10.0.0.1:22", "[::1]", "::g", "0x0a000001", "10.1",
	};
	struct network_address a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (network_address_parse(bad[i], &a) == 0)
			fail_msg("%s", bad[i]);
	}
}

static void
endpoints(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:0", "0.0.0.0:7443", "[::]:7444", "[2001:db8::1]:1",
	};
	static const char *const bad[] = {
		"", ":", "7443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"::1:7443", "[::1]", "[]:1", "[127.0.0.1]:1", "localhost:1",
		"127.0.0.1:1x", "[::1:7443", "*:7443",
	};
	char text[NETWORK_TEXT_MAX];
	struct sockaddr_storage sa;
	socklen_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(network_endpoint_parse(good[i], &sa, &len,
		    NULL), MTLS_OK);
		assert_string_equal(network_endpoint_text(text,
		    (struct sockaddr *)&sa), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (network_endpoint_parse(bad[i], &sa, &len, NULL) == MTLS_OK)
			fail_msg("%s", bad[i]);
	}
}

/* T-057: who has a /64 has one address. */
static void
T057_one_client(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		{ "2001:db8::1", "2001:db8::ffff:1", 1 },
		{ "2001:db8::1", "2001:db8:0:1::1", 0 },
		{ "192.0.2.1", "2001:db8::1", 0 },
	};
	struct network_address a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(network_address_parse(cases[i].a, &a), 0);
		assert_int_equal(network_address_parse(cases[i].b, &b), 0);
		assert_int_equal(network_same_client(&a, &b), cases[i].same);
	}
}

static void
T166_near_each_other(void **state)
{
	static const struct {
		const char *a, *b;
		int is_near;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.254", 1 },
		{ "192.0.2.1", "192.0.3.1", 0 },
		{ "192.0.2.1", "::ffff:192.0.2.7", 1 },
		{ "2001:db8:1::1", "2001:db8:1:ffff::7", 1 },
		{ "2001:db8:1::1", "2001:db8:2::1", 0 },
		{ "0.0.0.0", "::", 0 },
	};
	struct network_address a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(network_address_parse(cases[i].a, &a), 0);
		assert_int_equal(network_address_parse(cases[i].b, &b), 0);
		assert_int_equal(network_is_near(&a, &b), cases[i].is_near);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_contain),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(T116_names_are_not_addresses),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(T057_one_client),
		cmocka_unit_test(T166_near_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
