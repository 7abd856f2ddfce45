/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The grammar of policy.conf(5), line by line. Names are checked here, once,
 * so that the decision compares and does not judge.
 */
#include "config.h"

#include "policy_file.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/file.h"
#include "mtls/message.h"
#include "mtls/text.h"

#include "policy_parser.h"

static struct policy_group *
find_group(struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_groups; i++) {
		if (strcmp(policy->groups[i].name, name) == 0)
			return &policy->groups[i];
	}
	return NULL;
}

static enum mtls_status
add_group(struct policy_parser *p, const char *name, unsigned line,
    struct policy_group **ret, struct mtls_err *err)
{
	struct policy_group *g;

	g = policy_parser_grow(p, p->policy.groups, p->policy.n_groups,
	    sizeof(*g), err);
	if (g == NULL)
		return err->status;
	p->policy.groups = g;
	g += p->policy.n_groups++;
	g->line = line;
	*ret = g;
	return mtls_text_dup(&g->name, name, err);
}

static enum mtls_status
take_members(struct policy_parser *p, struct policy_group *g,
    struct mtls_err *err)
{
	static const char *const user = "expected the name of a user";

	if (policy_lexer_is(&p->lexer, "any") ||
	    policy_lexer_is(&p->lexer, "*"))
		return policy_parser_expected(p, user, err);
	return policy_parser_list(p, user, mtls_text_is_user, &g->members,
	    err);
}

/* group NAME = user, user */
static enum mtls_status
take_group(struct policy_parser *p, struct mtls_err *err)
{
	struct policy_group *g;
	enum mtls_status status;

	if (p->lexer.token != POLICY_TOKEN_WORD ||
	    !mtls_text_is_user(p->lexer.word) ||
	    policy_lexer_is(&p->lexer, "any"))
		return policy_parser_expected(p,
		    "expected the name of a group", err);
	if (find_group(&p->policy, p->lexer.word) != NULL)
		return policy_parser_expected(p,
		    "expected a group that has no line yet", err);
	status = add_group(p, p->lexer.word, p->lexer.line, &g, err);
	if (status != MTLS_OK)
		return status;
	g->in_file = 1;
	status = policy_parser_next(p, err);
	if (status != MTLS_OK)
		return status;
	if (p->lexer.token != POLICY_TOKEN_EQUALS)
		return policy_parser_expected(p, "expected \"=\"", err);
	status = policy_parser_next(p, err);
	return status == MTLS_OK ? take_members(p, g, err) : status;
}

/* warn N days before expiry */
static enum mtls_status
take_warn(struct policy_parser *p, struct mtls_err *err)
{
	enum mtls_status status;

	if (p->policy.warn_days != 0)
		return policy_parser_expected(p,
		    "expected \"warn\" only once", err);
	status = policy_parser_number(p, 1, 3650, &p->policy.warn_days, err);
	if (status == MTLS_OK)
		status = policy_parser_keyword(p, "days", err);
	if (status == MTLS_OK)
		status = policy_parser_keyword(p, "before", err);
	if (status == MTLS_OK)
		status = policy_parser_keyword(p, "expiry", err);
	return status;
}

enum line { MAP, GROUP, REQUIRE, WARN, ALLOW, DENY, N_LINES };

static enum mtls_status
take_rest(struct policy_parser *p, enum line which, const char *begin,
    struct mtls_err *err)
{
	switch (which) {
	case MAP:
		return policy_parser_map(p, err);
	case GROUP:
		return take_group(p, err);
	case REQUIRE:
		return policy_parser_require(p, &p->policy.require, err);
	case WARN:
		return take_warn(p, err);
	case ALLOW:
		return policy_parser_rule(p, POLICY_ALLOW, begin, err);
	case DENY:
		return policy_parser_rule(p, POLICY_DENY, begin, err);
	case N_LINES:
		break;
	}
	return policy_parser_expected(p,
	    "expected map, group, require, warn, allow or deny", err);
}

/* What could have come where a line goes on instead. */
static const char *
end_of(enum line which)
{
	if (which == ALLOW)
		return "expected the end of the line, or a part of a rule "
		    "in the order on, for, by, from, within, network, require";
	if (which == DENY)
		return "expected the end of the line, or a part of a rule "
		    "in the order on, for, by, from, within";
	return "expected the end of the line";
}

static enum mtls_status
take_line(struct policy_parser *p, struct mtls_err *err)
{
	static const char *const words[N_LINES] = {
		"map", "group", "require", "warn", "allow", "deny"
	};
	const char *begin = policy_lexer_begin(&p->lexer);
	enum mtls_status status = MTLS_OK;
	enum line which;

	for (which = MAP; which < N_LINES; which++) {
		if (policy_lexer_is(&p->lexer, words[which]))
			break;
	}
	if (which != N_LINES)
		status = policy_parser_next(p, err);
	if (status == MTLS_OK)
		status = take_rest(p, which, begin, err);
	if (status == MTLS_OK && p->lexer.token != POLICY_TOKEN_NEWLINE &&
	    p->lexer.token != POLICY_TOKEN_END)
		status = policy_parser_expected(p, end_of(which), err);
	return status;
}

/* A group that no line lists is one of this machine, or a mistake. */
static enum mtls_status
find_or_add_group(struct policy_parser *p, const char *name, unsigned line,
    size_t *ret, struct mtls_err *err)
{
	struct policy_group *g = find_group(&p->policy, name);
	enum mtls_status status;
	gid_t gid = 0;

	if (g == NULL) {
		status = p->group(name, &gid, err);
		if (status == MTLS_OK)
			status = add_group(p, name, line, &g, err);
		if (status != MTLS_OK) {
			mtls_err_context(err, "%s:%u:1", p->lexer.path, line);
			return status;
		}
		g->gid = gid;
	}
	*ret = (size_t)(g - p->policy.groups);
	return MTLS_OK;
}

static enum mtls_status
find_groups(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	rule->groups = calloc(rule->who.n, sizeof(*rule->groups));
	if (rule->groups == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (size_t i = 0; status == MTLS_OK && i < rule->who.n; i++)
		status = find_or_add_group(p, rule->who.word[i], rule->line,
		    &rule->groups[i], err);
	return status;
}

static enum mtls_status
parse(struct policy_parser *p, const char *path, const char *text,
    size_t len, struct mtls_err *err)
{
	struct policy *policy = &p->policy;
	enum mtls_status status;

	status = policy_lexer_init(&p->lexer, path, text, len, err);
	while (status == MTLS_OK && p->lexer.token != POLICY_TOKEN_END) {
		if (p->lexer.token == POLICY_TOKEN_NEWLINE)
			status = policy_parser_next(p, err);
		else
			status = take_line(p, err);
	}
	for (size_t i = 0; status == MTLS_OK && i < policy->n_rules; i++) {
		if (policy->rules[i].subject == POLICY_GROUP)
			status = find_groups(p, &policy->rules[i], err);
	}
	if (status == MTLS_OK && policy->n_rules == 0)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s: no allow and no deny line in it", path);
	return status;
}

enum mtls_status
policy_file_parse(const char *path, const char *text, size_t len,
    policy_group_fn group, struct policy *ret, struct mtls_err *err)
{
	struct policy_parser *p = calloc(1, sizeof(*p));
	struct mtls_err mine;
	enum mtls_status status;

	if (p == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	/* The functions below return what their error record says. */
	mtls_err_clear(&mine);
	p->group = group;
	status = parse(p, path, text, len, &mine);
	if (status == MTLS_OK)
		*ret = p->policy;
	else
		policy_clear(&p->policy);
	free(p);
	if (status == MTLS_OK)
		return MTLS_OK;
	return mtls_fail(err, status == MTLS_E_NOT_FOUND ? MTLS_E_CONFIG :
	    status, "%s", mine.text);
}

enum mtls_status
policy_file_read(const char *path, policy_group_fn group,
    struct policy *ret, struct mtls_err *err)
{
	enum mtls_status status;
	char *text = NULL;
	size_t len = 0;

	status = mtls_file_read(path, MTLS_FILE_PUBLIC, POLICY_FILE_MAX,
	    &text, &len, err);
	if (status != MTLS_OK)
		return status;
	status = policy_file_parse(path, text, len, group, ret, err);
	mtls_file_data_free(text, len);
	return status;
}
