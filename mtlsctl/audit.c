/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl audit and mtlsctl sessions: what a verifier has decided.
 */
#include "config.h"

#include <stdio.h>

#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/audit_request.h"
#include "mtlsctl/audit_verify.h"
#include "mtlsctl/output.h"

#define LIMIT 100u
#define LIMIT_MAX 100000u
#define SESSIONS_SINCE "12h"

struct settings {
	const char *socket;
	struct audit_filter filter;
	int follow, verify, json;
};

#define FILTER(member) offsetof(struct settings, filter.member)

#define SOCKET_AND_JSON \
	ADMIN_SOCKET_OPTION(struct settings), \
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, \
	    NULL, "one JSON object for each record", 0 }

const struct ctl_option audit_options[] = {
	SOCKET_AND_JSON,
	{ "user", CTL_TEXT, FILTER(user), 0, 0, NULL, "NAME",
	    "only this user", 0 },
	{ "host", CTL_TEXT, FILTER(host), 0, 0, NULL, "HOST",
	    "only this machine", 0 },
	{ "service", CTL_TEXT, FILTER(service), 0, 0, NULL, "NAME",
	    "only this PAM service", 0 },
	{ "decision", CTL_TEXT, FILTER(decision), 0, 0, NULL, "WORD",
	    "only allow, or deny", 0 },
	{ "event", CTL_TEXT, FILTER(event), 0, 0, NULL, "WORD",
	    "only login, challenge, grant, bind ...", 0 },
	{ "reason", CTL_TEXT, FILTER(reason), 0, 0, NULL, "WORD",
	    "only with this reason", 0 },
	{ "since", CTL_TEXT, FILTER(since), 0, 0, NULL, "WHEN",
	    "only from then on: a time, a day, or 12h ago", 0 },
	{ "until", CTL_TEXT, FILTER(until), 0, 0, NULL, "WHEN",
	    "only before then", 0 },
	{ "after", CTL_NUMBER, FILTER(after), 0, UINT32_MAX, NULL, "N",
	    "only records with a higher number", 0 },
	{ "limit", CTL_NUMBER, FILTER(limit), 1, LIMIT_MAX, NULL, "N",
	    "at most the newest N (100; all with --since)", 0 },
	{ "follow", CTL_FLAG, offsetof(struct settings, follow), 0, 0, NULL,
	    NULL, "go on with what comes, until interrupted", 0 },
	{ "verify", CTL_FLAG, offsetof(struct settings, verify), 0, 0, NULL,
	    NULL, "recompute the chain of all records instead", 0 },
	CTL_OPTIONS_END
};

const struct ctl_option sessions_options[] = {
	SOCKET_AND_JSON,
	{ "host", CTL_TEXT, FILTER(host), 0, 0, NULL, "HOST",
	    "only this machine", 0 },
	{ "service", CTL_TEXT, FILTER(service), 0, 0, NULL, "NAME",
	    "only this PAM service", 0 },
	{ "since", CTL_TEXT, FILTER(since), 0, 0, NULL, "WHEN",
	    "from then on (12h ago)", 0 },
	CTL_OPTIONS_END
};

struct listing {
	struct output *o;
	int json, follow;
	struct mtls_err *err;		/* of what could not be written */
};

static void
add_more(const struct listing *l, const struct mtls_msg_admin_record *r)
{
	output_text(l->o, "tty", r->tty);
	output_text(l->o, "rhost", r->rhost);
	output_text(l->o, "certificate", r->certificate);
	output_text(l->o, "source", r->source);
	output_text(l->o, "verifier", r->verifier);
	output_integer(l->o, "seq", (int64_t)r->seq);
	output_hex(l->o, "hash", r->hash.data, r->hash.len);
}

static enum mtls_status
add_record(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_record *r = &row->u.admin_record;
	const struct listing *l = arg;

	output_integer(l->o, "sequence", (int64_t)r->sequence);
	output_time_ms(l->o, "time", (int64_t)r->time_ms);
	if (l->json)
		output_text(l->o, "request", r->request);
	output_text(l->o, "event", r->event);
	output_text(l->o, "decision", r->decision);
	output_text(l->o, "user", r->user);
	output_text(l->o, "host", r->host);
	output_text(l->o, "service", r->service);
	output_text(l->o, "method", r->method);
	if (l->json)
		add_more(l, r);
	output_text(l->o, "reason", r->reason);
	output_row(l->o);
	return l->follow ? output_flush(l->o, stdout, err) : MTLS_OK;
}

static enum mtls_status
list(struct ctl *ctl, const struct settings *set, admin_row_fn add,
    struct mtls_err *err)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_AUDIT };
	struct admin_question question = {
		.socket = set->socket, .request = &request,
		.row_type = MTLS_MSG_ADMIN_RECORD, .row = add,
		.is_endless = set->follow,
	};
	struct listing l = { .json = set->json, .follow = set->follow };
	enum mtls_status status;
	uint32_t n = 0;

	status = audit_request(&set->filter, &request.u.admin_audit, err);
	request.u.admin_audit.follow = (uint8_t)set->follow;
	l.o = output_new(set->json ? OUTPUT_JSON : set->follow ?
	    OUTPUT_LINES : OUTPUT_TABLE);
	question.arg = &l;
	if (status == MTLS_OK)
		status = admin_question(&question, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_nothing(ctl);
	if (status == MTLS_OK)
		status = output_write(l.o, stdout, err);
	output_free(l.o);
	return status;
}

static enum mtls_status
verify(struct ctl *ctl, const struct settings *set, struct mtls_err *err)
{
	size_t n = 0;
	enum mtls_status status = audit_verify(set->socket, set->json, &n,
	    err);

	if (status == MTLS_OK && n == 0)
		ctl->exit_status = CTL_NOTHING;
	return status;
}

CTL_COMMAND(audit_command)
{
	struct settings set = { .filter = { .limit = LIMIT } };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(audit_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK && set.verify && (set.follow ||
	    audit_filter_is_set(&set.filter)))
		status = mtls_fail(err, MTLS_E_USAGE, "--verify is about all "
		    "records: it takes no filter");
	if (status != MTLS_OK)
		return status;
	if (set.filter.since != NULL && set.filter.limit == LIMIT)
		set.filter.limit = 0;
	return set.verify ? verify(ctl, &set, err) :
	    list(ctl, &set, add_record, err);
}

/* What somebody who wants to know who is logged in wants to see. */
static enum mtls_status
add_session(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_record *r = &row->u.admin_record;
	const struct listing *l = arg;

	(void)err;
	output_time_ms(l->o, "time", (int64_t)r->time_ms);
	output_text(l->o, "user", r->user);
	output_text(l->o, "host", r->host);
	output_text(l->o, "service", r->service);
	output_text(l->o, "method", r->method);
	output_text(l->o, "tty", r->tty);
	output_text(l->o, "rhost", r->rhost);
	output_row(l->o);
	return MTLS_OK;
}

CTL_COMMAND(sessions_command)
{
	struct settings set = { .filter = { .since = SESSIONS_SINCE,
	    .decision = "allow", .event = "login" } };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(sessions_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 1, "", err);
	if (status != MTLS_OK)
		return status;
	if (words.n == 1)
		set.filter.user = words.word[0];
	return list(ctl, &set, add_session, err);
}
