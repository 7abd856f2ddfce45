/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the client thinks of the server: every server that is not the
 * verifier, or only nearly. Refused means: the handshake never succeeds.
 */
#include "config.h"

#include <string.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

/* The client refuses with PEER and why; nothing was sent to the server. */
static void
refused_for(struct rig *rig, const struct rig_case *c, const char *why)
{
	struct tls_pair pair;

	rig_meet(rig, c, &pair);
	assert_false(pair.client.is_done);
	assert_int_equal(pair.client.status, MTLS_E_PEER);
	if (strstr(pair.client.err.text, why) == NULL)
		fail_msg("not \"%s\" but: %s", why, pair.client.err.text);
	assert_false(pair.server.is_done);
	assert_true(SSL_get0_peer_certificate(pair.server.ssl) == NULL);
	assert_int_not_equal(mtls_tls_check_peer(pair.client.ssl,
	    MTLS_TLS_13, NULL), MTLS_OK);
	tls_pair_free(&pair);
}

static void
refused_server(struct rig *rig, const struct pki_options *options,
    const char *why)
{
	struct rig_case c = {
		.server = pki_server(rig->pki, rig->machines, RIG_SERVER,
		    options)
	};

	refused_for(rig, &c, why);
}

static void
good_server_with_another_stack(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.server = rig->server};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_true(pair.client.is_done);
	assert_int_equal(mtls_tls_check_peer(pair.client.ssl, MTLS_TLS_13,
	    NULL), MTLS_OK);
	tls_pair_free(&pair);
}

static void
T011_another_dns_name(void **state)
{
	struct rig *rig = *state;
	static const char *const names[] = {
		"verifier2.acme.example", "acme.example",
		"x.verifier1.acme.example", "verifier1.acme.example.evil",
		"verifier1"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rig_case c = {.server = pki_server(rig->pki,
		    rig->machines, names[i], NULL)};

		refused_for(rig, &c, "hostname mismatch");
	}
}

static void
T011_name_is_not_case_sensitive(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.name = "Verifier1.ACME.example"};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	tls_pair_free(&pair);
}

static void
T011_what_is_no_name_is_not_tried(void **state)
{
	struct rig *rig = *state;
	struct rig_case none = {0};
	SSL_CTX *ctx = rig_client_ctx(rig, &none);
	static const char *const names[] = {
		"", ".acme.example", "192.0.2.1", "::1", "*.acme.example",
		"verifier1.acme.example.", "a b"
	};
	SSL *ssl = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(mtls_tls_client_ssl(ctx, names[i], &ssl,
		    NULL), MTLS_E_USAGE);
		assert_null(ssl);
	}
	SSL_CTX_free(ctx);
}

static void
T012_another_ca(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *root = pki_ca(rig->pki, NULL, "Public CA",
	    NULL);
	/* Same name, other key. */
	const struct pki_cert *twin = pki_ca(rig->pki, NULL, "Acme Root CA",
	    NULL);
	struct rig_case c = {
		.server = pki_server(rig->pki, root, RIG_SERVER, NULL),
		.server_chain = PKI_CERTS(root)
	};

	refused_for(rig, &c, "self-signed certificate in certificate chain");
	c.server = pki_server(rig->pki, twin, RIG_SERVER, NULL);
	c.server_chain = PKI_CERTS(NULL);
	refused_for(rig, &c, "unable to get local issuer certificate");
	c.server_chain = PKI_CERTS(twin);
	refused_for(rig, &c, "self-signed certificate");
}

static void
T013_validity_and_chain(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.server_chain = PKI_CERTS(NULL)};

	refused_server(rig, &(struct pki_options){.starts_s = -7200,
	    .ends_s = -60}, "expired");
	refused_server(rig, &(struct pki_options){.starts_s = 3600},
	    "not yet valid");
	c.server = pki_server(rig->pki, NULL, RIG_SERVER, NULL);
	refused_for(rig, &c, "self-signed certificate");
	c.server = rig->server;
	refused_for(rig, &c, "unable to get local issuer certificate");
}

static void
T014_extended_key_usage(void **state)
{
	struct rig *rig = *state;

	refused_server(rig, &(struct pki_options){.eku = "clientAuth"},
	    "purpose");
	refused_server(rig, &(struct pki_options){.eku = ""},
	    "not for server authentication");
	refused_server(rig, &(struct pki_options){.eku =
	    "anyExtendedKeyUsage"}, "purpose");
	refused_server(rig, &(struct pki_options){.eku = "emailProtection"},
	    "purpose");
	refused_server(rig, &(struct pki_options){.key_usage =
	    "critical,keyEncipherment"}, "not for server authentication");
}

static void
T015_names_that_do_not_count(void **state)
{
	struct rig *rig = *state;

	refused_server(rig, &(struct pki_options){.san = ""},
	    "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san =
	    "email:root@" RIG_SERVER}, "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san =
	    "DNS:*.acme.example"}, "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san = "DNS:*.example"},
	    "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san =
	    "DNS:verifier*.acme.example"}, "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san = "DNS:192.0.2.1"},
	    "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san = "IP:192.0.2.1"},
	    "hostname mismatch");
	refused_server(rig, &(struct pki_options){.san =
	    "URI:https://" RIG_SERVER}, "hostname mismatch");
}

static void
T015_name_with_a_nul(void **state)
{
	/* SEQUENCE { [2] "verifier1.acme.example\0.evil" } */
	static const uint8_t san[] = "\x30\x1e\x82\x1c"
	    "verifier1.acme.example\0.evil";
	static const struct pki_extension extra[] = {
		{"subjectAltName", 0, san, sizeof(san) - 1},
		{NULL, 0, NULL, 0}
	};

	refused_server(*state, &(struct pki_options){.san = "",
	    .extra = extra}, "hostname mismatch");
}

static void
T016_user_certificate_as_server(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {
		.server = rig->user,
		.server_chain = PKI_CERTS(rig->users),
	};

	refused_for(rig, &c, "purpose");
	/* Even with the right name in it. */
	c.server = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.san = "DNS:" RIG_SERVER});
	refused_for(rig, &c, "purpose");
	c.server = rig->machines;
	c.server_chain = PKI_CERTS(NULL);
	refused_for(rig, &c, "");
}

static void
keys_that_are_too_weak(void **state)
{
	struct rig *rig = *state;

	refused_server(rig, &(struct pki_options){.key_type = PKI_RSA1024},
	    "key too weak");
	refused_server(rig, &(struct pki_options){.key_type =
	    PKI_P256_EXPLICIT}, "explicit");
	refused_server(rig, &(struct pki_options){.digest = "SHA1"},
	    "too weak");
}

static void
shapes_that_no_ca_signs(void **state)
{
	static const uint8_t unknown[] = {0x05, 0x00};
	static const struct pki_extension critical[] = {
		{"1.3.6.1.4.1.99999.1", 1, unknown, sizeof(unknown)},
		{NULL, 0, NULL, 0}
	};
	struct rig *rig = *state;

	refused_server(rig, &(struct pki_options){.extra = critical},
	    "critical extension");
	refused_server(rig, &(struct pki_options){.serial = "-5"},
	    "serial number is negative");
	refused_server(rig, &(struct pki_options){.not_after =
	    "99991231235959Z"}, "never expires");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_server_with_another_stack),
		cmocka_unit_test(T011_another_dns_name),
		cmocka_unit_test(T011_name_is_not_case_sensitive),
		cmocka_unit_test(T011_what_is_no_name_is_not_tried),
		cmocka_unit_test(T012_another_ca),
		cmocka_unit_test(T013_validity_and_chain),
		cmocka_unit_test(T014_extended_key_usage),
		cmocka_unit_test(T015_names_that_do_not_count),
		cmocka_unit_test(T015_name_with_a_nul),
		cmocka_unit_test(T016_user_certificate_as_server),
		cmocka_unit_test(keys_that_are_too_weak),
		cmocka_unit_test(shapes_that_no_ca_signs),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
