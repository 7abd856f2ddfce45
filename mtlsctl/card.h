/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The card that a token subcommand works with: which library, which card, and
 * the login to it.
 */
#ifndef MTLSCTL_CARD_H
#define MTLSCTL_CARD_H

#include "mtls/pkcs11.h"
#include "mtls/status.h"
#include "mtlsctl/command.h"
#include "mtlsctl/pin.h"

/* Options that every one of them has. */
struct card_settings {
	const char *module0;	/* NULL: [token] module of pam_mtls.conf */
	const char *uri0;	/* RFC 7512 */
	const char *label0;	/* --token: the token's label */
	struct pin_source pin;
	int last_try;		/* the last try may be spent */
};

#define CARD_SETTINGS_INIT { NULL, NULL, NULL, { PIN_NO_FD }, 0 }

/* struct is the settings of the subcommand, member a card_settings in it. */
#define CARD_OPTIONS(type, member) \
	{ "module", CTL_TEXT, offsetof(type, member.module0), 0, 0, NULL, \
	    "PATH", "the PKCS#11 library (as in pam_mtls.conf)", 0 }, \
	{ "uri", CTL_TEXT, offsetof(type, member.uri0), 0, 0, NULL, \
	    "URI", "which card or certificate, as pkcs11:token=...", 0 }, \
	{ "token", CTL_TEXT, offsetof(type, member.label0), 0, 0, NULL, \
	    "LABEL", "which card, by its label", 0 }

#define CARD_PIN_OPTIONS(type, member) \
	{ "pin-fd", CTL_NUMBER, offsetof(type, member.pin.fd), 0, 1023, \
	    NULL, "N", "read the PIN from descriptor N, not the terminal", \
	    0 }, \
	{ "last-try", CTL_FLAG, offsetof(type, member.last_try), 0, 0, NULL, \
	    NULL, "a PIN may be tried although it is the last try", 0 }

struct card {
	struct mtls_pkcs11 *library;
	struct mtls_pkcs11_list list;
	struct mtls_pkcs11_session *session;	/* NULL before card_login() */
	struct mtls_secret *pin;	/* lives as long as the session */
	uint32_t pin_flags;
};

/* Loads the library and lists what fits --uri or --token. */
enum mtls_status card_open(const struct card_settings *settings,
    struct card *ret, struct mtls_err *err);
void card_close(struct card *card);	/* safe on a zeroed one */

/* The one card that is there; USAGE with their labels if more than one is. */
enum mtls_status card_choose(const struct card *card,
    const struct mtls_pkcs11_token **ret, struct mtls_err *err);

/*
 * A session to write to the token, after the PIN was asked for, at most once:
 * from the person, from --pin-fd, or at the reader. What the token has left
 * of tries is part of the sentence when it fails.
 */
enum mtls_status card_login(struct card *card,
    const struct card_settings *settings,
    const struct mtls_pkcs11_token *token, struct mtls_err *err);

/*
 * NULL if the certificate could be used for a login now, as far as the card
 * shows; otherwise why not, a word or two, static.
 */
const char *card_why_not(const struct mtls_pkcs11_list *list,
    const struct mtls_pkcs11_cert *cert);

#endif
