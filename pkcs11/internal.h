/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of this folder share: the loaded module, one session, and
 * bounded reading of what the module returns. Nothing here is for others;
 * the contract is include/mtls/pkcs11.h.
 */
#ifndef PKCS11_INTERNAL_H
#define PKCS11_INTERNAL_H

#include <libp11.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "mtls/pkcs11.h"

#define PKCS11_DER_MAX	32768u	/* of a certificate */
#define PKCS11_LABEL_MAX 256u
#define PKCS11_KEYS_MAX	16u	/* private keys with one CKA_ID */
#define PKCS11_FIND_MAX	4096u	/* objects looked at in one search */

struct mtls_pkcs11 {
	PKCS11_CTX *ctx;
	int loaded;		/* PKCS11_CTX_load() has succeeded */
	void *handle;		/* our own reference on the module */
	CK_FUNCTION_LIST *f;
	PKCS11_SLOT *slots;	/* of libp11; released in close */
	unsigned int n_slots;
};

struct mtls_pkcs11_session {
	struct mtls_pkcs11 *p;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE handle;
	int is_open;
	int logged_in;
	enum mtls_pkcs11_access access;
	char *label, *serial;	/* the token it was opened for */
	struct mtls_secret *pin;	/* borrowed; NULL when not needed */
	EVP_PKEY *public_key;	/* of the key in use */
	CK_OBJECT_HANDLE keys[PKCS11_KEYS_MAX];
	size_t n_keys;
	uint32_t mechanisms;	/* that fit public_key */
};

/* ckr.c: "C_Login: CKR_PIN_LOCKED" with the status that says what to do. */
enum mtls_status pkcs11_fail(struct mtls_err *err, const char *function,
    CK_RV rv);
enum mtls_status pkcs11_status(CK_RV rv);

/* attribute.c */

/*
 * One attribute into out, at most size bytes; *ret_len is what it has. NULL
 * of ret_len: the length must be size. -1 where the object has no such
 * attribute, does not show it, or its length is a lie.
 */
int pkcs11_get(struct mtls_pkcs11 *p, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out, size_t size,
    size_t *ret_len);

/*
 * Handles of the objects that match the template, at most max of them; more
 * than there is room for, or a module that never ends, is TOKEN_FAILED.
 */
enum mtls_status pkcs11_find(struct mtls_pkcs11 *p, CK_SESSION_HANDLE session,
    CK_ATTRIBUTE *template, size_t n_template, CK_OBJECT_HANDLE *out,
    size_t max, size_t *ret_n, struct mtls_err *err);

/*
 * Text of a blank-padded field, or any other text of the module: printable,
 * without trailing blanks and NULs. malloc'ed; NULL when out of memory.
 */
char *pkcs11_text(const void *field, size_t size);

/* uri.c: a parsed URI, freed with p11_kit_uri_free(). */
enum mtls_status pkcs11_uri_parse(const char *uri, P11KitUri **ret,
    struct mtls_err *err);
int pkcs11_uri_takes_token(P11KitUri *uri, CK_SLOT_ID slot,
    const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *token_info);
int pkcs11_uri_takes_cert(P11KitUri *uri, const void *id, size_t id_len,
    const char *label);

/* list.c */
uint32_t pkcs11_pin_flags(CK_FLAGS token_flags);

/* cert.c: appends the certificates of tokens[token] to the list. */
enum mtls_status pkcs11_certs(struct mtls_pkcs11 *p, size_t token,
    P11KitUri *uri, struct mtls_pkcs11_list *list, struct mtls_err *err);

/* mechanism.c */
uint32_t pkcs11_mechanisms(struct mtls_pkcs11 *p, CK_SLOT_ID slot);
/* Those of mechanisms that a key like this can use; 0: none. */
uint32_t pkcs11_mechanisms_for(EVP_PKEY *public_key, uint32_t mechanisms);
/* CKK_RSA, CKK_EC, CKK_EC_EDWARDS; CKK_VENDOR_DEFINED for others. */
CK_KEY_TYPE pkcs11_key_type(EVP_PKEY *public_key);

/* session.c: TOKEN_ABSENT unless it is still the token of the session. */
enum mtls_status pkcs11_same_token(struct mtls_pkcs11_session *s,
    CK_TOKEN_INFO *ret_info, struct mtls_err *err);
/* login.c */
void pkcs11_forget_pin(struct mtls_pkcs11_session *s);

/* scheme.c: what a TLS SignatureScheme asks of the key and the token. */
struct pkcs11_scheme {
	unsigned number;
	CK_KEY_TYPE key_type;
	int key_bits;			/* EC: field size; 0 = any */
	const char *digest;		/* NULL: the message itself */
	CK_MECHANISM_TYPE hash, mgf;	/* RSA-PSS */
	int pss;
};
const struct pkcs11_scheme *pkcs11_scheme_find(unsigned number);
int pkcs11_scheme_fits(const struct pkcs11_scheme *scheme,
    EVP_PKEY *public_key);
/* Whether sig is the key's signature of message under the scheme. */
int pkcs11_scheme_verify(const struct pkcs11_scheme *scheme,
    EVP_PKEY *public_key, const uint8_t *message, size_t message_len,
    const uint8_t *sig, size_t sig_len);

/* encode.c: bytes before and after the card. */

/* EMSA-PSS (RFC 8017, 9.1.1), salt as long as the hash; out has k bytes for
 * a modulus of bits bits, k = (bits + 7) / 8. */
enum mtls_status pkcs11_pss_encode(const char *digest, const uint8_t *hash,
    size_t bits, uint8_t *out, size_t k, struct mtls_err *err);
/* DigestInfo with the hash in it; *len is the room, then the length. */
enum mtls_status pkcs11_digest_info(const char *digest, const uint8_t *hash,
    size_t hash_len, uint8_t *out, size_t *len, struct mtls_err *err);
/* r||s to DER in place; *len of size. */
enum mtls_status pkcs11_ecdsa_der(uint8_t *sig, size_t *len, size_t size,
    struct mtls_err *err);

#endif
