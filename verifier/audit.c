/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of decisions. They say what was decided and why, and never hold a
 * nonce, a certificate as such, or anything secret.
 */
#include "config.h"

#include "audit.h"

#include <string.h>
#include <time.h>

#include "mtls/text.h"

static int64_t
wall_clock_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
audit_begin(struct audit *audit, const char *event)
{
	memset(audit, 0, sizeof(*audit));
	audit->record.time_ms = wall_clock_ms();
	audit->record.event = event;
	audit->record.decision = "deny";
	audit->record.request = audit->request;
}

void
audit_of_open(struct audit *audit, const struct mtls_body_open *open)
{
	struct store_record *r = &audit->record;

	mtls_hex_encode(audit->request, open->request, MTLS_ID_BYTES);
	r->user = open->user;
	r->host = open->host;
	r->service = open->service;
	r->method = open->method;
	r->tty = open->tty;
	r->rhost = open->rhost;
}

void
audit_of_challenge(struct audit *audit,
    const struct store_challenge *challenge)
{
	struct store_record *r = &audit->record;

	mtls_hex_encode(audit->request, challenge->request, MTLS_ID_BYTES);
	r->user = challenge->user;
	r->host = challenge->host;
	r->service = challenge->service;
	r->method = challenge->method;
	r->tty = challenge->tty;
	r->rhost = challenge->rhost;
}

/* An empty value says nothing in a line. */
static const char *
or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

void
audit_log(const struct audit *audit, const struct mtls_log *log)
{
	const struct store_record *r = &audit->record;

	mtls_log_event(log, MTLS_LOG_NOTICE, r->event,
	    MTLS_KEY_VERDICT, r->decision,
	    MTLS_KEY_REASON, or_null(r->reason),
	    MTLS_KEY_REQUEST, or_null(r->request),
	    MTLS_KEY_HOST, or_null(r->host),
	    MTLS_KEY_PEER, or_null(r->source),
	    MTLS_KEY_FILE, audit->rule,
	    MTLS_KEY_SERVICE, or_null(r->service),
	    MTLS_KEY_METHOD, or_null(r->method),
	    MTLS_KEY_USER, or_null(r->user),
	    MTLS_KEY_CERT, or_null(r->certificate),
	    MTLS_KEY_TTY, or_null(r->tty),
	    MTLS_KEY_RHOST, or_null(r->rhost), MTLS_KEY_END);
}
