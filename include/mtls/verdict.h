/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The answer to "may this person log in". Zeroed memory, a missing reply, a
 * killed helper and a reply that does not parse are all NONE, and NONE never
 * becomes a success. ALLOW originates in policy_decide() (verifier), is
 * accepted off the network in verdict_check() (helper) and becomes
 * PAM_SUCCESS in pam_code() (module), and nowhere else.
 */
#ifndef MTLS_VERDICT_H
#define MTLS_VERDICT_H

enum mtls_verdict {
	MTLS_VERDICT_NONE = 0,
	MTLS_VERDICT_DENY = 1,
	MTLS_VERDICT_ALLOW = 2
};

#endif
