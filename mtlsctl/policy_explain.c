/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl policy explain: what the policy says to one login, and why. The
 * facts come from the command line and this machine; the decision is the
 * verifier's own function. What only a verifier knows is assumed to be in
 * order, and said.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#include "mtlsctl/output.h"
#include "mtlsctl/policy_commands.h"
#include "mtlsctl/policy_facts.h"
#include "mtlsctl/policy_input.h"
#include "mtlsctl/timestamp.h"
#include "policy/policy_explain.h"

static const char *const methods[] = {
	"token", "relay", "sshkey", "code", "agent", "mint", NULL
};

struct settings {
	const char *policy, *user, *machine, *service, *cert, *rhost, *time;
	int method;	/* in methods; -1: nobody said */
	int json;
};

const struct ctl_option policy_explain_options[] = {
	{ "policy", CTL_TEXT, offsetof(struct settings, policy), 0, 0, NULL,
	    "FILE", "the policy (" MTLS_VERIFIER_POLICY_FILE ")", 0 },
	{ "user", CTL_TEXT, offsetof(struct settings, user), 0, 0, NULL,
	    "NAME", "who logs in", 1 },
	{ "machine", CTL_TEXT, offsetof(struct settings, machine), 0, 0, NULL,
	    "HOST", "where, by the name in its certificate", 1 },
	{ "service", CTL_TEXT, offsetof(struct settings, service), 0, 0, NULL,
	    "NAME", "to which PAM service", 1 },
	{ "method", CTL_CHOICE, offsetof(struct settings, method), 0, 0,
	    methods, "WORD", "how: token, relay, sshkey, code, agent or mint "
	    "(token)", 0 },
	{ "cert", CTL_TEXT, offsetof(struct settings, cert), 0, 0, NULL,
	    "FILE", "with this certificate", 0 },
	{ "rhost", CTL_TEXT, offsetof(struct settings, rhost), 0, 0, NULL,
	    "HOST", "from this address", 0 },
	{ "time", CTL_TEXT, offsetof(struct settings, time), 0, 0, NULL,
	    "TIME", "at this time, as 2026-11-23T07:41:14Z (now)", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object", 0 },
	CTL_OPTIONS_END
};

static enum mtls_status
check_settings(const struct settings *set, int64_t *ret_now_s,
    struct mtls_err *err)
{
	if (!mtls_text_is_user(set->user))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" cannot be a user", set->user);
	if (!mtls_text_is_hostname(set->machine))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" cannot be a machine", set->machine);
	if (!mtls_text_is_service(set->service))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" cannot be a PAM service", set->service);
	*ret_now_s = set->time == NULL ? timestamp_now() :
	    timestamp_parse(set->time);
	if (*ret_now_s <= 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "a time is written as 2026-11-23T07:41:14Z");
	return MTLS_OK;
}

/* What was decided, and what every rule said that was asked. */
struct story {
	struct policy_decision decision;
	struct policy_match *matches;
	size_t n_asked;
};

static const char *
verdict_of(const struct story *s)
{
	return s->decision.verdict == MTLS_VERDICT_ALLOW ? "allow" : "deny";
}

static void
tell(const struct policy *policy, const struct policy_facts *f,
    const struct story *s, const struct mtls_texts *notes)
{
	char text[POLICY_SENTENCE_MAX], shown[POLICY_SENTENCE_MAX];

	printf("%s.\n", mtls_text_printable(shown, sizeof(shown),
	    policy_explain_decision(f, &s->decision, text)));
	for (size_t i = 0; i < s->n_asked; i++) {
		printf("  line %u: %s\n", policy->rules[i].line,
		    mtls_text_printable(shown, sizeof(shown),
		    policy->rules[i].text));
		printf("    %s\n", mtls_text_printable(shown, sizeof(shown),
		    policy_explain_match(policy, i, f, &s->matches[i],
		    text)));
	}
	if (s->decision.verdict == MTLS_VERDICT_ALLOW &&
	    s->decision.expires_days != 0)
		printf("They are told: %s\n",
		    policy_message(&s->decision, text));
	for (size_t i = 0; i < notes->n; i++)
		printf("Note: %s.\n", mtls_text_printable(shown,
		    sizeof(shown), notes->text[i]));
}

static json_t *
rules_json(const struct policy *policy, const struct policy_facts *f,
    const struct story *s)
{
	char text[POLICY_SENTENCE_MAX];
	json_t *array = json_array();

	for (size_t i = 0; i < s->n_asked; i++)
		(void)json_array_append_new(array, json_pack(
		    "{s:i,s:s,s:b,s:s}", "line", (int)policy->rules[i].line,
		    "rule", policy->rules[i].text, "matches",
		    s->matches[i].answer == POLICY_YES, "why",
		    policy_explain_match(policy, i, f, &s->matches[i],
		    text)));
	return array;
}

static enum mtls_status
tell_json(const struct policy *policy, const struct policy_facts *f,
    const struct story *s, const struct mtls_texts *notes,
    struct mtls_err *err)
{
	struct output *o = output_new(OUTPUT_JSON);
	char text[POLICY_SENTENCE_MAX];
	enum mtls_status status;

	output_text(o, "decision", verdict_of(s));
	output_text(o, "reason", policy_reason_word(s->decision.reason));
	if (s->decision.line == 0)
		output_text(o, "line", NULL);
	else
		output_integer(o, "line", s->decision.line);
	output_text(o, "sentence", policy_explain_decision(f, &s->decision,
	    text));
	output_text(o, "message", policy_message(&s->decision, text));
	output_json(o, "rules", rules_json(policy, f, s));
	output_texts(o, "notes", notes);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
explain(const struct settings *set, const struct policy *policy,
    struct policy_facts_input *input, struct mtls_err *err)
{
	struct policy_facts f = policy_facts_of(policy, input);
	struct story s = { .n_asked = 0 };

	s.matches = calloc(policy->n_rules + 1, sizeof(*s.matches));
	if (s.matches == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s.decision = policy_decide_traced(policy, &f, s.matches, &s.n_asked);
	if (!set->json)
		tell(policy, &f, &s, &input->notes);
	else
		(void)tell_json(policy, &f, &s, &input->notes, err);
	free(s.matches);
	return err->status;
}

CTL_COMMAND(policy_explain_command)
{
	struct settings set = {
		.policy = MTLS_VERIFIER_POLICY_FILE, .rhost = "",
		.method = -1
	};
	struct policy_facts_input input = { .now_s = 0 };
	struct policy policy = { .n_rules = 0 };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(policy_explain_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = check_settings(&set, &input.now_s, err);
	if (status != MTLS_OK)
		return status;
	input.user = set.user;
	input.machine = set.machine;
	input.service = set.service;
	input.is_method_assumed = set.method < 0;
	input.method = methods[input.is_method_assumed ? 0 : set.method];
	input.rhost = set.rhost;
	status = policy_input_read(set.policy, &policy, err);
	if (status == MTLS_OK && set.cert != NULL)
		status = policy_facts_certificate(ctl->tls, &input, set.cert,
		    err);
	if (status == MTLS_OK)
		status = explain(&set, &policy, &input, err);
	policy_facts_clear(&input);
	policy_clear(&policy);
	return status;
}
