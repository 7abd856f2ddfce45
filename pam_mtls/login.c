/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login from beginning to end: arguments, PAM items, helper, dialogue,
 * and the way out, which logs, tells the user and turns the verdict into a
 * return code. Runs in the PAM application, whose process it leaves as it
 * found it.
 *
 * MUST: end every way but success in pam_fail_delay(); compare PAM_USER with
 * what was asked for after the verdict (T-110). MUST NOT: hold more than a
 * few hundred bytes of stack, or state outside the PAM handle (T-119).
 */
#include "login.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <security/pam_ext.h>

#include "dialogue.h"
#include "mtls/deadline.h"
#include "mtls/helper_channel.h"
#include "mtls/log.h"
#include "mtls/login.h"
#include "mtls/secret.h"
#include "mtls/verdict.h"
#include "options.h"
#include "pam_code.h"
#include "prompt.h"
#include "request.h"
#include "sshd.h"

#define FAIL_DELAY_US	2000000u
#define DATA_NAME	"pam_mtls_login"

struct login {
	pam_handle_t *pamh;
	struct options options;
	struct request request;
	struct prompt prompt;
	struct dialogue dialogue;
	struct mtls_helper_channel channel;
	struct mtls_log log;
	struct mtls_err err;
	enum mtls_verdict verdict;
};

/* What a login that succeeded leaves in the handle for the account phase. */
struct note {
	enum mtls_verdict verdict;
	struct request request;
};

static void
note_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/* Puts note (NULL: none) in the place of an earlier one. */
static enum mtls_status
leave_note(struct login *login, struct note *note)
{
	if (pam_set_data(login->pamh, DATA_NAME, note, note_free) !=
	    PAM_SUCCESS)
		return mtls_fail(&login->err, MTLS_E_SYSTEM,
		    "the PAM handle does not take data");
	return MTLS_OK;
}

static enum mtls_status
leave_note_of_success(struct login *login)
{
	struct note *note = calloc(1, sizeof(*note));
	enum mtls_status status;

	if (note == NULL)
		return mtls_fail(&login->err, MTLS_E_MEMORY, "out of memory");
	note->verdict = MTLS_VERDICT_ALLOW;
	note->request = login->request;
	status = leave_note(login, note);
	if (status != MTLS_OK)
		free(note);
	return status;
}

static void
log_to_pam(void *arg, enum mtls_log_level level, const char *line)
{
	static const int priorities[] = {
		[MTLS_LOG_ERR] = LOG_ERR,
		[MTLS_LOG_WARNING] = LOG_WARNING,
		[MTLS_LOG_NOTICE] = LOG_NOTICE,
		[MTLS_LOG_DEBUG] = LOG_DEBUG
	};

	pam_syslog(arg, priorities[level], "%s", line);
}

static struct login *
login_new(pam_handle_t *pamh)
{
	struct login *login = calloc(1, sizeof(*login));

	if (login == NULL)
		return NULL;
	login->pamh = pamh;
	login->channel =
	    (struct mtls_helper_channel)MTLS_HELPER_CHANNEL_NONE;
	login->log = (struct mtls_log){ log_to_pam, pamh, MTLS_LOG_NOTICE };
	login->prompt.pamh = pamh;
	mtls_err_clear(&login->err);
	return login;
}

static void
login_free(struct login *login)
{
	mtls_helper_channel_close(&login->channel);
	mtls_message_clear(&login->dialogue.message);
	options_clear(&login->options);
	mtls_wipe(login, sizeof(*login));
	free(login);
}

/* What arguments and PAM flags say about this login. */
static void
set_up(struct login *login, int pam_flags)
{
	const struct options *options = &login->options;
	struct dialogue *d = &login->dialogue;

	if ((pam_flags & PAM_SILENT) != 0 || options->quiet == MTLS_YES)
		d->flags |= MTLS_LOGIN_SILENT;
	if ((pam_flags & PAM_DISALLOW_NULL_AUTHTOK) != 0)
		d->flags |= MTLS_LOGIN_NO_NULL;
	if (options->prompt == OPTIONS_PROMPT_SINGLE)
		d->flags |= MTLS_LOGIN_SINGLE;
	if (options->debug == MTLS_YES)
		d->flags |= MTLS_LOGIN_DEBUG;
	if ((d->flags & (MTLS_LOGIN_SILENT | MTLS_LOGIN_SINGLE)) != 0)
		login->prompt.tell = PROMPT_TELL_NOTHING;
	if (options->debug == MTLS_YES)
		login->log.max = MTLS_LOG_DEBUG;
	login->prompt.use_first_pass = options->try_first_pass == MTLS_YES;
	d->deadline = mtls_deadline_in_ms(options->deadline_s * 1000u);
	login->prompt.deadline = d->deadline;
	d->options = options;
	d->request = &login->request;
	d->prompt = &login->prompt;
}

static void
log_phase(struct login *login, const char *event)
{
	mtls_log_event(&login->log, MTLS_LOG_DEBUG, event,
	    MTLS_KEY_REQUEST, login->request.id_hex, MTLS_KEY_END);
}

/* From the PAM items to the helper's result about them. */
static enum mtls_status
ask_helper(struct login *login)
{
	struct mtls_err *err = &login->err;
	enum mtls_status status;

	status = request_read(login->pamh, &login->request, err);
	if (status == MTLS_OK)
		status = mtls_helper_channel_open(login->options.socket,
		    login->dialogue.deadline, &login->channel, err);
	if (status != MTLS_OK)
		return status;
	log_phase(login, "helper-connected");
	login->dialogue.socket_fd = login->channel.socket_fd;
	status = dialogue_hold(&login->dialogue, err);
	if (status == MTLS_OK)
		status = request_check(login->pamh, &login->request, err);
	return status;
}

static void
take_verdict(struct login *login)
{
	login->verdict = (enum mtls_verdict)
	    login->dialogue.message.u.result.verdict;
}

static enum mtls_status
run(struct login *login, int pam_flags, int argc, const char **argv)
{
	struct mtls_err *err = &login->err;
	enum mtls_status status;

	/* What an earlier attempt on this handle left counts no more. */
	status = leave_note(login, NULL);
	if (status == MTLS_OK)
		status = options_parse(argc, argv, &login->options, err);
	set_up(login, pam_flags);
	if (status == MTLS_OK)
		status = prompt_check(login->pamh, err);
	if (status == MTLS_OK)
		status = ask_helper(login);
	if (status == MTLS_OK)
		status = leave_note_of_success(login);
	if (status == MTLS_OK)
		take_verdict(login);
	return status;
}

static const char *
given(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
report_success(struct login *login)
{
	const struct request *r = &login->request;
	const struct mtls_msg_result *result =
	    &login->dialogue.message.u.result;
	const char *sentence = dialogue_sentence0(&login->dialogue);

	mtls_log_event(&login->log, MTLS_LOG_NOTICE, "granted",
	    MTLS_KEY_REQUEST, r->id_hex, MTLS_KEY_USER, r->user,
	    MTLS_KEY_SERVICE, r->service, MTLS_KEY_TTY, given(r->tty),
	    MTLS_KEY_RHOST, given(r->rhost), MTLS_KEY_METHOD, result->method,
	    MTLS_KEY_VERIFIER, result->verifier,
	    MTLS_KEY_CERT, result->certificate,
	    MTLS_KEY_REASON, given(sentence), MTLS_KEY_END);
	/* A warning: whatever comes of it, the login is granted. */
	if (sentence[0] != '\0')
		prompt_tell(&login->prompt, PAM_TEXT_INFO, sentence);
}

/* One line for the operator, one sentence for the user. */
static void
report_failure(struct login *login)
{
	const struct request *r = &login->request;
	const char *sentence = dialogue_sentence0(&login->dialogue);

	mtls_log_err(&login->log, pam_code_level(login->err.status),
	    "not-granted", &login->err,
	    MTLS_KEY_REQUEST, given(r->id_hex), MTLS_KEY_USER, given(r->user),
	    MTLS_KEY_SERVICE, given(r->service), MTLS_KEY_TTY, given(r->tty),
	    MTLS_KEY_RHOST, given(r->rhost), MTLS_KEY_END);
	if (sentence[0] == '\0')
		sentence = pam_code_sentence(login->err.status);
	if (sentence != NULL)
		prompt_tell(&login->prompt, PAM_ERROR_MSG, sentence);
}

static int
out_of_memory(pam_handle_t *pamh)
{
	pam_syslog(pamh, LOG_ERR, "out of memory");
	return pam_code(MTLS_VERDICT_NONE, MTLS_E_MEMORY);
}

static int
authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct login *login = login_new(pamh);
	enum mtls_status status;
	int code;

	if (login == NULL)
		return out_of_memory(pamh);
	status = run(login, flags, argc, argv);
	/* Keeps an earlier record; a failure without one gets one. */
	if (status != MTLS_OK)
		status = mtls_fail(&login->err, status, "no reason is known");
	code = pam_code(login->verdict, status);
	if (status == MTLS_OK)
		report_success(login);
	else
		report_failure(login);
	login_free(login);
	return code;
}

int
login_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	int code = authenticate(pamh, flags, argc, argv);

	/* libpam waits, for every module in the stack at once, in the end. */
	if (code != PAM_SUCCESS &&
	    pam_fail_delay(pamh, FAIL_DELAY_US) != PAM_SUCCESS)
		pam_syslog(pamh, LOG_WARNING, "no delay after a failure");
	return code;
}

/* The note of the handle; NULL where nobody has logged in on it. */
static const struct note *
find_note0(pam_handle_t *pamh)
{
	const void *data = NULL;

	return pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS ? data :
	    NULL;
}

/* OK if it is about this user and this service. */
static enum mtls_status
take_note(struct login *login, const struct note *note)
{
	enum mtls_status status;

	login->request = note->request;
	status = request_check(login->pamh, &note->request, &login->err);
	if (status == MTLS_OK)
		login->verdict = note->verdict;
	return status;
}

/* Whether sshd says that it has verified anything at all. */
static enum mtls_status
check_sshd(struct login *login)
{
	const void *service = NULL;
	struct mtls_bytes info = { 0, NULL };

	if (pam_get_item(login->pamh, PAM_SERVICE, &service) != PAM_SUCCESS ||
	    service == NULL)
		return mtls_fail(&login->err, MTLS_E_SYSTEM,
		    "the PAM handle does not tell the service");
	if (sshd_auth_info(login->pamh, service, &info, &login->err) !=
	    MTLS_OK)
		return login->err.status;
	if (info.len == 0)
		return mtls_fail(&login->err, MTLS_E_PERMISSION, "nobody has "
		    "logged in by certificate on this handle%s",
		    strcmp(service, "sshd") == 0 ?
		    ", and sshd tells of no key" : "");
	return MTLS_OK;
}

/* Who has not logged in here may have done it with a key, at sshd. */
static enum mtls_status
ask_about_key(struct login *login)
{
	enum mtls_status status = check_sshd(login);

	login->dialogue.flags |= MTLS_LOGIN_ACCOUNT;
	if (status == MTLS_OK)
		status = ask_helper(login);
	if (status == MTLS_OK) {
		take_verdict(login);
		report_success(login);
	}
	return status;
}

int
login_account(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct login *login = login_new(pamh);
	const struct note *note = find_note0(pamh);
	enum mtls_status status;
	int code;

	if (login == NULL)
		return out_of_memory(pamh);
	status = options_parse(argc, argv, &login->options, &login->err);
	set_up(login, flags);
	if (status == MTLS_OK)
		status = note != NULL ? take_note(login, note) :
		    ask_about_key(login);
	code = pam_code(login->verdict, status);
	if (status != MTLS_OK)
		report_failure(login);
	login_free(login);
	return code;
}

int
login_no_such_part(pam_handle_t *pamh, const char *word)
{
	pam_syslog(pamh, LOG_ERR, "there is no %s part in this module: "
	    "remove its line from the PAM file", word);
	return pam_code(MTLS_VERDICT_NONE, MTLS_E_USAGE);
}
