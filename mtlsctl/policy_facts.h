/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The facts of a login that is only spoken of: what the command line says,
 * what this machine knows, and for the rest what is best for the user, with a
 * note for each thing that only a verifier can tell.
 */
#ifndef MTLSCTL_POLICY_FACTS_H
#define MTLSCTL_POLICY_FACTS_H

#include "mtls/identity.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#include "policy/mapping.h"
#include "policy/policy.h"

struct policy_facts_input {
	int64_t now_s;
	const char *user, *machine, *service, *method, *rhost;
	int is_method_assumed;		/* nobody said which */
	struct mtls_identity id;	/* where has_certificate */
	int has_certificate;
	/* What policy_facts_of() found, and borrows. */
	struct mapping mapping;
	struct policy_certificate certificate;
	char **wanted;			/* object identifiers, borrowed */
	enum policy_answer *member;
	struct mtls_texts notes;
};

/* Reads the certificate of the login from a file, PEM or DER. */
enum mtls_status policy_facts_certificate(struct mtls_tls *tls,
    struct policy_facts_input *input, const char *path,
    struct mtls_err *err);

/* The facts; they are good until the input is cleared. */
struct policy_facts policy_facts_of(const struct policy *policy,
    struct policy_facts_input *input);

void policy_facts_clear(struct policy_facts_input *input);

#endif
