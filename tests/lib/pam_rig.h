/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login through the real libpam and the real module, with everything
 * around it made up: a directory of PAM files, a conversation that answers
 * from a list, a scripted helper (fake_helper.h) on a socket, and a syslog
 * that is read. No root needed. For cmocka tests: what is not as it must be
 * fails the test. After every call into the module the process must be as it
 * was before: descriptors, signals, mask, umask, directory, locale,
 * environment, limits, timers, threads, children.
 */
#ifndef TESTS_PAM_RIG_H
#define TESTS_PAM_RIG_H

#include <security/pam_appl.h>
#include <sys/types.h>

/* Sanitizers add code, state and stack of their own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define RIG_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RIG_SANITIZED 1
#endif
#ifndef RIG_SANITIZED
#define RIG_SANITIZED 0
#endif

#define RIG_PIN		"918273"	/* must be in no log */
#define RIG_SERVICE	"mtls-test"
#define RIG_SERVICE_2	"mtls-two"	/* with the same stack */
#define RIG_REPLIES_MAX	16
#define RIG_TEXT_MAX	16384

enum rig_reply_kind {
	RIG_SAY,		/* the text */
	RIG_NO_RESPONSE,	/* PAM_SUCCESS without a response array */
	RIG_NO_ANSWER,		/* PAM_SUCCESS, an array, no text in it */
	RIG_FAIL,		/* that code, no array */
	RIG_FAIL_AND_SAY	/* that code, and a text none the less */
};

struct rig_reply {
	enum rig_reply_kind kind;
	int code;
	const char *text;	/* borrowed */
};

struct rig {
	char dir[64];
	char socket_path[108];
	char module[512];
	char args[1024];	/* behind the socket argument */
	const char *stack;	/* NULL: auth and account, required */
	const char *service;	/* NULL: RIG_SERVICE */
	const char *tty, *rhost, *ruser;	/* NULL: not set */
	uid_t helper_uid;	/* the account of the helper; ours */
	pam_handle_t *pamh;
	struct pam_conv conv;
	int no_conversation;
	int has_relay;		/* questions may be longer than PAM says */
	struct rig_reply replies[RIG_REPLIES_MAX];
	int n_replies, n_replied;
	int info_code;		/* what messages come to */
	char shown[RIG_TEXT_MAX];	/* "off PIN: |info Hello|" */
	void (*hook)(struct rig *r, int style);	/* in the conversation */
	int n_logins;
	int n_delays;
	unsigned delay_us;	/* what libpam was asked to wait */
	pid_t helper_pid;
	int report_fd;
	void *spawning;		/* the module for spawning, loaded */
};

/* Whether this process is not quite itself. */
int rig_under_valgrind(void);

struct rig *rig_new(void);
/* Ends the handle and the helper, checks the latter's report. */
void rig_done(struct rig *r);

/* Starts a helper that plays the script on the rig's socket. */
void rig_helper(struct rig *r, const char *script);
void rig_helper_end(struct rig *r);
/*
 * Uses the module that spawns tests/lib/fake_helper where the one that ships
 * spawns mtls-helper, with this script; see spawn_fake.c. Root only.
 */
void rig_helper_spawned(struct rig *r, const char *script);

/* Answers for the questions to come. */
void rig_say(struct rig *r, const char *text);
void rig_reply(struct rig *r, enum rig_reply_kind kind, int code,
    const char *text);

/* Writes the PAM files and starts a handle; user may be NULL. */
void rig_start(struct rig *r, const char *user);
/* Calls one function of libpam; starts a handle first if there is none. */
int rig_call(struct rig *r, int (*function)(pam_handle_t *, int), int flags);
/* rig_start() and pam_authenticate(), and what must hold for any answer. */
int rig_login(struct rig *r, const char *user, int flags);

/* Both from the helper's script to the code, for one-line cases. */
int rig_case(const char *script, const char *answer);

/* The lines that syslog got since the rig was made. */
const char *rig_log(void);
void rig_log_clear(void);
int rig_log_lines(const char *word);
/* Gives every line to libc as well, for what that costs. */
void rig_log_pass_on(int yes);

/* The state of this process, one thing a line; the caller frees it. */
char *rig_state(void);

#endif
