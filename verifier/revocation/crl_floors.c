/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One operation of the store for each list that is new. What is said by the
 * store of a list that is not there any more changes nothing.
 */
#include "config.h"

#include "crl_floors.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"

#define TICK_S 1

struct crl_floors {
	const struct mtls_log *log;
	struct store_port *port;
	struct revocation *r;
	struct event *tick;
	size_t n_under_way;
	int is_failing;			/* that was said */
};

/* One list, on its way through the store. */
struct comparison {
	struct crl_floors *floors;
	struct revocation *r;
	size_t ca;
	struct revocation_due due;
	struct store_floor floor;
	struct store_op op;
};

static void
say_older(const struct crl_floors *f, struct revocation *r, size_t i)
{
	struct revocation_ca ca;

	revocation_describe(r, i, &ca);
	mtls_log_event(f->log, MTLS_LOG_ERR, "crl-older-than-known",
	    MTLS_KEY_CERT, ca.subject, MTLS_KEY_REASON, "it is not relied "
	    "on: a newer one was in use before", MTLS_KEY_END);
}

static void
say_failing(struct crl_floors *f, const struct store_op *op)
{
	if (!f->is_failing)
		mtls_log_err(f->log, MTLS_LOG_ERR, "crl-floor-unknown",
		    &op->err, MTLS_KEY_END);
	f->is_failing = 1;
}

static void
on_compared(struct store_op *op)
{
	struct comparison *c = op->arg;
	struct crl_floors *f = c->floors;

	f->n_under_way--;
	if (op->status == MTLS_OK) {
		f->is_failing = 0;
		(void)revocation_floor_set(c->r, c->ca, &c->due,
		    REVOCATION_FLOOR_KEPT);
	} else if (op->status == MTLS_E_REFUSED) {
		if (revocation_floor_set(c->r, c->ca, &c->due,
		    REVOCATION_FLOOR_BROKEN))
			say_older(f, c->r, c->ca);
	} else {
		/* It stays as it was, and due. */
		say_failing(f, op);
	}
	store_op_clear(op);
	revocation_free(c->r);
	free(c);
}

static void
compare(struct crl_floors *f, size_t i, const struct revocation_due *due)
{
	struct comparison *c = calloc(1, sizeof(*c));

	/* It is due at the next tick as well. */
	if (c == NULL)
		return;
	c->floors = f;
	c->r = revocation_ref(f->r);
	c->ca = i;
	c->due = *due;
	memcpy(c->floor.key, due->key, sizeof(c->floor.key));
	memcpy(c->floor.number, due->number, sizeof(c->floor.number));
	c->floor.has_number = due->has_number;
	c->floor.this_update_s = due->this_update_s;
	c->op.kind = STORE_FLOOR_RAISE;
	c->op.floor = &c->floor;
	c->op.arg = c;
	c->op.done = on_compared;
	f->n_under_way++;
	store_submit(f->port, &c->op);
}

static void
compare_due(struct crl_floors *f)
{
	struct revocation_due due;

	for (size_t i = 0; i < revocation_n_cas(f->r); i++) {
		if (revocation_floor_due(f->r, i, &due))
			compare(f, i, &due);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct crl_floors *f = arg;

	(void)fd;
	(void)what;
	if (f->n_under_way == 0)
		compare_due(f);
}

enum mtls_status
crl_floors_new(const struct mtls_log *log, struct event_base *base,
    struct store_port *port, struct revocation *r, struct crl_floors **ret,
    struct mtls_err *err)
{
	struct crl_floors *f = calloc(1, sizeof(*f));
	struct timeval tick = { TICK_S, 0 };

	if (f == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	f->log = log;
	f->port = port;
	f->r = revocation_ref(r);
	f->tick = event_new(base, -1, EV_PERSIST, on_tick, f);
	if (f->tick == NULL || event_add(f->tick, &tick) != 0) {
		crl_floors_free(f);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	/* Nobody is served yet. */
	compare_due(f);
	store_flush(port);
	*ret = f;
	return MTLS_OK;
}

void
crl_floors_use(struct crl_floors *f, struct revocation *r)
{
	revocation_free(f->r);
	f->r = revocation_ref(r);
	compare_due(f);
}

static void
on_forgotten(struct store_op *op)
{
	(void)op;
}

enum mtls_status
crl_floors_forget(struct store_port *port, int64_t *ret_n,
    struct mtls_err *err)
{
	struct store_op op;
	struct audit audit;
	enum mtls_status status;

	audit_begin(&audit, "forget-crl-floors");
	audit.record.decision = "allow";
	audit.record.reason = "forget-crl-floors";
	audit.record.source = "command line";
	memset(&op, 0, sizeof(op));
	op.kind = STORE_FLOOR_FORGET;
	op.record = &audit.record;
	op.done = on_forgotten;
	store_submit(port, &op);
	store_flush(port);
	if (op.status == MTLS_OK)
		*ret_n = op.n;
	status = op.status == MTLS_OK ? MTLS_OK :
	    mtls_fail(err, op.status, "%s", op.err.text);
	store_op_clear(&op);
	return status;
}

void
crl_floors_free(struct crl_floors *f)
{
	if (f == NULL)
		return;
	if (f->n_under_way > 0)
		store_flush(f->port);
	if (f->tick != NULL)
		event_free(f->tick);
	revocation_free(f->r);
	free(f);
}
