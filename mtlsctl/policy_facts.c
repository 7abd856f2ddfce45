/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts about a login that does not take place.
 */
#include "config.h"

#include "mtlsctl/policy_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtlsctl/input.h"
#include "mtlsctl/policy_input.h"
#include "policy/account.h"

static void note(struct policy_facts_input *input, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Without memory the note is missing, and nothing else. */
static void
note(struct policy_facts_input *input, const char *format, ...)
{
	char text[768], **more, *copy;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	more = reallocarray(input->notes.text, input->notes.n + 1,
	    sizeof(*more));
	copy = strdup(text);
	if (more != NULL)
		input->notes.text = more;
	if (more != NULL && copy != NULL)
		more[input->notes.n++] = copy;
	else
		free(copy);
}

enum mtls_status
policy_facts_certificate(struct mtls_tls *tls,
    struct policy_facts_input *input, const char *path, struct mtls_err *err)
{
	X509 *certificate = NULL;
	enum mtls_status status;

	status = input_certificate(tls, path, &certificate, err);
	if (status == MTLS_OK)
		status = mtls_identity_read(certificate, &input->id, err);
	input->has_certificate = status == MTLS_OK;
	X509_free(certificate);
	return status;
}

/*
 * Whose it is by the map lines. Bindings are in the verifier's database: if
 * they matter, it is taken to be bound to the user.
 */
static void
find_user(const struct policy *policy, struct policy_facts_input *input)
{
	struct mapping_binding binding = { POLICY_CANNOT_TELL, NULL };

	input->mapping = mapping_find(policy, &input->id, &binding);
	if (input->mapping.mapped != POLICY_MAPPED_NO_BINDINGS)
		return;
	binding.known = POLICY_YES;
	binding.user = input->user;
	input->mapping = mapping_find(policy, &input->id, &binding);
	note(input, "to whom the certificate is bound stands in the "
	    "verifier's database (mtlsctl bindings); it is taken to be bound "
	    "to %s", input->user);
}

static enum policy_standing
standing_of(const struct policy_facts_input *input)
{
	if (input->now_s < input->id.not_before_s)
		return POLICY_STANDING_NOT_YET_VALID;
	if (input->now_s > input->id.not_after_s)
		return POLICY_STANDING_OUTDATED;
	if (input->id.is_ca || !input->id.for_client_auth ||
	    input->id.dns.n != 0)
		return POLICY_STANDING_MALFORMED;
	return POLICY_STANDING_GOOD;
}

static size_t
add_wanted(char **wanted, size_t n, enum policy_require what,
    const struct policy_requirements *require)
{
	for (size_t i = 0; i < require->n; i++) {
		if (require->of[i].what == what)
			wanted[n++] = require->of[i].oid;
	}
	return n;
}

static size_t
n_requirements(const struct policy *policy)
{
	size_t n = policy->require.n;

	for (size_t i = 0; i < policy->n_rules; i++)
		n += policy->rules[i].require.n;
	return n;
}

/* A certificate that has whatever any line of the policy requires. */
static void
imagine_certificate(const struct policy *policy,
    struct policy_facts_input *input)
{
	struct policy_certificate *c = &input->certificate;
	size_t n = n_requirements(policy), n_eku, n_all;

	note(input, "without --cert it is taken that %s has a certificate "
	    "that is valid and %s's by the map lines%s", input->user,
	    input->user, n == 0 ? "" : ", and has what is required of it");
	/* Without memory it has nothing, and meets no requirement. */
	input->wanted = calloc(n + 1, sizeof(*input->wanted));
	if (input->wanted == NULL)
		return;
	n_eku = add_wanted(input->wanted, 0, POLICY_REQUIRE_EKU,
	    &policy->require);
	for (size_t i = 0; i < policy->n_rules; i++)
		n_eku = add_wanted(input->wanted, n_eku, POLICY_REQUIRE_EKU,
		    &policy->rules[i].require);
	n_all = add_wanted(input->wanted, n_eku, POLICY_REQUIRE_POLICY,
	    &policy->require);
	for (size_t i = 0; i < policy->n_rules; i++)
		n_all = add_wanted(input->wanted, n_all,
		    POLICY_REQUIRE_POLICY, &policy->rules[i].require);
	c->eku = (struct mtls_texts){ n_eku, input->wanted };
	c->policies = (struct mtls_texts){ n_all - n_eku,
	    input->wanted + n_eku };
	c->key = POLICY_KEY_RSA;
	c->bits = 16384;
	c->not_before_s = input->now_s;
	c->not_after_s = INT64_MAX;
}

static void
ask_groups(const struct policy *policy, struct policy_facts_input *input)
{
	input->member = account_memberships(policy, input->user);
	for (size_t i = 0; i < policy->n_groups; i++) {
		if (policy->groups[i].in_file)
			continue;
		if (!policy_input_is_unknown(&policy->groups[i])) {
			note(input, "who is in group %s is what this machine "
			    "says", policy->groups[i].name);
			continue;
		}
		note(input, "group %s is not known to this machine; the "
		    "verifier's may know it", policy->groups[i].name);
	}
}

struct policy_facts
policy_facts_of(const struct policy *policy, struct policy_facts_input *input)
{
	struct policy_facts f = {
		.now_s = input->now_s,
		.challenge = POLICY_CHALLENGE_OPEN,
		.user = input->user,
		.service = input->service,
		.host = input->machine,
		.method = input->method,
		.rhost = input->rhost,
		.proof_user = input->user,
		.proof_service = input->service,
		.proof_host = input->machine,
		.proof_method = input->method,
		.standing = POLICY_STANDING_GOOD,
		.mapped = POLICY_MAPPED_ONE,
		.mapped_user = input->user,
		.certificate = &input->certificate,
		.superuser = account_superuser(input->user),
		.same_network = POLICY_YES,
	};

	if (input->is_method_assumed)
		note(input, "without --method it is the method %s that is "
		    "asked about", input->method);
	ask_groups(policy, input);
	if ((policy_method(input->method) &
	    (POLICY_METHOD_CODE | POLICY_METHOD_MINT)) != 0)
		note(input, "it is taken that the code is used in the "
		    "network in which it was asked for");
	f.member = input->member;
	if (!input->has_certificate) {
		imagine_certificate(policy, input);
		return f;
	}
	find_user(policy, input);
	input->certificate = mapping_certificate(&input->id);
	f.mapped = input->mapping.mapped;
	f.mapped_user = input->mapping.user;
	f.standing = standing_of(input);
	note(input, "whether the certificate is of one of the verifier's CAs, "
	    "and whether it is revoked, is not looked at");
	return f;
}

void
policy_facts_clear(struct policy_facts_input *input)
{
	if (input->has_certificate)
		mtls_identity_clear(&input->id);
	for (size_t i = 0; i < input->notes.n; i++)
		free(input->notes.text[i]);
	free(input->notes.text);
	free(input->wanted);
	free(input->member);
	memset(input, 0, sizeof(*input));
}
