/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl code: a code for a login that is still to come, where policy allows
 * it, in the form that another program wants.
 */
#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mtls/secret.h"
#include "mtlsctl/code_commands.h"
#include "mtlsctl/code_request.h"
#include "mtlsctl/output.h"

#define CODE_SIZE 16

enum format { FORMAT_PLAIN, FORMAT_AUTH_USER_PASS, FORMAT_JSON };

static const char *const formats[] = {
	"plain", "auth-user-pass", "json", NULL
};

struct settings {
	struct with_card_settings card;
	const char *user, *service, *host;
	int format;
};

const struct ctl_option code_options[] = {
	{ "service", CTL_TEXT, offsetof(struct settings, service), 0, 0, NULL,
	    "NAME", "for this PAM service", 1 },
	{ "on", CTL_TEXT, offsetof(struct settings, host), 0, 0, NULL,
	    "HOST", "of this machine, by the name in its certificate", 1 },
	{ "user", CTL_TEXT, offsetof(struct settings, user), 0, 0, NULL,
	    "NAME", "to log in as (the account that runs this)", 0 },
	{ "format", CTL_CHOICE, offsetof(struct settings, format), 0, 0,
	    formats, "WORD", "plain, auth-user-pass or json (plain)", 0 },
	WITH_CARD_OPTIONS(struct settings, card),
	CTL_OPTIONS_END
};

static enum mtls_status
print_json(const struct settings *set, const struct mtls_body_code *code,
    struct mtls_err *err)
{
	struct output *o = output_new(OUTPUT_JSON);

	output_text(o, "user", set->user);
	output_text(o, "service", set->service);
	output_text(o, "host", set->host);
	output_text(o, "code", code->code);
	output_integer(o, "expires_in", code->expires_in);
	output_row(o);
	(void)output_write(o, stdout, err);
	output_free(o);
	return err->status;
}

static enum mtls_status
print(const struct settings *set, const struct mtls_body_code *code,
    struct mtls_err *err)
{
	char shown[CODE_SIZE];

	if (set->format == FORMAT_JSON)
		return print_json(set, code, err);
	if (set->format == FORMAT_AUTH_USER_PASS) {
		(void)printf("%s\n%s\n", set->user, code->code);
	} else {
		code_request_split(code->code, shown, sizeof(shown));
		(void)printf("%s\n", shown);
		mtls_wipe_array(shown);
	}
	if (fflush(stdout) != 0)
		(void)mtls_fail(err, MTLS_E_SYSTEM, "the code cannot be "
		    "written");
	return err->status;
}

static enum mtls_status
mint(struct with_card *card, const struct settings *set,
    struct mtls_err *err)
{
	struct mtls_body_mint mint = { .version = 1 };
	struct code_request request = { "/v1/codes", MTLS_BODY_MINT, &mint,
	    201, MTLS_BODY_CODE };
	struct mtls_body_code code;

	mint.user = (char *)(uintptr_t)set->user;
	mint.service = (char *)(uintptr_t)set->service;
	mint.host = (char *)(uintptr_t)set->host;
	memset(&code, 0, sizeof(code));
	if (code_request(card, &request, &code, err) != MTLS_OK)
		return err->status;
	ctl_note("A code for %s, for one login to %s, within %lld seconds.",
	    set->service, set->host, (long long)code.expires_in);
	(void)print(set, &code, err);
	mtls_wipe_string(code.code);
	mtls_body_clear(MTLS_BODY_CODE, &code);
	return err->status;
}

static enum mtls_status
find_user(struct settings *set, struct mtls_err *err)
{
	const struct passwd *account;

	if (set->user != NULL)
		return MTLS_OK;
	account = getpwuid(getuid());
	if (account == NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "this account has no name: use --user");
	set->user = account->pw_name;
	return MTLS_OK;
}

CTL_COMMAND(code_command)
{
	struct settings set = { .card = WITH_CARD_SETTINGS_INIT };
	struct with_card card = WITH_CARD_NONE;
	struct ctl_words words;

	if (ctl_options(code_options, argc, argv, &set, &words, err) !=
	    MTLS_OK || ctl_words_check(&words, 0, 0, "", err) != MTLS_OK ||
	    find_user(&set, err) != MTLS_OK)
		return err->status;
	if (with_card_open(ctl, &set.card, &card, err) == MTLS_OK)
		(void)mint(&card, &set, err);
	with_card_close(&card);
	return err->status;
}
