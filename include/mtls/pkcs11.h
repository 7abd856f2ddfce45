/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Smart cards and other tokens through one PKCS#11 module, for mtls-token and
 * mtlsctl token. A module is foreign code in our address space: every length
 * and every text that it returns is checked, nothing it says makes a login
 * succeed, and a process uses one module, once.
 *
 * Life cycle: open - list - session - login - key - sign, or generate, store
 * - session_close - list_clear - close. Not for several threads. libp11 loads
 * and initialises the module and enumerates slots and tokens. The rest goes
 * to the module's own functions, because libp11 0.4.12 takes "already logged
 * in" for a good PIN, keeps a copy of the PIN, waits for ever where a session
 * cannot be opened, believes the lengths of attributes, lists no certificate
 * where one of them is not X.509, and has no RSA-PSS mechanism.
 */
#ifndef MTLS_PKCS11_H
#define MTLS_PKCS11_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mtls/login.h"
#include "mtls/secret.h"
#include "mtls/status.h"

#define MTLS_PKCS11_ID_MAX	64u	/* bytes of a CKA_ID */
#define MTLS_PKCS11_PIN_MAX	255u	/* bytes, whatever the card says */
#define MTLS_PKCS11_TOKENS_MAX	64u
#define MTLS_PKCS11_CERTS_MAX	256u	/* on all tokens together */

struct mtls_pkcs11;		/* a loaded module */
struct mtls_pkcs11_session;	/* one session on one token */

/*
 * Whether path may be loaded at all: absolute, and it passes mtls_file_open()
 * with MTLS_FILE_PROGRAM. CONFIG otherwise, also when it does not exist.
 */
enum mtls_status mtls_pkcs11_module_check(const char *path,
    struct mtls_err *err);

/*
 * Loads the module at path, after mtls_pkcs11_module_check(). CONFIG also
 * where it is no PKCS#11 module; TOKEN_FAILED where it does not initialise
 * (the text says when the reason is that pcscd is not running).
 */
enum mtls_status mtls_pkcs11_open(const char *path, struct mtls_pkcs11 **ret,
    struct mtls_err *err);
/* Finalises and unloads; sessions and lists are to be gone. NULL is fine. */
void mtls_pkcs11_close(struct mtls_pkcs11 *p);

/*
 * A URI that narrows the choice (RFC 7512), as in [token] uri: token, serial,
 * manufacturer, model, slot-id, slot-description, slot-manufacturer, object,
 * id, type=cert or type=private. CONFIG: not a PKCS#11 URI, an unknown or
 * repeated attribute, a bad escape, module-path, module-name, pin-value,
 * pin-source, any other query attribute, more than 1024 bytes. "" is fine:
 * everything.
 */
enum mtls_status mtls_pkcs11_uri_check(const char *uri, struct mtls_err *err);

struct mtls_pkcs11_token {
	unsigned long slot_id;
	char *reader;			/* slot description */
	char *label, *serial, *manufacturer, *model;	/* printable UTF-8 */
	int initialized;
	int read_only;
	uint32_t pin_flags;		/* MTLS_PIN_* (login.h) */
	uint32_t pin_min, pin_max;	/* bytes; 0 = not stated */
	uint32_t mechanisms;		/* MTLS_MECHANISM_* of the token */
};

enum mtls_pkcs11_has_key {
	MTLS_PKCS11_KEY_UNKNOWN,	/* none shows before the login */
	MTLS_PKCS11_KEY_NONE,		/* no private key with this CKA_ID */
	MTLS_PKCS11_KEY_THERE		/* private or public key shows */
};

struct mtls_pkcs11_cert {
	size_t token;			/* index into tokens */
	X509 *x509;			/* NULL where the DER is malformed */
	char *label;
	uint8_t id[MTLS_PKCS11_ID_MAX];	/* CKA_ID */
	size_t id_len;
	enum mtls_pkcs11_has_key has_key;
	uint32_t mechanisms;		/* those that fit this public key */
};

struct mtls_pkcs11_list {
	size_t n_readers;		/* slots, with and without a token */
	size_t n_tokens, n_certs;
	struct mtls_pkcs11_token *tokens;
	struct mtls_pkcs11_cert *certs;
};

/*
 * Everything that can be seen without a PIN, narrowed by uri (NULL or "":
 * not). Tokens without a certificate are in the list too. Certificates are
 * parsed from their whole DER and nothing behind it; one that is malformed is
 * listed with x509 NULL. TOKEN_ABSENT when no token is left, with a sentence
 * that tells no reader, no card and no matching card apart; TOKEN_FAILED when
 * the module fails. The caller clears *ret.
 */
enum mtls_status mtls_pkcs11_list(struct mtls_pkcs11 *p, const char *uri,
    struct mtls_pkcs11_list *ret, struct mtls_err *err);
void mtls_pkcs11_list_clear(struct mtls_pkcs11_list *list);

enum mtls_pkcs11_access {
	MTLS_PKCS11_READ,		/* to sign */
	MTLS_PKCS11_WRITE		/* to generate, store, change the PIN */
};

/*
 * A session on the token of list, after its serial number and label were
 * read again: TOKEN_ABSENT when another token, or none, is there now.
 */
enum mtls_status mtls_pkcs11_session_open(struct mtls_pkcs11 *p,
    const struct mtls_pkcs11_token *token, enum mtls_pkcs11_access access,
    struct mtls_pkcs11_session **ret, struct mtls_err *err);
/* Logs out, wipes the PIN of mtls_pkcs11_login(), closes; NULL is fine. */
void mtls_pkcs11_session_close(struct mtls_pkcs11_session *s);

/* MTLS_PIN_* read from the token now. ABSENT if it is not the same token. */
enum mtls_status mtls_pkcs11_pin_flags(struct mtls_pkcs11_session *s,
    uint32_t *ret, struct mtls_err *err);

enum mtls_pkcs11_last_try {
	MTLS_PKCS11_KEEP_LAST_TRY,
	MTLS_PKCS11_SPEND_LAST_TRY	/* the person said so */
};

/*
 * What mtls_pkcs11_login() would refuse whatever the PIN: PIN_LOCKED,
 * CANCELLED for the last try, TOKEN_ABSENT. To be asked before a person is.
 */
enum mtls_status mtls_pkcs11_pin_check(struct mtls_pkcs11_session *s,
    enum mtls_pkcs11_last_try last_try, struct mtls_err *err);

/*
 * Logs in, with at most one C_Login that can spend a try. pin NULL: PIN pad
 * (MTLS_PIN_PAD); a token with MTLS_PIN_NOT_NEEDED needs no login and gets
 * none. Refused before the token sees anything: CANCELLED for an empty PIN
 * and for the last try without SPEND_LAST_TRY, PIN_WRONG for one outside the
 * token's lengths or over MTLS_PKCS11_PIN_MAX, PIN_LOCKED by the flags read
 * now. Being logged in already, from elsewhere, does not count: that is
 * logged out first. Afterwards PIN_WRONG, PIN_LOCKED, CANCELLED (at the PIN
 * pad), TOKEN_ABSENT, TOKEN_FAILED. pin is to live as long as the session,
 * which wipes it when the login failed, when mtls_pkcs11_key() has seen that
 * the key does not want it again (CKA_ALWAYS_AUTHENTICATE), and when it is
 * closed. *ret_pin_flags is what the token says after the attempt, also when
 * that failed; 0 if it says nothing.
 */
enum mtls_status mtls_pkcs11_login(struct mtls_pkcs11_session *s,
    struct mtls_secret *pin, enum mtls_pkcs11_last_try last_try,
    uint32_t *ret_pin_flags, struct mtls_err *err);

/*
 * Chooses the private key that belongs to cert (CKA_ID and, as far as the
 * token shows it, public key) for mtls_pkcs11_sign(). TOKEN_UNUSABLE when
 * there is none, or no mechanism for it. certs and session of one token.
 */
enum mtls_status mtls_pkcs11_key(struct mtls_pkcs11_session *s,
    const struct mtls_pkcs11_cert *cert, struct mtls_err *err);

/*
 * Signs message with the session's key: an mtls_sign_fn (signer.h), session
 * is a struct mtls_pkcs11_session *. Every signature is verified with the
 * public key before it is given out: TOKEN_FAILED when it does not fit.
 */
enum mtls_status mtls_pkcs11_sign(void *session, unsigned scheme,
    const uint8_t *message, size_t message_len, uint8_t *sig,
    size_t *sig_len, struct mtls_err *err);

enum mtls_pkcs11_key_kind {
	MTLS_PKCS11_RSA2048, MTLS_PKCS11_RSA3072, MTLS_PKCS11_RSA4096,
	MTLS_PKCS11_P256, MTLS_PKCS11_P384, MTLS_PKCS11_ED25519
};

struct mtls_pkcs11_new_key {
	enum mtls_pkcs11_key_kind kind;
	const char *label;		/* 1..64 bytes, printable */
	uint8_t id[MTLS_PKCS11_ID_MAX];
	size_t id_len;			/* 0: 16 random bytes, written here */
};

/*
 * Generates a key pair on the token: private, sensitive, not extractable,
 * for signatures; it becomes the session's key. *ret_public is its public
 * half, the caller's. USAGE if an object with the id is there already;
 * TOKEN_UNUSABLE where the token cannot make such keys. WRITE, logged in.
 */
enum mtls_status mtls_pkcs11_generate(struct mtls_pkcs11_session *s,
    struct mtls_pkcs11_new_key *key, EVP_PKEY **ret_public,
    struct mtls_err *err);

/*
 * Stores a certificate beside the private key it belongs to, with that key's
 * CKA_ID and label. TOKEN_UNUSABLE when the token has no such key; *ret_new
 * is 0 and nothing is changed when this very certificate is there. WRITE,
 * logged in.
 */
enum mtls_status mtls_pkcs11_store_certificate(struct mtls_pkcs11_session *s,
    X509 *certificate, int *ret_new, struct mtls_err *err);

/*
 * Changes the PIN of a session that is logged in with it: the token gets old
 * and new in one C_SetPIN. USAGE for a new one outside the token's lengths.
 */
enum mtls_status mtls_pkcs11_change_pin(struct mtls_pkcs11_session *s,
    const struct mtls_secret *old_pin, const struct mtls_secret *new_pin,
    struct mtls_err *err);

/* The name of a CKR_ code, "CKR_PIN_LOCKED"; "CKR_?" for unknown ones. */
const char *mtls_pkcs11_ckr_name(unsigned long ckr);

#endif
