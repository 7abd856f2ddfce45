/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The throw-away PKI of the tests; see pki.h. Certificates are put together
 * by hand, not by a CA library, because most of them must be wrong.
 */
#include "config.h"

#include "pki_internal.h"

#include <err.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

void
pki_must(int ok, const char *what)
{
	if (ok)
		return;
	ERR_print_errors_fp(stderr);
	errx(99, "pki: %s", what);
}

struct pki_item *
pki_new_item(struct pki *pki)
{
	struct pki_item *item = calloc(1, sizeof(*item));

	pki_must(item != NULL, "calloc");
	item->next = pki->items;
	pki->items = item;
	return item;
}

struct pki *
pki_new(OSSL_LIB_CTX *libctx)
{
	struct pki *pki = calloc(1, sizeof(*pki));
	char dir[] = "/tmp/mtls-pki-XXXXXX";

	pki_must(pki != NULL, "calloc");
	pki_must(mkdtemp(dir) != NULL, "mkdtemp");
	pki->dir = strdup(dir);
	pki_must(pki->dir != NULL, "strdup");
	pki->libctx = libctx;
	return pki;
}

static int
remove_entry(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
pki_free(struct pki *pki)
{
	struct pki_item *item;

	if (pki == NULL)
		return;
	while ((item = pki->items) != NULL) {
		pki->items = item->next;
		X509_free(item->cert.x509);
		EVP_PKEY_free(item->cert.key);
		X509_CRL_free(item->crl);
		free(item->path);
		free(item);
	}
	EVP_PKEY_free(pki->rsa);
	nftw(pki->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(pki->dir);
	free(pki);
}

const char *
pki_dir0(const struct pki *pki)
{
	return pki->dir;
}

static EVP_PKEY *
generate_ec(struct pki *pki, const char *group, int is_explicit)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(pki->libctx, "EC",
	    NULL);
	EVP_PKEY *key = NULL;

	pki_must(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_group_name(ctx, group) == 1, "EC parameters");
	if (is_explicit)
		pki_must(EVP_PKEY_CTX_set_ec_param_enc(ctx,
		    OPENSSL_EC_EXPLICIT_CURVE) == 1, "explicit curve");
	pki_must(EVP_PKEY_generate(ctx, &key) == 1, "EC key");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *
generate(struct pki *pki, enum pki_key_type type)
{
	EVP_PKEY *key = NULL;

	switch (type) {
	case PKI_P256:
		return generate_ec(pki, "P-256", 0);
	case PKI_P384:
		return generate_ec(pki, "P-384", 0);
	case PKI_P256_EXPLICIT:
		return generate_ec(pki, "P-256", 1);
	case PKI_RSA1024:
		key = EVP_PKEY_Q_keygen(pki->libctx, NULL, "RSA",
		    (size_t)1024);
		break;
	case PKI_ED25519:
		key = EVP_PKEY_Q_keygen(pki->libctx, NULL, "ED25519");
		break;
	case PKI_RSA2048:
		if (pki->rsa == NULL)
			pki->rsa = EVP_PKEY_Q_keygen(pki->libctx, NULL, "RSA",
			    (size_t)2048);
		key = pki->rsa;
		pki_must(key != NULL && EVP_PKEY_up_ref(key), "RSA key");
		break;
	}
	pki_must(key != NULL, "key");
	return key;
}

static void
set_serial(X509 *x, const char *hex)
{
	BIGNUM *bn = NULL;

	if (hex != NULL) {
		pki_must(BN_hex2bn(&bn, hex) > 0, "serial");
	} else {
		bn = BN_new();
		pki_must(bn != NULL && BN_rand(bn, 127, BN_RAND_TOP_ONE,
		    BN_RAND_BOTTOM_ANY), "serial");
	}
	pki_must(BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL,
	    "serial");
	BN_free(bn);
}

static X509_NAME *
parse_subject(const char *subject)
{
	X509_NAME *name = X509_NAME_new();
	char *copy = strdup(subject);
	char *rest = copy;
	char *part;

	pki_must(name != NULL && copy != NULL, "memory");
	while ((part = strsep(&rest, "/")) != NULL) {
		char *value = strchr(part, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		pki_must(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8,
		    (unsigned char *)value, -1, -1, 0), "subject");
	}
	free(copy);
	return name;
}

static void
set_subject(X509 *x, const struct pki_options *o)
{
	X509_NAME *name;

	if (o->subject_name != NULL) {
		pki_must(X509_set_subject_name(x, o->subject_name), "subject");
		return;
	}
	name = parse_subject(o->subject != NULL ? o->subject : "");
	pki_must(X509_set_subject_name(x, name), "subject");
	X509_NAME_free(name);
}

static void
set_validity(X509 *x, const struct pki_options *o)
{
	time_t now = time(NULL);
	int64_t starts = o->starts_s != 0 ? o->starts_s : -DAY;
	int64_t ends = o->ends_s != 0 ? o->ends_s : 365 * DAY;

	pki_must(ASN1_TIME_set(X509_getm_notBefore(x), now + starts) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x), now + ends) != NULL,
	    "validity");
	if (o->not_after != NULL)
		pki_must(ASN1_TIME_set_string(X509_getm_notAfter(x),
		    o->not_after), "validity");
}

static void
add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (value == NULL || *value == '\0')
		return;
	extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
	pki_must(extension != NULL && X509_add_ext(x, extension, -1), value);
	X509_EXTENSION_free(extension);
}

X509_EXTENSION *
pki_raw_extension(const struct pki_extension *e)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *id = OBJ_txt2obj(e->oid, 0);
	X509_EXTENSION *extension;

	pki_must(id != NULL && value != NULL &&
	    ASN1_OCTET_STRING_set(value, e->der, (int)e->len), "extension");
	extension = X509_EXTENSION_create_by_OBJ(NULL, id, e->critical, value);
	pki_must(extension != NULL, "extension");
	ASN1_OBJECT_free(id);
	ASN1_OCTET_STRING_free(value);
	return extension;
}

static void
add_extensions(X509 *x, const struct pki_cert *issuer,
    const struct pki_options *o)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer != NULL ? issuer->x509 : x, x, NULL, NULL,
	    0);
	add_extension(x, &ctx, NID_basic_constraints, o->basic);
	add_extension(x, &ctx, NID_key_usage, o->key_usage);
	add_extension(x, &ctx, NID_ext_key_usage, o->eku);
	add_extension(x, &ctx, NID_subject_key_identifier, o->ski);
	if (issuer != NULL)
		add_extension(x, &ctx, NID_authority_key_identifier, o->aki);
	add_extension(x, &ctx, NID_subject_alt_name, o->san);
	for (const struct pki_extension *e = o->extra;
	    e != NULL && e->oid != NULL; e++) {
		X509_EXTENSION *extension = pki_raw_extension(e);

		pki_must(X509_add_ext(x, extension, -1), "extension");
		X509_EXTENSION_free(extension);
	}
}

/* The digest that goes with a signing key; Ed25519 has its own. */
const EVP_MD *
pki_signing_digest(const EVP_PKEY *key, const char *name)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return EVP_get_digestbyname(name != NULL ? name : "SHA256");
}

/* As it comes over the wire; libcrypto remembers how it was made. */
static X509 *
parse_again(struct pki *pki, X509 *x)
{
	X509 *parsed = X509_new_ex(pki->libctx, NULL);
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	const unsigned char *p = der;

	pki_must(parsed != NULL && len > 0 &&
	    d2i_X509(&parsed, &p, len) != NULL, "certificate");
	OPENSSL_free(der);
	X509_free(x);
	return parsed;
}

const struct pki_cert *
pki_raw(struct pki *pki, const struct pki_cert *issuer,
    const struct pki_options *o)
{
	struct pki_item *item = pki_new_item(pki);
	struct pki_cert *cert = &item->cert;
	const struct pki_cert *signer;
	X509 *x = X509_new_ex(pki->libctx, NULL);

	pki_must(x != NULL, "certificate");
	if (o->key_of != NULL) {
		cert->key = o->key_of->key;
		pki_must(EVP_PKEY_up_ref(cert->key), "key");
	} else {
		cert->key = generate(pki, o->key_type);
	}
	cert->issuer = issuer;
	pki_must(X509_set_version(x, o->version != 0 ? o->version - 1 :
	    X509_VERSION_3), "version");
	set_serial(x, o->serial);
	set_subject(x, o);
	pki_must(X509_set_issuer_name(x, X509_get_subject_name(
	    issuer != NULL ? issuer->x509 : x)), "issuer");
	set_validity(x, o);
	pki_must(X509_set_pubkey(x, cert->key), "public key");
	if (o->version != 1)
		add_extensions(x, issuer, o);
	signer = o->signed_by != NULL ? o->signed_by :
	    issuer != NULL ? issuer : cert;
	pki_must(X509_sign(x, signer->key, pki_signing_digest(signer->key,
	    o->digest)) > 0, "signature");
	cert->x509 = parse_again(pki, x);
	return cert;
}

static void
use_default(const char **field, const char *value)
{
	if (*field == NULL)
		*field = value;
}

static const struct pki_cert *
leaf(struct pki *pki, const struct pki_cert *issuer,
    const struct pki_options *options, const char *subject, const char *san,
    const char *eku)
{
	struct pki_options o = {0};

	if (options != NULL)
		o = *options;
	use_default(&o.subject, subject);
	use_default(&o.san, san);
	use_default(&o.eku, eku);
	use_default(&o.basic, "critical,CA:FALSE");
	use_default(&o.key_usage, "critical,digitalSignature");
	use_default(&o.ski, "hash");
	use_default(&o.aki, "keyid");
	return pki_raw(pki, issuer, &o);
}

const struct pki_cert *
pki_user(struct pki *pki, const struct pki_cert *issuer, const char *user,
    const struct pki_options *options)
{
	char subject[256];
	char san[512];

	snprintf(subject, sizeof(subject), "/O=Acme/CN=%s", user);
	snprintf(san, sizeof(san), "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:"
	    "%s@acme.example,email:%s@acme.example", user, user);
	return leaf(pki, issuer, options, subject, san,
	    "clientAuth,msSmartcardLogin");
}

const struct pki_cert *
pki_machine(struct pki *pki, const struct pki_cert *issuer, const char *name,
    const struct pki_options *options)
{
	char subject[256];
	char san[512];

	snprintf(subject, sizeof(subject), "/O=Acme/CN=%s", name);
	snprintf(san, sizeof(san), "DNS:%s", name);
	return leaf(pki, issuer, options, subject, san, "clientAuth");
}

const struct pki_cert *
pki_server(struct pki *pki, const struct pki_cert *issuer, const char *name,
    const struct pki_options *options)
{
	char subject[256];
	char san[512];

	snprintf(subject, sizeof(subject), "/O=Acme/CN=%s", name);
	snprintf(san, sizeof(san), "DNS:%s", name);
	return leaf(pki, issuer, options, subject, san, "serverAuth");
}

const struct pki_cert *
pki_ca(struct pki *pki, const struct pki_cert *issuer, const char *cn,
    const struct pki_options *options)
{
	struct pki_options o = {0};
	char subject[256];

	if (options != NULL)
		o = *options;
	snprintf(subject, sizeof(subject), "/O=Acme/CN=%s", cn);
	use_default(&o.subject, subject);
	use_default(&o.basic, "critical,CA:TRUE");
	use_default(&o.key_usage, "critical,keyCertSign,cRLSign");
	use_default(&o.ski, "hash");
	use_default(&o.aki, "keyid");
	return pki_raw(pki, issuer, &o);
}
