/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl audit and mtlsctl status: what a verifier has decided, and how it
 * is.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/output.h"

#define LIMIT 100u
#define LIMIT_MAX 100000u

struct settings {
	const char *socket, *user, *host, *service, *decision;
	uint32_t after, limit;
	int json;
};

const struct ctl_option audit_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "user", CTL_TEXT, offsetof(struct settings, user), 0, 0, NULL,
	    "NAME", "only this user", 0 },
	{ "host", CTL_TEXT, offsetof(struct settings, host), 0, 0, NULL,
	    "HOST", "only this machine", 0 },
	{ "service", CTL_TEXT, offsetof(struct settings, service), 0, 0, NULL,
	    "NAME", "only this PAM service", 0 },
	{ "decision", CTL_TEXT, offsetof(struct settings, decision), 0, 0,
	    NULL, "WORD", "only allow, or deny", 0 },
	{ "after", CTL_NUMBER, offsetof(struct settings, after), 0,
	    UINT32_MAX, NULL, "N", "only records with a higher number", 0 },
	{ "limit", CTL_NUMBER, offsetof(struct settings, limit), 1, LIMIT_MAX,
	    NULL, "N", "at most the newest N (100)", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each record", 0 },
	CTL_OPTIONS_END
};

const struct ctl_option status_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object", 0 },
	CTL_OPTIONS_END
};

struct listing {
	struct output *o;
	int json;
};

static void
add_record(void *arg, const struct mtls_message *row)
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
	if (l->json) {
		output_text(l->o, "tty", r->tty);
		output_text(l->o, "rhost", r->rhost);
		output_text(l->o, "certificate", r->certificate);
		output_text(l->o, "source", r->source);
	}
	output_text(l->o, "reason", r->reason);
	output_row(l->o);
}

static enum mtls_status
fill_request(const struct settings *set, struct mtls_msg_admin_audit *a,
    struct mtls_err *err)
{
	enum mtls_status status;

	a->after = set->after;
	a->limit = set->limit;
	status = mtls_text_dup(&a->user, set->user, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&a->host, set->host, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&a->service, set->service, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&a->decision, set->decision, err);
	return status;
}

CTL_COMMAND(audit_command)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_AUDIT };
	struct settings set = { NULL, "", "", "", "", 0, LIMIT, 0 };
	struct listing l = { NULL, 0 };
	enum mtls_status status;
	struct ctl_words words;
	uint32_t n = 0;

	status = ctl_options(audit_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = fill_request(&set, &request.u.admin_audit, err);
	l.json = set.json;
	l.o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	if (status == MTLS_OK)
		status = admin_ask(set.socket, &request,
		    MTLS_MSG_ADMIN_RECORD, add_record, &l, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl->exit_status = CTL_NOTHING;
	if (status == MTLS_OK)
		status = output_write(l.o, stdout, err);
	output_free(l.o);
	return status;
}

struct values {
	struct output *o;
	int has_warning;
};

static void
add_value(void *arg, const struct mtls_message *row)
{
	const char *name = row->u.admin_value.name;
	struct values *values = arg;

	if (strncmp(name, "warning.", 8) == 0)
		values->has_warning = 1;
	output_text(values->o, name, row->u.admin_value.value);
}

CTL_COMMAND(status_command)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_STATUS };
	struct settings set = { .socket = NULL };
	struct values values = { NULL, 0 };
	enum mtls_status status;
	struct ctl_words words;
	uint32_t n = 0;

	status = ctl_options(status_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status != MTLS_OK)
		return status;
	values.o = output_new(set.json ? OUTPUT_JSON : OUTPUT_RECORD);
	status = admin_ask(set.socket, &request, MTLS_MSG_ADMIN_VALUE,
	    add_value, &values, &n, err);
	output_row(values.o);
	if (status == MTLS_OK && values.has_warning)
		ctl->exit_status = CTL_NOTHING;
	if (status == MTLS_OK)
		status = output_write(values.o, stdout, err);
	output_free(values.o);
	return status;
}
