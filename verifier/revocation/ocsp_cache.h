/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What OCSP responders have said, for as long as it holds. Any thread.
 */
#ifndef VERIFIER_OCSP_CACHE_H
#define VERIFIER_OCSP_CACHE_H

#include <stdint.h>

#include <openssl/asn1.h>

/* What is known of a certificate. */
enum ocsp_answer { OCSP_ANSWER_NONE = 0, OCSP_ANSWER_GOOD,
	OCSP_ANSWER_REVOKED };

#define OCSP_CACHE_CA_BYTES 32

/* How many answers are remembered at most. */
#define OCSP_CACHE_MAX 131072

struct ocsp_cache;

/* How questions ended: by answer, NONE is that nothing was learned. */
struct ocsp_counts {
	uint64_t n[OCSP_ANSWER_REVOKED + 1];
};

struct ocsp_cache *ocsp_cache_new(void);	/* NULL: out of memory */
struct ocsp_cache *ocsp_cache_ref(struct ocsp_cache *cache);
void ocsp_cache_free(struct ocsp_cache *cache);	/* NULL is a no-op */

/* The answer about this serial number of the CA, if it holds at now_s. */
enum ocsp_answer ocsp_cache_find(struct ocsp_cache *cache,
    const uint8_t ca[OCSP_CACHE_CA_BYTES], const ASN1_INTEGER *serial,
    int64_t now_s);

/*
 * Remembers GOOD until then, and REVOKED for ever: what was revoked is not
 * good again. Where there is no room, an answer that is GOOD is forgotten.
 */
void ocsp_cache_put(struct ocsp_cache *cache,
    const uint8_t ca[OCSP_CACHE_CA_BYTES], const ASN1_INTEGER *serial,
    enum ocsp_answer answer, int64_t until_s);

/* Counts a question that ended so. */
void ocsp_cache_count(struct ocsp_cache *cache, enum ocsp_answer answer);
void ocsp_cache_counts(struct ocsp_cache *cache, struct ocsp_counts *ret);

#endif
