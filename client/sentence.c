/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Status -> sentence, and the texts of the questions. A label that comes
 * from a card is made printable and cut before anybody sees it.
 */
#include "config.h"

#include "client/sentence.h"

#include <stdio.h>

#include "mtls/login.h"
#include "mtls/text.h"

#define LABEL_MAX 64

const char *
sentence_for_status(enum mtls_status status)
{
	static const char later[] =
	    "The login cannot be verified at the moment.";
	static const char set_up[] =
	    "The login cannot be verified: this machine is not set up for it.";

	switch (status) {
	case MTLS_OK:
	case MTLS_E_CONVERSATION:
	case MTLS_E_AGAIN:
	case MTLS_E_CANCELLED:
		return "";
	case MTLS_E_CONFIG:
	case MTLS_E_PERMISSION:
	case MTLS_E_NOT_FOUND:
	case MTLS_E_USAGE:
		return set_up;
	case MTLS_E_MEMORY:
	case MTLS_E_SYSTEM:
	case MTLS_E_PROTOCOL:
	case MTLS_E_CLOSED:
	case MTLS_E_TIMEOUT:
	case MTLS_E_UNAVAILABLE:
	case MTLS_E_PEER:
	case MTLS_E_CRYPTO:
		return later;
	case MTLS_E_REFUSED:
		return "The login was refused.";
	case MTLS_E_TOKEN_ABSENT:
		return "Insert your smart card and try again.";
	case MTLS_E_TOKEN_UNUSABLE:
		return "This smart card cannot be used for this login.";
	case MTLS_E_TOKEN_FAILED:
		return "The smart card failed. Take it out, insert it and "
		    "try again.";
	case MTLS_E_PIN_WRONG:
		return "Wrong PIN.";
	case MTLS_E_PIN_LOCKED:
		return "The PIN of this smart card is locked.";
	case MTLS_E_LIMITED:
		return "There were too many logins. Try again in a few "
		    "minutes.";
	case MTLS_STATUS_COUNT:
		break;
	}
	return later;
}

/* "One try left.", "2 tries left." or "": what is known, in words. */
static const char *
tries_left(uint32_t pin_flags, uint32_t tries)
{
	if (pin_flags & MTLS_PIN_LOCKED)
		return "The PIN is locked now.";
	if (pin_flags & MTLS_PIN_FINAL_TRY)
		return "One try left.";
	/* Between a full counter and the last try there is one state. */
	if ((pin_flags & MTLS_PIN_COUNT_LOW) && tries == 3)
		return "2 tries left.";
	if (pin_flags & MTLS_PIN_COUNT_LOW)
		return "Some tries are spent.";
	return "";
}

const char *
sentence_wrong_pin(uint32_t pin_flags, uint32_t tries, char *out,
    size_t size)
{
	const char *left;

	left = tries_left(pin_flags, tries);
	(void)snprintf(out, size, "Wrong PIN.%s%s", *left == '\0' ? "" : " ",
	    left);
	return out;
}

/* The label as it can be shown; "the smart card" where it has none. */
static const char *
shown_label(const char *label, char *out, size_t size)
{
	if (label == NULL || *label == '\0')
		return "the smart card";
	return mtls_text_printable(out, size, label);
}

const char *
sentence_pin_prompt(const char *token_label, uint32_t pin_flags,
    uint32_t tries, char *out, size_t size)
{
	char label[LABEL_MAX];
	const char *left;

	left = tries_left(pin_flags, tries);
	(void)snprintf(out, size, "%s%sPIN for %s: ", left,
	    *left == '\0' ? "" : " ",
	    shown_label(token_label, label, sizeof(label)));
	return out;
}

const char *
sentence_last_try(const char *token_label, char *out, size_t size)
{
	char label[LABEL_MAX];

	(void)snprintf(out, size, "One more wrong PIN locks %s. "
	    "Type yes to use the last try: ",
	    shown_label(token_label, label, sizeof(label)));
	return out;
}

const char *
sentence_pin_pad(void)
{
	return "Enter the PIN at the reader.";
}

const char *
sentence_no_agent(void)
{
	return "Your ssh-agent cannot be reached. Connect with ssh -A.";
}

const char *
sentence_no_agent_key(void)
{
	return "Your ssh-agent has no key for this login.";
}

const char *
sentence_agent_refused(void)
{
	return "Your ssh-agent did not sign.";
}
