/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How the verifier is, as names and values: what /metrics says, for people,
 * and what an administrator should look at, as warnings.
 */
#include "config.h"

#include "admin_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtls/text.h"

#include "health.h"
#include "log_queue.h"
#include "loops.h"
#include "metrics.h"
#include "monitor.h"

#define VALUES_MAX	200
#define CAS_MAX		20
#define NAME_MAX_BYTES	64

/* One more row; what does not fit is left out. */
static void __attribute__((format(printf, 3, 4)))
add_value(struct store_op *op, const char *name, const char *format, ...)
{
	struct mtls_msg_admin_value *v;
	char value[512];
	va_list ap;

	if (op->rows == NULL || op->n_rows >= VALUES_MAX)
		return;
	va_start(ap, format);
	(void)vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	mtls_text_make_line(value);
	v = &op->rows[op->n_rows].u.admin_value;
	if (mtls_text_dup(&v->name, name, NULL) != MTLS_OK)
		return;
	if (mtls_text_dup(&v->value, value, NULL) != MTLS_OK) {
		free(v->name);
		v->name = NULL;
		return;
	}
	op->rows[op->n_rows++].type = MTLS_MSG_ADMIN_VALUE;
}

static void
add_number(struct store_op *op, const char *name, uint64_t value)
{
	add_value(op, name, "%llu", (unsigned long long)value);
}

static void
add_time(struct store_op *op, const char *name, int64_t at_s)
{
	char text[32] = "unknown";
	time_t at = (time_t)at_s;
	struct tm tm;

	if (at_s != 0 && gmtime_r(&at, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	add_value(op, name, "%s", text);
}

static const char *
mode_word(enum revocation_mode mode)
{
	switch (mode) {
	case REVOCATION_STRICT:
		return "strict";
	case REVOCATION_IFURI:
		return "ifuri";
	case REVOCATION_RELAXED:
		break;
	}
	return "relaxed";
}

static void
add_ca(struct store_op *op, const struct revocation_ca *ca, size_t number,
    int64_t now_s)
{
	char name[32];

#define OF_CA(word) (snprintf(name, sizeof(name), "ca.%zu." word, number) > \
    0 ? name : "")
	add_value(op, OF_CA("subject"), "%s", ca->subject);
	add_value(op, OF_CA("mode"), "%s", mode_word(ca->mode));
	if (ca->has_crl) {
		add_number(op, OF_CA("revoked"), ca->n_revoked);
		add_value(op, OF_CA("crl-age"), "%lld",
		    (long long)(now_s - ca->this_update_s));
		add_time(op, OF_CA("crl-until"), ca->next_update_s);
	} else {
		add_value(op, OF_CA("revoked"), "no CRL");
	}
	if (ca->has_url)
		add_time(op, OF_CA("crl-fetched"), ca->fetched_s);
	if (ca->has_ocsp)
		add_value(op, OF_CA("ocsp"), "yes");
#undef OF_CA
}

static void
add_generation(const struct generation *g, struct store_op *op,
    int64_t now_s)
{
	struct revocation_ca ca;

	add_value(op, "policy", "%s", g->settings.policy);
	add_number(op, "rules", g->policy.n_rules);
	add_number(op, "maps", g->policy.n_maps);
	add_time(op, "certificate-until", generation_not_after_s(g));
	for (size_t i = 0; i < revocation_n_cas(g->revocation) &&
	    i < CAS_MAX; i++) {
		revocation_describe(g->revocation, i, &ca);
		add_ca(op, &ca, i + 1, now_s);
	}
}

static void
add_store(const struct server *server, struct store_op *op)
{
	const struct settings *settings = &server->generation->settings;
	struct store_stats stats;

	store_get_stats(server->store, &stats);
	add_value(op, "database", "%s", settings->has_password ?
	    "postgresql:// (not shown: it has a password)" :
	    settings->database);
	add_number(op, "store-waiting", stats.n_waiting);
	add_number(op, "store-transactions", stats.n_transactions);
	add_number(op, "store-failed", stats.n_failed_transactions);
	add_number(op, "store-average-us", stats.n_transactions == 0 ? 0 :
	    stats.transaction_us / stats.n_transactions);
	if (op->status != MTLS_OK)
		return;
	add_number(op, "open-challenges", (uint64_t)op->counts.n_open);
	add_number(op, "audit-records", (uint64_t)op->counts.n_records);
	add_number(op, "bindings", (uint64_t)op->counts.n_bindings);
	add_number(op, "revoked-here", (uint64_t)op->counts.n_revoked);
}

static void
add_limit(void *arg, const char *const *values, uint64_t n)
{
	char name[NAME_MAX_BYTES + 1];

	(void)snprintf(name, sizeof(name), "limit.%s", values[0]);
	add_number(arg, name, n);
}

struct warnings {
	struct store_op *op;
	unsigned n;
};

static void
add_warning(struct warnings *w, const char *reason, const char *about)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "warning.%u", ++w->n);
	add_value(w->op, name, "%s%s%s", reason, about[0] == '\0' ? "" : " ",
	    about);
}

static void
add_finding(void *arg, enum health_level level, const char *reason,
    const char *about)
{
	(void)level;
	add_warning(arg, reason, about);
}

static void
add_warnings(const struct server *server, struct store_op *op, int64_t now_s)
{
	struct warnings w = { op, 0 };

	/* What the process knows is said all the same. */
	if (op->status != MTLS_OK)
		add_warning(&w, "state-unavailable", op->err.text);
	health_of_generation(server->generation, now_s, add_finding, &w);
	if (server->last_reload_failed[0] != '\0')
		add_warning(&w, "reload-refused",
		    server->last_reload_failed);
}

static void
add_program(struct server *server, struct store_op *op, int64_t now_s)
{
	struct loops_counts counts;
	char text[512];

	add_value(op, "version", "%s", PACKAGE_VERSION);
	add_time(op, "started", server->started_s);
	add_value(op, "uptime", "%lld",
	    (long long)(now_s - server->started_s));
	add_value(op, "device", "%s", listener_text(
	    server->listeners[ROLE_DEVICE], text, sizeof(text)));
	add_value(op, "user", "%s", listener_text(
	    server->listeners[ROLE_USER], text, sizeof(text)));
	add_value(op, "metrics", "%s", monitor_text(server->monitor, text,
	    sizeof(text)));
	add_number(op, "reloads", server->n_reloads);
	add_number(op, "failed-reloads", server->n_failed_reloads);
	server_counts(server, &counts);
	add_number(op, "connections", counts.n_connections);
	add_number(op, "allowed", counts.n_allowed);
	add_number(op, "denied", counts.n_denied);
	add_number(op, "log-lines-dropped",
	    log_queue_n_dropped(server->log_queue));
	metrics_each(server->metrics, METRICS_LIMITS, add_limit, op);
}

static void
on_counted(struct store_op *op)
{
	struct admin_connection *c = op->arg;
	struct server *server = c->server;
	int64_t now_s = time(NULL);

	c->is_busy = 0;
	op->rows = calloc(VALUES_MAX, sizeof(*op->rows));
	/* First, so that nothing can crowd them out. */
	add_warnings(server, op, now_s);
	add_program(server, op, now_s);
	add_store(server, op);
	add_generation(server->generation, op, now_s);
	c->left = VALUES_MAX;
	c->is_last = 1;
	admin_send(c);
}

void
admin_status(struct admin_connection *c)
{
	admin_submit(c, STORE_COUNT, on_counted);
}
