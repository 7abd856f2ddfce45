/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login through the helper, as the PAM module would do it, by mtlsctl
 * itself: what was asked, what came back, and how long each phase took. It
 * opens nothing; what it says is for people.
 */
#ifndef MTLSCTL_TRY_H
#define MTLSCTL_TRY_H

#include "mtls/message.h"
#include "mtls/status.h"
#include "mtlsctl/command.h"
#include "mtlsctl/pin.h"

#define TRY_PHASES_MAX 32

struct try_phase {
	char name[65];
	uint64_t begin_us, end_us;	/* since the helper had the LOGIN */
};

struct try_login {
	const char *user, *service, *config, *method;	/* never NULL */
	const char *socket0;
	struct pin_source pin;
	uint32_t deadline_s;
	size_t n_phases;
	struct try_phase phases[TRY_PHASES_MAX];
	uint64_t total_us;		/* by our clock, questions included */
	struct mtls_message result;	/* RESULT; cleared by the caller */
};

/*
 * Holds the dialogue. OK where there is a result that is about this login,
 * whatever its verdict.
 */
enum mtls_status try_hold(struct try_login *t, struct mtls_err *err);

extern const struct ctl_option try_options[];

CTL_COMMAND(try_command);

#endif
