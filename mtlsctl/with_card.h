/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For subcommands that ask a verifier something in the name of the person who
 * runs them: settings, card, PIN and connection. "mtlsctl token" works with a
 * card itself (card.h); here mtls-token does, as at a login.
 */
#ifndef MTLSCTL_WITH_CARD_H
#define MTLSCTL_WITH_CARD_H

#include "client/person.h"
#include "mtlsctl/command.h"
#include "mtlsctl/pin.h"

/* Options that every one of them has. */
struct with_card_settings {
	const char *config;
	struct pin_source pin;
	uint32_t deadline_s;
};

#define WITH_CARD_SETTINGS_INIT { MTLS_CONFIG_FILE, { PIN_NO_FD }, 120 }

/* type is the settings of the subcommand, member a with_card_settings in
 * it. */
#define WITH_CARD_OPTIONS(type, member) \
	{ "config", CTL_TEXT, offsetof(type, member.config), 0, 0, NULL, \
	    "FILE", "other settings than pam_mtls.conf", 0 }, \
	{ "deadline", CTL_NUMBER, offsetof(type, member.deadline_s), 1, \
	    600, NULL, "SECONDS", "when to give up (120)", 0 }, \
	{ "pin-fd", CTL_NUMBER, offsetof(type, member.pin.fd), 0, 1023, \
	    NULL, "N", "read the PIN from descriptor N, not the terminal", \
	    0 }

struct with_card {
	struct client_settings *settings;
	struct person *person;
};

#define WITH_CARD_NONE { NULL, NULL }

/*
 * Reads the settings and opens a person with them (client/person.h). USAGE
 * and CONFIG where the settings will not do. with_card_close() afterwards,
 * whatever came of it.
 */
enum mtls_status with_card_open(struct ctl *ctl,
    const struct with_card_settings *settings, struct with_card *ret,
    struct mtls_err *err);
void with_card_close(struct with_card *w);	/* also one that is NONE */

/* The settings alone. An absolute path; symbolic links are followed. */
enum mtls_status with_card_read_settings(const char *config,
    struct client_settings **ret, struct mtls_err *err);

/* Questions go to the terminal, the PIN comes from where pin, which is
 * borrowed, says. */
struct person_talk with_card_talk(const struct pin_source *pin);

#endif
