/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which kind of database the settings name.
 */
#include "config.h"

#include "store.h"

#include <string.h>

static int
begins_with(const char *text, const char *what)
{
	return strncmp(text, what, strlen(what)) == 0;
}

int
store_is_url(const char *database)
{
	return begins_with(database, "postgresql://") ||
	    begins_with(database, "postgres://");
}

enum mtls_status
store_open(const struct store_options *options, struct store **ret,
    struct mtls_err *err)
{
	if (store_is_url(options->database))
		return store_open_postgres(options, ret, err);
	return store_open_sqlite(options, ret, err);
}
