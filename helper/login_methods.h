/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The methods of one login, in the order of preference. One of them is
 * current: l->method and l->method_state. The next one is tried where the
 * current one is not to be had; where it has been tried and failed, the
 * login has failed.
 */
#ifndef HELPER_LOGIN_METHODS_H
#define HELPER_LOGIN_METHODS_H

#include "method.h"
#include "mtls/conf.h"
#include "mtls/status.h"

#define LOGIN_METHODS_MAX	8u

struct login;

struct login_methods {
	struct {
		const struct method *method;
		void *state;
	} list[LOGIN_METHODS_MAX];
	size_t n;
	size_t current;
};

/*
 * The list of a setting or of the module's argument: separated by commas or
 * blanks, each there once. CONFIG with the word that is at fault.
 */
enum mtls_status login_methods_parse(const char *text,
    struct login_methods *ret, struct mtls_err *err);

/*
 * Takes those of the list that this login can use, logs why the others are
 * left out, prepares them, and makes the first one current. The failure of
 * the last one where none is left.
 */
enum mtls_status login_methods_prepare(struct login *l,
    const struct login_methods *list, struct mtls_err *err);

/* done() of all, whether or not they have been used. */
void login_methods_done(struct login *l);

/* The one behind the current one; NULL where there is none. */
const struct method *login_methods_next0(const struct login *l);

/* Logs why the current one is left, ends it, and makes the next one current.
 * There must be one. */
void login_methods_step(struct login *l, const struct mtls_err *why);

#endif
