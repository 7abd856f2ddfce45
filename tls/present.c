/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The certificate and key that we present: a server's from files, checked
 * while somebody is there to read the message; a client's from memory, with
 * a key that may be on a card.
 */
#include "config.h"

#include "context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "leaf.h"
#include "mtls/pem.h"

/* The certificate that a server shows, and what follows it in its file. */
static enum mtls_status
check_server_chain(const char *path, STACK_OF(X509) *chain,
    struct mtls_err *err)
{
	X509 *leaf = sk_X509_value(chain, 0);
	const char *problem = mtls_leaf_problem(leaf, MTLS_LEAF_SERVER);
	GENERAL_NAMES *names;
	int n_dns = 0;

	if (problem != NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: not a server's certificate: %s", path, problem);
	names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		n_dns += sk_GENERAL_NAME_value(names, i)->type == GEN_DNS;
	GENERAL_NAMES_free(names);
	if (n_dns == 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: the certificate has no dNSName", path);
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) >= 0 ||
	    X509_cmp_current_time(X509_get0_notAfter(leaf)) <= 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: the certificate has expired or is not yet valid",
		    path);
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (X509_check_issued(sk_X509_value(chain, i),
		    sk_X509_value(chain, i - 1)) != X509_V_OK)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "%s: certificate %d did not issue the one before",
			    path, i + 1);
	}
	return MTLS_OK;
}

enum mtls_status
mtls_present_files(struct mtls_tls *tls, SSL_CTX *ctx,
    const struct mtls_tls_server_options *options, struct mtls_err *err)
{
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	enum mtls_status s;

	s = mtls_pem_certificates(tls, options->certificate_file, &chain, err);
	if (s != MTLS_OK)
		goto out;
	s = check_server_chain(options->certificate_file, chain, err);
	if (s != MTLS_OK)
		goto out;
	if (options->key == NULL)
		s = mtls_pem_key(tls, options->key_file, &key, err);
	else if (EVP_PKEY_up_ref(options->key) == 1)
		key = options->key;
	else
		s = mtls_fail_openssl(err, MTLS_E_CRYPTO, "%s",
		    options->key_file);
	if (s != MTLS_OK)
		goto out;
	leaf = sk_X509_shift(chain);
	if (X509_check_private_key(leaf, key) != 1) {
		ERR_clear_error();
		s = mtls_fail(err, MTLS_E_CONFIG,
		    "%s: not the key of the certificate in %s",
		    options->key_file, options->certificate_file);
		goto out;
	}
	if (SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1) != 1)
		s = mtls_fail_openssl(err, MTLS_E_CONFIG, "%s",
		    options->certificate_file);
out:
	X509_free(leaf);
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	return s;
}

/*
 * What a key can sign with. TLS 1.2 lets the server ask for any digest with
 * any curve; a card signs its own.
 */
static const char *
signatures_of(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return "ed25519";
	if (EVP_PKEY_is_a(key, "RSA"))
		return "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
		    "rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:"
		    "rsa_pkcs1_sha512";
	if (EVP_PKEY_get_bits(key) == 384)
		return "ecdsa_secp384r1_sha384";
	return "ecdsa_secp256r1_sha256";
}

enum mtls_status
mtls_tls_use_certificate(SSL_CTX *ctx, X509 *certificate,
    STACK_OF(X509) *chain, EVP_PKEY *key, struct mtls_err *err)
{
	ERR_clear_error();
	if (X509_check_private_key(certificate, key) != 1)
		return mtls_fail_openssl(err, MTLS_E_CONFIG,
		    "the key is not that of the certificate");
	if (SSL_CTX_use_cert_and_key(ctx, certificate, key, chain, 1) != 1)
		return mtls_fail_openssl(err, MTLS_E_CONFIG,
		    "the certificate cannot be used");
	if (SSL_CTX_set1_client_sigalgs_list(ctx, signatures_of(key)) != 1)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot set what the key can sign");
	return MTLS_OK;
}
