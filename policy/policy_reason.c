/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A decision in words: one for the log and the tables, one sentence for the
 * person at the prompt, who is told what to do and not who else exists.
 */
#include "config.h"

#include "policy.h"

#include <stdio.h>

static const struct {
	const char *word, *sentence;
} reasons[POLICY_REASON_COUNT] = {
	[POLICY_REASON_NONE] = { "undecided",
	    "The login could not be decided." },
	[POLICY_REASON_ALLOWED] = { "allowed", "" },
	[POLICY_REASON_CLOCK] = { "clock",
	    "The login could not be decided." },
	[POLICY_REASON_EXPIRED] = { "challenge-expired",
	    "The login took too long. Please try again." },
	[POLICY_REASON_MALFORMED] = { "certificate-malformed",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_NOT_YET_VALID] = { "certificate-not-yet-valid",
	    "The certificate on this card is not valid yet." },
	[POLICY_REASON_OUTDATED] = { "certificate-expired",
	    "The certificate on this card has expired." },
	[POLICY_REASON_NO_ISSUER] = { "issuer-unknown",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_REVOKED] = { "revoked",
	    "The certificate on this card has been revoked." },
	[POLICY_REASON_ISSUER_REVOKED] = { "issuer-revoked",
	    "The certificate on this card has been revoked." },
	[POLICY_REASON_REVOKED_HERE] = { "certificate-revoked-here",
	    "The certificate on this card has been revoked." },
	[POLICY_REASON_NO_REVOCATION] = { "revocation-unavailable",
	    "The card cannot be verified now." },
	[POLICY_REASON_NO_USER] = { "no-user",
	    "This card does not belong to a known user." },
	[POLICY_REASON_DISAGREE] = { "names-disagree",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_NO_BINDINGS] = { "state-unavailable",
	    "The card cannot be verified now." },
	[POLICY_REASON_NOT_BOUND] = { "not-bound",
	    "This card has not been registered for its user." },
	[POLICY_REASON_USER] = { "user-mismatch",
	    "This card belongs to another user." },
	[POLICY_REASON_PROOF] = { "proof-mismatch",
	    "Access denied." },
	[POLICY_REASON_METHOD] = { "method-unknown", "Access denied." },
	[POLICY_REASON_PURPOSE] = { "certificate-purpose",
	    "The certificate on this card is not meant for this login." },
	[POLICY_REASON_POLICY] = { "certificate-policy",
	    "The certificate on this card was not issued for this login." },
	[POLICY_REASON_KEY] = { "certificate-key-too-small",
	    "The key on this card is too short." },
	[POLICY_REASON_AGE] = { "certificate-too-old",
	    "The certificate on this card is too old. Please renew it." },
	[POLICY_REASON_RULE] = { "denied-by-rule", "Access denied." },
	[POLICY_REASON_NO_RULE] = { "no-rule", "Access denied." },
	[POLICY_REASON_CANNOT_TELL] = { "cannot-tell", "Access denied." },
	[POLICY_REASON_NETWORK] = { "other-network",
	    "The login does not come from the network that you are in." },
	[POLICY_REASON_CODE] = { "wrong-code",
	    "The code is wrong, or is not valid any more." },
	[POLICY_REASON_DECLINED] = { "declined", "The login was declined." },
};

const char *
policy_reason_word(enum policy_reason reason)
{
	return reasons[reason < POLICY_REASON_COUNT ? reason : 0].word;
}

const char *
policy_reason_sentence(enum policy_reason reason)
{
	return reasons[reason < POLICY_REASON_COUNT ? reason : 0].sentence;
}

char *
policy_message(const struct policy_decision *decision,
    char out[POLICY_MESSAGE_MAX])
{
	const char *sentence = policy_reason_sentence(decision->reason);

	if (decision->verdict != MTLS_VERDICT_ALLOW)
		(void)snprintf(out, POLICY_MESSAGE_MAX, "%s", sentence);
	else if (decision->expires_days > 1)
		(void)snprintf(out, POLICY_MESSAGE_MAX, "The certificate on "
		    "this card expires in %u days. Please renew it.",
		    decision->expires_days);
	else if (decision->expires_days == 1)
		(void)snprintf(out, POLICY_MESSAGE_MAX, "The certificate on "
		    "this card expires within a day. Please renew it.");
	else
		out[0] = '\0';
	return out;
}
