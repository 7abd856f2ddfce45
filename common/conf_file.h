/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading an INI file that is in memory: what mtls_conf_read() does once it
 * has the bytes, and what the fuzzer feeds.
 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "mtls/conf.h"

/* data has len bytes and a NUL behind them; it is cut into lines. */
enum mtls_status mtls_conf_parse(const char *path, char *data, size_t len,
    mtls_conf_value_fn value, void *arg, struct mtls_err *err);

#endif
