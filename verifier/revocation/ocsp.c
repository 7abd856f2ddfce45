/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A queue of certificates that are asked about, and the threads that ask.
 * Everything here is under one lock, but the asking itself. An event loop
 * comes and goes with its queries; a job is the threads' own, so that nobody
 * who went away is missed.
 */
#include "config.h"

#include "ocsp.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "mtls/deadline.h"

#include "ocsp_fetch.h"

/* How long the end of a thread is waited for. */
#define END_S		3
#define COMPLAIN_MS	60000

struct ocsp_query {
	struct ocsp *ocsp;
	struct ocsp_query *next, **prev;
	ocsp_done_fn done;
	void *arg;
};

struct job {
	struct job *next;
	struct revocation *r;
	size_t ca;
	X509 *certificate;
	int is_running, is_done;
	struct ocsp_query *queries;
};

struct ocsp {
	const struct mtls_log *log;
	int due_fd, end_fd;
	struct event *due;
	size_t n_threads;
	pthread_t threads[OCSP_THREADS];
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct job *jobs;		/* in the order they came */
	int is_ending;
	size_t n_jobs;
	char complaint[MTLS_ERR_TEXT_MAX];
	int64_t complained_ms;
};

/* --- with the lock held --- */

static void
link_query(struct ocsp_query **head, struct ocsp_query *q)
{
	q->next = *head;
	q->prev = head;
	if (q->next != NULL)
		q->next->prev = &q->next;
	*head = q;
}

static void
unlink_query(struct ocsp_query *q)
{
	*q->prev = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
}

static struct job *
find_job(struct ocsp *ocsp, struct revocation *r,
    const struct revocation_question *question)
{
	struct job *job = ocsp->jobs;

	while (job != NULL && (job->is_done || job->r != r ||
	    job->ca != question->ca ||
	    X509_cmp(job->certificate, question->certificate) != 0))
		job = job->next;
	return job;
}

static struct job *
add_job(struct ocsp *ocsp, struct revocation *r,
    const struct revocation_question *question)
{
	struct job **last = &ocsp->jobs, *job;

	if (ocsp->n_jobs >= OCSP_JOBS_MAX)
		return NULL;
	job = calloc(1, sizeof(*job));
	if (job == NULL || X509_up_ref(question->certificate) != 1) {
		free(job);
		return NULL;
	}
	job->r = revocation_ref(r);
	job->ca = question->ca;
	job->certificate = question->certificate;
	while (*last != NULL)
		last = &(*last)->next;
	*last = job;
	ocsp->n_jobs++;
	(void)pthread_cond_signal(&ocsp->wanted);
	return job;
}

static struct job *
next_job(const struct ocsp *ocsp)
{
	struct job *job = ocsp->jobs;

	while (job != NULL && (job->is_running || job->is_done))
		job = job->next;
	return job;
}

/* Jobs that are done, out of the queue; those that wait move with them. */
static struct job *
take_done(struct ocsp *ocsp)
{
	struct job **at = &ocsp->jobs, *done = NULL, *job;

	while ((job = *at) != NULL) {
		if (!job->is_done) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job->next = done;
		done = job;
		ocsp->n_jobs--;
	}
	return done;
}

/* Whether this failure has to be said: once a minute, and what is new. */
static int
is_news(struct ocsp *ocsp, const struct mtls_err *err)
{
	int64_t now_ms = mtls_clock_ms();

	if (strcmp(ocsp->complaint, err->text) == 0 &&
	    now_ms < ocsp->complained_ms + COMPLAIN_MS)
		return 0;
	memcpy(ocsp->complaint, err->text, sizeof(ocsp->complaint));
	ocsp->complained_ms = now_ms;
	return 1;
}

/* --- the threads --- */

static void
free_job(struct job *job)
{
	X509_free(job->certificate);
	revocation_free(job->r);
	free(job);
}

/* Asks, without the lock. */
static void
run_job(struct ocsp *ocsp, struct job *job)
{
	enum ocsp_answer answer = OCSP_ANSWER_NONE;
	enum mtls_status status;
	struct mtls_err err;
	int is_to_say;

	mtls_err_clear(&err);
	status = ocsp_fetch(job->r, job->ca, job->certificate, ocsp->end_fd,
	    &answer, &err);
	ocsp_cache_count(revocation_ocsp_cache0(job->r), answer);
	(void)pthread_mutex_lock(&ocsp->lock);
	is_to_say = status != MTLS_OK && status != MTLS_E_CLOSED &&
	    is_news(ocsp, &err);
	job->is_done = 1;
	(void)pthread_mutex_unlock(&ocsp->lock);
	(void)eventfd_write(ocsp->due_fd, 1);
	if (is_to_say)
		mtls_log_err(ocsp->log, MTLS_LOG_WARNING, "ocsp-failed",
		    &err, MTLS_KEY_END);
}

static void *
run(void *arg)
{
	struct ocsp *ocsp = arg;
	struct job *job;

	(void)pthread_mutex_lock(&ocsp->lock);
	while (!ocsp->is_ending) {
		job = next_job(ocsp);
		if (job == NULL) {
			(void)pthread_cond_wait(&ocsp->wanted, &ocsp->lock);
			continue;
		}
		job->is_running = 1;
		(void)pthread_mutex_unlock(&ocsp->lock);
		run_job(ocsp, job);
		(void)pthread_mutex_lock(&ocsp->lock);
	}
	(void)pthread_mutex_unlock(&ocsp->lock);
	return NULL;
}

/* As they are wanted: most verifiers have CRLs. Signals are the loop's. */
static void
add_thread(struct ocsp *ocsp)
{
	sigset_t all, old;

	if (ocsp->n_threads == OCSP_THREADS)
		return;
	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return;
	if (pthread_create(&ocsp->threads[ocsp->n_threads], NULL, run,
	    ocsp) == 0)
		ocsp->n_threads++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- the event loop --- */

/* One at a time: whoever is called may cancel the next. */
static struct ocsp_query *
take_query(struct ocsp *ocsp, struct job *job)
{
	struct ocsp_query *q;

	(void)pthread_mutex_lock(&ocsp->lock);
	q = job->queries;
	if (q != NULL)
		unlink_query(q);
	(void)pthread_mutex_unlock(&ocsp->lock);
	return q;
}

static void
tell(struct ocsp *ocsp, struct job *job)
{
	struct ocsp_query *q;

	while ((q = take_query(ocsp, job)) != NULL) {
		ocsp_done_fn done = q->done;
		void *arg = q->arg;

		free(q);
		done(arg);
	}
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct ocsp *ocsp = arg;
	struct job *job, *next;
	eventfd_t ignored;

	(void)fd;
	(void)what;
	(void)eventfd_read(ocsp->due_fd, &ignored);
	(void)pthread_mutex_lock(&ocsp->lock);
	job = take_done(ocsp);
	(void)pthread_mutex_unlock(&ocsp->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		tell(ocsp, job);
		free_job(job);
	}
}

struct ocsp_query *
ocsp_ask(struct ocsp *ocsp, struct revocation *r,
    const struct revocation_question *question, ocsp_done_fn done, void *arg)
{
	struct ocsp_query *q = calloc(1, sizeof(*q));
	struct job *job = NULL;

	if (q == NULL)
		return NULL;
	q->ocsp = ocsp;
	q->done = done;
	q->arg = arg;
	(void)pthread_mutex_lock(&ocsp->lock);
	if (!ocsp->is_ending)
		add_thread(ocsp);
	/* Nobody would ever answer. */
	if (!ocsp->is_ending && ocsp->n_threads > 0) {
		job = find_job(ocsp, r, question);
		if (job == NULL)
			job = add_job(ocsp, r, question);
	}
	if (job != NULL)
		link_query(&job->queries, q);
	(void)pthread_mutex_unlock(&ocsp->lock);
	if (job != NULL)
		return q;
	ocsp_cache_count(revocation_ocsp_cache0(r), OCSP_ANSWER_NONE);
	free(q);
	return NULL;
}

void
ocsp_cancel(struct ocsp_query *query)
{
	struct ocsp *ocsp;

	if (query == NULL)
		return;
	ocsp = query->ocsp;
	(void)pthread_mutex_lock(&ocsp->lock);
	unlink_query(query);
	(void)pthread_mutex_unlock(&ocsp->lock);
	free(query);
}

void
ocsp_give_up(struct ocsp *ocsp)
{
	(void)pthread_mutex_lock(&ocsp->lock);
	ocsp->is_ending = 1;
	for (struct job *job = ocsp->jobs; job != NULL; job = job->next) {
		if (!job->is_running)
			job->is_done = 1;
	}
	(void)pthread_cond_broadcast(&ocsp->wanted);
	(void)pthread_mutex_unlock(&ocsp->lock);
	/* Those that are running end early, and are done then. */
	(void)eventfd_write(ocsp->end_fd, 1);
	(void)eventfd_write(ocsp->due_fd, 1);
}

enum mtls_status
ocsp_new(const struct mtls_log *log, struct event_base *base,
    struct ocsp **ret, struct mtls_err *err)
{
	struct ocsp *ocsp = calloc(1, sizeof(*ocsp));

	if (ocsp == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	ocsp->log = log;
	/* On Linux these allocate nothing and cannot fail. */
	(void)pthread_mutex_init(&ocsp->lock, NULL);
	(void)pthread_cond_init(&ocsp->wanted, NULL);
	ocsp->due_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ocsp->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ocsp->due_fd >= 0)
		ocsp->due = event_new(base, ocsp->due_fd,
		    EV_READ | EV_PERSIST, on_due, ocsp);
	if (ocsp->end_fd < 0 || ocsp->due == NULL ||
	    event_add(ocsp->due, NULL) != 0) {
		ocsp_free(ocsp);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	*ret = ocsp;
	return MTLS_OK;
}

static int
join_all(struct ocsp *ocsp)
{
	struct timespec until;

	if (clock_gettime(CLOCK_REALTIME, &until) != 0)
		until.tv_sec = until.tv_nsec = 0;
	until.tv_sec += END_S;
	for (size_t i = 0; i < ocsp->n_threads; i++) {
		if (pthread_timedjoin_np(ocsp->threads[i], NULL,
		    &until) != 0)
			return 0;
	}
	return 1;
}

void
ocsp_free(struct ocsp *ocsp)
{
	struct ocsp_query *q;
	struct job *job;

	if (ocsp == NULL)
		return;
	ocsp_give_up(ocsp);
	if (ocsp->due != NULL)
		event_free(ocsp->due);
	if (!join_all(ocsp))
		return;
	while ((job = ocsp->jobs) != NULL) {
		ocsp->jobs = job->next;
		while ((q = job->queries) != NULL) {
			unlink_query(q);
			free(q);
		}
		free_job(job);
	}
	if (ocsp->due_fd >= 0)
		(void)close(ocsp->due_fd);
	if (ocsp->end_fd >= 0)
		(void)close(ocsp->end_fd);
	(void)pthread_cond_destroy(&ocsp->wanted);
	(void)pthread_mutex_destroy(&ocsp->lock);
	free(ocsp);
}
