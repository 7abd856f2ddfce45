/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Random bytes from getrandom(2), whole or not at all.
 */
#ifndef MTLS_RANDOM_H
#define MTLS_RANDOM_H

#include <stddef.h>

#include "mtls/status.h"

/* Fills n bytes. SYSTEM if the kernel gives fewer; out is then zeroed. */
enum mtls_status mtls_random(void *out, size_t n, struct mtls_err *err);

#endif
