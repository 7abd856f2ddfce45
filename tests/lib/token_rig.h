/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Cards and mtls-token for cmocka tests: a directory with a SoftHSM store, a
 * CA, keys made on the card and certificates for them; the real module or
 * the faulty one (fault_token.c) in front of it; mtls-token started as the
 * helper starts it, and the messages that go there and back. What is not as
 * it must be fails the test.
 */
#ifndef TESTS_TOKEN_RIG_H
#define TESTS_TOKEN_RIG_H

#include <openssl/x509.h>
#include <sys/types.h>

#include "mtls/message.h"
#include "mtls/pkcs11.h"
#include "mtls/spawn.h"

#define TOKEN_RIG_PIN	"847261"
#define TOKEN_RIG_SO_PIN "31415926"

struct token_rig {
	char dir[64];		/* root's, or the user's */
	char card[80];		/* below dir: the account may write here */
	char softhsm[256];	/* the real module */
	char module[128];	/* a copy of the faulty one */
	char conf[112], log[112], softhsm_conf[112];
	const char *account;	/* what mtls-token becomes when we are root */
	EVP_PKEY *ca_key[2];
	X509 *ca[2];		/* "Staff CA", "Other CA" */
	struct mtls_child child;
	int fd;			/* to mtls-token, or -1 */
};

/* A CA, no card. Ends the test program as skipped without SoftHSM. */
struct token_rig *token_rig_new(void);
void token_rig_free(struct token_rig *rig);

/* A new card. */
void token_rig_card(struct token_rig *rig, const char *label);

struct token_rig_cert {
	const char *name;	/* CN; also the label */
	enum mtls_pkcs11_key_kind kind;
	uint8_t id;		/* CKA_ID, one byte */
	int issuer;		/* index of the CA */
	int from_days, to_days;	/* both 0: from yesterday, for a year */
	int no_client_auth, is_ca;
	int foreign_key;	/* the certificate is for another key */
	int no_key;		/* no key on the card */
	uint8_t then_id;	/* CKA_ID of all of it in the end; 0: as is */
	X509 *issued_by;	/* instead of issuer, with issuer_key */
	EVP_PKEY *issuer_key;
};

/* A certificate as described, for key; issuer NULL: self-signed. */
X509 *token_rig_issue(const struct token_rig_cert *as, EVP_PKEY *key,
    X509 *issuer, EVP_PKEY *issuer_key);

/*
 * A key on the card and its certificate. *ret_x509 (may be NULL): the
 * certificate, the caller's. *ret_key: the key of one that is not on the
 * card, the caller's.
 */
void token_rig_add(struct token_rig *rig, const char *card,
    const struct token_rig_cert *cert, X509 **ret_x509, EVP_PKEY **ret_key);

/* What the faulty module does wrong: lines, see fault_token.c. */
void token_rig_fault(struct token_rig *rig, const char *lines);
/* How often the log has that line; and away with it. */
int token_rig_calls(struct token_rig *rig, const char *line);
void token_rig_forget_calls(struct token_rig *rig);
/* The process that loaded the faulty module; waits until there is one. */
pid_t token_rig_pid(struct token_rig *rig);

/* The library in this process: the faulty module, and a session. */
struct token_rig_lib {
	struct mtls_pkcs11 *p;
	struct mtls_pkcs11_list list;
	struct mtls_pkcs11_session *s;
	struct mtls_secret *pin;
	struct mtls_err err;
};

/* Opens and lists; a session on the first card, for signing. */
void token_rig_lib_open(struct token_rig *rig, struct token_rig_lib *lib);
void token_rig_lib_close(struct token_rig_lib *lib);
/* Logs in with that PIN (NULL: none); the error is in lib->err. */
enum mtls_status token_rig_lib_login(struct token_rig_lib *lib,
    const char *pin, enum mtls_pkcs11_last_try last_try, uint32_t *flags);
/* The certificate with that label. */
const struct mtls_pkcs11_cert *token_rig_lib_cert(
    const struct token_rig_lib *lib, const char *label);

/* Starts mtls-token; sends TOKEN_OPEN for the module. */
void token_rig_start(struct token_rig *rig);
void token_rig_open(struct token_rig *rig, const char *module,
    const char *uri);
/* The two, with the faulty module. */
void token_rig_begin(struct token_rig *rig);
/* Ends it; not in the time of a hang: it is killed. */
void token_rig_end(struct token_rig *rig);

/* TOKEN_ISSUERS with the names of the CAs; -1 ends the list. */
void token_rig_issuers(struct token_rig *rig, ...);

void token_rig_send(struct token_rig *rig, const struct mtls_message *m);
/* The next message, which must be of that type; the caller clears it. */
void token_rig_receive(struct token_rig *rig, enum mtls_message_type type,
    struct mtls_message *ret);
/* That mtls-token closes and says nothing more. */
void token_rig_expect_end(struct token_rig *rig);

/*
 * TOKEN_CERT messages and TOKEN_READY. Returns READY's status; the
 * certificates in certs (at most max; cleared by the caller).
 */
enum mtls_status token_rig_ready(struct token_rig *rig,
    struct mtls_message *certs, size_t max, size_t *ret_n, char reason[501]);

/* The same without the certificates; CLOSED where mtls-token just ends. */
enum mtls_status token_rig_ready_or_end(struct token_rig *rig,
    char reason[501]);

/* TOKEN_LOGIN. pin NULL: TOKEN_PIN must not come. Returns the status. */
struct token_rig_login {
	uint32_t index;
	int last_try_confirmed;
	const char *pin;
	size_t pin_len;		/* 0: strlen(pin) */
	int hang_up;		/* close the PIN's descriptor instead */
	/* out */
	uint32_t pin_flags;
	char reason[501];
};
enum mtls_status token_rig_login(struct token_rig *rig,
    struct token_rig_login *login);

/* TOKEN_SIGN; sig has 1024 bytes. */
enum mtls_status token_rig_sign(struct token_rig *rig, unsigned scheme,
    const void *message, size_t message_len, uint8_t *sig, size_t *sig_len,
    char reason[501]);

/* Whether sig is one of x509's key under the scheme. */
int token_rig_verifies(X509 *x509, unsigned scheme, const void *message,
    size_t message_len, const uint8_t *sig, size_t sig_len);

#endif
