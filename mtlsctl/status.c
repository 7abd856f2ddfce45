/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl status: how a verifier is. Ends with 2 where it has warnings.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/output.h"

struct settings {
	const char *socket;
	int json;
};

const struct ctl_option status_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object", 0 },
	CTL_OPTIONS_END
};

struct values {
	struct output *o;
	int has_warning;
};

static enum mtls_status
add_value(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const char *name = row->u.admin_value.name;
	struct values *values = arg;

	if (strncmp(name, "warning.", 8) == 0)
		values->has_warning = 1;
	(void)err;
	output_text(values->o, name, row->u.admin_value.value);
	return MTLS_OK;
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
	status = admin_question(&(struct admin_question){
	    .socket = set.socket, .request = &request,
	    .row_type = MTLS_MSG_ADMIN_VALUE, .row = add_value,
	    .arg = &values }, &n, err);
	output_row(values.o);
	if (status == MTLS_OK && values.has_warning)
		ctl->exit_status = CTL_NOTHING;
	if (status == MTLS_OK)
		status = output_write(values.o, stdout, err);
	output_free(values.o);
	return status;
}
