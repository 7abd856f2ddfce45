/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl users: who has certificates bound, and who came and failed lately.
 * Put together here, of bindings and audit, page by page: a question about
 * everybody must not keep the verifier's store from logins.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>

#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/audit_request.h"
#include "mtlsctl/output.h"

#define SINCE "30d"

struct settings {
	const char *socket, *since;
	int json;
};

const struct ctl_option users_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "since", CTL_TEXT, offsetof(struct settings, since), 0, 0, NULL,
	    "WHEN", "how far back to look for logins (30d)", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each user", 0 },
	CTL_OPTIONS_END
};

/* The object of a user in the object of all; borrowed, NULL: no memory. */
static json_t *
user_of(json_t *all, const char *name)
{
	json_t *user = json_object_get(all, name);

	if (user == NULL && json_object_set_new(all, name,
	    json_object()) == 0)
		user = json_object_get(all, name);
	return user;
}

static enum mtls_status
no_memory(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
}

struct bindings {
	json_t *all;
	unsigned n_unkept;	/* without their certificate */
};

static enum mtls_status
take_binding(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	struct bindings *bindings = arg;
	json_t *user = user_of(bindings->all, row->u.admin_binding.user);
	json_int_t n = json_integer_value(json_object_get(user, "bindings"));

	if (row->u.admin_binding.key_sha256[0] == '\0')
		bindings->n_unkept++;
	return user == NULL || json_object_set_new(user, "bindings",
	    json_integer(n + 1)) != 0 ? no_memory(err) : MTLS_OK;
}

static enum mtls_status
take_record(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_record *r = &row->u.admin_record;
	int is_login = r->decision[0] == 'a';
	json_t *user;

	if (r->user[0] == '\0')
		return MTLS_OK;
	user = user_of(arg, r->user);
	/* Later records come later. */
	if (user == NULL || json_object_set_new(user, is_login ? "login" :
	    "failure", json_integer((json_int_t)r->time_ms)) != 0 ||
	    json_object_set_new(user, is_login ? "place" : "reason",
	    is_login ? json_sprintf("%s on %s", r->service, r->host) :
	    json_string(r->reason)) != 0)
		return no_memory(err);
	return MTLS_OK;
}

static enum mtls_status
ask_bindings(struct ctl *ctl, const struct settings *set, json_t *all,
    struct mtls_err *err)
{
	struct bindings bindings = { all, 0 };
	char everybody[] = "";
	struct mtls_message request = {
		.type = MTLS_MSG_ADMIN_BINDINGS,
		.u.admin_bindings.user = everybody,
	};
	enum mtls_status status;
	uint32_t n;

	status = admin_question(&(struct admin_question){
	    .socket = set->socket, .request = &request,
	    .row_type = MTLS_MSG_ADMIN_BINDING, .row = take_binding,
	    .arg = &bindings }, &n, err);
	if (status == MTLS_OK)
		admin_warn_unkept(ctl, bindings.n_unkept);
	return status;
}

static enum mtls_status
ask_records(const struct settings *set, const char *user, json_t *all,
    struct mtls_err *err)
{
	struct audit_filter filter = {
		.user = user, .event = "login", .since = set->since,
	};
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_AUDIT };
	enum mtls_status status;
	uint32_t n;

	status = audit_request(&filter, &request.u.admin_audit, err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set->socket, .request = &request,
		    .row_type = MTLS_MSG_ADMIN_RECORD, .row = take_record,
		    .arg = all }, &n, err);
	mtls_message_clear(&request);
	return status;
}

static void
add_user(struct output *o, const char *name, const json_t *user)
{
	output_text(o, "user", name);
	output_integer(o, "bindings",
	    json_integer_value(json_object_get(user, "bindings")));
	output_time_ms(o, "last_login",
	    json_integer_value(json_object_get(user, "login")));
	output_text(o, "last_place",
	    json_string_value(json_object_get(user, "place")));
	output_time_ms(o, "last_failure",
	    json_integer_value(json_object_get(user, "failure")));
	output_text(o, "last_reason",
	    json_string_value(json_object_get(user, "reason")));
	output_row(o);
}

CTL_COMMAND(users_command)
{
	struct settings set = { .since = SINCE };
	struct output *o = NULL;
	json_t *all = NULL, *user;
	enum mtls_status status;
	struct ctl_words words;
	const char *name;

	status = ctl_options(users_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status != MTLS_OK)
		return status;
	all = json_object();
	if (all == NULL)
		return no_memory(err);
	status = ask_bindings(ctl, &set, all, err);
	if (status == MTLS_OK)
		status = ask_records(&set, NULL, all, err);
	o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	json_object_foreach(all, name, user)
		add_user(o, name, user);
	if (status == MTLS_OK && json_object_size(all) == 0)
		ctl_nothing(ctl);
	json_decref(all);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	return status;
}
