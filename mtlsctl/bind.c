/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl bind, unbind and bindings: certificates that a verifier's policy
 * takes as a user's one by one ("map bound").
 */
#include "config.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtls/pem.h"
#include "mtls/text.h"
#include "mtlsctl/admin.h"
#include "mtlsctl/admin_commands.h"
#include "mtlsctl/input.h"
#include "mtlsctl/output.h"

struct settings {
	const char *socket;
	int all;
	int json;
};

#define JSON_OPTION \
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, \
	    NULL, "say it as JSON", 0 }

const struct ctl_option bind_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	JSON_OPTION,
	CTL_OPTIONS_END
};
const struct ctl_option unbind_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	{ "all", CTL_FLAG, offsetof(struct settings, all), 0, 0, NULL, NULL,
	    "every certificate of the user", 0 },
	JSON_OPTION,
	CTL_OPTIONS_END
};
const struct ctl_option bindings_options[] = {
	ADMIN_SOCKET_OPTION(struct settings),
	JSON_OPTION,
	CTL_OPTIONS_END
};

static enum mtls_status
check_user(const char *user, struct mtls_err *err)
{
	if (mtls_text_is_user(user))
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_USAGE, "\"%s\" cannot be a user name",
	    user);
}

static enum mtls_status
show_change(const struct settings *set, const char *user, const char *sha256,
    uint32_t n, struct mtls_err *err)
{
	struct output *o = output_new(set->json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;

	output_text(o, "user", user);
	output_text(o, "sha256", sha256);
	output_integer(o, "changes", n);
	output_row(o);
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
bind_certificate(struct ctl *ctl, const struct settings *set,
    const char *user, const char *path, struct mtls_err *err)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_BIND };
	struct mtls_identity id;
	enum mtls_status status;
	char sha256[65] = "";
	uint32_t n = 0;

	memset(&id, 0, sizeof(id));
	status = input_identity(ctl->tls, path, &id,
	    &request.u.admin_bind.der, err);
	if (status == MTLS_OK && (id.is_ca || !id.for_client_auth))
		status = mtls_fail(err, MTLS_E_CONFIG, "%s is not a "
		    "certificate for client authentication", path);
	if (status == MTLS_OK)
		status = mtls_text_dup(&request.u.admin_bind.user, user, err);
	mtls_hex_encode(sha256, id.sha256, sizeof(id.sha256));
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set->socket, .request = &request }, &n, err);
	mtls_message_clear(&request);
	mtls_identity_clear(&id);
	if (status == MTLS_OK && n == 0)
		ctl_warn(ctl, "it was bound before");
	if (status == MTLS_OK)
		status = show_change(set, user, sha256, n, err);
	return status;
}

CTL_COMMAND(bind_command)
{
	struct settings set = { NULL, 0, 0 };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(bind_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 2, 2,
		    "USER or CERTIFICATE", err);
	if (status == MTLS_OK)
		status = check_user(words.word[0], err);
	if (status == MTLS_OK)
		status = bind_certificate(ctl, &set, words.word[0],
		    words.word[1], err);
	return status;
}

/* A fingerprint in hexadecimal, or a file that has the certificate. */
static enum mtls_status
fingerprint_of(struct ctl *ctl, const char *word, char sha256[65],
    struct mtls_err *err)
{
	struct mtls_identity id;
	enum mtls_status status;
	uint8_t bytes[32];

	if (mtls_hex_decode(bytes, sizeof(bytes), word) == 0) {
		memcpy(sha256, word, 65);
		return MTLS_OK;
	}
	status = input_identity(ctl->tls, word, &id, NULL, err);
	if (status != MTLS_OK)
		return status;
	mtls_hex_encode(sha256, id.sha256, sizeof(id.sha256));
	mtls_identity_clear(&id);
	return MTLS_OK;
}

static enum mtls_status
unbind(struct ctl *ctl, const struct settings *set, const char *user,
    const char *word0, struct mtls_err *err)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_UNBIND };
	struct mtls_msg_admin_unbind *u = &request.u.admin_unbind;
	enum mtls_status status = MTLS_OK;
	char sha256[65] = "";
	uint32_t n = 0;

	if (word0 != NULL)
		status = fingerprint_of(ctl, word0, sha256, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&u->user, user, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&u->sha256, sha256, err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set->socket, .request = &request }, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_warn(ctl, "there is no such binding");
	if (status == MTLS_OK)
		status = show_change(set, user, sha256[0] != '\0' ? sha256 :
		    NULL, n, err);
	return status;
}

CTL_COMMAND(unbind_command)
{
	struct settings set = { NULL, 0, 0 };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(unbind_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 2, "USER", err);
	if (status == MTLS_OK)
		status = check_user(words.word[0], err);
	if (status == MTLS_OK && (words.n == 2) == set.all)
		status = mtls_fail(err, MTLS_E_USAGE,
		    "say which certificate, or --all");
	if (status == MTLS_OK)
		status = unbind(ctl, &set, words.word[0],
		    words.n == 2 ? words.word[1] : NULL, err);
	return status;
}

void
admin_warn_unkept(struct ctl *ctl, unsigned n)
{
	if (n > 0)
		ctl_warn(ctl, "%u of these bindings are without their "
		    "certificate, and not for the methods sshkey and agent: "
		    "bind it again", n);
}

struct listing {
	struct output *o;
	int json;
	unsigned n_unkept;	/* without their certificate */
};

static enum mtls_status
add_binding(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_binding *b = &row->u.admin_binding;
	struct listing *l = arg;

	if (b->key_sha256[0] == '\0')
		l->n_unkept++;
	output_text(l->o, "user", b->user);
	output_text(l->o, "sha256", b->sha256);
	if (l->json) {
		output_text(l->o, "serial", b->serial);
		output_text(l->o, "issuer", b->issuer);
		output_time(l->o, "bound_at", (int64_t)b->bound_at_s);
		output_text(l->o, "key_sha256", b->key_sha256[0] != '\0' ?
		    b->key_sha256 : NULL);
	}
	output_time(l->o, "not_after", (int64_t)b->not_after_s);
	output_text(l->o, "subject", b->subject);
	output_row(l->o);
	(void)err;
	return MTLS_OK;
}

CTL_COMMAND(bindings_command)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_BINDINGS };
	struct settings set = { NULL, 0, 0 };
	struct listing l = { NULL, 0, 0 };
	enum mtls_status status;
	struct ctl_words words;
	uint32_t n = 0;

	status = ctl_options(bindings_options, argc, argv, &set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 1, "", err);
	if (status == MTLS_OK && words.n == 1)
		status = check_user(words.word[0], err);
	if (status != MTLS_OK)
		return status;
	l.json = set.json;
	l.o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	status = mtls_text_dup(&request.u.admin_bindings.user,
	    words.n == 1 ? words.word[0] : "", err);
	if (status == MTLS_OK)
		status = admin_question(&(struct admin_question){
		    .socket = set.socket, .request = &request,
		    .row_type = MTLS_MSG_ADMIN_BINDING, .row = add_binding,
		    .arg = &l }, &n, err);
	mtls_message_clear(&request);
	if (status == MTLS_OK && n == 0)
		ctl_nothing(ctl);
	if (status == MTLS_OK)
		admin_warn_unkept(ctl, l.n_unkept);
	if (status == MTLS_OK)
		status = output_write(l.o, stdout, err);
	output_free(l.o);
	return status;
}
