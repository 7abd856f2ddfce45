/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A hash table of answers.
 */
#include "config.h"

#include "ocsp_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define KEY_BYTES	32
#define N_BUCKETS	16384u

struct entry {
	struct entry *next;
	uint8_t key[KEY_BYTES];
	enum ocsp_answer answer;
	int64_t until_s;
};

struct ocsp_cache {
	atomic_uint n_references;
	pthread_mutex_t lock;
	atomic_size_t n;
	struct entry *buckets[N_BUCKETS];
	struct ocsp_counts counts;
};

struct ocsp_cache *
ocsp_cache_new(void)
{
	struct ocsp_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL || pthread_mutex_init(&cache->lock, NULL) != 0) {
		free(cache);
		return NULL;
	}
	atomic_init(&cache->n_references, 1);
	return cache;
}

struct ocsp_cache *
ocsp_cache_ref(struct ocsp_cache *cache)
{
	(void)atomic_fetch_add(&cache->n_references, 1);
	return cache;
}

void
ocsp_cache_free(struct ocsp_cache *cache)
{
	struct entry *e, *next;

	if (cache == NULL || atomic_fetch_sub(&cache->n_references, 1) != 1)
		return;
	for (size_t i = 0; i < N_BUCKETS; i++) {
		for (e = cache->buckets[i]; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	}
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* Of the CA, and of the whole number with its sign. 0 if it worked. */
static int
make_key(const uint8_t *ca, const ASN1_INTEGER *serial, uint8_t *ret)
{
	uint8_t all[OCSP_CACHE_CA_BYTES + 1 + 64];
	int len = ASN1_STRING_length(serial);

	if (len < 0 || len > 64)
		return -1;
	memcpy(all, ca, OCSP_CACHE_CA_BYTES);
	all[OCSP_CACHE_CA_BYTES] =
	    ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
	memcpy(all + OCSP_CACHE_CA_BYTES + 1, ASN1_STRING_get0_data(serial),
	    (size_t)len);
	return EVP_Digest(all, OCSP_CACHE_CA_BYTES + 1 + (size_t)len, ret,
	    NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

static struct entry **
bucket_of(struct ocsp_cache *cache, const uint8_t *key)
{
	return &cache->buckets[(key[0] | (unsigned)key[1] << 8) % N_BUCKETS];
}

static struct entry *
find(struct ocsp_cache *cache, const uint8_t *key)
{
	struct entry *e = *bucket_of(cache, key);

	while (e != NULL && memcmp(e->key, key, KEY_BYTES) != 0)
		e = e->next;
	return e;
}

enum ocsp_answer
ocsp_cache_find(struct ocsp_cache *cache,
    const uint8_t ca[OCSP_CACHE_CA_BYTES], const ASN1_INTEGER *serial,
    int64_t now_s)
{
	enum ocsp_answer answer = OCSP_ANSWER_NONE;
	uint8_t key[KEY_BYTES];
	const struct entry *e;

	/* Nobody has a responder: that costs nothing. */
	if (cache->n == 0 || make_key(ca, serial, key) != 0)
		return OCSP_ANSWER_NONE;
	(void)pthread_mutex_lock(&cache->lock);
	e = find(cache, key);
	if (e != NULL && (e->answer == OCSP_ANSWER_REVOKED ||
	    now_s <= e->until_s))
		answer = e->answer;
	(void)pthread_mutex_unlock(&cache->lock);
	return answer;
}

/* Any that is good: it can be asked for again. */
static void
forget_one(struct ocsp_cache *cache)
{
	struct entry **at, *e;

	for (size_t i = 0; i < N_BUCKETS; i++) {
		for (at = &cache->buckets[i]; (e = *at) != NULL;
		    at = &e->next) {
			if (e->answer != OCSP_ANSWER_GOOD)
				continue;
			*at = e->next;
			cache->n--;
			free(e);
			return;
		}
	}
}

static void
put(struct ocsp_cache *cache, const uint8_t *key, enum ocsp_answer answer,
    int64_t until_s)
{
	struct entry **bucket = bucket_of(cache, key), *e = find(cache, key);

	if (e == NULL) {
		if (cache->n >= OCSP_CACHE_MAX)
			forget_one(cache);
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			return;
		memcpy(e->key, key, KEY_BYTES);
		e->next = *bucket;
		*bucket = e;
		cache->n++;
	}
	if (e->answer == OCSP_ANSWER_REVOKED)
		return;
	e->answer = answer;
	e->until_s = until_s;
}

void
ocsp_cache_put(struct ocsp_cache *cache,
    const uint8_t ca[OCSP_CACHE_CA_BYTES], const ASN1_INTEGER *serial,
    enum ocsp_answer answer, int64_t until_s)
{
	uint8_t key[KEY_BYTES];

	if (answer == OCSP_ANSWER_NONE || make_key(ca, serial, key) != 0)
		return;
	(void)pthread_mutex_lock(&cache->lock);
	put(cache, key, answer, until_s);
	(void)pthread_mutex_unlock(&cache->lock);
}

void
ocsp_cache_count(struct ocsp_cache *cache, enum ocsp_answer answer)
{
	(void)pthread_mutex_lock(&cache->lock);
	cache->counts.n[answer]++;
	(void)pthread_mutex_unlock(&cache->lock);
}

void
ocsp_cache_counts(struct ocsp_cache *cache, struct ocsp_counts *ret)
{
	(void)pthread_mutex_lock(&cache->lock);
	*ret = cache->counts;
	(void)pthread_mutex_unlock(&cache->lock);
}
