/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl revoke and revocations: certificates that a verifier, and every
 * other with the same state, refuses from now on, whatever the CA says.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtls/text.h"
#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/input.h"
#include "mtlsctl/output.h"

struct settings {
	const char *socket, *cert, *reason;
	int key, undo, json;
};

#define JSON_OPTION \
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, \
	    NULL, "say it as JSON", 0 }

const struct ctl_option revoke_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "cert", CTL_TEXT, offsetof(struct settings, cert), 0, 0, NULL,
	    "FILE|SHA256", "this certificate", 0 },
	{ "key", CTL_FLAG, offsetof(struct settings, key), 0, 0, NULL, NULL,
	    "every certificate with its key", 0 },
	{ "reason", CTL_TEXT, offsetof(struct settings, reason), 0, 0, NULL,
	    "TEXT", "why, for the audit", 0 },
	{ "undo", CTL_FLAG, offsetof(struct settings, undo), 0, 0, NULL, NULL,
	    "accept it again", 0 },
	JSON_OPTION,
	CTL_OPTIONS_END
};
const struct ctl_option revocations_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	JSON_OPTION,
	CTL_OPTIONS_END
};

/* What the words and options mean. */
struct what {
	char sha256[65];		/* "": all of the user */
	struct mtls_identity id;
	int has_id;
};

static enum mtls_status
find_certificate(struct ctl *ctl, const struct settings *set,
    struct what *ret, struct mtls_err *err)
{
	enum mtls_status status;
	uint8_t bytes[32];

	if (mtls_hex_decode(bytes, sizeof(bytes), set->cert) == 0) {
		memcpy(ret->sha256, set->cert, sizeof(ret->sha256));
		return MTLS_OK;
	}
	status = input_identity(ctl->tls, set->cert, &ret->id, NULL, err);
	if (status != MTLS_OK)
		return status;
	ret->has_id = 1;
	mtls_hex_encode(ret->sha256, set->key ? ret->id.spki_sha256 :
	    ret->id.sha256, sizeof(bytes));
	return MTLS_OK;
}

static enum mtls_status
fill_revoke(const struct settings *set, const char *user0,
    const struct what *what, struct mtls_msg_admin_revoke *m,
    struct mtls_err *err)
{
	const struct {
		char **to;
		const char *from;
	} texts[] = {
		{ &m->user, user0 }, { &m->sha256, what->sha256 },
		{ &m->kind, set->key ? "key" : "certificate" },
		{ &m->subject, what->has_id ? what->id.subject : NULL },
		{ &m->issuer, what->has_id ? what->id.issuer : NULL },
		{ &m->serial, what->has_id ? what->id.serial : NULL },
		{ &m->reason, set->reason },
	};
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK &&
	    i < sizeof(texts) / sizeof(texts[0]); i++)
		status = mtls_text_dup(texts[i].to, texts[i].from == NULL ?
		    "" : texts[i].from, err);
	return status;
}

static enum mtls_status
show(const struct settings *set, const char *user0, const struct what *what,
    uint32_t n, struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "user", user0);
	output_text(o, "sha256", what->sha256[0] == '\0' ? NULL :
	    what->sha256);
	output_integer(o, "changes", n);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
change(struct ctl *ctl, const struct settings *set, const char *user0,
    const struct what *what, struct mtls_err *err)
{
	struct mtls_message request = { .type = set->undo ?
	    MTLS_MSG_ADMIN_UNREVOKE : MTLS_MSG_ADMIN_REVOKE };
	enum mtls_status status;
	uint32_t n = 0;

	if (set->undo)
		status = mtls_text_dup(&request.u.admin_unrevoke.sha256,
		    what->sha256, err);
	else
		status = fill_revoke(set, user0, what,
		    &request.u.admin_revoke, err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set->socket, .request = &request }, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_warn(ctl, set->undo ? "it was not revoked here" :
		    what->sha256[0] != '\0' ? "it was revoked here before" :
		    "no certificate is bound to this user that was not "
		    "revoked before: say which one with --cert");
	return status != MTLS_OK ? status :
	    show(set, user0, what, n, err);
}

/* USER, --cert, or both; and --undo for one certificate. */
static enum mtls_status
check(const struct settings *set, const struct ctl_words *words,
    struct mtls_err *err)
{
	if (words->n == 1 && !mtls_text_is_user(words->word[0]))
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" cannot be a user "
		    "name", words->word[0]);
	if (set->cert == NULL && (set->key || set->undo))
		return mtls_fail(err, MTLS_E_USAGE, "say which certificate: "
		    "--cert");
	if (set->cert == NULL && words->n == 0)
		return mtls_fail(err, MTLS_E_USAGE, "say whose certificates, "
		    "or which one: USER, or --cert");
	if (set->undo && (words->n > 0 || set->reason != NULL))
		return mtls_fail(err, MTLS_E_USAGE,
		    "--undo goes with --cert alone");
	return MTLS_OK;
}

CTL_COMMAND(revoke_command)
{
	struct settings set = { .socket = NULL };
	struct what what = { .has_id = 0 };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(revoke_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 1, "", err);
	if (status == MTLS_OK)
		status = check(&set, &words, err);
	if (status == MTLS_OK && set.cert != NULL)
		status = find_certificate(ctl, &set, &what, err);
	if (status == MTLS_OK)
		status = change(ctl, &set, words.n == 1 ? words.word[0] :
		    NULL, &what, err);
	if (what.has_id)
		mtls_identity_clear(&what.id);
	return status;
}

struct listing {
	struct output *o;
	int json;
};

static enum mtls_status
add_revoked(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_revoked *r = &row->u.admin_revoked;
	const struct listing *l = arg;

	(void)err;
	output_time(l->o, "revoked_at", (int64_t)r->revoked_at_s);
	output_text(l->o, "user", r->user);
	output_text(l->o, "kind", r->kind);
	output_text(l->o, "sha256", r->sha256);
	if (l->json) {
		output_text(l->o, "serial", r->serial);
		output_text(l->o, "issuer", r->issuer);
		output_text(l->o, "subject", r->subject);
	}
	output_text(l->o, "by", r->by);
	output_text(l->o, "reason", r->reason);
	output_row(l->o);
	return MTLS_OK;
}

CTL_COMMAND(revocations_command)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_REVOCATIONS };
	struct settings set = { .socket = NULL };
	struct listing l = { NULL, 0 };
	enum mtls_status status;
	struct ctl_words words;
	uint32_t n = 0;

	status = ctl_options(revocations_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 1, "", err);
	if (status != MTLS_OK)
		return status;
	l.json = set.json;
	l.o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	status = mtls_text_dup(&request.u.admin_revocations.user,
	    words.n == 1 ? words.word[0] : "", err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set.socket, .request = &request,
		    .row_type = MTLS_MSG_ADMIN_REVOKED, .row = add_revoked,
		    .arg = &l }, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_nothing(ctl);
	if (status == MTLS_OK)
		status = output_write(l.o, stdout, err);
	output_free(l.o);
	return status;
}
