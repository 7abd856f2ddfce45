/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One value of one option: text to member and back to nothing.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "mtls/conf.h"

/*
 * Sets member to what value says, and frees what was there; CONFIG if value
 * is not of the option's kind or range, the member is then unchanged.
 */
enum mtls_status mtls_conf_value_set(const struct mtls_conf_option *option,
    void *member, const char *value, struct mtls_err *err);

/* Frees what the member owns, and zeroes it. */
void mtls_conf_value_clear(const struct mtls_conf_option *option,
    void *member);

#endif
