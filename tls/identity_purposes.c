/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a certificate says it is for: extended key usages and policies, as
 * dotted object identifiers. As everything in it, what its issuer says.
 */
#include "config.h"

#include "identity_names.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "context.h"

#define OID_SIZE 160

static enum mtls_status
add_oid(struct mtls_texts *oids, const char *what, const ASN1_OBJECT *oid,
    struct mtls_err *err)
{
	char text[OID_SIZE], **more;
	int len = OBJ_obj2txt(text, sizeof(text), oid, 1);

	if (len <= 0 || len >= (int)sizeof(text))
		return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
		    "certificate: %s that cannot be one", what);
	if (oids->n == MTLS_NAMES_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "certificate: %s, and too many of them", what);
	more = reallocarray(oids->text, oids->n + 1, sizeof(*more));
	if (more == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	oids->text = more;
	more[oids->n] = NULL;
	return mtls_text_dup(&more[oids->n++], text, err);
}

/* Absent is NULL with -1; anything else that is NULL is malformed. */
static enum mtls_status
get_extension(X509 *certificate, int nid, void **ret, struct mtls_err *err)
{
	int critical = 0;

	*ret = X509_get_ext_d2i(certificate, nid, &critical, NULL);
	if (*ret == NULL && critical != -1)
		return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
		    "certificate: its %s is malformed", OBJ_nid2ln(nid));
	return MTLS_OK;
}

static enum mtls_status
read_eku(X509 *certificate, struct mtls_identity *id, struct mtls_err *err)
{
	EXTENDED_KEY_USAGE *all;
	enum mtls_status s;
	void *extension;

	s = get_extension(certificate, NID_ext_key_usage, &extension, err);
	all = extension;
	for (int i = 0; s == MTLS_OK && i < sk_ASN1_OBJECT_num(all); i++)
		s = add_oid(&id->eku, "an extended key usage",
		    sk_ASN1_OBJECT_value(all, i), err);
	EXTENDED_KEY_USAGE_free(all);
	return s;
}

enum mtls_status
mtls_identity_purposes(X509 *certificate, struct mtls_identity *id,
    struct mtls_err *err)
{
	CERTIFICATEPOLICIES *all;
	enum mtls_status s;
	void *extension;

	s = read_eku(certificate, id, err);
	if (s != MTLS_OK)
		return s;
	s = get_extension(certificate, NID_certificate_policies, &extension,
	    err);
	all = extension;
	for (int i = 0; s == MTLS_OK && i < sk_POLICYINFO_num(all); i++)
		s = add_oid(&id->policies, "a policy",
		    sk_POLICYINFO_value(all, i)->policyid, err);
	CERTIFICATEPOLICIES_free(all);
	return s;
}
