/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl unlock: failed logins of a user no longer count.
 */
#include "config.h"

#include <stdio.h>

#include "mtls/text.h"
#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/output.h"

struct settings {
	const char *socket;
	int json;
};

const struct ctl_option unlock_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say it as JSON", 0 },
	CTL_OPTIONS_END
};

static enum mtls_status
show(const struct settings *set, const char *user, uint32_t n,
    struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "user", user);
	output_integer(o, "changes", n);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

CTL_COMMAND(unlock_command)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_UNLOCK };
	struct settings set = { .socket = NULL };
	enum mtls_status status;
	struct ctl_words words;
	uint32_t n = 0;

	status = ctl_options(unlock_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 1, "USER", err);
	if (status == MTLS_OK && !mtls_text_is_user(words.word[0]))
		status = mtls_fail(err, MTLS_E_USAGE, "\"%s\" cannot be a "
		    "user name", words.word[0]);
	if (status != MTLS_OK)
		return status;
	status = mtls_text_dup(&request.u.admin_unlock.user, words.word[0],
	    err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set.socket, .request = &request }, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_warn(ctl, "no limit stood in the way of this user");
	return status != MTLS_OK ? status :
	    show(&set, words.word[0], n, err);
}
