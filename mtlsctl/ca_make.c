/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificates: the profile of each kind, signing and verifying them.
 */
#include "config.h"

#include "mtlsctl/ca_make.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "mtlsctl/key.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"

/* What X509V3_EXT_conf_nid() makes of a value; nid 0 ends a list. */
struct extension {
	int nid;
	const char *value;
};

static const struct extension root_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:1" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL }
};
static const struct extension users_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_ext_key_usage, "clientAuth,msSmartcardLogin" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL }
};
static const struct extension machines_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_ext_key_usage, "clientAuth,serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL }
};
static const struct extension leaf_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL }
};

static enum mtls_status
failed(const char *what, struct mtls_err *err)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return mtls_fail(err, MTLS_E_CRYPTO, "%s: %s", what,
	    reason == NULL ? "failed" : reason);
}

static int
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	int done;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (extension == NULL)
		return 0;
	done = X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	return done == 1;
}

static int
add_extensions(X509 *x, X509 *issuer, const struct extension *list)
{
	for (; list->nid != 0; list++) {
		if (!add_extension(x, issuer, list->nid, list->value))
			return 0;
	}
	return 1;
}

static int
add_name(X509_NAME *name, const char *attribute, const char *value)
{
	return X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8,
	    (const unsigned char *)value, -1, -1, 0) == 1;
}

static int
set_date(ASN1_TIME *to, int64_t seconds)
{
	return ASN1_TIME_set(to, (time_t)seconds) != NULL;
}

static int
set_serial(ASN1_INTEGER *to, const char *hex)
{
	BIGNUM *n = NULL;
	int done;

	done = BN_hex2bn(&n, hex) > 0 && BN_to_ASN1_INTEGER(n, to) != NULL;
	BN_free(n);
	return done;
}

/* A certificate with everything but subject, extensions and signature. */
static X509 *
new_certificate(struct mtls_tls *tls, const struct ca_subject *subject,
    EVP_PKEY *key)
{
	X509 *x = X509_new_ex(mtls_tls_libctx0(tls), NULL);

	if (x == NULL)
		return NULL;
	if (X509_set_version(x, X509_VERSION_3) == 1 &&
	    set_serial(X509_get_serialNumber(x), subject->serial) &&
	    set_date(X509_getm_notBefore(x), subject->not_before_s) &&
	    set_date(X509_getm_notAfter(x), subject->not_after_s) &&
	    X509_set_pubkey(x, key) == 1)
		return x;
	X509_free(x);
	return NULL;
}

/* Signs x as issuer, whose certificate is x itself for a root. */
static int
sign(X509 *x, X509 *issuer, EVP_PKEY *key)
{
	return X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
	    X509_sign(x, key, key_digest(key)) > 0;
}

/*
 * Whether strict readers accept x: its signature, names, extensions and
 * dates, through intermediate0 to root.
 */
static enum mtls_status
verify(struct mtls_tls *tls, X509 *x, X509 *intermediate0, X509 *root,
    int purpose, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(mtls_tls_libctx0(tls),
	    NULL);
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509_VERIFY_PARAM *param;

	if (ctx == NULL || store == NULL || chain == NULL ||
	    X509_STORE_add_cert(store, root) != 1 ||
	    (intermediate0 != NULL && sk_X509_push(chain, intermediate0) == 0)
	    || X509_STORE_CTX_init(ctx, store, x, chain) != 1) {
		status = failed("verifying the new certificate", err);
		goto out;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT |
	    X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	X509_VERIFY_PARAM_set_purpose(param, purpose);
	if (X509_verify_cert(ctx) != 1)
		status = mtls_fail(err, MTLS_E_CRYPTO,
		    "the new certificate does not verify: %s",
		    X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(ctx)));
out:
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(chain);
	return status;
}

enum mtls_status
ca_make_root(struct mtls_tls *tls, const char *org,
    const struct ca_subject *dates, EVP_PKEY *key, X509 **ret,
    struct mtls_err *err)
{
	X509 *x = new_certificate(tls, dates, key);
	enum mtls_status status;
	char cn[CA_CN_MAX + 1];

	snprintf(cn, sizeof(cn), "%s Root CA", org);
	if (x == NULL || !add_name(X509_get_subject_name(x), "O", org) ||
	    !add_name(X509_get_subject_name(x), "CN", cn) ||
	    !add_extensions(x, x, root_extensions) || !sign(x, x, key))
		status = failed("the root certificate", err);
	else
		status = verify(tls, x, NULL, x, X509_PURPOSE_ANY, err);
	if (status == MTLS_OK)
		*ret = x;
	else
		X509_free(x);
	return status;
}

enum mtls_status
ca_make_intermediate(struct mtls_tls *tls, enum ca_id id,
    const struct ca *root, const char *org, const struct ca_subject *dates,
    EVP_PKEY *key, X509 **ret, struct mtls_err *err)
{
	X509 *x = new_certificate(tls, dates, key);
	enum mtls_status status;
	char cn[CA_CN_MAX + 1];

	snprintf(cn, sizeof(cn), "%s %s CA", org,
	    id == CA_USERS ? "Users" : "Machines");
	if (x == NULL || !add_name(X509_get_subject_name(x), "O", org) ||
	    !add_name(X509_get_subject_name(x), "CN", cn) ||
	    !add_extensions(x, root->certificate, id == CA_USERS ?
	    users_extensions : machines_extensions) ||
	    !sign(x, root->certificate, root->key))
		status = failed("a CA certificate", err);
	else
		status = verify(tls, x, NULL, root->certificate,
		    X509_PURPOSE_ANY, err);
	if (status == MTLS_OK)
		*ret = x;
	else
		X509_free(x);
	return status;
}

/* Takes nothing; names with a wrong character are refused by the string. */
static GENERAL_NAME *
general_name(int type, const char *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (name == NULL || text == NULL ||
	    ASN1_STRING_set(text, value, -1) != 1) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(text);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, text);
	return name;
}

static GENERAL_NAME *
upn_name(const char *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_UPN, 1);
	ASN1_TYPE *type = ASN1_TYPE_new();

	if (name != NULL && text != NULL && oid != NULL && type != NULL &&
	    ASN1_STRING_set(text, value, -1) == 1) {
		ASN1_TYPE_set(type, V_ASN1_UTF8STRING, text);
		text = NULL;
		if (GENERAL_NAME_set0_othername(name, oid, type) == 1)
			return name;
	}
	GENERAL_NAME_free(name);
	ASN1_UTF8STRING_free(text);
	ASN1_OBJECT_free(oid);
	ASN1_TYPE_free(type);
	return NULL;
}

/* Takes name. */
static int
push(GENERAL_NAMES *names, GENERAL_NAME *name)
{
	if (name != NULL && sk_GENERAL_NAME_push(names, name) > 0)
		return 1;
	GENERAL_NAME_free(name);
	return 0;
}

static int
add_alternative_names(X509 *x, const struct ca_subject *subject)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	int done = names != NULL;

	if (done && subject->kind != CA_KIND_USER)
		done = push(names, general_name(GEN_DNS, subject->name));
	if (done && subject->upn0 != NULL)
		done = push(names, upn_name(subject->upn0));
	if (done && subject->email0 != NULL)
		done = push(names, general_name(GEN_EMAIL, subject->email0));
	if (done && sk_GENERAL_NAME_num(names) > 0)
		done = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
		    X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return done;
}

/* O as the issuer has it, and a CN, which has room for 64 characters. */
static int
add_subject(X509 *x, X509 *issuer, const char *name)
{
	const X509_NAME *from = X509_get_subject_name(issuer);
	X509_NAME *to = X509_get_subject_name(x);
	char cn[CA_CN_MAX + 1];
	int at = X509_NAME_get_index_by_NID(from, NID_organizationName, -1);

	if (at >= 0 && X509_NAME_add_entry(to,
	    X509_NAME_get_entry(from, at), -1, 0) != 1)
		return 0;
	if (strlen(name) <= CA_CN_MAX)
		return add_name(to, "CN", name);
	/* The first label of a long host name has at most 63. */
	snprintf(cn, sizeof(cn), "%.*s", (int)strcspn(name, "."), name);
	return add_name(to, "CN", cn);
}

static const char *
extended_key_usage(enum ca_kind kind)
{
	switch (kind) {
	case CA_KIND_USER:
		return "clientAuth,msSmartcardLogin";
	case CA_KIND_MACHINE:
		return "clientAuth";
	case CA_KIND_VERIFIER:
		return "serverAuth";
	case CA_KIND_CA:
		break;
	}
	return NULL;
}

enum mtls_status
ca_make_leaf(struct mtls_tls *tls, const struct ca *issuer, X509 *root,
    const struct ca_subject *subject, EVP_PKEY *key, X509 **ret,
    struct mtls_err *err)
{
	X509 *x = new_certificate(tls, subject, key);
	enum mtls_status status;

	if (x == NULL || !add_subject(x, issuer->certificate, subject->name)
	    || !add_extensions(x, issuer->certificate, leaf_extensions) ||
	    !add_extension(x, issuer->certificate, NID_ext_key_usage,
	    extended_key_usage(subject->kind)) ||
	    !add_alternative_names(x, subject) ||
	    !sign(x, issuer->certificate, issuer->key))
		status = failed("the certificate", err);
	else
		status = verify(tls, x, issuer->certificate, root,
		    subject->kind == CA_KIND_VERIFIER ?
		    X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, err);
	if (status == MTLS_OK)
		*ret = x;
	else
		X509_free(x);
	return status;
}
