/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of the scripted helper share. Tests only.
 */
#ifndef TESTS_FAKE_HELPER_INTERNAL_H
#define TESTS_FAKE_HELPER_INTERNAL_H

#include <stdint.h>

#include "fake_helper.h"
#include "mtls/message.h"

#define FAKE_PATIENCE_MS 30000

struct fake {
	int listen_fd;
	int fd;
	int secret_fd;		/* of secret-last; -1 */
	int line;
	int maybe;
	FILE *report;
	struct mtls_message message;
	uint8_t request[16];
	uint8_t nonce[32];
	char user[257];
	char service[65];
};

void fake_complain(struct fake *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct mtls_deadline fake_patience(void);
void fake_send(struct fake *f, const struct mtls_message *m, int pass_fd);
/* The right RESULT for the last LOGIN; borrows from f. */
void fake_result(struct fake *f, const char *verdict,
    struct mtls_message *ret);

/* One function per step; words[0] is the step itself. */
void fake_step_login(struct fake *f, int n, char *words[]);
void fake_step_agent(struct fake *f, int n, char *words[]);
void fake_step_ask(struct fake *f, int n, char *words[]);
void fake_step_relay(struct fake *f, int n, char *words[]);
void fake_step_secret(struct fake *f, int n, char *words[]);
void fake_step_secret_last(struct fake *f, int n, char *words[]);
void fake_step_unread(struct fake *f, int n, char *words[]);
void fake_step_tell(struct fake *f, int n, char *words[]);
void fake_step_result(struct fake *f, int n, char *words[]);
void fake_step_eof(struct fake *f, int n, char *words[]);
void fake_step_secret_on(struct fake *f, int n, char *words[]);
void fake_step_mutate(struct fake *f, int n, char *words[]);
void fake_step_raw(struct fake *f, int n, char *words[]);
void fake_step_fds(struct fake *f, int n, char *words[]);
void fake_step_flood(struct fake *f, int n, char *words[]);
void fake_step_big(struct fake *f, int n, char *words[]);
void fake_step_only_fds(struct fake *f, int n, char *words[]);
void fake_step_only_env(struct fake *f, int n, char *words[]);

#endif
