/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the person at the login is told. Fixed sentences; reasons go to the
 * log only.
 */
#ifndef CLIENT_SENTENCE_H
#define CLIENT_SENTENCE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

#define SENTENCE_MAX 400

/* The sentence for the end of a login with this status; "" for none. */
const char *sentence_for_status(enum mtls_status status);

/*
 * After a wrong PIN: "Wrong PIN." and what the card says about the tries
 * left. tries: how many the card allows, 0 where that is not known.
 */
const char *sentence_wrong_pin(uint32_t pin_flags, uint32_t tries,
    char *out, size_t size);

/* "PIN for Alice's card: ", with what is left of the tries before it. */
const char *sentence_pin_prompt(const char *token_label, uint32_t pin_flags,
    uint32_t tries, char *out, size_t size);

/* What is asked before the last try is spent. */
const char *sentence_last_try(const char *token_label, char *out,
    size_t size);

/* No agent that could be asked; one without a key for this; one that said
 * no. */
const char *sentence_no_agent(void);
const char *sentence_no_agent_key(void);
const char *sentence_agent_refused(void);

/* Shown when the PIN is entered at the reader. */
const char *sentence_pin_pad(void);

#endif
