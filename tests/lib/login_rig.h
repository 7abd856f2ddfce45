/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole logins: login_run() in a process of its own, as it ships; a fake
 * verifier and the PAM module's side in the test's process; a fake mtls-token
 * that is executed. A test says what differs from a login that is granted.
 */
#ifndef TESTS_LOGIN_RIG_H
#define TESTS_LOGIN_RIG_H

#include <stdint.h>
#include <sys/types.h>

#include "fake_verifier.h"
#include "mtls/message.h"
#include "pki.h"

/* What all tests of a program share; made once. */
struct login_rig {
	struct pki *pki;
	char user[64];			/* who may be asked for: root, or us */
	const struct pki_cert *ca, *other_ca, *verifier, *machine, *person,
	    *other_person;
};

extern struct login_rig login_rig;
int login_rig_set_up(void **state);
int login_rig_tear_down(void **state);
/* Certificate and key as files that a login_case can name. */
void login_rig_write(const struct pki_cert *cert, const char *name);

struct login_case;

/* Called when something happens, for tests that act in the middle. */
typedef void (*login_case_fn)(struct login_case *c);

struct login_case {
	/* what the test wants */
	int n_verifiers;			/* 0: one */
	struct fake_verifier_options verifier[2];
	const char *token;			/* FAKE_TOKEN */
	const char *token_program;		/* NULL: fake_token */
	const char *token_settings;		/* instead of [token]'s */
	const char *verifier_name;		/* NULL: localhost */
	const char *service_extra;		/* more settings */
	const char *connect_timeout, *deadline;	/* NULL: 2s, 20s */
	int insecure_tls12;			/* tls-min */
	const char *helper_user;		/* NULL: nobody */
	const char *machine;			/* file name; NULL: machine */
	const char *config;			/* LOGIN.config; NULL: ours */
	const char *user, *service, *method;	/* NULL: us, su, "" */
	uint32_t flags, deadline_ms;		/* 0: 15 s */
	const char *pin;			/* NULL: 1234 */
	const char *answer;			/* to ASK; NULL: 1 */
	int answer_status;			/* of ANSWER */
	login_case_fn on_secret;		/* instead of an answer */
	login_case_fn on_agent;			/* for AGENT_WANTED */
	void *agent;				/* the test's own */
	login_case_fn on_relay;			/* the prompt is c->relayed */
	login_case_fn on_connected;		/* once the LOGIN is sent */
	login_case_fn in_helper;		/* there, before login_run() */
	uid_t caller;				/* 0: whoever we are */
	int may_crash;				/* the helper */

	/* what came of it */
	int n_results, helper_status;
	struct mtls_message result;		/* the first RESULT */
	struct mtls_message other;		/* what was not expected */
	int n_asked, n_secret, n_told, n_phases;
	char *asked, *secret, *told;		/* the last texts */
	char *relayed;
	int n_relayed;
	void *person;				/* the test's own */
	int64_t ms;
	const struct fake_verifier_record *record[2];

	/* for the functions above */
	struct event_base *base;
	struct fake_verifier *fake[2];
	int module_fd;
	int pin_fd;
	pid_t helper;
	struct event *readable, *poll;
	const char *step;
	login_case_fn on_step;
};

/* Runs it to the end of the helper; cmocka fails where it does not end. */
void login_case_run(struct login_case *c);
void login_case_clear(struct login_case *c);

/* The ordinary end of a question, for on_secret. */
void login_case_answer_secret(struct login_case *c);
/* A person who does nothing. */
void login_case_no_answer(struct login_case *c);
/* Parts of the module's side, for one that misbehaves. */
void login_case_send(struct login_case *c, const struct mtls_message *m);
void login_case_send_login(struct login_case *c);
void login_case_send_answer(struct login_case *c, const char *answer);
void login_case_send_relay_answer(struct login_case *c, const char *answer);
/* Calls fn once fake_token has come to that step. */
void login_case_at_step(struct login_case *c, const char *step,
    login_case_fn fn);
void login_case_on_readable(int fd, short what, void *arg);
/* The program that asked ends; login_case_run() waits for the helper. */
void login_case_hang_up(struct login_case *c);

/*
 * Runs c and asserts that it was granted; or that it was not: no ALLOW in the
 * result, this status in it; or, for the first of these, no result at all,
 * for the other any status that says "I could not tell".
 */
#define LOGIN_CASE_NO_RESULT	(-1)
#define LOGIN_CASE_UNAVAILABLE	(-2)
void login_case_is_granted(struct login_case *c);
void login_case_fails(struct login_case *c, int status);

#endif
