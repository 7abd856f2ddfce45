/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripted helper: lines of a script to steps. Tests only.
 */
#include "config.h"

#include "fake_helper_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct step {
	const char *word;
	int n_min, n_max;	/* words, with the first */
	void (*play)(struct fake *f, int n, char *words[]);
};

static void
step_close(struct fake *f, int n, char *words[])
{
	(void)n;
	(void)words;
	close(f->fd);
	f->fd = -1;
}

static void
step_shut(struct fake *f, int n, char *words[])
{
	(void)n;
	shutdown(f->fd, strcmp(words[1], "rd") == 0 ? SHUT_RD : SHUT_WR);
}

static void
step_accept(struct fake *f, int n, char *words[])
{
	(void)n;
	(void)words;
	if (f->fd != -1)
		close(f->fd);
	f->fd = accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (f->fd == -1)
		fake_complain(f, "accept: %s", strerror(errno));
}

static void
done(struct fake *f)
{
	fprintf(f->report, "done\n");
	fflush(f->report);
}

static void
step_exit(struct fake *f, int n, char *words[])
{
	(void)n;
	done(f);
	_exit(atoi(words[1]));
}

static void
step_signal(struct fake *f, int n, char *words[])
{
	(void)n;
	done(f);
	raise(atoi(words[1]));
}

static void
step_write(struct fake *f, int n, char *words[])
{
	size_t len = strlen(words[1]);

	(void)n;
	if (write(1, words[1], len) == -1 || write(2, words[1], len) == -1)
		fake_complain(f, "write: %s", strerror(errno));
}

static void
step_note(struct fake *f, int n, char *words[])
{
	(void)n;
	fprintf(f->report, "%s\n", words[1]);
	fflush(f->report);
}

static const struct step steps[] = {
	{ "accept", 1, 1, step_accept },
	{ "agent", 3, 4, fake_step_agent },
	{ "ask", 2, 4, fake_step_ask },
	{ "big", 2, 2, fake_step_big },
	{ "close", 1, 1, step_close },
	{ "eof", 1, 1, fake_step_eof },
	{ "exit", 2, 2, step_exit },
	{ "fds", 2, 2, fake_step_fds },
	{ "flood", 2, 2, fake_step_flood },
	{ "login", 1, FAKE_WORDS_MAX, fake_step_login },
	{ "mutate", 3, 3, fake_step_mutate },
	{ "note", 2, 2, step_note },
	{ "only-env", 1, FAKE_WORDS_MAX, fake_step_only_env },
	{ "only-fds", 2, 2, fake_step_only_fds },
	{ "raw", 2, FAKE_WORDS_MAX, fake_step_raw },
	{ "relay", 2, 4, fake_step_relay },
	{ "result", 2, FAKE_WORDS_MAX, fake_step_result },
	{ "secret", 2, 4, fake_step_secret },
	{ "secret-last", 2, 2, fake_step_secret_last },
	{ "secret-on", 3, 3, fake_step_secret_on },
	{ "shut", 2, 2, step_shut },
	{ "signal", 2, 2, step_signal },
	{ "silence", 1, 1, fake_step_eof },
	{ "tell", 3, 3, fake_step_tell },
	{ "unread", 1, 1, fake_step_unread },
	{ "write", 2, 2, step_write },
	{ NULL, 0, 0, NULL }
};

static void
play_line(struct fake *f, char *line)
{
	char *words[FAKE_WORDS_MAX];
	char **first = words;
	const struct step *s = steps;
	int n = fake_words(line, words);

	if (n == 0)
		return;
	f->maybe = n > 1 && strcmp(words[0], "maybe") == 0;
	n -= f->maybe;
	first += f->maybe;
	while (n > 0 && s->word != NULL && strcmp(s->word, first[0]) != 0)
		s++;
	if (n < 0 || s->word == NULL || n < s->n_min || n > s->n_max)
		fake_complain(f, "this is no step: %s", line);
	else
		s->play(f, n, first);
}

void
fake_helper_play(int listen_fd, int fd, const char *script, FILE *report)
{
	struct fake f = { .listen_fd = listen_fd, .fd = fd, .secret_fd = -1,
		.report = report };
	char accept_word[] = "accept";
	char *copy = strdup(script);
	char *rest = copy;
	char *line;

	if (fd == -1)
		play_line(&f, accept_word);
	while (copy != NULL && (line = strsep(&rest, "\n")) != NULL) {
		f.line++;
		play_line(&f, line);
	}
	if (f.fd != -1)
		close(f.fd);
	if (f.secret_fd != -1)
		close(f.secret_fd);
	mtls_message_clear(&f.message);
	free(copy);
	done(&f);
}
