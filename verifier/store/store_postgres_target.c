/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The URL in the settings as everything that libpq is told. What it would
 * take from elsewhere - the environment, a home directory, a service file -
 * it is told too, to be something harmless: the settings are all there is.
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A path at which there is nothing, which libpq takes for "none". */
#define NOTHING "/dev/null/none"

/* What a URL may say. */
static const char *const allowed[] = {
	"host", "hostaddr", "port", "dbname", "user", "password", "sslmode",
	"sslrootcert", "sslcert", "sslkey", NULL
};

/* What every connection has, whatever the URL says. */
static const char *const always[][2] = {
	{ "application_name", "mtls-verifier" },
	{ "client_encoding", "UTF8" },
	{ "options", "-c search_path=pg_catalog -c datestyle=ISO"
	    " -c statement_timeout=4000 -c lock_timeout=3000"
	    " -c idle_in_transaction_session_timeout=2000" },
	{ "passfile", NOTHING },
	{ "gssencmode", "disable" },
	{ "sslcrl", NOTHING },
	{ "sslcompression", "0" },
	{ "target_session_attrs", "read-write" },
	{ "keepalives", "1" },
	{ "keepalives_idle", "5" },
	{ "keepalives_interval", "2" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "5000" },
};

/* What it has where the URL does not say otherwise. */
static const char *const defaults[][2] = {
	{ "port", "5432" },
	{ "dbname", "mtls_verifier" },
	{ "user", "mtls_verifier" },
	{ "sslmode", "verify-full" },
	{ "sslrootcert", NOTHING },
	{ "sslcert", NOTHING },
	{ "sslkey", NOTHING },
};

#define N_ALWAYS (sizeof(always) / sizeof(always[0]))
#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static int
is_allowed(const char *name)
{
	for (size_t i = 0; allowed[i] != NULL; i++) {
		if (strcmp(allowed[i], name) == 0)
			return 1;
	}
	return 0;
}

static enum mtls_status
add(struct postgres_target *t, size_t *n, const char *name,
    const char *value, struct mtls_err *err)
{
	t->names[*n] = strdup(name);
	t->values[*n] = strdup(value);
	if (t->names[*n] == NULL || t->values[*n] == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	++*n;
	return MTLS_OK;
}

static const char *
value_of(const PQconninfoOption *said, const char *name)
{
	for (; said->keyword != NULL; said++) {
		if (strcmp(said->keyword, name) == 0)
			return said->val;
	}
	return NULL;
}

static enum mtls_status
check(const PQconninfoOption *said, struct mtls_err *err)
{
	const char *host = value_of(said, "host");

	for (const PQconninfoOption *o = said; o->keyword != NULL; o++) {
		if (o->val != NULL && !is_allowed(o->keyword))
			return mtls_fail(err, MTLS_E_CONFIG, "the URL of the "
			    "database must not set %s", o->keyword);
	}
	if ((host == NULL || host[0] == '\0') &&
	    value_of(said, "hostaddr") == NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the URL of the database names no host");
	return MTLS_OK;
}

static enum mtls_status
fill(struct postgres_target *t, const PQconninfoOption *said,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	size_t n = 0;

	for (const PQconninfoOption *o = said; status == MTLS_OK &&
	    o->keyword != NULL; o++) {
		/* One that is not set at all would come from elsewhere. */
		(void)unsetenv(o->envvar == NULL ? "PGSERVICEFILE" :
		    o->envvar);
		if (o->val != NULL)
			status = add(t, &n, o->keyword, o->val, err);
	}
	for (size_t i = 0; status == MTLS_OK && i < N_DEFAULTS; i++) {
		if (value_of(said, defaults[i][0]) == NULL)
			status = add(t, &n, defaults[i][0], defaults[i][1],
			    err);
	}
	for (size_t i = 0; status == MTLS_OK && i < N_ALWAYS; i++)
		status = add(t, &n, always[i][0], always[i][1], err);
	return status;
}

enum mtls_status
postgres_target_parse(const char *url, struct postgres_target *ret,
    struct mtls_err *err)
{
	PQconninfoOption *said = PQconninfoParse(url, NULL);
	struct postgres_target t = { NULL, NULL, 0 };
	enum mtls_status status;
	size_t n = 1;

	/* What libpq would say quotes the URL, and perhaps a password. */
	if (said == NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the database is no URL that libpq understands");
	status = check(said, err);
	for (const PQconninfoOption *o = said; o->keyword != NULL; o++)
		n++;
	n += N_DEFAULTS + N_ALWAYS;
	t.names = calloc(n, sizeof(*t.names));
	t.values = calloc(n, sizeof(*t.values));
	if (status == MTLS_OK && (t.names == NULL || t.values == NULL))
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (status == MTLS_OK) {
		t.has_password = value_of(said, "password") != NULL;
		status = fill(&t, said, err);
	}
	PQconninfoFree(said);
	if (status != MTLS_OK) {
		postgres_target_clear(&t);
		return status;
	}
	*ret = t;
	return MTLS_OK;
}

void
postgres_target_clear(struct postgres_target *t)
{
	for (size_t i = 0; t->names != NULL && t->names[i] != NULL; i++)
		free(t->names[i]);
	for (size_t i = 0; t->values != NULL && t->values[i] != NULL; i++) {
		explicit_bzero(t->values[i], strlen(t->values[i]));
		free(t->values[i]);
	}
	free(t->names);
	free(t->values);
	t->names = t->values = NULL;
}

enum mtls_status
store_check_url(const char *url, int *ret_has_password, struct mtls_err *err)
{
	struct postgres_target target;
	enum mtls_status status = postgres_target_parse(url, &target, err);

	if (status != MTLS_OK)
		return status;
	*ret_has_password = target.has_password;
	postgres_target_clear(&target);
	return MTLS_OK;
}
