/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The name of this verifier among those that share a database: whose audit
 * it writes.
 */
#ifndef VERIFIER_OWN_NAME_H
#define VERIFIER_OWN_NAME_H

#include "generation.h"

#define OWN_NAME_SIZE	254

/*
 * [server] name, or the first dNSName of the verifier's certificate. CONFIG
 * where that is no host name.
 */
enum mtls_status own_name(const struct generation *g,
    char ret[OWN_NAME_SIZE], struct mtls_err *err);

#endif
