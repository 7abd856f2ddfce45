/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine's name service (nsswitch.conf(5)) in a thread of its own, so
 * that a directory that is slow holds up nobody but those who need it. Each
 * event loop has a port. Whatever is not answered in time, or at all, cannot
 * be told; nothing is remembered from one question to the next.
 */
#ifndef VERIFIER_NAME_SERVICE_H
#define VERIFIER_NAME_SERVICE_H

#include <event2/event.h>

#include "mtls/status.h"

#include "policy.h"

struct name_service;
struct name_port;
struct name_job;

/* How the names are looked up; account.h, but in tests. */
struct name_lookup {
	enum policy_answer (*superuser)(const char *user);
	void (*members)(const char *user, const gid_t *gids, size_t n,
	    enum policy_answer *ret);
	unsigned within_ms;		/* from question to answer */
};

/* NULL is account.h, and 3 seconds. Starts the thread. */
enum mtls_status name_service_new(const struct name_lookup *lookup,
    struct name_service **ret, struct mtls_err *err);

/*
 * Ends the thread, or leaves it behind where it does not come back from the
 * name service. Every port has been freed before. NULL is a no-op.
 */
void name_service_free(struct name_service *service);

/* A port for this loop, for use by the loop's thread only. */
enum mtls_status name_service_attach(struct name_service *service,
    struct event_base *base, struct name_port **ret, struct mtls_err *err);

/*
 * Answers everything that is pending with "cannot be told", and from now on
 * every question as well, at once.
 */
void name_port_close(struct name_port *port);	/* NULL is a no-op */

/* After name_port_close(). NULL is a no-op. */
void name_port_free(struct name_port *port);

/* A question about one user; zeroed, and then the first part filled in. */
struct name_query {
	const char *user;		/* copied */
	const struct policy *policy;	/* whose groups; copied */
	void (*done)(struct name_query *query);
	void *arg;
	/* The answer. */
	enum policy_answer superuser;
	enum policy_answer *member;	/* as in policy_facts; NULL */
	struct name_job *job;		/* private; NULL when done */
};

/*
 * Asks. done is called exactly once: from the loop, or before this returns
 * where there is nothing to wait for (a closed port, no memory, too many
 * questions). The query stays where it is until then.
 */
void name_service_ask(struct name_port *port, struct name_query *query);

/* Frees the answer. */
void name_query_clear(struct name_query *query);

#endif
