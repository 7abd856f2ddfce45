/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What was counted is what is told, by as many threads as there are, and in
 * a form in which a value cannot become something else.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/deadline.h"

#include "metrics.h"
#include "metrics_text.h"

#include "../lib/unit.h"

static struct metrics *metrics;
static char *text;

static const char *
report(void)
{
	size_t len;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	metrics_write(metrics, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
count(const char *service, const char *reason)
{
	metrics_count(metrics, METRICS_LOGINS, (struct metrics_labels){ {
	    service, "token", "deny", reason } });
}

static void
counted_by_their_labels(void **state)
{
	(void)state;
	count("sudo", "no-rule");
	count("sudo", "no-rule");
	count("sudo", "revoked");
	count("login", "no-rule");
	metrics_count(metrics, METRICS_HANDSHAKES,
	    (struct metrics_labels){ { "user" } });
	assert_non_null(strstr(report(),
	    "# TYPE mtls_verifier_logins_total counter\n"
	    "mtls_verifier_logins_total{service=\"sudo\",method=\"token\","
	    "decision=\"deny\",reason=\"no-rule\"} 2\n"
	    "mtls_verifier_logins_total{service=\"sudo\",method=\"token\","
	    "decision=\"deny\",reason=\"revoked\"} 1\n"
	    "mtls_verifier_logins_total{service=\"login\",method=\"token\","
	    "decision=\"deny\",reason=\"no-rule\"} 1\n"
	    "# HELP "));
	assert_non_null(strstr(text,
	    "mtls_verifier_handshakes_total{listener=\"user\"} 1\n"));
	/* Nobody to count for is nobody's fault. */
	metrics_count(NULL, METRICS_LIMITS, (struct metrics_labels){ { "" } });
	metrics_since(NULL, METRICS_DECISION_TIME, 0);
}

static void
values_cannot_break_out(void **state)
{
	(void)state;
	count("a\"b\\c\nd", NULL);
	assert_non_null(strstr(report(), "{service=\"a\\\"b\\\\c\\nd\","
	    "method=\"token\",decision=\"deny\",reason=\"\"} 1\n"));
}

static void
never_without_bound(void **state)
{
	char service[16], lost[64];

	(void)state;
	for (int i = 0; i < METRICS_SERIES_MAX + 5; i++) {
		(void)snprintf(service, sizeof(service), "s%d", i);
		count(service, "no-rule");
	}
	(void)snprintf(lost, sizeof(lost),
	    "\nmtls_verifier_metrics_lost_total %d\n", 5);
	assert_non_null(strstr(report(), lost));
	assert_non_null(strstr(text, "service=\"s1023\""));
	assert_null(strstr(text, "service=\"s1024\""));
	/* What is there goes on counting. */
	count("s0", "no-rule");
	assert_non_null(strstr(report(), "service=\"s0\",method=\"token\","
	    "decision=\"deny\",reason=\"no-rule\"} 2\n"));
}

static const char *
histogram_report(struct histogram *h)
{
	size_t len;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	metrics_text_histogram(out, "x", "What x is.", h);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
buckets_are_cumulative(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h, HISTOGRAM_MICROSECONDS);
	histogram_add(&h, -1);
	histogram_add(&h, 100);
	histogram_add(&h, 101);
	histogram_add(&h, 10000000);
	histogram_add(&h, 10000001);
	assert_non_null(strstr(histogram_report(&h),
	    "# HELP x What x is.\n# TYPE x histogram\n"
	    "x_bucket{le=\"0.000100\"} 2\n"
	    "x_bucket{le=\"0.000250\"} 3\n"));
	assert_non_null(strstr(text, "x_bucket{le=\"5.000000\"} 3\n"
	    "x_bucket{le=\"10.000000\"} 4\n"
	    "x_bucket{le=\"+Inf\"} 5\n"
	    "x_sum 20.000202\nx_count 5\n"));
	histogram_init(&h, HISTOGRAM_NUMBER);
	histogram_add(&h, 7);
	assert_non_null(strstr(histogram_report(&h),
	    "x_bucket{le=\"5\"} 0\nx_bucket{le=\"8\"} 1\n"));
	assert_non_null(strstr(text, "x_sum 7\nx_count 1\n"));
}

#define THREADS 4
#define TIMES 5000

static void *
thread(void *arg)
{
	for (int i = 0; i < TIMES; i++) {
		count(arg, i % 2 ? "no-rule" : "revoked");
		metrics_since(metrics, METRICS_DECISION_TIME,
		    mtls_clock_us());
	}
	return NULL;
}

static void
many_threads(void **state)
{
	static char service[] = "sudo";
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread,
		    service), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_non_null(strstr(report(), "reason=\"revoked\"} 10000\n"));
	assert_non_null(strstr(text, "reason=\"no-rule\"} 10000\n"));
	assert_non_null(strstr(text,
	    "mtls_verifier_decision_seconds_count 20000\n"));
}

static int
set_up(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	return metrics_new(&metrics, &err) == MTLS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	metrics_free(metrics);
	free(text);
	text = NULL;
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counted_by_their_labels,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_cannot_break_out,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(never_without_bound, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(buckets_are_cumulative,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_threads, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
