/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * CRLs: version 2, with a number and the key identifier of their issuer.
 */
#include "config.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mtlsctl/ca_make.h"
#include "mtlsctl/key.h"

static int
add_reason(X509_REVOKED *revoked, enum ca_reason reason)
{
	ASN1_ENUMERATED *code;
	int done;

	/* RFC 5280, 5.3.1: unspecified is left out. */
	if (reason == CA_REASON_UNSPECIFIED)
		return 1;
	code = ASN1_ENUMERATED_new();
	done = code != NULL &&
	    ASN1_ENUMERATED_set(code, ca_reason_code(reason)) == 1 &&
	    X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, code, 0,
	    X509V3_ADD_DEFAULT) == 1;
	ASN1_ENUMERATED_free(code);
	return done;
}

static int
set_revoked(X509_REVOKED *revoked, const struct ca_entry *entry)
{
	ASN1_INTEGER *serial = NULL;
	ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)entry->revoked_at_s);
	BIGNUM *n = NULL;
	int done;

	done = at != NULL && BN_hex2bn(&n, entry->serial) > 0 &&
	    (serial = BN_to_ASN1_INTEGER(n, NULL)) != NULL &&
	    X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
	    X509_REVOKED_set_revocationDate(revoked, at) == 1 &&
	    add_reason(revoked, entry->reason);
	BN_free(n);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(at);
	return done;
}

static int
add_revoked(X509_CRL *crl, const struct ca_entry *entry)
{
	X509_REVOKED *revoked = X509_REVOKED_new();

	if (revoked != NULL && set_revoked(revoked, entry) &&
	    X509_CRL_add0_revoked(crl, revoked) == 1)
		return 1;
	X509_REVOKED_free(revoked);
	return 0;
}

static int
add_number(X509_CRL *crl, uint64_t number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	int done;

	done = n != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0,
	    X509V3_ADD_DEFAULT) == 1;
	ASN1_INTEGER_free(n);
	return done;
}

static int
add_key_identifier(X509_CRL *crl, X509 *issuer)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	int done;

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	X509V3_set_ctx_nodb(&ctx);
	extension = X509V3_EXT_conf_nid(NULL, &ctx,
	    NID_authority_key_identifier, "keyid:always");
	done = extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return done;
}

static int
set_dates(X509_CRL *crl, const struct ca_crl *what)
{
	ASN1_TIME *this = ASN1_TIME_set(NULL, (time_t)what->this_update_s);
	ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)what->next_update_s);
	int done;

	done = this != NULL && next != NULL &&
	    X509_CRL_set1_lastUpdate(crl, this) == 1 &&
	    X509_CRL_set1_nextUpdate(crl, next) == 1;
	ASN1_TIME_free(this);
	ASN1_TIME_free(next);
	return done;
}

enum mtls_status
ca_make_crl(struct mtls_tls *tls, const struct ca *issuer,
    const struct ca_index *index, const struct ca_crl *what, X509_CRL **ret,
    struct mtls_err *err)
{
	X509_CRL *crl = X509_CRL_new_ex(mtls_tls_libctx0(tls), NULL);
	int done;

	done = crl != NULL &&
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(issuer->certificate)) == 1 &&
	    set_dates(crl, what) && add_number(crl, what->number) &&
	    add_key_identifier(crl, issuer->certificate);
	for (size_t i = 0; done && i < index->n; i++) {
		if (index->entries[i].revoked &&
		    index->entries[i].issuer == issuer->id)
			done = add_revoked(crl, &index->entries[i]);
	}
	if (done)
		done = X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl,
		    issuer->key, key_digest(issuer->key)) > 0 &&
		    X509_CRL_verify(crl,
		    X509_get0_pubkey(issuer->certificate)) == 1;
	if (!done) {
		ERR_clear_error();
		X509_CRL_free(crl);
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the CRL could not be made");
	}
	*ret = crl;
	return MTLS_OK;
}
