/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The steps of the schema, as the build made them of postgres*.sql.
 */
#include "config.h"

#include <poll.h>

#include "store_postgres.h"

static const char step_1[] =
#include "store/postgres.sql.h"
    ;

static const char step_2[] =
#include "store/postgres_2.sql.h"
    ;

static const char step_3[] =
#include "store/postgres_3.sql.h"
    ;

const char *const postgres_steps[POSTGRES_SCHEMA] = {
	step_1, step_2, step_3
};
