/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One request and its answer. An exchange begins when the request has
 * arrived and ends with exactly one exchange_reply() or exchange_problem();
 * in between it may wait for the store, or for a decision.
 */
#ifndef VERIFIER_EXCHANGE_H
#define VERIFIER_EXCHANGE_H

#include <event2/event.h>
#include <event2/http.h>

#include "mtls/body.h"

#include "audit.h"
#include "code.h"
#include "connection.h"
#include "decide.h"
#include "limit.h"
#include "name_service.h"
#include "peer.h"
#include "server.h"
#include "store/store.h"

/* What a request about a code needs for itself. */
struct exchange_code {
	char text[CODE_LEN + 1];	/* a code, or a session word */
	struct store_code stored;	/* borrows */
	uint8_t *der;
	size_t der_len;
	struct store_attempt attempt;
	char source[64];		/* from where the person asked */
};

struct exchange {
	struct server *server;
	struct connection *connection;
	struct evhttp_request *req;
	struct peer peer;
	/* The body, of the type that the route says. */
	enum mtls_body_type body_type;	/* COUNT: none */
	union {
		struct mtls_body_open open;
		struct mtls_body_proof proof;
		struct mtls_body_session_ask session_ask;
		struct mtls_body_approve approve;
		struct mtls_body_mint mint;
		struct mtls_body_code_take code_take;
		struct mtls_body_key key;
		struct mtls_body_certificate_ask certificate_ask;
		struct mtls_body_given_up given_up;
	} body;
	uint8_t id[MTLS_ID_BYTES];	/* of the challenge that it names */
	uint32_t wait_s;
	int64_t began_us;		/* a proof: when it arrived */
	struct store_op op;
	struct store_challenge opening;	/* borrows from body */
	unsigned n_words;		/* session words that were tried */
	struct store_challenge challenge;	/* taken from op.found */
	struct store_decision decision;
	struct audit audit;
	struct {
		struct store_op op;
		int code;
		const char *message;
	} refusal;
	char certificate[512];
	char message[POLICY_MESSAGE_MAX];	/* of the decision */
	char given_up[256];			/* why, for the audit */
	struct exchange_code code;
	struct decide_question question;
	decide_fn decided;
	/* While it waits for the name service. */
	struct name_query names;
	uint64_t names_of;		/* server.n_generations then */
	char sha256[65], key_sha256[65];	/* of the peer's */
	struct limits limits;		/* of the operation */
	int64_t retry_after_s;		/* with a 429 */
	char mapped_user[257];		/* in good standing; or "" */
	/* While it waits for a decision. */
	int64_t wait_until_ms, expires_ms;
	struct event *timer, *gone;	/* gone: while it waits for anything */
	struct exchange *next_waiting, **prev_waiting;
	/* While it waits for a responder. */
	enum role role;
	struct ocsp_query *query;
	unsigned n_questions;
	void (*settled)(struct exchange *x);
};

/*
 * Goes on with settled when it is known how the peer's certificate stands, or
 * that it cannot be known: now, or later.
 */
void exchange_settle(struct exchange *x,
    void (*settled)(struct exchange *x));
/* Waits for no responder any more. */
void exchange_unsettle(struct exchange *x);

/* The answer with a body, by its type; frees the exchange. */
void exchange_reply(struct exchange *x, int code, enum mtls_body_type type,
    const void *body);

/* A PROBLEM; message is for the machine's log. Frees the exchange. */
void exchange_problem(struct exchange *x, int code, const char *reason,
    const char *message);

/* Ends without an answer: the peer is gone. Frees the exchange. */
void exchange_drop(struct exchange *x);

/* Gives x->op to the store; done gets it back as op->arg. */
void exchange_submit(struct exchange *x, enum store_kind kind,
    store_done_fn done);

/* Whose certificate it is, for an operation that looks it up. */
void exchange_fingerprints(struct exchange *x);

/*
 * The operation has found that an administrator has revoked the machine's
 * certificate: refuses.
 */
void exchange_refuse_revoked(struct exchange *x);

/* A decision is durable: one line in the log, one more in the metrics. */
void exchange_decided(struct exchange *x);

/*
 * Completes x->audit, writes it and then answers with a problem, or with 503
 * where it cannot be written. reason and message are static.
 */
void exchange_refuse(struct exchange *x, int code, const char *reason,
    const char *message);

/*
 * Answers 429, because of this limit; where there is a time after which it
 * may be tried again, with it.
 */
void exchange_limited(struct exchange *x, enum limit limit, int64_t wait_s);

/* Gives op the limits of x. */
void exchange_limit(struct exchange *x, struct store_op *op);

/* The limits of whoever opens a challenge, or tries to. */
void exchange_limits_of_opening(struct exchange *x);

/*
 * Writes the decision about x->challenge, of which x->peer holds the
 * certificate, and its record, both or neither; then answers TAKEN. A
 * decide_fn. conclude.c.
 */
void conclude(struct exchange *x, const struct policy_decision *decision,
    int64_t now_ms);
/* The limits of whoever proves something, or tries to. */
void conclude_limits(struct exchange *x, int is_failure);
/* Refuses: the challenge has had its proof. */
void conclude_already(struct exchange *x);
/* Answers that the store cannot be asked, with the reason of x->op. */
void conclude_unavailable(struct exchange *x);

/*
 * For requests of a machine about a challenge, machine_request.c. Looks for
 * challenge id, unless the machine may ask for nothing; done is the
 * operation's.
 */
void machine_find(struct exchange *x, const uint8_t *id,
    store_done_fn done);
/*
 * What was found becomes x->challenge, if this machine has opened it, for one
 * of these methods, and it has no decision yet. Otherwise refuses and is 0.
 */
int machine_take_found(struct exchange *x, uint32_t methods);
/* From here on x->peer will be a person. */
void machine_forget(struct exchange *x);

/* What the routes lead to. */
void challenge_open(struct exchange *x);	/* POST /v1/challenges */
void proof_take(struct exchange *x);		/* POST /v1/proofs */
void key_take(struct exchange *x);		/* POST /v1/keys */
void certificate_find(struct exchange *x);	/* POST /v1/certificates */
void given_up_take(struct exchange *x);		/* POST /v1/given-up */
void code_session(struct exchange *x);		/* POST /v1/sessions */
void code_approve(struct exchange *x);		/* POST /v1/approvals */
void code_mint(struct exchange *x);	/* POST /v1/codes, by a person */
void code_take(struct exchange *x);	/* POST /v1/codes, by a machine */
void grant_get(struct exchange *x);	/* GET /v1/challenges/ID/grant */

/* Where policy lets a code be used from elsewhere all the same. */
void code_log_network(const struct exchange *x,
    const struct policy_decision *decision);

/* A store_decided_fn: wakes whoever waits for it; arg is the server. */
void grant_decided(void *arg, const uint8_t *id);
/* Answers everybody who waits, because the verifier ends. */
void grant_wake_all(struct server *server);
/* Takes an exchange out of those that wait; it may not be among them. */
void grant_forget(struct exchange *x);

/* A listener_request_fn; arg is the server. */
void routes_request(void *arg, enum role role, struct connection *connection,
    struct evhttp_request *req);

#endif
