/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The entry of a fuzzer: aborts where a promise is broken, returns 0.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
