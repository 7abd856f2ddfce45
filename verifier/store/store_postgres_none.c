/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Instead of the store in PostgreSQL, where this was built without.
 */
#include "config.h"

#include "store.h"

enum mtls_status
store_open_postgres(const struct store_options *options, struct store **ret,
    struct mtls_err *err)
{
	(void)options;
	(void)ret;
	return mtls_fail(err, MTLS_E_CONFIG, "this mtls-verifier was built "
	    "without PostgreSQL");
}

enum mtls_status
store_check_url(const char *url, int *ret_has_password, struct mtls_err *err)
{
	(void)url;
	(void)ret_has_password;
	return mtls_fail(err, MTLS_E_CONFIG, "this mtls-verifier was built "
	    "without PostgreSQL");
}
