/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which of the certificates that were found could be used for this login.
 */
#ifndef TOKEN_CHOOSE_H
#define TOKEN_CHOOSE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/identity.h"
#include "mtls/message.h"
#include "mtls/pkcs11.h"

#define TOKEN_CHAIN_MAX	4	/* intermediates from the card */
#define TOKEN_REASON_MAX 480

struct token_choice {
	size_t cert;			/* index into list->certs */
	size_t n_chain;
	size_t chain[TOKEN_CHAIN_MAX];	/* the same; issuer first */
};

struct token_choices {
	size_t n;
	struct token_choice *at;	/* of n; token_choices_clear() */
	size_t n_ids;
	struct mtls_identity *ids;	/* one for each of list->certs */
	/* "3 certificates on Alice's card: 1 can be used, 1 is a CA's, ..." */
	char reason[TOKEN_REASON_MAX + 1];
};

/*
 * Leaves out what is malformed, a CA's, outside its validity at now_s, not
 * for client authentication, not from an issuer in issuers (DER Names one
 * after the other; empty: any issuer), without a key, without a mechanism
 * that TLS 1.3 can use. A certificate whose issuer is not in issuers passes
 * when intermediates on the card lead to one that is; they are its chain.
 * OK also when nothing is left (n is 0). PROTOCOL where issuers is no list
 * of Names.
 */
enum mtls_status token_choose(const struct mtls_pkcs11_list *list,
    const struct mtls_bytes *issuers, int64_t now_s,
    struct token_choices *ret, struct mtls_err *err);
void token_choices_clear(struct token_choices *choices);

#endif
