/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A table of fixed size, four places for each hash; where all four are taken
 * the one that was used least recently goes. Pages that nobody uses cost
 * nothing.
 */
#include "config.h"

#include "chain_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>

#include "chain_upper.h"
#include "context.h"

#define KEY_BYTES	32
#define WAYS		4u

struct entry {
	uint8_t key[KEY_BYTES];
	int64_t from_s, to_s;		/* all of them are valid: [from, to) */
	const struct chain_upper *upper;	/* NULL: a free place */
	uint64_t used;			/* when, by the clock of the cache */
};

struct cache {
	EVP_MD *sha256;
	size_t n_sets;
	struct entry *entries;		/* WAYS for each set */
	struct chain_uppers uppers;
	uint64_t clock;
	struct mtls_tls_chain_counts counts;
};

/* The slot of every SSL_CTX in which its cache is. */
static CRYPTO_ONCE slot_once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void
cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	chain_uppers_clear(&cache->uppers);
	EVP_MD_free(cache->sha256);
	free(cache->entries);
	free(cache);
}

static void
on_ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	cache_free(ptr);
}

static void
make_slot(void)
{
	slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_free);
}

/* The length stands before the bytes, so that no two chains are one text. */
static int
hash_one(EVP_MD_CTX *md, const X509 *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	uint32_t prefix = (uint32_t)len;
	int is_ok;

	is_ok = len > 0 &&
	    EVP_DigestUpdate(md, &prefix, sizeof(prefix)) == 1 &&
	    EVP_DigestUpdate(md, der, (size_t)len) == 1;
	OPENSSL_free(der);
	return is_ok;
}

/* Everything that was presented, the leaf first; 0 where it cannot be. */
static int
hash_chain(const struct cache *cache, X509_STORE_CTX *ctx,
    uint8_t key[KEY_BYTES])
{
	STACK_OF(X509) *presented = X509_STORE_CTX_get0_untrusted(ctx);
	X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int is_ok = md != NULL && leaf != NULL &&
	    EVP_DigestInit_ex2(md, cache->sha256, NULL) == 1;

	if (is_ok && sk_X509_value(presented, 0) != leaf)
		is_ok = hash_one(md, leaf);
	for (int i = 0; is_ok && i < sk_X509_num(presented); i++)
		is_ok = hash_one(md, sk_X509_value(presented, i));
	if (is_ok)
		is_ok = EVP_DigestFinal_ex(md, key, NULL) == 1;
	EVP_MD_CTX_free(md);
	return is_ok;
}

static struct entry *
set_of(const struct cache *cache, const uint8_t key[KEY_BYTES])
{
	uint32_t n;

	memcpy(&n, key, sizeof(n));
	return cache->entries + n % cache->n_sets * WAYS;
}

static struct entry *
find(const struct cache *cache, const uint8_t key[KEY_BYTES])
{
	struct entry *set = set_of(cache, key);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].upper != NULL &&
		    memcmp(set[i].key, key, KEY_BYTES) == 0)
			return &set[i];
	}
	return NULL;
}

/* Makes leaf and upper the verified chain of ctx, as if it had been built. */
static int
use(X509_STORE_CTX *ctx, const struct entry *e)
{
	STACK_OF(X509) *chain = X509_chain_up_ref(e->upper->certs);
	X509 *leaf = X509_STORE_CTX_get0_cert(ctx);

	if (chain == NULL)
		return 0;
	if (X509_up_ref(leaf) != 1) {
		sk_X509_pop_free(chain, X509_free);
		return 0;
	}
	if (sk_X509_unshift(chain, leaf) == 0) {
		X509_free(leaf);
		sk_X509_pop_free(chain, X509_free);
		return 0;
	}
	X509_STORE_CTX_set0_verified_chain(ctx, chain);
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static struct entry *
place_for(const struct cache *cache, const uint8_t key[KEY_BYTES])
{
	struct entry *set = set_of(cache, key), *oldest = find(cache, key);

	if (oldest != NULL)
		return oldest;
	oldest = set;
	for (size_t i = 1; i < WAYS; i++) {
		/* A free place was used at 0. */
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

static void
remember(struct cache *cache, const uint8_t key[KEY_BYTES],
    X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	struct entry e;

	if (X509_STORE_CTX_get_error(ctx) != X509_V_OK ||
	    sk_X509_num(chain) < 1)
		return;
	e.upper = chain_upper_keep(&cache->uppers, chain);
	if (e.upper == NULL)
		return;
	e.from_s = e.upper->from_s;
	e.to_s = e.upper->to_s;
	if (!chain_upper_narrow(sk_X509_value(chain, 0), &e.from_s, &e.to_s))
		return;
	memcpy(e.key, key, KEY_BYTES);
	e.used = ++cache->clock;
	*place_for(cache, key) = e;
}

/* What libssl calls in the place of X509_verify_cert(). */
static int
verify(X509_STORE_CTX *ctx, void *arg)
{
	struct cache *cache = arg;
	uint8_t key[KEY_BYTES];
	int has_key = hash_chain(cache, ctx, key);
	struct entry *e = has_key ? find(cache, key) : NULL;
	int64_t now_s = time(NULL);
	int result;

	if (e != NULL && now_s >= e->from_s && now_s < e->to_s &&
	    use(ctx, e)) {
		e->used = ++cache->clock;
		cache->counts.n_known++;
		return 1;
	}
	cache->counts.n_verified++;
	result = chain_upper_verify(&cache->uppers, ctx);
	if (result == 1 && has_key)
		remember(cache, key, ctx);
	return result;
}

enum mtls_status
mtls_chain_cache_add(struct mtls_tls *tls, SSL_CTX *ctx, size_t n_sets,
    struct mtls_err *err)
{
	struct cache *cache = calloc(1, sizeof(*cache)), *old = NULL;

	if (cache != NULL) {
		cache->n_sets = n_sets;
		cache->entries = calloc(n_sets * WAYS,
		    sizeof(*cache->entries));
		cache->sha256 = EVP_MD_fetch(tls->libctx, "SHA256",
		    MTLS_STANDARD_ONLY);
	}
	if (cache == NULL || cache->entries == NULL ||
	    cache->sha256 == NULL ||
	    CRYPTO_THREAD_run_once(&slot_once, make_slot) != 1 || slot < 0) {
		cache_free(cache);
		return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
	}
	old = SSL_CTX_get_ex_data(ctx, slot);
	if (SSL_CTX_set_ex_data(ctx, slot, cache) != 1) {
		cache_free(cache);
		return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
	}
	SSL_CTX_set_cert_verify_callback(ctx, verify, cache);
	cache_free(old);
	return MTLS_OK;
}

struct mtls_tls_chain_counts
mtls_tls_chain_counts(const SSL_CTX *ctx)
{
	struct mtls_tls_chain_counts counts = { 0, 0, 0 };
	const struct cache *cache = slot < 0 ? NULL :
	    SSL_CTX_get_ex_data(ctx, slot);

	if (cache == NULL)
		return counts;
	counts = cache->counts;
	counts.n_short = cache->uppers.n_short;
	return counts;
}
