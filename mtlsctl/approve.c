/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl approve: says yes, or no, to a login that shows a session word,
 * and prints the code for it. What the verifier knows of the machine and what
 * that machine claims are shown apart. There is no way to say yes without
 * being asked.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtls/secret.h"
#include "mtls/text.h"
#include "mtlsctl/code_commands.h"
#include "mtlsctl/code_request.h"
#include "mtlsctl/terminal.h"

#define ANSWER_SIZE 16
#define CODE_SIZE 16

struct settings {
	struct with_card_settings card;
};

const struct ctl_option approve_options[] = {
	WITH_CARD_OPTIONS(struct settings, card),
	CTL_OPTIONS_END
};

static const char *
network_of(const struct mtls_body_session *s)
{
	if (strcmp(s->network, "same") == 0)
		return "the network that you are in";
	if (strcmp(s->network, "other") == 0)
		return "ANOTHER network than the one that you are in";
	return "it cannot be told whether it is your network";
}

static void
show_claim(const char *what, const char *claim)
{
	char shown[300];

	if (claim[0] != '\0')
		ctl_note("  %-9s %s", what, mtls_text_printable(shown,
		    sizeof(shown), claim));
}

static void
show(const struct mtls_body_session *s)
{
	char user[300], service[80];

	ctl_note("Somebody is logging in:");
	ctl_note("  machine   %s (authenticated)", s->host);
	ctl_note("  service   %s", mtls_text_printable(service,
	    sizeof(service), s->service));
	ctl_note("  as        %s", mtls_text_printable(user, sizeof(user),
	    s->user));
	ctl_note("The machine claims, and nobody has checked:");
	show_claim("from", s->rhost[0] == '\0' ? "(it does not say)" :
	    s->rhost);
	if (strcmp(s->network_rule, "off") != 0)
		ctl_note("            %s", network_of(s));
	show_claim("terminal", s->tty);
	show_claim("by", s->ruser);
}

static enum mtls_status
find(struct with_card *card, const char *word,
    struct mtls_body_session *ret, struct mtls_err *err)
{
	struct mtls_body_session_ask ask = { .version = 1 };
	struct code_request request = { "/v1/sessions",
	    MTLS_BODY_SESSION_ASK, &ask, 200, MTLS_BODY_SESSION };

	ask.session = (char *)(uintptr_t)word;
	return code_request(card, &request, ret, err);
}

static void
fill(struct mtls_body_approve *a, const struct mtls_body_session *s,
    const char *consent)
{
	static char code[] = "code";

	memset(a, 0, sizeof(*a));
	a->version = 1;
	memcpy(a->challenge, s->challenge, sizeof(a->challenge));
	a->user = s->user;
	a->service = s->service;
	a->host = s->host;
	a->method = code;
	a->consent = (char *)(uintptr_t)consent;
}

static enum mtls_status
decline(struct with_card *card, const struct mtls_body_session *s,
    struct mtls_err *err)
{
	struct mtls_body_approve approve;
	struct mtls_body_taken taken;
	struct code_request request = { "/v1/approvals", MTLS_BODY_APPROVE,
	    &approve, 200, MTLS_BODY_TAKEN };

	fill(&approve, s, "no");
	memset(&taken, 0, sizeof(taken));
	if (code_request(card, &request, &taken, err) != MTLS_OK)
		return err->status;
	return mtls_fail(err, MTLS_E_CANCELLED, "the login was declined");
}

static enum mtls_status
accept_it(struct with_card *card, const struct mtls_body_session *s,
    struct mtls_err *err)
{
	struct mtls_body_approve approve;
	struct mtls_body_code code;
	struct code_request request = { "/v1/approvals", MTLS_BODY_APPROVE,
	    &approve, 201, MTLS_BODY_CODE };
	char shown[CODE_SIZE];

	fill(&approve, s, "yes");
	memset(&code, 0, sizeof(code));
	if (code_request(card, &request, &code, err) != MTLS_OK)
		return err->status;
	code_request_split(code.code, shown, sizeof(shown));
	ctl_note("Type this code where you log in, within %lld seconds:",
	    (long long)code.expires_in);
	(void)printf("%s\n", shown);
	if (fflush(stdout) != 0)
		(void)mtls_fail(err, MTLS_E_SYSTEM, "the code cannot be "
		    "written");
	mtls_wipe_array(shown);
	mtls_wipe_string(code.code);
	mtls_body_clear(MTLS_BODY_CODE, &code);
	return err->status;
}

static enum mtls_status
decide(struct with_card *card, const struct mtls_body_session *s,
    struct mtls_err *err)
{
	char answer[ANSWER_SIZE];

	show(s);
	if (terminal_ask("Is that your own login? Type yes for a code, or no "
	    "to refuse it: ", TERMINAL_ECHO, answer, sizeof(answer), err) !=
	    MTLS_OK)
		return err->status;
	return strcmp(answer, "yes") == 0 ? accept_it(card, s, err) :
	    decline(card, s, err);
}

CTL_COMMAND(approve_command)
{
	struct settings set = { .card = WITH_CARD_SETTINGS_INIT };
	struct with_card card = WITH_CARD_NONE;
	struct mtls_body_session session;
	struct ctl_words words;

	memset(&session, 0, sizeof(session));
	if (ctl_options(approve_options, argc, argv, &set, &words, err) !=
	    MTLS_OK || ctl_words_check(&words, 1, 1, "WORD", err) != MTLS_OK)
		return err->status;
	if (with_card_open(ctl, &set.card, &card, err) == MTLS_OK &&
	    find(&card, words.word[0], &session, err) == MTLS_OK)
		(void)decide(&card, &session, err);
	mtls_body_clear(MTLS_BODY_SESSION, &session);
	with_card_close(&card);
	return err->status;
}
