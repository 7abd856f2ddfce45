/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One look at what is loaded. It decides nothing: a login with an expired
 * CRL is refused elsewhere, for its own reason.
 */
#include "config.h"

#include "health.h"

#include <time.h>

static void
look_at_certificate(const struct generation *g, int64_t now_s,
    health_fn found, void *arg)
{
	int64_t not_after_s = generation_not_after_s(g);

	if (not_after_s <= now_s)
		found(arg, HEALTH_FAILURE, "certificate-expired", "");
	else if (not_after_s - now_s < HEALTH_SOON_S)
		found(arg, HEALTH_WARNING, "certificate-expires-soon", "");
}

/* A CA with a responder needs no list. */
static const char *
crl_fault(const struct revocation_ca *ca, int64_t now_s)
{
	if (!ca->has_crl)
		return ca->has_ocsp ? NULL : "crl-missing";
	if (ca->floor == REVOCATION_FLOOR_BROKEN)
		return "crl-older-than-known";
	if (ca->floor == REVOCATION_FLOOR_UNKNOWN)
		return "crl-not-compared";
	if (now_s > ca->next_update_s)
		return "crl-expired";
	return now_s < ca->this_update_s ? "crl-of-the-future" : NULL;
}

void
health_of_generation(const struct generation *g, int64_t now_s,
    health_fn found, void *arg)
{
	struct revocation_ca ca;
	const char *fault;

	if (now_s <= 0) {
		found(arg, HEALTH_FAILURE, "clock", "");
		return;
	}
	look_at_certificate(g, now_s, found, arg);
	for (size_t i = 0; i < revocation_n_cas(g->revocation); i++) {
		revocation_describe(g->revocation, i, &ca);
		fault = crl_fault(&ca, now_s);
		if (fault != NULL)
			found(arg, ca.mode == REVOCATION_STRICT ?
			    HEALTH_FAILURE : HEALTH_WARNING, fault,
			    ca.subject);
	}
}
