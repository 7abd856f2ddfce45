/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread, one queue. A job belongs to the thread from the moment it is
 * queued until it is done; whoever asked may stop waiting earlier, and then
 * the thread frees the job when it gets to it.
 */
#include "config.h"

#include "name_service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "account.h"

#define WITHIN_MS	3000u
#define QUEUE_MAX	4096u		/* more are not looked up */
#define END_WITHIN_S	1

struct name_job {
	struct name_job *next;		/* in the queue, or done */
	struct name_port *port;		/* NULL: nobody waits any more */
	int is_done;
	/* The loop's alone: */
	struct name_query *query;
	struct event *timer;
	struct name_job *next_pending, **prev_pending;
	/* The thread's until is_done: */
	char *user;
	size_t n;
	gid_t *gids;
	enum policy_answer superuser, *member;
};

struct name_service {
	struct name_lookup lookup;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Under lock: */
	struct name_job *first, **last;
	size_t n_queued;
	int is_ending;
	unsigned n_refs;		/* the owner, and the thread */
};

struct name_port {
	struct name_service *service;
	struct event_base *base;
	int fd;				/* eventfd: something is done */
	struct event *due;
	struct name_job *pending;
	int is_closed;
	struct name_job *done;		/* under the service's lock */
};

static void
job_free(struct name_job *job)
{
	if (job == NULL)
		return;
	if (job->timer != NULL)
		event_free(job->timer);
	free(job->user);
	free(job->gids);
	free(job->member);
	free(job);
}

static void
unref(struct name_service *s)
{
	unsigned left;

	pthread_mutex_lock(&s->lock);
	left = --s->n_refs;
	pthread_mutex_unlock(&s->lock);
	if (left > 0)
		return;
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The next job; NULL at the end. Called and returns with the lock held. */
static struct name_job *
next_job(struct name_service *s)
{
	struct name_job *job;

	while (s->first == NULL && !s->is_ending)
		pthread_cond_wait(&s->wake, &s->lock);
	job = s->first;
	if (job != NULL) {
		s->first = job->next;
		if (s->first == NULL)
			s->last = &s->first;
		s->n_queued--;
	}
	return job;
}

static void
put_done(struct name_job *job)
{
	struct name_port *port = job->port;

	job->is_done = 1;
	job->next = port->done;
	port->done = job;
	(void)eventfd_write(port->fd, 1);
}

static void *
run(void *arg)
{
	struct name_service *s = arg;
	struct name_job *job;

	pthread_mutex_lock(&s->lock);
	while ((job = next_job(s)) != NULL) {
		if (job->port != NULL) {
			pthread_mutex_unlock(&s->lock);
			job->superuser = s->lookup.superuser(job->user);
			s->lookup.members(job->user, job->gids, job->n,
			    job->member);
			pthread_mutex_lock(&s->lock);
		}
		if (job->port != NULL)
			put_done(job);
		else
			job_free(job);
	}
	pthread_mutex_unlock(&s->lock);
	unref(s);
	return NULL;
}

/* Signals are the event loop's. */
static int
start_thread(struct name_service *s)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->thread, NULL, run, s);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

enum mtls_status
name_service_new(const struct name_lookup *lookup,
    struct name_service **ret, struct mtls_err *err)
{
	static const struct name_lookup usual = {
		account_superuser, account_members, WITHIN_MS
	};
	struct name_service *s = calloc(1, sizeof(*s));
	int error;

	if (s == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s->lookup = lookup == NULL ? usual : *lookup;
	s->last = &s->first;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->wake, NULL);
	s->n_refs = 2;
	error = start_thread(s);
	if (error != 0) {
		s->n_refs = 1;
		unref(s);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, error,
		    "no thread for the name service");
	}
	*ret = s;
	return MTLS_OK;
}

void
name_service_free(struct name_service *service)
{
	struct timespec until;

	if (service == NULL)
		return;
	pthread_mutex_lock(&service->lock);
	service->is_ending = 1;
	pthread_cond_signal(&service->wake);
	pthread_mutex_unlock(&service->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_WITHIN_S;
	if (pthread_timedjoin_np(service->thread, NULL, &until) != 0)
		(void)pthread_detach(service->thread);
	unref(service);
}

static void
forget(struct name_job *job)
{
	*job->prev_pending = job->next_pending;
	if (job->next_pending != NULL)
		job->next_pending->prev_pending = job->prev_pending;
}

/* Takes the answer out of a job that the thread is through with. */
static void
finish(struct name_job *job)
{
	struct name_query *q = job->query;

	forget(job);
	q->job = NULL;
	q->superuser = job->superuser;
	q->member = job->member;
	job->member = NULL;
	job_free(job);
	q->done(q);
}

static void
deliver(struct name_port *port)
{
	struct name_job *job, *next;

	pthread_mutex_lock(&port->service->lock);
	job = port->done;
	port->done = NULL;
	pthread_mutex_unlock(&port->service->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		finish(job);
	}
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t ignored;

	(void)what;
	(void)eventfd_read(fd, &ignored);
	deliver(arg);
}

/* Leaves the job to the thread; 0 if that is through with it already. */
static int
abandon(struct name_job *job)
{
	struct name_service *s = job->port->service;
	int is_left;

	pthread_mutex_lock(&s->lock);
	is_left = !job->is_done;
	if (is_left) {
		forget(job);
		event_free(job->timer);
		job->timer = NULL;
		job->port = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return is_left;
}

/* Nobody waits any longer: it cannot be told. */
static void
give_up(struct name_job *job)
{
	struct name_port *port = job->port;
	struct name_query *q = job->query;

	if (!abandon(job)) {
		deliver(port);
		return;
	}
	q->job = NULL;
	q->done(q);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	give_up(arg);
}

enum mtls_status
name_service_attach(struct name_service *service, struct event_base *base,
    struct name_port **ret, struct mtls_err *err)
{
	struct name_port *port = calloc(1, sizeof(*port));

	if (port == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	port->service = service;
	port->base = base;
	port->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (port->fd >= 0)
		port->due = event_new(base, port->fd, EV_READ | EV_PERSIST,
		    on_due, port);
	if (port->due == NULL || event_add(port->due, NULL) != 0) {
		name_port_free(port);
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "no way back from the name service");
	}
	*ret = port;
	return MTLS_OK;
}

void
name_port_close(struct name_port *port)
{
	if (port == NULL)
		return;
	port->is_closed = 1;
	deliver(port);
	while (port->pending != NULL)
		give_up(port->pending);
}

void
name_port_free(struct name_port *port)
{
	if (port == NULL)
		return;
	if (port->due != NULL)
		event_free(port->due);
	if (port->fd >= 0)
		close(port->fd);
	free(port);
}

/* Groups of the file are nobody's to look up. */
static int
copy_question(struct name_job *job, const struct name_query *q)
{
	const struct policy *policy = q->policy;

	job->n = policy->n_groups;
	job->user = strdup(q->user);
	job->gids = calloc(job->n + 1, sizeof(*job->gids));
	job->member = calloc(job->n + 1, sizeof(*job->member));
	if (job->user == NULL || job->gids == NULL || job->member == NULL)
		return -1;
	for (size_t i = 0; i < job->n; i++)
		job->gids[i] = policy->groups[i].in_file ? ACCOUNT_NO_GID :
		    policy->groups[i].gid;
	return 0;
}

static int
add_timer(struct name_job *job)
{
	unsigned ms = job->port->service->lookup.within_ms;
	struct timeval tv = { ms / 1000, (int)(ms % 1000) * 1000 };

	job->timer = evtimer_new(job->port->base, on_timer, job);
	return job->timer == NULL ? -1 : evtimer_add(job->timer, &tv);
}

/* -1 if there are too many. The job is the thread's as soon as it is in. */
static int
enqueue(struct name_service *s, struct name_job *job)
{
	int is_full;

	pthread_mutex_lock(&s->lock);
	is_full = s->n_queued >= QUEUE_MAX;
	if (!is_full) {
		*s->last = job;
		s->last = &job->next;
		s->n_queued++;
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return is_full ? -1 : 0;
}

static void
add_pending(struct name_port *port, struct name_job *job)
{
	job->next_pending = port->pending;
	job->prev_pending = &port->pending;
	if (job->next_pending != NULL)
		job->next_pending->prev_pending = &job->next_pending;
	port->pending = job;
}

void
name_service_ask(struct name_port *port, struct name_query *query)
{
	struct name_job *job = NULL;

	query->superuser = POLICY_CANNOT_TELL;
	query->member = NULL;
	if (!port->is_closed)
		job = calloc(1, sizeof(*job));
	if (job != NULL) {
		job->port = port;
		job->query = query;
		query->job = job;
		add_pending(port, job);
		if (copy_question(job, query) == 0 && add_timer(job) == 0 &&
		    enqueue(port->service, job) == 0)
			return;
		forget(job);
		job_free(job);
		query->job = NULL;
	}
	query->done(query);
}

void
name_query_clear(struct name_query *query)
{
	free(query->member);
	query->member = NULL;
}
