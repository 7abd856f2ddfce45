/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Everything that a reload exchanges, as a whole: settings, policy, CAs,
 * CRLs and the TLS contexts. It is complete and checked, or it is not.
 */
#ifndef VERIFIER_GENERATION_H
#define VERIFIER_GENERATION_H

#include <stdatomic.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "mtls/log.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#include "code.h"
#include "policy.h"
#include "revocation/revocation.h"
#include "settings.h"

/* The two kinds of peers, each with its listener and its CAs. */
enum role { ROLE_DEVICE, ROLE_USER };

struct generation {
	struct settings settings;
	struct policy policy;
	STACK_OF(X509) *cas[2];		/* by role: who may issue */
	struct revocation *revocation;
	SSL_CTX *ctx[2];		/* by role */
	EVP_PKEY *key;
	uint8_t code_key[CODE_KEY_BYTES];
	struct generation *shared;	/* whose settings, policy and CRLs
					 * these are; NULL: its own */
	atomic_uint refs;
};

/*
 * Loads what settings names; takes settings, which is cleared where this
 * fails. key is the server's key, or NULL to read it from its file. With a
 * previous generation the CRLs must not be older than its.
 */
enum mtls_status generation_new(struct mtls_tls *tls,
    struct settings *settings, EVP_PKEY *key,
    const struct generation *previous, struct generation **ret,
    struct mtls_err *err);

/*
 * The same for another event loop: TLS contexts of its own library context,
 * everything else in common with g, which must have none in common. CONFIG
 * where the files are not those that g was made of any more.
 */
enum mtls_status generation_share(struct mtls_tls *tls, struct generation *g,
    struct generation **ret, struct mtls_err *err);

/* What is in common ends with the last of them. NULL is a no-op. */
void generation_free(struct generation *g);

/*
 * The next one, from the file: settings that can be reloaded, and the key
 * from its file or, where this account cannot read that, the one in use. May
 * be called by another thread than the one that uses now; that must stay.
 */
enum mtls_status generation_next(struct mtls_tls *tls, const char *path,
    const struct generation *now, struct generation **ret,
    struct mtls_err *err);

/* Whether this CA certificate may issue for the role. */
int generation_has_ca(const struct generation *g, enum role role,
    X509 *issuer);

/* When the verifier's own certificate ends; 0 where that is not known. */
int64_t generation_not_after_s(const struct generation *g);

/*
 * Logs what an administrator should know: CAs without a usable CRL, CRLs of
 * strangers, map lines for issuers that no bundle has, insecure settings.
 */
void generation_log(const struct generation *g, const struct mtls_log *log);

#endif
