/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login, in the order of the protocol: receive the LOGIN, authorise who
 * asks, read the settings and the keys, drop all rights, open a challenge at
 * a verifier, prove (the method), fetch the decision (login_challenge.c), send
 * the RESULT. The event loop runs between "open" and "result"; everything
 * that goes wrong anywhere ends in login_fail().
 */
#include "config.h"

#include "login.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "login_state.h"
#include "mtls/login.h"
#include "mtls/process.h"
#include "mtls/text.h"

#define LOGIN_WITHIN_MS	10000u	/* for the LOGIN to arrive */
#define RESULT_MARGIN_MS 500u	/* so that it comes before the module ends */

/* --- receive and authorise --- */

static enum mtls_status
receive(struct login *l)
{
	uid_t uid;
	gid_t gid;
	pid_t pid;

	if (mtls_peer_credentials(l->options->module_fd, &uid, &gid, &pid,
	    &l->err) != MTLS_OK)
		return l->err.status;
	l->caller.uid = uid;
	l->caller.pid = pid;
	if (module_link_receive(l->options->module_fd,
	    mtls_deadline_in_ms(LOGIN_WITHIN_MS), &l->login_message,
	    &l->err) != MTLS_OK)
		return l->err.status;
	trace_start(&l->trace);
	l->asked = &l->login_message.u.login;
	l->flags = l->asked->flags;
	(void)mtls_hex_encode(l->request_hex, l->asked->request.data,
	    l->asked->request.len);
	if (l->flags & MTLS_LOGIN_DEBUG)
		l->log.max = MTLS_LOG_DEBUG;
	return caller_check_names(l->asked->user, l->asked->service,
	    &l->err);
}

static void
set_deadline(struct login *l)
{
	uint32_t own_s = l->service->deadline_s != 0 ?
	    l->service->deadline_s : l->settings->deadline_s;
	uint32_t asked_ms = l->asked->deadline_ms;

	if (asked_ms > 4 * RESULT_MARGIN_MS)
		asked_ms -= RESULT_MARGIN_MS;
	l->deadline = mtls_deadline_min(mtls_deadline_in_ms(own_s * 1000u),
	    mtls_deadline_in_ms(asked_ms));
}

/* A file that is not there is a setting that is wrong. */
static enum mtls_status
missing_is_config(struct mtls_err *err)
{
	if (err->status == MTLS_E_NOT_FOUND)
		err->status = MTLS_E_CONFIG;
	return err->status;
}

static enum mtls_status
configure(struct login *l)
{
	const char *config = l->options->config_file;

	if (l->asked->config[0] != '\0') {
		if (caller_may_configure(&l->caller, geteuid(), &l->err) !=
		    MTLS_OK)
			return l->err.status;
		config = l->asked->config;
	}
	if (settings_read(config, &l->settings, &l->err) != MTLS_OK)
		return missing_is_config(&l->err);
	if (caller_may_ask(&l->caller, l->asked->user, l->asked->service,
	    &l->settings->callers, &l->err) != MTLS_OK)
		return l->err.status;
	l->service = settings_for_service(l->settings, l->asked->service);
	if (l->service->prompt == SETTINGS_PROMPT_SINGLE)
		l->flags |= MTLS_LOGIN_SINGLE;
	set_deadline(l);
	return MTLS_OK;
}

/* In the account phase the one that asks nothing, where it is in the list. */
static enum mtls_status
keep_those_of_account(struct login_methods *list, struct mtls_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->list[i].method != &method_sshkey)
			continue;
		list->list[0] = list->list[i];
		list->n = 1;
		return MTLS_OK;
	}
	return mtls_fail(err, MTLS_E_PERMISSION, "nobody has logged in by "
	    "certificate on this handle, and sshkey is not among the methods");
}

/* Those of the PAM line, or of the settings; and what needs rights. */
static enum mtls_status
prepare_methods(struct login *l)
{
	struct login_methods list;

	if (login_methods_parse(l->asked->method[0] != '\0' ?
	    l->asked->method : settings_methods(l->settings, l->service),
	    &list, &l->err) != MTLS_OK)
		return l->err.status;
	if ((l->flags & MTLS_LOGIN_ACCOUNT) != 0 &&
	    keep_those_of_account(&list, &l->err) != MTLS_OK)
		return l->err.status;
	return login_methods_prepare(l, &list, &l->err);
}

/* --- keys, and out of root --- */

static enum mtls_status
drop_rights(struct login *l)
{
	const char *account = l->settings->helper_user;

	if (mtls_process_become(account, &l->err) != MTLS_E_NOT_FOUND)
		return l->err.status;
	mtls_err_clear(&l->err);
	return mtls_fail(&l->err, MTLS_E_CONFIG,
	    "there is no account %s: run systemd-sysusers, or "
	    "useradd --system --shell /usr/sbin/nologin %s", account,
	    account);
}

static enum mtls_status
prepare(struct login *l)
{
	if (receive(l) != MTLS_OK || configure(l) != MTLS_OK)
		return l->err.status;
	/* First, so that it loads the card's library meanwhile, and so that
	 * no process of it has ever held the machine's key. */
	if (prepare_methods(l) != MTLS_OK)
		return l->err.status;
	if (machine_load(l->settings, (int64_t)time(NULL), &l->machine,
	    &l->err) != MTLS_OK)
		return missing_is_config(&l->err);
	return drop_rights(l);
}

/* --- the end, from wherever --- */

static void
end(struct login *l)
{
	l->over = 1;
	(void)event_base_loopbreak(l->base);
}

void
login_fail(struct login *l, const struct mtls_err *err)
{
	if (l->over)
		return;
	/* Whatever comes while the verifier is told, that is the reason. */
	if (l->is_giving_up)
		err = &l->gave_up;
	l->err = *err;
	l->verdict = err->status == MTLS_E_REFUSED ? MTLS_VERDICT_DENY :
	    MTLS_VERDICT_NONE;
	end(l);
}

void
login_decided(struct login *l, enum mtls_verdict verdict,
    const struct mtls_err *err)
{
	if (l->over)
		return;
	l->verdict = verdict;
	l->err = *err;
	end(l);
}

static void
on_module_gone(void *arg, const struct mtls_err *err)
{
	struct login *l = arg;

	l->module_is_gone = err->status == MTLS_E_CANCELLED;
	login_fail(l, err);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct mtls_err err;

	(void)fd;
	(void)what;
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_TIMEOUT, "the deadline passed");
	login_fail(arg, &err);
}

/* --- the event loop --- */

/* On CLOCK_BOOTTIME, which libevent's own timers do not know. */
static enum mtls_status
start_timer(struct login *l)
{
	struct itimerspec when;

	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = l->deadline.at_ms / 1000;
	when.it_value.tv_nsec = (l->deadline.at_ms % 1000) * 1000000;
	if (l->deadline.at_ms <= 0)
		when.it_value.tv_nsec = 1;
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd == -1 ||
	    timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) ==
	    -1)
		return mtls_fail(&l->err, MTLS_E_SYSTEM, "no timer");
	l->timer = event_new(l->base, l->timer_fd, EV_READ, on_deadline, l);
	if (l->timer == NULL || event_add(l->timer, NULL) != 0)
		return mtls_fail(&l->err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

static enum mtls_status
start_events(struct login *l)
{
	l->base = event_base_new();
	/* Two priorities: the module's word, then what follows from it. */
	if (l->base == NULL || event_base_priority_init(l->base, 2) != 0)
		return mtls_fail(&l->err, MTLS_E_SYSTEM, "no event loop");
	if (start_timer(l) != MTLS_OK ||
	    module_link_new(l->base, l->options->module_fd, l->flags,
	    l->deadline, on_module_gone, l, &l->module, &l->err) != MTLS_OK)
		return l->err.status;
	return login_challenge_begin(l, &l->err);
}

static void
run_events(struct login *l)
{
	struct mtls_err err;

	while (!l->over && event_base_dispatch(l->base) == 0 && !l->over) {
		/* Nothing is pending and nobody has decided: never wait. */
		break;
	}
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_SYSTEM, "the event loop ended");
	login_fail(l, &err);
}

/* --- and back --- */

static void
give_back(struct login *l)
{
	login_methods_done(l);
	login_challenge_end(l);
	module_link_free(l->module);
	if (l->timer != NULL)
		event_free(l->timer);
	if (l->timer_fd != -1)
		(void)close(l->timer_fd);
	if (l->base != NULL)
		event_base_free(l->base);
	machine_free(l->machine);
	settings_free(l->settings);
	mtls_message_clear(&l->login_message);
}

enum mtls_verdict
login_run(const struct login_options *options)
{
	struct login l;

	memset(&l, 0, sizeof(l));
	mtls_err_clear(&l.err);
	l.options = options;
	l.log = *options->log;
	l.timer_fd = -1;
	l.verdict = MTLS_VERDICT_NONE;
	if (prepare(&l) == MTLS_OK && start_events(&l) == MTLS_OK)
		run_events(&l);
	login_report(&l);
	give_back(&l);
	return l.verdict;
}
