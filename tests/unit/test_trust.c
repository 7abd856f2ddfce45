/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * CA files and the server's own certificate: a context that cannot do what
 * it is for is not made.
 */
#include "config.h"

#include <string.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

static void
refused_options(struct rig *rig, const struct mtls_tls_server_options *o,
    const char *why)
{
	struct mtls_err err;
	SSL_CTX *ctx = NULL;

	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_server_ctx(rig->tls, o, &ctx, &err),
	    MTLS_E_CONFIG);
	assert_null(ctx);
	assert_int_equal(err.status, MTLS_E_CONFIG);
	if (strstr(err.text, why) == NULL)
		fail_msg("not \"%s\" but: %s", why, err.text);
}

static struct mtls_tls_server_options
good_options(struct rig *rig)
{
	return (struct mtls_tls_server_options){
		.certificate_file = pki_file_certs(rig->pki, "s.pem",
		    PKI_CERTS(rig->server, rig->machines)),
		.key_file = pki_file_key(rig->pki, "s.key", rig->server),
		.client_ca_file = rig->user_ca_file
	};
}

static void
refused_ca_file(struct rig *rig, const char *path, const char *why)
{
	struct mtls_tls_server_options o = good_options(rig);
	struct mtls_tls_client_options co = {.ca_file = path};
	struct mtls_err err;
	SSL_CTX *ctx = NULL;

	o.client_ca_file = path;
	refused_options(rig, &o, why);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_client_ctx(rig->tls, &co, &ctx, &err),
	    MTLS_E_CONFIG);
	assert_null(ctx);
}

static void
refused_cas(struct rig *rig, const struct pki_cert *const *certs,
    const char *why)
{
	refused_ca_file(rig, pki_file_certs(rig->pki, "ca.pem", certs), why);
}

static void
T089_files_without_certificates(void **state)
{
	struct rig *rig = *state;
	static const char text[] = "nothing here\n";

	refused_ca_file(rig, pki_file_bytes(rig->pki, "empty.pem", "", 0),
	    "no certificate in it");
	refused_ca_file(rig, pki_file_bytes(rig->pki, "text.pem", text,
	    sizeof(text) - 1), "no certificate in it");
	refused_ca_file(rig, pki_file_key(rig->pki, "only.key", rig->root),
	    "a block is not a certificate");
}

static void
T089_leaf_in_the_file(void **state)
{
	struct rig *rig = *state;

	refused_cas(rig, PKI_CERTS(rig->root, rig->users, rig->user),
	    "certificate 3: it is not a CA certificate");
	refused_cas(rig, PKI_CERTS(rig->server),
	    "certificate 1: it is not a CA certificate");
	refused_cas(rig, PKI_CERTS(pki_ca(rig->pki, NULL, "v1",
	    &(struct pki_options){.version = 1})), "version 3");
	refused_cas(rig, PKI_CERTS(pki_ca(rig->pki, NULL, "No BC",
	    &(struct pki_options){.basic = ""})), "not a CA certificate");
}

static void
T089_no_root(void **state)
{
	struct rig *rig = *state;

	refused_cas(rig, PKI_CERTS(rig->users),
	    "no self-signed CA certificate");
	refused_cas(rig, PKI_CERTS(pki_ca(rig->pki, NULL, "Gone",
	    &(struct pki_options){.starts_s = -7200, .ends_s = -60})),
	    "no self-signed CA certificate that is valid now");
	refused_cas(rig, PKI_CERTS(pki_ca(rig->pki, NULL, "Soon",
	    &(struct pki_options){.starts_s = 3600})),
	    "no self-signed CA certificate that is valid now");
}

static void
T089_intermediate_of_nobody(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *twin = pki_ca(rig->pki, NULL, "Acme Root CA",
	    NULL);
	const struct pki_cert *forged = pki_ca(rig->pki, rig->root, "Forged",
	    &(struct pki_options){.signed_by = rig->machines});
	const struct pki_cert *below = pki_ca(rig->pki, rig->users, "Below",
	    NULL);

	refused_cas(rig, PKI_CERTS(twin, rig->users), "Acme Staff CA");
	refused_cas(rig, PKI_CERTS(rig->root, forged), "Forged");
	refused_cas(rig, PKI_CERTS(rig->root, below),
	    "unable to get local issuer certificate");
	refused_cas(rig, PKI_CERTS(rig->root, pki_ca(rig->pki, rig->root,
	    "Weak", &(struct pki_options){.key_type = PKI_RSA1024})),
	    "too weak");
	refused_cas(rig, PKI_CERTS(rig->root, pki_ca(rig->pki, rig->root,
	    "SHA-1", &(struct pki_options){.digest = "SHA1"})), "too weak");
	refused_cas(rig, PKI_CERTS(rig->root, pki_ca(rig->pki, rig->root,
	    "No KU", &(struct pki_options){.key_usage = ""})), "No KU");
}

static void
T089_broken_block(void **state)
{
	struct rig *rig = *state;
	static const char broken[] =
	    "-----BEGIN CERTIFICATE-----\n"
	    "MIIBszCCAVmgAwIBAgIRA\n"
	    "-----END CERTIFICATE-----\n";
	static const char cut[] =
	    "-----BEGIN CERTIFICATE-----\n"
	    "MIIBszCCAVmgAwIBAgIRA";

	refused_ca_file(rig, pki_file_bytes(rig->pki, "broken.pem", broken,
	    sizeof(broken) - 1), "malformed");
	refused_ca_file(rig, pki_file_bytes(rig->pki, "cut.pem", cut,
	    sizeof(cut) - 1), "cut.pem");
}

/* An expired CA does not stop the service; it is only not trusted. */
static void
expired_ca_is_left_out(void **state)
{
	struct rig *rig = *state;
	const struct pki_options past = {.starts_s = -7200, .ends_s = -60};
	const struct pki_cert *old_root = pki_ca(rig->pki, NULL, "Old Root",
	    &past);
	const struct pki_cert *orphan = pki_ca(rig->pki, rig->root, "Old CA",
	    &past);
	struct rig_case c = {.user_ca_file = pki_file_certs(rig->pki,
	    "mixed.pem", PKI_CERTS(old_root, orphan, rig->users,
	    rig->root))};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	assert_int_equal(sk_X509_NAME_num(SSL_get0_peer_CA_list(
	    pair.client.ssl)), 2);
	tls_pair_free(&pair);
	c.user = pki_user(rig->pki, orphan, "alice", NULL);
	rig_meet(rig, &c, &pair);
	assert_false(pair.server.is_done);
	tls_pair_free(&pair);
	c.user = pki_user(rig->pki, old_root, "alice", NULL);
	rig_meet(rig, &c, &pair);
	assert_false(pair.server.is_done);
	tls_pair_free(&pair);
}

static void
leaf_alone_is_enough(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *below = pki_ca(rig->pki, rig->users, "Below",
	    NULL);
	struct rig_case c = {
		.user_ca_file = pki_file_certs(rig->pki, "three.pem",
		    PKI_CERTS(below, rig->users, rig->root)),
		.user = pki_user(rig->pki, below, "alice", NULL)
	};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	tls_pair_free(&pair);
	/* What the file does not have, the client may send. */
	c.user_ca_file = NULL;
	rig_meet(rig, &c, &pair);
	assert_false(pair.server.is_done);
	tls_pair_free(&pair);
	c.user_chain = PKI_CERTS(below);
	rig_meet(rig, &c, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	tls_pair_free(&pair);
}

static void
refused_server_certificate(struct rig *rig, const struct pki_cert *server,
    const char *why)
{
	struct mtls_tls_server_options o = good_options(rig);

	o.certificate_file = pki_file_certs(rig->pki, "bad.pem",
	    PKI_CERTS(server));
	o.key_file = pki_file_key(rig->pki, "bad.key", server);
	refused_options(rig, &o, why);
}

static void
T089_server_certificate(void **state)
{
	struct rig *rig = *state;
	struct pki *p = rig->pki;

	refused_server_certificate(rig, rig->user,
	    "not for server authentication");
	refused_server_certificate(rig, pki_server(p, rig->machines, "x.y",
	    &(struct pki_options){.eku = ""}),
	    "not for server authentication");
	refused_server_certificate(rig, pki_server(p, rig->machines, "x.y",
	    &(struct pki_options){.san = ""}), "no dNSName");
	refused_server_certificate(rig, pki_server(p, rig->machines, "x.y",
	    &(struct pki_options){.starts_s = -7200, .ends_s = -60}),
	    "expired");
	refused_server_certificate(rig, pki_server(p, rig->machines, "x.y",
	    &(struct pki_options){.starts_s = 3600}), "not yet valid");
	refused_server_certificate(rig, rig->machines, "CA certificate");
	refused_server_certificate(rig, pki_server(p, rig->machines, "x.y",
	    &(struct pki_options){.key_type = PKI_RSA1024}),
	    "shorter than 2048");
}

static void
T089_server_key_and_chain(void **state)
{
	struct rig *rig = *state;
	struct mtls_tls_server_options o = good_options(rig);

	o.key_file = pki_file_key(rig->pki, "other.key", rig->user);
	refused_options(rig, &o, "not the key of the certificate");
	o = good_options(rig);
	o.certificate_file = pki_file_certs(rig->pki, "order.pem",
	    PKI_CERTS(rig->server, rig->users));
	refused_options(rig, &o, "did not issue the one before");
	o.certificate_file = pki_file_bytes(rig->pki, "none.pem", "", 0);
	refused_options(rig, &o, "no certificate in it");
	o = good_options(rig);
	o.key_file = pki_file_bytes(rig->pki, "open.key", "", 0);
	refused_options(rig, &o, "open.key");
}

static void
files_that_are_not_there(void **state)
{
	struct rig *rig = *state;
	struct mtls_tls_server_options o = good_options(rig);
	SSL_CTX *ctx = NULL;

	o.client_ca_file = "/nonexistent/ca.pem";
	assert_int_equal(mtls_tls_server_ctx(rig->tls, &o, &ctx, NULL),
	    MTLS_E_NOT_FOUND);
	assert_null(ctx);
}

static void
key_of_another_certificate(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.no_user_cert = 1};
	SSL_CTX *ctx = rig_client_ctx(rig, &c);

	assert_int_equal(mtls_tls_use_certificate(ctx, rig->user->x509, NULL,
	    rig->server->key, NULL), MTLS_E_CONFIG);
	SSL_CTX_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T089_files_without_certificates),
		cmocka_unit_test(T089_leaf_in_the_file),
		cmocka_unit_test(T089_no_root),
		cmocka_unit_test(T089_intermediate_of_nobody),
		cmocka_unit_test(T089_broken_block),
		cmocka_unit_test(expired_ca_is_left_out),
		cmocka_unit_test(leaf_alone_is_enough),
		cmocka_unit_test(T089_server_certificate),
		cmocka_unit_test(T089_server_key_and_chain),
		cmocka_unit_test(files_that_are_not_there),
		cmocka_unit_test(key_of_another_certificate),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
