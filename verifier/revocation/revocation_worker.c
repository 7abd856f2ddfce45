/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread and its end.
 */
#include "config.h"

#include "revocation_worker.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* How long its end is waited for: a resolver may take its time. */
#define END_S	3
/* Between two steps where the waiting fails. */
#define PAUSE_MS 100

struct revocation_worker {
	revocation_step_fn step;
	void *arg;
	struct mtls_tls *tls;
	int wake_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct revocation *r;		/* under the lock */
	int is_ending;
};

/* What decides now, or NULL at the end. */
static struct revocation *
current(struct revocation_worker *w)
{
	struct revocation *r = NULL;
	eventfd_t ignored;

	(void)pthread_mutex_lock(&w->lock);
	/* With the lock, so that no later wake is read away. */
	(void)eventfd_read(w->wake_fd, &ignored);
	if (!w->is_ending)
		r = revocation_ref(w->r);
	(void)pthread_mutex_unlock(&w->lock);
	return r;
}

static void *
run(void *arg)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	struct revocation_worker *w = arg;
	struct pollfd pfd = { w->wake_fd, POLLIN, 0 };
	struct revocation_work work = { NULL, w->tls, w->wake_fd };
	uint32_t wait_ms;

	while ((work.r = current(w)) != NULL) {
		wait_ms = w->step(w->arg, &work);
		revocation_free(work.r);
		if (poll(&pfd, 1, wait_ms > INT_MAX ? -1 : (int)wait_ms) < 0)
			(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Signals are the event loop's. */
static int
start(struct revocation_worker *w)
{
	sigset_t all, old;
	int failed;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return -1;
	failed = pthread_create(&w->thread, NULL, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

static void
release(struct revocation_worker *w)
{
	revocation_free(w->r);
	if (w->wake_fd >= 0)
		(void)close(w->wake_fd);
	(void)pthread_mutex_destroy(&w->lock);
	mtls_tls_free(w->tls);
	free(w);
}

enum mtls_status
revocation_worker_new(revocation_step_fn step, void *arg,
    struct revocation *r, struct revocation_worker **ret,
    struct mtls_err *err)
{
	struct revocation_worker *w = calloc(1, sizeof(*w));
	enum mtls_status status;

	if (w == NULL || pthread_mutex_init(&w->lock, NULL) != 0) {
		free(w);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	w->step = step;
	w->arg = arg;
	w->r = revocation_ref(r);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = mtls_tls_new_for_server(&w->tls, err);
	if (status == MTLS_OK && (w->wake_fd < 0 || start(w) != 0))
		status = mtls_fail(err, MTLS_E_SYSTEM,
		    "no thread can be started");
	if (status != MTLS_OK) {
		release(w);
		return status;
	}
	*ret = w;
	return MTLS_OK;
}

void
revocation_worker_use(struct revocation_worker *w, struct revocation *r)
{
	struct revocation *old;

	(void)pthread_mutex_lock(&w->lock);
	old = w->r;
	w->r = revocation_ref(r);
	(void)eventfd_write(w->wake_fd, 1);
	(void)pthread_mutex_unlock(&w->lock);
	revocation_free(old);
}

int
revocation_worker_free(struct revocation_worker *w)
{
	struct timespec until;

	if (w == NULL)
		return 1;
	(void)pthread_mutex_lock(&w->lock);
	w->is_ending = 1;
	(void)eventfd_write(w->wake_fd, 1);
	(void)pthread_mutex_unlock(&w->lock);
	if (clock_gettime(CLOCK_REALTIME, &until) != 0)
		until.tv_sec = until.tv_nsec = 0;
	until.tv_sec += END_S;
	if (pthread_timedjoin_np(w->thread, NULL, &until) != 0)
		return 0;
	release(w);
	return 1;
}
