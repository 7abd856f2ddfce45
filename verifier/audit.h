/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is put down about a decision: one record in the store, one line in
 * the log, with the same request id.
 */
#ifndef VERIFIER_AUDIT_H
#define VERIFIER_AUDIT_H

#include "mtls/body.h"
#include "mtls/log.h"

#include "store/store.h"

struct audit {
	struct store_record record;	/* borrows its texts */
	char request[2 * MTLS_ID_BYTES + 1];
	const char *rule;		/* for the log, or NULL */
	char rule_text[80];
};

/* Begins a record of this event, now; a refusal until told otherwise. */
void audit_begin(struct audit *audit, const char *event);

/* Takes what the machine said. */
void audit_of_open(struct audit *audit, const struct mtls_body_open *open);
void audit_of_challenge(struct audit *audit,
    const struct store_challenge *challenge);

/* One NOTICE line with everything in it. */
void audit_log(const struct audit *audit, const struct mtls_log *log);

#endif
