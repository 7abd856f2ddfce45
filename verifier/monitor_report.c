/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How a running verifier is, as Prometheus text: what is looked up at the
 * moment of asking, behind what was counted.
 */
#include "config.h"

#include "monitor.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "health.h"
#include "log_queue.h"
#include "loops.h"
#include "metrics.h"
#include "metrics_text.h"
#include "revocation/ocsp_cache.h"

#define PREFIX "mtls_verifier_"

static void
report_program(const struct server *server, FILE *out)
{
	const struct metrics_label labels[] = {
		{ "version", PACKAGE_VERSION },
		{ "openssl", OpenSSL_version(OPENSSL_VERSION_STRING) },
		{ NULL, NULL },
	};
	struct loops_counts counts;

	metrics_text_head(out, PREFIX "build_info", "gauge",
	    "Which program this is.");
	metrics_text_value(out, PREFIX "build_info", labels, 1);
	metrics_text_gauge(out, "process_start_time_seconds",
	    "When it was started, in seconds since 1970.",
	    server->started_s);
	server_counts(server, &counts);
	metrics_text_gauge(out, PREFIX "connections",
	    "Connections that are open.", (int64_t)counts.n_connections);
	metrics_text_gauge(out, PREFIX "connections_max",
	    "How many there may be.",
	    server->generation->settings.max_connections);
	metrics_text_gauge(out, PREFIX "requests",
	    "Requests that are being worked on, or held.",
	    (int64_t)counts.n_exchanges);
	metrics_text_counter(out, PREFIX "clock_jumps_total",
	    "How often the clock was set, by two seconds or more.",
	    server->alarms.n_jumps);
	metrics_text_counter(out, PREFIX "log_lines_dropped_total",
	    "Lines of the log that were not written: nobody read them.",
	    log_queue_n_dropped(server->log_queue));
	metrics_text_counter(out, PREFIX "reloads_total",
	    "Reloads that were taken.", server->n_reloads);
	metrics_text_counter(out, PREFIX "reloads_failed_total",
	    "Reloads that were refused; the old settings stayed.",
	    server->n_failed_reloads);
	metrics_text_gauge(out, PREFIX "last_reload_success",
	    "1 unless the last reload was refused.",
	    server->last_reload_failed[0] == '\0');
}

enum crl_value {
	CRL_PRESENT, CRL_AGE, CRL_NEXT_UPDATE, CRL_ENTRIES, CRL_FETCHED_AT,
	CRL_FETCHED, CRL_FETCH_FAILED, CRL_VALUES
};

static const struct {
	const char *name, *type, *help;
} crl_values[CRL_VALUES] = {
	[CRL_PRESENT] = { PREFIX "crl_present", "gauge",
	    "1 if there is a CRL of this CA." },
	[CRL_AGE] = { PREFIX "crl_age_seconds", "gauge",
	    "Time since the CRL was made." },
	[CRL_NEXT_UPDATE] = { PREFIX "crl_next_update_timestamp_seconds",
	    "gauge",
	    "Until when the CRL is valid." },
	[CRL_ENTRIES] = { PREFIX "crl_entries", "gauge",
	    "How many certificates the CRL revokes." },
	[CRL_FETCHED_AT] = { PREFIX "crl_fetched_timestamp_seconds", "gauge",
	    "When the CRL was fetched, the last time that it worked." },
	[CRL_FETCHED] = { PREFIX "crl_fetches_total", "counter",
	    "How often the CRL was fetched." },
	[CRL_FETCH_FAILED] = { PREFIX "crl_fetches_failed_total", "counter",
	    "How often that did not work." },
};

static int64_t
crl_value(const struct revocation_ca *ca, enum crl_value which,
    int64_t now_s)
{
	switch (which) {
	case CRL_PRESENT:
		return ca->has_crl;
	case CRL_AGE:
		return now_s - ca->this_update_s;
	case CRL_NEXT_UPDATE:
		return ca->next_update_s;
	case CRL_ENTRIES:
		return (int64_t)ca->n_revoked;
	case CRL_FETCHED_AT:
		return ca->fetched_s;
	case CRL_FETCHED:
		return (int64_t)ca->n_fetched;
	case CRL_FETCH_FAILED:
		return (int64_t)ca->n_fetch_failed;
	case CRL_VALUES:
		break;
	}
	return 0;
}

static int
has_value(const struct revocation_ca *ca, enum crl_value which)
{
	if (which == CRL_PRESENT)
		return 1;
	return which >= CRL_FETCHED_AT ? ca->has_url : ca->has_crl;
}

/* One name after the other, with all the CAs under it. */
static void
report_crls(struct revocation *r, int64_t now_s, FILE *out)
{
	struct metrics_label labels[2];
	struct revocation_ca ca;

	memset(labels, 0, sizeof(labels));
	labels[0].name = "ca";
	labels[0].value = ca.subject;
	for (int which = CRL_PRESENT; which < CRL_VALUES; which++) {
		metrics_text_head(out, crl_values[which].name,
		    crl_values[which].type, crl_values[which].help);
		for (size_t i = 0; i < revocation_n_cas(r); i++) {
			revocation_describe(r, i, &ca);
			if (!has_value(&ca, (enum crl_value)which))
				continue;
			metrics_text_value(out, crl_values[which].name,
			    labels, crl_value(&ca, (enum crl_value)which,
			    now_s));
		}
	}
}

static void
report_ocsp(struct revocation *r, FILE *out)
{
	static const char *const words[] = {
		[OCSP_ANSWER_NONE] = "none", [OCSP_ANSWER_GOOD] = "good",
		[OCSP_ANSWER_REVOKED] = "revoked"
	};
	struct metrics_label labels[2];
	struct ocsp_counts counts;

	memset(labels, 0, sizeof(labels));
	labels[0].name = "answer";
	ocsp_cache_counts(revocation_ocsp_cache0(r), &counts);
	metrics_text_head(out, PREFIX "ocsp_answers_total", "counter",
	    "Questions to OCSP responders, by what was learned.");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		labels[0].value = words[i];
		metrics_text_value(out, PREFIX "ocsp_answers_total", labels,
		    (int64_t)counts.n[i]);
	}
}

static void
report_store(const struct store_counts *counts, FILE *out)
{
	metrics_text_gauge(out, PREFIX "store_up",
	    "1 if the store answered.", counts != NULL);
	if (counts == NULL)
		return;
	metrics_text_gauge(out, PREFIX "challenges_open",
	    "Logins that wait for their proof.", counts->n_open);
	metrics_text_gauge(out, PREFIX "bindings",
	    "Certificates that are bound to a user.", counts->n_bindings);
	metrics_text_gauge(out, PREFIX "revoked_here",
	    "Certificates and keys that administrators have revoked.",
	    counts->n_revoked);
	metrics_text_gauge(out, PREFIX "audit_records",
	    "Records of the audit.", counts->n_records);
}

/* What the last bucket lacks to all transactions took longer than it. */
static void
report_commits(const struct store_stats *stats, FILE *out)
{
	uint64_t counts[STORE_BUCKETS + 1], n = stats->n_transactions;
	struct metrics_buckets b = {
		store_bucket_us, counts, STORE_BUCKETS, stats->transaction_us
	};

	for (size_t i = 0; i < STORE_BUCKETS; i++) {
		counts[i] = stats->buckets[i];
		n -= counts[i] < n ? counts[i] : n;
	}
	counts[STORE_BUCKETS] = n;
	metrics_text_buckets(out, PREFIX "store_transaction_seconds",
	    "From taking a batch of operations to its durable end.", &b);
}

static void
report_store_stats(struct store *store, FILE *out)
{
	struct store_stats stats;

	store_get_stats(store, &stats);
	metrics_text_gauge(out, PREFIX "store_waiting",
	    "Operations that wait for the store.",
	    (int64_t)stats.n_waiting);
	metrics_text_counter(out, PREFIX "store_operations_total",
	    "Operations that the store has taken.", stats.n_operations);
	metrics_text_counter(out, PREFIX "store_transactions_failed_total",
	    "Batches of operations that were not stored.",
	    stats.n_failed_transactions);
	metrics_text_counter(out, PREFIX "store_refused_total",
	    "Operations for which the queue had no room.", stats.n_full);
	report_commits(&stats, out);
}

static void
count_failure(void *arg, enum health_level level, const char *reason,
    const char *about)
{
	(void)reason;
	(void)about;
	if (level == HEALTH_FAILURE)
		++*(int *)arg;
}

void
monitor_report(struct server *server, const struct store_counts *counts,
    FILE *out)
{
	const struct generation *g = server->generation;
	int64_t now_s = time(NULL);
	int failures = 0;

	report_program(server, out);
	health_of_generation(g, now_s, count_failure, &failures);
	metrics_text_gauge(out, PREFIX "healthy",
	    "1 if /healthz says ok.", failures == 0 && counts != NULL &&
	    !server->is_ending);
	metrics_text_gauge(out,
	    PREFIX "certificate_not_after_timestamp_seconds",
	    "When the verifier's own certificate ends.",
	    generation_not_after_s(g));
	report_crls(g->revocation, now_s, out);
	report_ocsp(g->revocation, out);
	report_store(counts, out);
	report_store_stats(server->store, out);
	metrics_write(server->metrics, out);
}
