/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The floors of CRLs: how new the list of a CA was at its newest. They are in
 * the store, so that neither a restart nor another verifier with the same
 * state takes an older one. Belongs to one event loop.
 */
#ifndef VERIFIER_CRL_FLOORS_H
#define VERIFIER_CRL_FLOORS_H

#include <event2/event.h>

#include "mtls/log.h"
#include "mtls/status.h"

#include "revocation.h"
#include "store/store.h"

struct crl_floors;

/*
 * Compares the lists of r with their floors before it returns, and new ones
 * within a second. A list that is older is not relied on, which is logged;
 * one that cannot be compared is not relied on either, unless the list
 * before it was: that is tried again. log and port are borrowed.
 */
enum mtls_status crl_floors_new(const struct mtls_log *log,
    struct event_base *base, struct store_port *port, struct revocation *r,
    struct crl_floors **ret, struct mtls_err *err);

/* Goes on with these, at once. */
void crl_floors_use(struct crl_floors *f, struct revocation *r);

/*
 * Forgets all floors, with a record in the audit, because an administrator
 * wants it. ret_n: how many there were.
 */
enum mtls_status crl_floors_forget(struct store_port *port, int64_t *ret_n,
    struct mtls_err *err);

void crl_floors_free(struct crl_floors *f);	/* NULL is a no-op */

#endif
