/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * X509_verify_cert() calls a step of its own for signatures and times when
 * everything else about the chain is settled. The step goes from the end of
 * the chain down; here it is handed a chain of two where the rest is known.
 */
#include "config.h"

#include "chain_upper.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

/* The leaf and its issuer, with whose key the leaf is verified. */
#define SHORT 2
/* More than the depth of the profile; a longer chain is verified whole. */
#define CUT_MAX 16

/* The slot of an X509_STORE_CTX in which its uppers are. */
static CRYPTO_ONCE slot_once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void
make_slot(void)
{
	slot = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

void
chain_uppers_clear(struct chain_uppers *uppers)
{
	for (size_t i = 0; i < uppers->n; i++)
		sk_X509_pop_free(uppers->all[i].certs, X509_free);
	memset(uppers, 0, sizeof(*uppers));
}

static int
time_of(const ASN1_TIME *text, int64_t *ret_s)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(text, &tm) != 1)
		return 0;
	*ret_s = timegm(&tm);
	return 1;
}

int
chain_upper_narrow(const X509 *certificate, int64_t *from_s, int64_t *to_s)
{
	int64_t from, to;

	if (!time_of(X509_get0_notBefore(certificate), &from) ||
	    !time_of(X509_get0_notAfter(certificate), &to))
		return 0;
	if (from > *from_s)
		*from_s = from;
	if (to < *to_s)
		*to_s = to;
	return 1;
}

/* Whether certs is what follows the first of chain. */
static int
is_above(STACK_OF(X509) *certs, STACK_OF(X509) *chain)
{
	int n = sk_X509_num(certs);

	if (n != sk_X509_num(chain) - 1)
		return 0;
	for (int i = 0; i < n; i++) {
		if (X509_cmp(sk_X509_value(certs, i),
		    sk_X509_value(chain, i + 1)) != 0)
			return 0;
	}
	return 1;
}

static const struct chain_upper *
find(const struct chain_uppers *uppers, STACK_OF(X509) *chain)
{
	for (size_t i = 0; i < uppers->n; i++) {
		if (is_above(uppers->all[i].certs, chain))
			return &uppers->all[i];
	}
	return NULL;
}

const struct chain_upper *
chain_upper_keep(struct chain_uppers *uppers, STACK_OF(X509) *chain)
{
	const struct chain_upper *known = find(uppers, chain);
	struct chain_upper new = { NULL, INT64_MIN, INT64_MAX };

	if (known != NULL)
		return known;
	if (uppers->n == CHAIN_UPPERS_MAX)
		return NULL;
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (!chain_upper_narrow(sk_X509_value(chain, i),
		    &new.from_s, &new.to_s))
			return NULL;
	}
	new.certs = X509_chain_up_ref(chain);
	if (new.certs == NULL)
		return NULL;
	X509_free(sk_X509_shift(new.certs));
	uppers->all[uppers->n] = new;
	return &uppers->all[uppers->n++];
}

/* The step over the beginning of the chain; the chain is whole again. */
static int
verify_short(struct chain_uppers *uppers, X509_STORE_CTX *ctx,
    STACK_OF(X509) *chain)
{
	X509 *cut[CUT_MAX];
	int n = 0, result;

	while (sk_X509_num(chain) > SHORT)
		cut[n++] = sk_X509_pop(chain);
	result = uppers->signatures(ctx);
	while (n > 0) {
		if (sk_X509_push(chain, cut[--n]) == 0) {
			X509_free(cut[n]);
			X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
			result = 0;
		}
	}
	uppers->n_short++;
	return result;
}

/* What OpenSSL calls for the signatures and times of a chain. */
static int
verify_signatures(X509_STORE_CTX *ctx)
{
	struct chain_uppers *uppers = X509_STORE_CTX_get_ex_data(ctx, slot);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	const struct chain_upper *known;
	int64_t now_s = time(NULL);
	int n = sk_X509_num(chain);

	if (n <= SHORT || n > SHORT + CUT_MAX)
		return uppers->signatures(ctx);
	known = find(uppers, chain);
	if (known == NULL || now_s < known->from_s || now_s >= known->to_s)
		return uppers->signatures(ctx);
	return verify_short(uppers, ctx, chain);
}

int
chain_upper_verify(struct chain_uppers *uppers, X509_STORE_CTX *ctx)
{
	if (CRYPTO_THREAD_run_once(&slot_once, make_slot) == 1 && slot >= 0 &&
	    X509_STORE_CTX_set_ex_data(ctx, slot, uppers) == 1) {
		uppers->signatures = X509_STORE_CTX_get_verify(ctx);
		X509_STORE_CTX_set_verify(ctx, verify_signatures);
	}
	return X509_verify_cert(ctx);
}
