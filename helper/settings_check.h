/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kinds of conf.h cannot say about a value, and what concerns more
 * than one of them.
 */
#ifndef HELPER_SETTINGS_CHECK_H
#define HELPER_SETTINGS_CHECK_H

#include "mtls/status.h"
#include "settings.h"

/* One value that was taken, so that the error can name its line. CONFIG. */
enum mtls_status settings_check_value(const char *section, const char *name,
    const char *value, struct mtls_err *err);

/* All of them together; fills servers. CONFIG or MEMORY. */
enum mtls_status settings_check_all(struct settings *settings,
    struct mtls_err *err);

#endif
