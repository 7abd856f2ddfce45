/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Counters with labels: a short list that is searched under a lock. It has
 * as many entries as the code has words and the policy services, and is
 * touched a few times for each login.
 */
#include "config.h"

#include "metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/deadline.h"

#include "metrics_text.h"

struct family {
	const char *name, *help;
	const char *labels[METRICS_LABELS_MAX];
};

static const struct family families[METRICS_FAMILIES] = {
	[METRICS_LOGINS] = { "mtls_verifier_logins_total",
	    "Logins that were decided.",
	    { "service", "method", "decision", "reason" } },
	[METRICS_HANDSHAKES] = { "mtls_verifier_handshakes_total",
	    "TLS handshakes that succeeded.", { "listener" } },
	[METRICS_HANDSHAKES_FAILED] = {
	    "mtls_verifier_handshakes_failed_total",
	    "TLS handshakes that did not succeed.",
	    { "listener", "reason" } },
	[METRICS_LIMITS] = { "mtls_verifier_limits_total",
	    "How often a limit was hit.", { "limit" } },
	[METRICS_CODES] = { "mtls_verifier_codes_total",
	    "Codes that were approved, minted or refused to people, and that "
	    "machines sent: taken, wrong, or made for elsewhere.", { "what" } },
	[METRICS_UNAVAILABLE] = { "mtls_verifier_unavailable_total",
	    "Requests that could not be decided.", { "reason" } },
	[METRICS_ADMIN] = { "mtls_verifier_admin_changes_total",
	    "Changes made over the admin socket.", { "change" } },
};

static const struct {
	const char *name, *help;
} times[METRICS_TIMES] = {
	[METRICS_HANDSHAKE_TIME] = { "mtls_verifier_handshake_seconds",
	    "From accepting a connection to the end of its handshake." },
	[METRICS_DECISION_TIME] = { "mtls_verifier_decision_seconds",
	    "From the arrival of a proof to its durable decision." },
};

struct series {
	enum metrics_family family;
	char *values[METRICS_LABELS_MAX];
	uint64_t n;
};

struct metrics {
	pthread_mutex_t lock;		/* of what follows, up to times */
	struct series series[METRICS_SERIES_MAX];
	size_t n_series;
	uint64_t n_lost;
	struct histogram times[METRICS_TIMES];
};

enum mtls_status
metrics_new(struct metrics **ret, struct mtls_err *err)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m == NULL || pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	for (int i = 0; i < METRICS_TIMES; i++)
		histogram_init(&m->times[i], HISTOGRAM_MICROSECONDS);
	*ret = m;
	return MTLS_OK;
}

static void
series_clear(struct series *s)
{
	for (int i = 0; i < METRICS_LABELS_MAX; i++)
		free(s->values[i]);
	memset(s, 0, sizeof(*s));
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_series; i++)
		series_clear(&m->series[i]);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

static int
is_same(const struct series *s, enum metrics_family family,
    const struct metrics_labels *labels)
{
	if (s->family != family)
		return 0;
	for (int i = 0; i < METRICS_LABELS_MAX &&
	    families[family].labels[i] != NULL; i++) {
		if (strcmp(s->values[i], labels->value[i]) != 0)
			return 0;
	}
	return 1;
}

static struct series *
add_series(struct metrics *m, enum metrics_family family,
    const struct metrics_labels *labels)
{
	struct series *s = &m->series[m->n_series];

	if (m->n_series == METRICS_SERIES_MAX)
		return NULL;
	s->family = family;
	for (int i = 0; i < METRICS_LABELS_MAX; i++) {
		s->values[i] = strdup(labels->value[i]);
		if (s->values[i] == NULL) {
			series_clear(s);
			return NULL;
		}
	}
	m->n_series++;
	return s;
}

void
metrics_count(struct metrics *m, enum metrics_family family,
    struct metrics_labels labels)
{
	struct series *s = NULL;

	if (m == NULL)
		return;
	for (int i = 0; i < METRICS_LABELS_MAX; i++) {
		if (labels.value[i] == NULL)
			labels.value[i] = "";
	}
	(void)pthread_mutex_lock(&m->lock);
	for (size_t i = 0; s == NULL && i < m->n_series; i++) {
		if (is_same(&m->series[i], family, &labels))
			s = &m->series[i];
	}
	if (s == NULL)
		s = add_series(m, family, &labels);
	if (s != NULL)
		s->n++;
	else
		m->n_lost++;
	(void)pthread_mutex_unlock(&m->lock);
}

void
metrics_since(struct metrics *m, enum metrics_time time, int64_t began_us)
{
	int64_t now_us = mtls_clock_us();

	if (m != NULL && began_us >= 0 && now_us >= 0)
		histogram_add(&m->times[time], now_us - began_us);
}

void
metrics_each(struct metrics *m, enum metrics_family family,
    metrics_each_fn each, void *arg)
{
	(void)pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n_series; i++) {
		if (m->series[i].family == family)
			each(arg, (const char *const *)m->series[i].values,
			    m->series[i].n);
	}
	(void)pthread_mutex_unlock(&m->lock);
}

static void
write_family(struct metrics *m, enum metrics_family family, FILE *out)
{
	const struct family *f = &families[family];
	struct metrics_label labels[METRICS_LABELS_MAX + 1];
	const struct series *s;

	metrics_text_head(out, f->name, "counter", f->help);
	for (size_t i = 0; i < m->n_series; i++) {
		s = &m->series[i];
		if (s->family != family)
			continue;
		memset(labels, 0, sizeof(labels));
		for (int l = 0; l < METRICS_LABELS_MAX; l++) {
			labels[l].name = f->labels[l];
			labels[l].value = s->values[l];
		}
		metrics_text_value(out, f->name, labels, (int64_t)s->n);
	}
}

void
metrics_write(struct metrics *m, FILE *out)
{
	uint64_t n_lost;

	(void)pthread_mutex_lock(&m->lock);
	for (int i = 0; i < METRICS_FAMILIES; i++)
		write_family(m, (enum metrics_family)i, out);
	n_lost = m->n_lost;
	(void)pthread_mutex_unlock(&m->lock);
	metrics_text_counter(out, "mtls_verifier_metrics_lost_total",
	    "Events for which there was no room here.", n_lost);
	for (int i = 0; i < METRICS_TIMES; i++)
		metrics_text_histogram(out, times[i].name, times[i].help,
		    &m->times[i]);
}
