/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl try: does a login and shows what happened.
 */
#include "config.h"

#include "mtlsctl/try.h"

#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mtls/text.h"
#include "mtls/verdict.h"
#include "mtlsctl/output.h"

struct settings {
	const char *service, *config, *socket, *method;
	struct pin_source pin;
	uint32_t deadline_s;
	int json;
};

const struct ctl_option try_options[] = {
	{ "service", CTL_TEXT, offsetof(struct settings, service), 0, 0, NULL,
	    "NAME", "the PAM service to log in to (login)", 0 },
	{ "method", CTL_TEXT, offsetof(struct settings, method), 0, 0, NULL,
	    "NAME", "as method= in the PAM file", 0 },
	{ "config", CTL_TEXT, offsetof(struct settings, config), 0, 0, NULL,
	    "FILE", "other settings; root only", 0 },
	{ "socket", CTL_TEXT, offsetof(struct settings, socket), 0, 0, NULL,
	    "PATH", "the helper's socket", 0 },
	{ "deadline", CTL_NUMBER, offsetof(struct settings, deadline_s), 1,
	    600, NULL, "SECONDS", "when to give up (120)", 0 },
	{ "pin-fd", CTL_NUMBER, offsetof(struct settings, pin.fd), 0, 1023,
	    NULL, "N", "read the PIN from descriptor N, not the terminal",
	    0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object", 0 },
	CTL_OPTIONS_END
};

static const char *
verdict_word(const struct mtls_msg_result *r)
{
	return r->verdict == MTLS_VERDICT_ALLOW ? "granted" : "refused";
}

static const char *
shown(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
add_result(struct output *o, const struct try_login *t)
{
	const struct mtls_msg_result *r = &t->result.u.result;

	output_text(o, "verdict", verdict_word(r));
	output_text(o, "user", r->user);
	output_text(o, "service", r->service);
	output_text(o, "method", shown(r->method));
	output_text(o, "verifier", shown(r->verifier));
	output_text(o, "certificate", shown(r->certificate));
	output_text(o, "status", mtls_status_word(
	    (enum mtls_status)r->status));
	output_text(o, "reason", shown(r->reason));
	output_text(o, "message", shown(r->message));
	output_integer(o, "total_us", (int64_t)t->total_us);
}

static enum mtls_status
show_json(const struct try_login *t, struct mtls_err *err)
{
	struct output *o = output_new(OUTPUT_JSON);
	json_t *phases = json_array();
	enum mtls_status status;

	add_result(o, t);
	for (size_t i = 0; i < t->n_phases; i++) {
		const struct try_phase *p = &t->phases[i];

		json_array_append_new(phases, json_pack("{s:s,s:I,s:I,s:I}",
		    "name", p->name, "begin_us", (json_int_t)p->begin_us,
		    "end_us", (json_int_t)p->end_us, "duration_us",
		    (json_int_t)(p->end_us - p->begin_us)));
	}
	output_json(o, "phases", phases);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

/* Milliseconds with three digits behind the point. */
static void
add_ms(struct output *o, const char *key, uint64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu",
	    (unsigned long long)(us / 1000), (unsigned long long)(us % 1000));
	output_text(o, key, text);
}

static enum mtls_status
show_text(const struct try_login *t, struct mtls_err *err)
{
	struct output *phases = output_new(OUTPUT_TABLE);
	struct output *result = output_new(OUTPUT_RECORD);
	enum mtls_status status;

	for (size_t i = 0; i < t->n_phases; i++) {
		const struct try_phase *p = &t->phases[i];

		output_text(phases, "phase", p->name);
		add_ms(phases, "begin_ms", p->begin_us);
		add_ms(phases, "end_ms", p->end_us);
		add_ms(phases, "duration_ms", p->end_us - p->begin_us);
		output_row(phases);
	}
	status = output_write(phases, stdout, err);
	if (t->n_phases > 0)
		putchar('\n');
	add_result(result, t);
	output_row(result);
	if (status == MTLS_OK)
		status = output_write(result, stdout, err);
	output_free(phases);
	output_free(result);
	return status;
}

/* USER, or who runs this. */
static enum mtls_status
find_user(const struct ctl_words *words, char *user, size_t size,
    struct mtls_err *err)
{
	const struct passwd *me;

	if (words->n == 1) {
		snprintf(user, size, "%s", words->word[0]);
	} else {
		me = getpwuid(getuid());
		if (me == NULL)
			return mtls_fail(err, MTLS_E_USAGE, "say USER");
		snprintf(user, size, "%s", me->pw_name);
	}
	if (words->n == 1 && !mtls_text_is_user(words->word[0]))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" cannot be a user name", words->word[0]);
	return MTLS_OK;
}

static enum mtls_status
check(const struct settings *set, struct mtls_err *err)
{
	if (!mtls_text_is_service(set->service))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is no PAM service", set->service);
	if (set->config[0] != '\0' && geteuid() != 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--config is for root only");
	return MTLS_OK;
}

CTL_COMMAND(try_command)
{
	struct settings set = { "login", "", NULL, "", { PIN_NO_FD }, 120,
		0 };
	char user[MTLS_USER_MAX + 1] = "";
	struct try_login t;
	enum mtls_status status;
	struct ctl_words words;

	memset(&t, 0, sizeof(t));
	status = ctl_options(try_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 1, "", err);
	if (status == MTLS_OK)
		status = find_user(&words, user, sizeof(user), err);
	if (status == MTLS_OK)
		status = check(&set, err);
	if (status != MTLS_OK)
		return status;
	t.user = user;
	t.service = set.service;
	t.config = set.config;
	t.method = set.method;
	t.socket0 = set.socket;
	t.pin = set.pin;
	t.deadline_s = set.deadline_s;
	status = try_hold(&t, err);
	if (status == MTLS_OK)
		status = set.json ? show_json(&t, err) : show_text(&t, err);
	if (status == MTLS_OK &&
	    t.result.u.result.verdict != MTLS_VERDICT_ALLOW)
		ctl->exit_status = CTL_ERROR;
	mtls_message_clear(&t.result);
	return status;
}
