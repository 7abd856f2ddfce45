/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A login verifier for tests: real TLS, real HTTP, two listeners on loopback,
 * and one misbehaviour on request. It says "allow" to everything unless it is
 * told otherwise, so that a login that should fail fails for the reason that
 * the test is about.
 */
#ifndef TESTS_FAKE_VERIFIER_H
#define TESTS_FAKE_VERIFIER_H

#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "mtls/body.h"

/* What a listener does with a connection. */
enum fake_greeting {
	FAKE_TLS = 0,		/* what it should */
	FAKE_REFUSED,		/* nobody listens */
	FAKE_RESET,		/* RST at once */
	FAKE_CLOSE,		/* FIN at once */
	FAKE_SILENT,		/* nothing, for ever */
	FAKE_RESET_HELLO,	/* RST after the ClientHello */
	FAKE_PLAIN		/* HTTP in the clear */
};

/* What a listener does after a handshake, instead of what it should. */
enum fake_flood {
	FAKE_NO_FLOOD = 0,
	FAKE_EMPTY_RECORDS,	/* without end, as all of these */
	FAKE_KEY_UPDATES,
	FAKE_TICKETS,
	FAKE_WARNINGS,		/* alerts that mean nothing */
	FAKE_LONG_MESSAGE,	/* of 16 MiB, in one ticket */
	FAKE_LONG_HELLO,	/* a ServerHello of 16 MiB, in the clear */
	FAKE_SECOND_REQUEST,	/* CertificateRequest; then nothing */
	FAKE_FLOODS,
	/* Once, and then what it should. */
	FAKE_1000_KEY_UPDATES,
	FAKE_RENEGOTIATION	/* TLS 1.2 */
};

struct fake_listener_options {
	X509 *cert;
	EVP_PKEY *key;
	X509 *more;		/* an intermediate to send, or NULL */
	X509 *client_ca;
	int asks_nothing;	/* no CertificateRequest */
	int n_more_cas;		/* names of CAs that it says it accepts */
	int n_more_certs;	/* how often it sends more again */
	enum fake_flood flood;
	int max_version;	/* TLS1_2_VERSION; 0: no limit */
	int refuse_clients;	/* alert for whatever certificate they have */
	enum fake_greeting greeting;
	int greet_from;			/* ... from this connection on; 0: 1st */
	int greet_until;		/* ... to this one; 0: all of them */
};

enum fake_step {
	FAKE_OPEN = 0, FAKE_PROOF, FAKE_GRANT, FAKE_CERTIFICATE, FAKE_STEPS
};

enum fake_action {
	FAKE_ANSWER = 0,	/* what it should */
	FAKE_RAW,		/* text, see below */
	FAKE_JSON,		/* text: "403 Forbidden\n{...}" */
	FAKE_DROP,		/* end of the connection, no answer */
	FAKE_RST,		/* RST, no answer */
	FAKE_HANG,		/* no answer, for ever */
	FAKE_HALF_DROP,		/* half of the answer, then the end */
	FAKE_HALF_HANG,		/* half of the answer, then nothing */
	FAKE_SLOW		/* the answer, one byte a second */
};

/*
 * text is sent as it is, or as status and body of a well-formed answer, but
 * for: $J the right body, $L its length, $C the challenge, $N the nonce.
 */
struct fake_reaction {
	enum fake_action action;
	const char *text;
};

struct fake_verifier_options {
	struct event_base *base;
	struct fake_listener_options device, user;
	struct fake_reaction on[FAKE_STEPS];
	/* after the first time; always the same for certificates */
	struct fake_reaction again[FAKE_CERTIFICATE];
	int has_again;
	const char *decision;		/* NULL: "allow" */
	const char *reason, *message;	/* NULL: "rule-1", "" */
	const char *member, *value;	/* of the GRANT, replaced: JSON */
	X509 *bound;			/* to whatever key; NULL: none */
	int n_unbound;			/* 404 for that many keys first */
	int n_pending;			/* PENDING that often first */
	int close_idle;			/* after each CHALLENGE */
};

struct fake_verifier_record {
	int connections[2];		/* device, user */
	int ended[2];			/* of them, by the other side */
	int handshakes[2];		/* with a client certificate */
	int asked[FAKE_STEPS];
	int bad_requests;
	int given_up;			/* what the machine says so of */
	long second_handshakes;		/* on one connection */
	int allowed;			/* GRANTs with "allow" that left */
	struct mtls_body_open open;	/* the last one */
};

struct fake_verifier;

/* Aborts the test where it cannot start. */
struct fake_verifier *fake_verifier_new(
    const struct fake_verifier_options *options);
void fake_verifier_free(struct fake_verifier *v);

uint16_t fake_verifier_device_port(const struct fake_verifier *v);
uint16_t fake_verifier_user_port(const struct fake_verifier *v);
const struct fake_verifier_record *fake_verifier_record0(
    const struct fake_verifier *v);

/* All connections end; new ones are not accepted any more. */
void fake_verifier_stop(struct fake_verifier *v);

#endif
