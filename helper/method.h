/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ways in which a person can prove who they are. Opening the challenge,
 * fetching the decision and checking it are the same for all of them
 * (login.c); a method is what stands between. A service has a list of them
 * (login_methods.h).
 */
#ifndef HELPER_METHOD_H
#define HELPER_METHOD_H

#include <openssl/x509.h>

#include "mtls/status.h"

struct login;

/*
 * All calls for one method, in this order; l->method is that method and
 * l->method_state its own pointer, NULL at first, in each of them. Events
 * come between start and done only.
 */
struct method {
	const char *name;	/* as in settings and in OPEN */
	/* What a person is offered where this method is the next one: "press
	 * Enter for OFFER"; NULL: "to go on without". */
	const char *offer;

	/*
	 * Whether this login can use it at all: what the LOGIN carries and
	 * the host can ask. Any failure means "not here, because"; the
	 * method is then left out and none of the following is called. NULL:
	 * always.
	 */
	enum mtls_status (*available)(struct login *l, struct mtls_err *err);
	/*
	 * While the process has its first rights, for every method of the
	 * list, before the first is begun: starts what needs them. A failure
	 * ends the login. NULL: nothing to do.
	 */
	enum mtls_status (*prepare)(struct login *l, struct mtls_err *err);
	/* Without them, with the event loop and l->module, when its turn has
	 * come. A failure ends the login. NULL: nothing to do. */
	enum mtls_status (*start)(struct login *l, struct mtls_err *err);
	/*
	 * A verifier has opened a challenge for this method. From here on it
	 * asks what it must and ends in login_proven() or login_fail(), or,
	 * where nothing that could have failed was tried, in
	 * login_next_method(). A failure returned is login_fail(). issuers:
	 * whose certificates the user listener accepts, borrowed.
	 */
	enum mtls_status (*prove)(struct login *l,
	    STACK_OF(X509_NAME) *issuers, struct mtls_err *err);
	/* Gives everything back; also after a failed prepare, and for one
	 * whose turn never came. NULL: nothing to do. */
	void (*done)(struct login *l);
};

/* The method of that name; NULL where it is not available. */
const struct method *method_find(const char *name);

extern const struct method method_agent;
extern const struct method method_code;
extern const struct method method_relay;
extern const struct method method_sshkey;
extern const struct method method_token;

#endif
