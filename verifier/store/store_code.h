/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes that are typed: what of them is stored, and what comes of a try.
 * Nothing here is a code or lets one be computed: every mac is made with a
 * key that the store does not have.
 */
#ifndef VERIFIER_STORE_CODE_H
#define VERIFIER_STORE_CODE_H

#include <stddef.h>
#include <stdint.h>

#define STORE_MAC_BYTES 32

/* Wrong codes in one login; then it is over. */
#define STORE_CODE_TRIES 3

/* What a code is for, of which there is one at a time, and the code. */
struct store_code_key {
	uint8_t slot[STORE_MAC_BYTES];
	uint8_t mac[STORE_MAC_BYTES];
};

struct store_code {
	struct store_code_key key;
	uint8_t mark[STORE_MAC_BYTES];	/* the code, whatever it is for */
	const uint8_t *challenge;	/* of this login; NULL: minted */
	const char *user, *service, *host;
	const char *source;		/* the person's address */
	const uint8_t *der;		/* the person's certificate */
	size_t der_len;
	int64_t expires_ms;		/* CLOCK_BOOTTIME */
};

/* What somebody typed, for whatever it may be. */
struct store_attempt {
	struct store_code_key session, minted;
	uint8_t mark[STORE_MAC_BYTES];
};

/* What came of it. */
enum store_hit { STORE_HIT_NONE = 0, STORE_HIT_SESSION, STORE_HIT_MINTED };

struct store_taken {
	enum store_hit hit;
	int64_t tries;			/* that are left */
	/* With a hit. */
	uint8_t *der;
	size_t der_len;
	char *source;
	/* Without: for what it would have been good; NULL: for nothing. */
	char *user, *service, *host;
};

#endif
