/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The certificates of one token, and whether a key with the same CKA_ID
 * shows: most tokens hide private keys until the login, but not the public
 * key beside them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>

#include "pkcs11/internal.h"

/* What a session of its own is needed for. */
struct look {
	struct mtls_pkcs11 *p;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE *keys;		/* that show, private and public */
	size_t n_keys;
	int all_keys_show;
	uint8_t *der;			/* PKCS11_DER_MAX bytes */
};

static X509 *
parse_der(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509 *x509;

	x509 = d2i_X509(NULL, &at, (long)len);
	if (x509 != NULL && at != der + len) {
		X509_free(x509);
		x509 = NULL;
	}
	ERR_clear_error();
	return x509;
}

/* Appends the keys of one class that show; what fails shows nothing. */
static void
look_for(struct look *look, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	struct mtls_err err;
	size_t n = 0;

	mtls_err_clear(&err);
	if (pkcs11_find(look->p, look->session, &template, 1,
	    look->keys + look->n_keys, PKCS11_FIND_MAX - look->n_keys, &n,
	    &err) == MTLS_OK)
		look->n_keys += n;
}

static enum mtls_pkcs11_has_key
has_key(const struct look *look, const struct mtls_pkcs11_cert *cert)
{
	uint8_t id[MTLS_PKCS11_ID_MAX];
	size_t len;

	for (size_t i = 0; i < look->n_keys; i++) {
		if (pkcs11_get(look->p, look->session, look->keys[i], CKA_ID,
		    id, sizeof(id), &len) == 0 && len == cert->id_len &&
		    memcmp(id, cert->id, len) == 0)
			return MTLS_PKCS11_KEY_THERE;
	}
	return look->all_keys_show ? MTLS_PKCS11_KEY_NONE :
	    MTLS_PKCS11_KEY_UNKNOWN;
}

/* MEMORY, or OK; a certificate that the URI does not take leaves no trace. */
static enum mtls_status
add_cert(const struct look *look, CK_OBJECT_HANDLE object, P11KitUri *uri,
    const struct mtls_pkcs11_token *token, struct mtls_pkcs11_cert *cert,
    int *ret_taken)
{
	char label[PKCS11_LABEL_MAX];
	size_t len;
	EVP_PKEY *key;

	if (pkcs11_get(look->p, look->session, object, CKA_ID, cert->id,
	    sizeof(cert->id), &cert->id_len) != 0)
		cert->id_len = 0;
	if (pkcs11_get(look->p, look->session, object, CKA_LABEL, label,
	    sizeof(label), &len) != 0)
		len = 0;
	cert->label = pkcs11_text(label, len);
	if (cert->label == NULL)
		return MTLS_E_MEMORY;
	*ret_taken = pkcs11_uri_takes_cert(uri, cert->id, cert->id_len,
	    cert->label);
	if (!*ret_taken)
		return MTLS_OK;
	if (pkcs11_get(look->p, look->session, object, CKA_VALUE, look->der,
	    PKCS11_DER_MAX, &len) == 0)
		cert->x509 = parse_der(look->der, len);
	key = cert->x509 == NULL ? NULL : X509_get0_pubkey(cert->x509);
	if (key != NULL)
		cert->mechanisms = pkcs11_mechanisms_for(key,
		    token->mechanisms);
	cert->has_key = has_key(look, cert);
	ERR_clear_error();
	return MTLS_OK;
}

static enum mtls_status
add_certs(const struct look *look, size_t token, P11KitUri *uri,
    struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE objects[MTLS_PKCS11_CERTS_MAX];
	struct mtls_pkcs11_cert *cert;
	enum mtls_status status;
	size_t n = 0;
	int taken = 0;

	status = pkcs11_find(look->p, look->session, template, 2, objects,
	    MTLS_PKCS11_CERTS_MAX - list->n_certs, &n, err);
	for (size_t i = 0; status == MTLS_OK && i < n; i++) {
		cert = &list->certs[list->n_certs];
		cert->token = token;
		status = add_cert(look, objects[i], uri,
		    &list->tokens[token], cert, &taken);
		if (status != MTLS_OK)
			return mtls_fail(err, status, "list of certificates");
		if (taken) {
			list->n_certs++;
		} else {
			free(cert->label);
			memset(cert, 0, sizeof(*cert));
		}
	}
	return status;
}

enum mtls_status
pkcs11_certs(struct mtls_pkcs11 *p, size_t token, P11KitUri *uri,
    struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	struct look look = { .p = p };
	const struct mtls_pkcs11_token *at = &list->tokens[token];
	enum mtls_status status;
	CK_RV rv;

	rv = p->f->C_OpenSession(at->slot_id, CKF_SERIAL_SESSION, NULL, NULL,
	    &look.session);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_OpenSession", rv);
	look.keys = calloc(PKCS11_FIND_MAX, sizeof(*look.keys));
	look.der = malloc(PKCS11_DER_MAX);
	if (look.keys == NULL || look.der == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "list of certificates");
	} else {
		look.all_keys_show =
		    (at->pin_flags & MTLS_PIN_NOT_NEEDED) != 0;
		look_for(&look, CKO_PRIVATE_KEY);
		if (!look.all_keys_show)
			look_for(&look, CKO_PUBLIC_KEY);
		status = add_certs(&look, token, uri, list, err);
	}
	free(look.keys);
	free(look.der);
	(void)p->f->C_CloseSession(look.session);
	return status;
}
