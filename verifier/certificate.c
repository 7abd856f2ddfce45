/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/certificates: which certificate has a key, for a machine that is
 * about to open a user channel with an ssh-agent, which has keys and no
 * certificates. It learns one of the user for whom it has opened a login, and
 * only of a key that it can name. Nothing is decided here: the handshake of
 * that channel is the proof.
 */
#include "config.h"

#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/base64.h"
#include "mtls/deadline.h"
#include "mtls/text.h"

#include "bound.h"

/* What fits into a body. */
#define DER_MAX		12000u

static void
reply(struct exchange *x, const struct store_bound *b)
{
	struct mtls_body_certificate body;
	char *base64;

	if (b->der_len > DER_MAX) {
		exchange_problem(x, 404, "certificate-too-large",
		    "The certificate with this key is too large.");
		return;
	}
	base64 = malloc(MTLS_BASE64_LEN(b->der_len) + 1);
	if (base64 == NULL) {
		exchange_problem(x, 503, "state-unavailable",
		    "Out of memory.");
		return;
	}
	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, x->challenge.id, sizeof(body.challenge));
	body.certificate = mtls_base64_encode(base64, b->der, b->der_len);
	exchange_reply(x, 200, MTLS_BODY_CERTIFICATE, &body);
	free(base64);
}

static void
on_bound(struct store_op *op)
{
	struct exchange *x = op->arg;
	const struct store_bound *b;
	struct peer person;
	struct mtls_err err;
	int is_good;

	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	mtls_err_clear(&err);
	b = bound_choose0(op, x->server->tls, x->server->generation, &person,
	    &err);
	is_good = b != NULL && bound_is_good(b, &person);
	peer_clear(&person);
	if (b == NULL)
		exchange_problem(x, 404, "no-such-key",
		    "No certificate with this key is bound to the user.");
	else if (!is_good)
		exchange_problem(x, 404, "no-valid-certificate",
		    "The certificate with this key is not valid now.");
	else
		reply(x, b);
}

static void
on_limited(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	store_op_clear(op);
	mtls_hex_encode(x->key_sha256, x->body.certificate_ask.key,
	    sizeof(x->body.certificate_ask.key));
	op->user = x->challenge.user;
	op->key_sha256 = x->key_sha256;
	exchange_submit(x, STORE_BINDING_FIND, on_bound);
}

static void
take_limit(struct exchange *x)
{
	char hex[2 * MTLS_ID_BYTES + 1];

	store_op_clear(&x->op);
	limits_of_certificates(&x->limits, mtls_hex_encode(hex,
	    x->challenge.id, sizeof(x->challenge.id)));
	exchange_limit(x, &x->op);
	exchange_submit(x, STORE_LIMIT_TAKE, on_limited);
}

static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;
	int64_t now_ms = mtls_clock_ms();

	if (!machine_take_found(x, POLICY_METHOD_AGENT))
		return;
	if (now_ms < 0 || now_ms > x->challenge.expires_ms)
		exchange_problem(x, 404, "challenge-expired",
		    "Nobody has proven this challenge in time.");
	else
		take_limit(x);
}

void
certificate_find(struct exchange *x)
{
	audit_begin(&x->audit, "certificate");
	x->audit.record.host = peer_host0(&x->peer);
	machine_find(x, x->body.certificate_ask.challenge, on_found);
}
