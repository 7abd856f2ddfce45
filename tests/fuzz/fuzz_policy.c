/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-040: any bytes as a policy, which then decides about a login and is
 * checked and explained. It is refused with a place, or its decisions are
 * what policy.h promises: somebody whose certificate is another's, or of whom
 * nothing is known, is never let in.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mapping.h"
#include "policy_check.h"
#include "policy_explain.h"
#include "policy_file.h"

#include "fuzz.h"

/* 2026-11-24 07:30 UTC */
#define NOW_S INT64_C(1795505400)

static void
must(int ok)
{
	if (!ok)
		abort();
}

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)err;
	*ret = (gid_t)strlen(name);
	return MTLS_OK;
}

static enum policy_answer
superuser(const char *user)
{
	return strcmp(user, "root") == 0 ? POLICY_YES : POLICY_NO;
}

static void
take_warning(void *arg, unsigned line, const char *sentence)
{
	(void)arg;
	must(line > 0 && sentence[0] != '\0');
}

static struct policy_facts
facts(const struct policy_certificate *certificate)
{
	struct policy_facts f = {
		.now_s = NOW_S,
		.challenge = POLICY_CHALLENGE_OPEN,
		.user = "alice",
		.service = "sudo",
		.host = "ws-1.acme.example",
		.method = "token",
		.rhost = "10.1.0.3",
		.proof_user = "alice",
		.proof_service = "sudo",
		.proof_host = "ws-1.acme.example",
		.proof_method = "token",
		.standing = POLICY_STANDING_GOOD,
		.mapped = POLICY_MAPPED_ONE,
		.mapped_user = "alice",
		.certificate = certificate,
		.superuser = POLICY_NO,
	};

	return f;
}

static void
check_decisions(const struct policy *policy)
{
	struct policy_match *matches = calloc(policy->n_rules + 1,
	    sizeof(*matches));
	struct policy_certificate c = { .key = POLICY_KEY_EC, .bits = 256,
	    .not_before_s = NOW_S - 1, .not_after_s = NOW_S + 86400 };
	struct policy_facts f = facts(&c);
	struct policy_decision d, again;
	char text[POLICY_SENTENCE_MAX];
	size_t n = 0;

	must(matches != NULL);
	d = policy_decide(policy, &f);
	again = policy_decide_traced(policy, &f, matches, &n);
	must(d.verdict == again.verdict && d.reason == again.reason &&
	    d.line == again.line && d.expires_days == again.expires_days);
	must(d.verdict == MTLS_VERDICT_ALLOW || d.verdict ==
	    MTLS_VERDICT_DENY);
	must(n <= policy->n_rules);
	for (size_t i = 0; i < n; i++)
		(void)policy_explain_match(policy, i, &f, &matches[i], text);
	(void)policy_explain_decision(&f, &d, text);
	free(matches);
	f.mapped_user = "bob";
	must(policy_decide(policy, &f).verdict == MTLS_VERDICT_DENY);
	f.mapped_user = "alice";
	f.standing = POLICY_STANDING_REVOKED;
	must(policy_decide(policy, &f).verdict == MTLS_VERDICT_DENY);
}

/* A certificate without any name is somebody's by its number alone. */
static void
check_mapping(const struct policy *policy)
{
	const struct mapping_binding nobody = { POLICY_NO, NULL };
	struct mtls_identity id;
	struct mapping m;
	char issuer[] = "CN=Acme Users CA,O=Acme";

	memset(&id, 0, sizeof(id));
	id.issuer = issuer;
	strcpy(id.serial, "0a1b");
	m = mapping_find(policy, &id, &nobody);
	must(m.mapped == POLICY_MAPPED_NONE || m.mapped ==
	    POLICY_MAPPED_ONE || m.mapped == POLICY_MAPPED_DISAGREE);
	must(m.mapped != POLICY_MAPPED_ONE || mtls_text_is_user(m.user));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct policy_check check = {
		superuser, NULL, take_warning, NULL
	};
	struct policy policy;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (policy_file_parse("p", (const char *)data, len, find_group,
	    &policy, &err) != MTLS_OK) {
		must(err.status == MTLS_E_CONFIG &&
		    strncmp(err.text, "p:", 2) == 0);
		return 0;
	}
	must(policy.n_rules > 0);
	check_decisions(&policy);
	check_mapping(&policy);
	policy_check(&policy, &check);
	policy_clear(&policy);
	return 0;
}
