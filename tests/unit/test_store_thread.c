/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread of the store and its ports: everything comes back, once, to the
 * loop that sent it, and every loop hears what was decided. The store behind
 * it remembers which challenges it has decided, and nothing else.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_backend.h"

#include "../lib/unit.h"

#define N_LOOPS		4
#define N_CHALLENGES	500

/* --- a store --- */

static struct {
	uint8_t is_decided[N_CHALLENGES];
	size_t n_batches, biggest;
	int is_broken, is_closed;
} fake;

static size_t
number_of(const uint8_t *id)
{
	return id[0] * 256u + id[1];
}

static enum mtls_status
fake_run(void *self, struct store_op *first, struct mtls_err *err)
{
	size_t n = 0;

	(void)self;
	fake.n_batches++;
	for (struct store_op *op = first; op != NULL; op = op->next) {
		n++;
		op->status = MTLS_OK;
		if (op->kind != STORE_CHALLENGE_DECIDE)
			continue;
		if (fake.is_decided[number_of(op->id)]++ != 0)
			op->status = MTLS_E_REFUSED;
	}
	if (n > fake.biggest)
		fake.biggest = n;
	return fake.is_broken ? mtls_fail(err, MTLS_E_UNAVAILABLE,
	    "the disk is full") : MTLS_OK;
}

static void
fake_close(void *self)
{
	(void)self;
	fake.is_closed++;
}

static struct store *
new_store(void)
{
	static const struct store_backend backend = { .run = fake_run,
	    .close = fake_close };
	struct store *store = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	memset(&fake, 0, sizeof(fake));
	assert_int_equal(store_new(&backend, NULL, &store, &err), MTLS_OK);
	return store;
}

static void
free_store(struct store *store)
{
	store_close(store);
	assert_int_equal(fake.is_closed, 1);
}

/* --- an event loop --- */

struct loop {
	struct store *store;
	struct store_port *port;
	struct event_base *base;
	pthread_t thread;
	struct store_op ops[N_CHALLENGES];
	uint8_t ids[N_CHALLENGES][MTLS_ID_BYTES];
	size_t n_done, n_ok, n_unavailable, n_decided, n_incomplete;
	uint8_t heard[N_CHALLENGES];
};

static void
on_decided(void *arg, const uint8_t *id)
{
	struct loop *loop = arg;

	if (id == NULL) {
		loop->n_incomplete++;
		return;
	}
	loop->n_decided++;
	loop->heard[number_of(id)]++;
}

static void
on_done(struct store_op *op)
{
	struct loop *loop = op->arg;

	loop->n_done++;
	if (op->status == MTLS_OK)
		loop->n_ok++;
	else if (op->status == MTLS_E_UNAVAILABLE)
		loop->n_unavailable++;
}

static void
attach(struct loop *loop, struct store *store, store_decided_fn decided)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	loop->store = store;
	assert_int_equal(store_attach(store, loop->base, decided, loop,
	    &loop->port, &err), MTLS_OK);
	for (size_t i = 0; i < N_CHALLENGES; i++) {
		loop->ids[i][0] = (uint8_t)(i / 256);
		loop->ids[i][1] = (uint8_t)(i % 256);
		loop->ops[i] = (struct store_op){
			.kind = STORE_CHALLENGE_DECIDE, .done = on_done,
			.arg = loop, .id = loop->ids[i],
		};
	}
}

static void
nothing_before_the_flush(void **state)
{
	static struct loop loop;
	struct store *store = new_store();

	(void)state;
	memset(&loop, 0, sizeof(loop));
	attach(&loop, store, on_decided);
	for (size_t i = 0; i < 10; i++)
		store_submit(loop.port, &loop.ops[i]);
	assert_int_equal(loop.n_done, 0);
	store_flush(loop.port);
	assert_int_equal(loop.n_ok, 10);
	assert_int_equal(fake.n_batches, 1);
	store_flush(loop.port);
	assert_int_equal(fake.n_batches, 1);
	store_detach(loop.port);
	free_store(store);
}

/* Every loop hears it; too many are "some", and none is left out. */
static void
every_port_hears(void **state)
{
	static struct loop a, b;
	struct store *store = new_store();

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	attach(&a, store, on_decided);
	attach(&b, store, on_decided);
	store_submit(a.port, &a.ops[7]);
	store_flush(a.port);
	store_flush(b.port);
	assert_int_equal(a.heard[7], 1);
	assert_int_equal(b.heard[7], 1);
	assert_int_equal(b.n_done, 0);
	/* The second decision of it is none. */
	store_submit(b.port, &b.ops[7]);
	store_flush(b.port);
	store_flush(a.port);
	assert_int_equal(b.n_ok, 0);
	assert_int_equal(a.n_decided + b.n_decided, 2);
	for (size_t i = 100; i < 300; i++)
		store_submit(a.port, &a.ops[i]);
	store_flush(a.port);
	store_flush(b.port);
	assert_int_equal(b.n_incomplete, 1);
	assert_true(b.n_decided < 200);
	store_detach(a.port);
	store_detach(b.port);
	free_store(store);
}

static void
a_failed_transaction_is_no_decision(void **state)
{
	static struct loop loop;
	struct store *store = new_store();
	struct store_stats stats;

	(void)state;
	memset(&loop, 0, sizeof(loop));
	attach(&loop, store, on_decided);
	fake.is_broken = 1;
	for (size_t i = 0; i < 10; i++)
		store_submit(loop.port, &loop.ops[i]);
	store_flush(loop.port);
	assert_int_equal(loop.n_unavailable, 10);
	assert_int_equal(loop.n_decided, 0);
	assert_string_equal(loop.ops[3].err.text, "the disk is full");
	store_get_stats(store, &stats);
	assert_int_equal(stats.n_failed_transactions, 1);
	assert_false(stats.is_available);
	fake.is_broken = 0;
	store_submit(loop.port, &loop.ops[11]);
	store_flush(loop.port);
	assert_int_equal(loop.n_ok, 1);
	store_get_stats(store, &stats);
	assert_true(stats.is_available);
	assert_int_equal(stats.n_operations, 11);
	assert_int_equal(stats.n_transactions, 2);
	store_detach(loop.port);
	free_store(store);
}

static void
a_full_queue_says_so(void **state)
{
	static struct store_op ops[STORE_QUEUE_MAX + 10];
	static struct loop loop;
	struct store *store = new_store();
	struct store_stats stats;

	(void)state;
	memset(&loop, 0, sizeof(loop));
	attach(&loop, store, on_decided);
	for (size_t i = 0; i < STORE_QUEUE_MAX + 10; i++) {
		ops[i] = (struct store_op){ .kind = STORE_COUNT,
		    .done = on_done, .arg = &loop };
		store_submit(loop.port, &ops[i]);
	}
	/* Not from within the submission. */
	assert_int_equal(loop.n_done, 0);
	store_get_stats(store, &stats);
	assert_int_equal(stats.n_waiting, STORE_QUEUE_MAX);
	store_flush(loop.port);
	assert_int_equal(loop.n_ok, STORE_QUEUE_MAX);
	assert_int_equal(loop.n_unavailable, 10);
	store_get_stats(store, &stats);
	assert_int_equal(stats.n_full, 10);
	assert_int_equal(stats.n_waiting, 0);
	store_detach(loop.port);
	free_store(store);
}

/* --- threads --- */

static pthread_barrier_t everybody_listens;

static void
look(struct loop *loop)
{
	if (loop->n_done == N_CHALLENGES && (loop->n_incomplete > 0 ||
	    loop->n_decided == N_CHALLENGES))
		(void)event_base_loopbreak(loop->base);
}

static void
on_threaded_decided(void *arg, const uint8_t *id)
{
	on_decided(arg, id);
	look(arg);
}

static void
on_threaded_done(struct store_op *op)
{
	on_done(op);
	look(op->arg);
}

static void *
loop_main(void *arg)
{
	struct loop *loop = arg;

	loop->base = event_base_new();
	attach(loop, loop->store, on_threaded_decided);
	/* Nobody decides before everybody listens. */
	(void)pthread_barrier_wait(&everybody_listens);
	for (size_t i = 0; i < N_CHALLENGES; i++) {
		loop->ops[i].done = on_threaded_done;
		store_submit(loop->port, &loop->ops[i]);
	}
	(void)event_base_dispatch(loop->base);
	store_detach(loop->port);
	event_base_free(loop->base);
	return NULL;
}

static void
T183_many_loops_one_decision(void **state)
{
	static struct loop loops[N_LOOPS];
	struct store *store = new_store();
	struct mtls_err err;
	size_t n_ok = 0;

	(void)state;
	memset(loops, 0, sizeof(loops));
	mtls_err_clear(&err);
	assert_int_equal(pthread_barrier_init(&everybody_listens, NULL,
	    N_LOOPS), 0);
	assert_int_equal(store_start(store, &err), MTLS_OK);
	for (size_t i = 0; i < N_LOOPS; i++) {
		loops[i].store = store;
		assert_int_equal(pthread_create(&loops[i].thread, NULL,
		    loop_main, &loops[i]), 0);
	}
	for (size_t i = 0; i < N_LOOPS; i++)
		assert_int_equal(pthread_join(loops[i].thread, NULL), 0);
	for (size_t i = 0; i < N_LOOPS; i++) {
		assert_int_equal(loops[i].n_done, N_CHALLENGES);
		n_ok += loops[i].n_ok;
		for (size_t j = 0; loops[i].n_incomplete == 0 &&
		    j < N_CHALLENGES; j++)
			assert_int_equal(loops[i].heard[j], 1);
	}
	assert_int_equal(n_ok, N_CHALLENGES);
	free_store(store);
	(void)pthread_barrier_destroy(&everybody_listens);
}

/* A thread that has work ends when that is done. */
static void
the_end_waits_for_what_was_submitted(void **state)
{
	static struct loop loop;
	struct store *store = new_store();
	struct mtls_err err;

	(void)state;
	memset(&loop, 0, sizeof(loop));
	mtls_err_clear(&err);
	attach(&loop, store, on_decided);
	assert_int_equal(store_start(store, &err), MTLS_OK);
	for (size_t i = 0; i < N_CHALLENGES; i++)
		store_submit(loop.port, &loop.ops[i]);
	store_detach(loop.port);
	assert_int_equal(loop.n_ok, N_CHALLENGES);
	free_store(store);
	/* One that never had any ends too. */
	store = new_store();
	assert_int_equal(store_start(store, &err), MTLS_OK);
	free_store(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_before_the_flush),
		cmocka_unit_test(every_port_hears),
		cmocka_unit_test(a_failed_transaction_is_no_decision),
		cmocka_unit_test(a_full_queue_says_so),
		cmocka_unit_test(T183_many_loops_one_decision),
		cmocka_unit_test(the_end_waits_for_what_was_submitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
