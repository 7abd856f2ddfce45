/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ways in which a person can prove who they are. Opening the challenge,
 * fetching the decision and checking it are the same for all of them
 * (login.c); a method is what stands between.
 */
#ifndef HELPER_METHOD_H
#define HELPER_METHOD_H

#include <openssl/x509.h>

#include "mtls/status.h"

struct login;

struct method {
	const char *name;	/* as in settings and in OPEN */

	/* While the process has its first rights: starts what needs them. */
	enum mtls_status (*prepare)(struct login *l, struct mtls_err *err);
	/* Without them, with the event loop. */
	enum mtls_status (*start)(struct login *l, struct mtls_err *err);
	/*
	 * A verifier has opened the challenge. From here on the method asks
	 * what it must and ends in login_proven() or login_fail().
	 */
	enum mtls_status (*prove)(struct login *l,
	    STACK_OF(X509_NAME) *issuers, struct mtls_err *err);
	/* Gives everything back; also after a failed prepare. */
	void (*done)(struct login *l);
};

/* The method of that name; NULL where it is not available. */
const struct method *method_find(const char *name);

extern const struct method method_token;

#endif
