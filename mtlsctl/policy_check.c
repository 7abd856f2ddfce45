/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl policy check: the mistakes in a policy, before a verifier gets it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "mtls/identity.h"
#include "mtls/pem.h"

#include "mtlsctl/output.h"
#include "mtlsctl/policy_commands.h"
#include "mtlsctl/policy_input.h"
#include "policy/account.h"
#include "policy/pattern.h"
#include "policy/policy_check.h"

struct settings {
	const char *ca;
	int json;
};

const struct ctl_option policy_check_options[] = {
	{ "ca", CTL_TEXT, offsetof(struct settings, ca), 0, 0, NULL, "FILE",
	    "the CAs of people; map lines must name one of them", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each warning", 0 },
	CTL_OPTIONS_END
};

struct checking {
	struct ctl *ctl;
	const char *path;
	struct output *o0;	/* NULL: say it */
};

static void
warn(void *arg, unsigned line, const char *sentence)
{
	struct checking *c = arg;

	c->ctl->exit_status = CTL_NOTHING;
	if (c->o0 == NULL) {
		ctl_warn(c->ctl, "%s:%u: %s", c->path, line, sentence);
		return;
	}
	output_text(c->o0, "file", c->path);
	output_integer(c->o0, "line", line);
	output_text(c->o0, "warning", sentence);
	output_row(c->o0);
}

/* The name of one CA, in the form in which map lines have theirs. */
static enum mtls_status
add_issuer(X509 *ca, struct mtls_texts *issuers, struct mtls_err *err)
{
	struct mtls_identity id = { .subject = NULL };
	enum mtls_status status = mtls_identity_read(ca, &id, err);
	size_t size;
	char *name;

	if (status != MTLS_OK)
		return status;
	size = strlen(id.subject) + 1;
	name = malloc(size);
	if (name == NULL)
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	else if (pattern_normalise_dn(name, size, id.subject) == 0)
		issuers->text[issuers->n++] = name;
	else
		free(name);
	mtls_identity_clear(&id);
	return status;
}

static enum mtls_status
read_issuers(struct mtls_tls *tls, const char *path,
    struct mtls_texts *issuers, struct mtls_err *err)
{
	STACK_OF(X509) *cas = NULL;
	enum mtls_status status = mtls_pem_certificates(tls, path, &cas, err);

	if (status != MTLS_OK)
		return status;
	issuers->text = calloc((size_t)sk_X509_num(cas) + 1, sizeof(char *));
	if (issuers->text == NULL)
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (int i = 0; status == MTLS_OK && i < sk_X509_num(cas); i++)
		status = add_issuer(sk_X509_value(cas, i), issuers, err);
	sk_X509_pop_free(cas, X509_free);
	return status;
}

static void
check(struct checking *c, const struct policy *policy,
    const struct mtls_texts *issuers0)
{
	const struct policy_check all = {
		account_superuser, issuers0, warn, c
	};
	char text[384];

	for (size_t i = 0; i < policy->n_groups; i++) {
		if (!policy_input_is_unknown(&policy->groups[i]))
			continue;
		(void)snprintf(text, sizeof(text), "group \"%s\" is not in "
		    "this file and not known here; a verifier that does not "
		    "know it either refuses the file",
		    policy->groups[i].name);
		warn(c, policy->groups[i].line, text);
	}
	policy_check(policy, &all);
}

CTL_COMMAND(policy_check_command)
{
	struct settings set = { NULL, 0 };
	struct checking c = { ctl, NULL, NULL };
	struct mtls_texts issuers = { 0, NULL };
	struct policy policy = { .n_rules = 0 };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(policy_check_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 1, "FILE", err);
	if (status != MTLS_OK)
		return status;
	c.path = words.word[0];
	status = policy_input_read(c.path, &policy, err);
	if (status == MTLS_OK && set.ca != NULL)
		status = read_issuers(ctl->tls, set.ca, &issuers, err);
	if (set.json)
		c.o0 = output_new(OUTPUT_JSON);
	if (status == MTLS_OK)
		check(&c, &policy, set.ca == NULL ? NULL : &issuers);
	if (status == MTLS_OK && set.json)
		status = output_write(c.o0, stdout, err);
	else if (status == MTLS_OK)
		ctl_note("%s: %zu map lines, %zu rules%s", c.path,
		    policy.n_maps, policy.n_rules,
		    ctl->exit_status == CTL_OK ? ", no warnings" : "");
	output_free(c.o0);
	for (size_t i = 0; i < issuers.n; i++)
		free(issuers.text[i]);
	free(issuers.text);
	policy_clear(&policy);
	return status;
}
