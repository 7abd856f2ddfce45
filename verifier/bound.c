/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The rows come from the database, which others can write to: a certificate
 * counts only if it is the one, with the key, for which its row was found.
 */
#include "config.h"

#include "bound.h"

#include <string.h>

#include "mtls/pem.h"
#include "mtls/text.h"

static int
is_hash(const uint8_t hash[32], const char *hex)
{
	char text[65];

	mtls_hex_encode(text, hash, 32);
	return strcmp(text, hex) == 0;
}

/* 0 where it is no such certificate; *ret is then empty. */
static int
read_row(const struct store_op *op, const struct store_bound *b,
    struct mtls_tls *tls, const struct generation *g, struct peer *ret,
    struct mtls_err *err)
{
	X509 *certificate = NULL;

	memset(ret, 0, sizeof(*ret));
	mtls_err_clear(err);
	if (mtls_der_certificate(tls, b->der, b->der_len, &certificate,
	    err) != MTLS_OK)
		return 0;
	peer_verify(ret, tls, certificate, g, err);
	if (ret->is_readable && is_hash(ret->id.sha256, b->sha256) &&
	    is_hash(ret->id.spki_sha256, op->key_sha256))
		return 1;
	peer_clear(ret);
	return 0;
}

int
bound_is_good(const struct store_bound *b, const struct peer *peer)
{
	return !b->is_revoked && (peer->standing == POLICY_STANDING_GOOD ||
	    peer->standing == POLICY_STANDING_UNKNOWN);
}

const struct store_bound *
bound_choose0(const struct store_op *op, struct mtls_tls *tls,
    const struct generation *g, struct peer *ret, struct mtls_err *err)
{
	const struct store_bound *first = NULL, *b;
	struct peer peer;
	struct mtls_err why;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < op->n_bound; i++) {
		b = &op->bound[i];
		if (!read_row(op, b, tls, g, &peer, &why))
			continue;
		if (first != NULL && !bound_is_good(b, &peer)) {
			peer_clear(&peer);
			continue;
		}
		peer_clear(ret);
		*ret = peer;
		*err = why;
		first = b;
		if (bound_is_good(b, &peer))
			break;
	}
	return first;
}
