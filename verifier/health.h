/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What keeps a verifier from deciding logins, and what soon will.
 */
#ifndef VERIFIER_HEALTH_H
#define VERIFIER_HEALTH_H

#include <stdint.h>

#include "generation.h"

/* A certificate that ends within this time is worth a warning. */
#define HEALTH_SOON_S (30 * 24 * 3600)

enum health_level {
	HEALTH_WARNING,		/* logins work, for now */
	HEALTH_FAILURE		/* some or all of them are refused */
};

/*
 * Called for each finding: reason is a fixed word, about what it is about,
 * or "".
 */
typedef void (*health_fn)(void *arg, enum health_level level,
    const char *reason, const char *about);

/*
 * Looks at what was loaded, at this time: the verifier's own certificate, the
 * CAs, and the CRLs, which are a failure only where the setting is strict.
 */
void health_of_generation(const struct generation *g, int64_t now_s,
    health_fn found, void *arg);

#endif
