/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The person at this terminal.
 */
#include "config.h"

#include "mtlsctl/with_card.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mtlsctl/terminal.h"

static enum mtls_status
on_ask(void *arg, const char *text, char *answer, size_t size,
    struct mtls_err *err)
{
	(void)arg;
	return terminal_ask(text, TERMINAL_ECHO, answer, size, err);
}

/* The PIN goes to the descriptor, and nowhere else. */
static enum mtls_status
on_ask_pin(void *arg, const char *text, int pin_fd, struct mtls_err *err)
{
	const struct pin_source *source = arg;
	char pin[PIN_SIZE];

	if (pin_read(source, text, pin, err) == MTLS_OK &&
	    send(pin_fd, pin, strlen(pin), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(pin))
		(void)mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "the PIN could not be handed over");
	mtls_wipe_array(pin);
	return err->status;
}

static void
on_tell(void *arg, const char *text)
{
	(void)arg;
	ctl_note("%s", text);
}

struct person_talk
with_card_talk(const struct pin_source *pin)
{
	struct person_talk talk = { on_ask, on_ask_pin, on_tell,
	    (void *)(uintptr_t)pin };

	return talk;
}

/* libevent's complaints are about what shows as a failure anyway. */
static void
drop_libevent_line(int severity, const char *line)
{
	(void)severity;
	(void)line;
}

enum mtls_status
with_card_read_settings(const char *config, struct client_settings **ret,
    struct mtls_err *err)
{
	char *path;

	/* People write relative names. */
	path = realpath(config, NULL);
	if (path == NULL)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno, "%s",
		    config);
	if (client_settings_read(path, ret, err) == MTLS_E_NOT_FOUND)
		err->status = MTLS_E_CONFIG;
	free(path);
	return err->status;
}

enum mtls_status
with_card_open(struct ctl *ctl, const struct with_card_settings *settings,
    struct with_card *ret, struct mtls_err *err)
{
	struct person_options o = { ctl->tls, NULL, MTLS_TOKEN_PATH,
	    mtls_deadline_in_ms(settings->deadline_s * 1000u),
	    with_card_talk(&settings->pin) };

	event_set_log_callback(drop_libevent_line);
	if (with_card_read_settings(settings->config, &ret->settings, err) !=
	    MTLS_OK)
		return err->status;
	o.settings = ret->settings;
	return person_open(&o, &ret->person, err);
}

void
with_card_close(struct with_card *w)
{
	person_close(w->person);
	client_settings_free(w->settings);
	w->person = NULL;
	w->settings = NULL;
}
