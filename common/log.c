/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One event, one line. Values come from cards, networks and login prompts:
 * each is escaped and cut, so that none can end the line, look like another
 * key or push out what follows. The line is on the heap; without memory a
 * line that says so is better than none.
 */
#include "config.h"

#include "mtls/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mtls/text.h"

/* Bytes of one value in a line, with its NUL. */
#define VALUE_MAX 160
#define VALUE_LONG_MAX 320

static const char *
key_word(enum mtls_log_key key)
{
	switch (key) {
	case MTLS_KEY_REQUEST:
		return "request";
	case MTLS_KEY_USER:
		return "user";
	case MTLS_KEY_SERVICE:
		return "service";
	case MTLS_KEY_HOST:
		return "host";
	case MTLS_KEY_TTY:
		return "tty";
	case MTLS_KEY_RHOST:
		return "rhost";
	case MTLS_KEY_METHOD:
		return "method";
	case MTLS_KEY_VERIFIER:
		return "verifier";
	case MTLS_KEY_TOKEN:
		return "token";
	case MTLS_KEY_CERT:
		return "cert";
	case MTLS_KEY_PEER:
		return "peer";
	case MTLS_KEY_VERDICT:
		return "verdict";
	case MTLS_KEY_REASON:
		return "reason";
	case MTLS_KEY_STATUS:
		return "status";
	case MTLS_KEY_FILE:
		return "file";
	case MTLS_KEY_PHASE:
		return "phase";
	case MTLS_KEY_MS:
		return "ms";
	case MTLS_KEY_DEVICE:
		return "device";
	case MTLS_KEY_METRICS:
		return "metrics";
	case MTLS_KEY_TLS:
		return "tls";
	case MTLS_KEY_SUPPRESSED:
		return "suppressed";
	case MTLS_KEY_SEQ:
		return "seq";
	case MTLS_KEY_HASH:
		return "hash";
	case MTLS_KEY_END:
	case MTLS_KEY_COUNT:
		break;
	}
	return "unknown";
}

struct line {
	char text[MTLS_LOG_LINE_MAX];
	size_t len;
	char value[VALUE_LONG_MAX];
};

/* A pair that does not fit is left out whole. */
static void
add_text(struct line *l, const char *key, const char *value,
    const char *quote)
{
	size_t room = sizeof(l->text) - l->len;
	int n;

	n = snprintf(l->text + l->len, room, " %s=%s%s%s", key, quote, value,
	    quote);
	if (n < 0 || (size_t)n >= room)
		l->text[l->len] = '\0';
	else
		l->len += (size_t)n;
}

/* A value with a quote in it: the quote becomes what it is escaped to. */
static void
escape_quotes(char *value, size_t size)
{
	static const char escaped[] = "\\x22";
	const size_t more = sizeof(escaped) - 2;
	char *quote = value;

	while ((quote = strchr(quote, '"')) != NULL) {
		if (strlen(value) + more >= size) {
			*quote = '\0';
			return;
		}
		memmove(quote + 1 + more, quote + 1, strlen(quote + 1) + 1);
		memcpy(quote, escaped, sizeof(escaped) - 1);
	}
}

static void
add_pair(struct line *l, enum mtls_log_key key, const char *value)
{
	int is_long = key == MTLS_KEY_REASON || key == MTLS_KEY_CERT ||
	    key == MTLS_KEY_TLS;
	size_t size = is_long ? VALUE_LONG_MAX : VALUE_MAX;
	int quoted;

	mtls_text_printable(l->value, size, value);
	escape_quotes(l->value, size);
	quoted = value[0] == '\0' || strpbrk(value, " =\"") != NULL;
	add_text(l, key_word(key), l->value, quoted ? "\"" : "");
}

static void
add_pairs(struct line *l, va_list ap)
{
	enum mtls_log_key key;
	const char *value;

	for (;;) {
		key = (enum mtls_log_key)va_arg(ap, int);
		if (key <= MTLS_KEY_END || key >= MTLS_KEY_COUNT)
			return;
		value = va_arg(ap, const char *);
		if (value != NULL)
			add_pair(l, key, value);
	}
}

static int
is_wanted(const struct mtls_log *log, enum mtls_log_level level)
{
	return log != NULL && log->sink != NULL && level <= log->max;
}

static struct line *
line_begin(const struct mtls_log *log, enum mtls_log_level level,
    const char *event)
{
	struct line *l = malloc(sizeof(*l));

	if (l == NULL) {
		log->sink(log->arg, level, "out-of-memory");
		log->sink(log->arg, level, event);
		return NULL;
	}
	mtls_text_printable(l->text, VALUE_MAX, event);
	l->len = strlen(l->text);
	return l;
}

void
mtls_log_event(const struct mtls_log *log, enum mtls_log_level level,
    const char *event, ...)
{
	int saved_errno = errno;
	struct line *l;
	va_list ap;

	if (!is_wanted(log, level))
		return;
	l = line_begin(log, level, event);
	if (l != NULL) {
		va_start(ap, event);
		add_pairs(l, ap);
		va_end(ap);
		log->sink(log->arg, level, l->text);
		free(l);
	}
	errno = saved_errno;
}

void
mtls_log_err(const struct mtls_log *log, enum mtls_log_level level,
    const char *event, const struct mtls_err *err, ...)
{
	int saved_errno = errno;
	struct line *l;
	va_list ap;

	if (!is_wanted(log, level))
		return;
	l = line_begin(log, level, event);
	if (l != NULL) {
		/* First: what is known by us goes before what others say. */
		add_pair(l, MTLS_KEY_STATUS, mtls_status_word(err->status));
		add_pair(l, MTLS_KEY_REASON, err->text);
		va_start(ap, err);
		add_pairs(l, ap);
		va_end(ap);
		log->sink(log->arg, level, l->text);
		free(l);
	}
	errno = saved_errno;
}

void
mtls_log_to_stderr(void *arg, enum mtls_log_level level, const char *line)
{
	static const char *const prefixes[] = {
		[MTLS_LOG_ERR] = "<3>",
		[MTLS_LOG_WARNING] = "<4>",
		[MTLS_LOG_NOTICE] = "<5>",
		[MTLS_LOG_DEBUG] = "<7>",
	};
	char newline[] = "\n";
	char prefix[4] = "<3>";
	struct iovec iov[3];
	ssize_t n;

	(void)arg;
	if (level <= MTLS_LOG_DEBUG)
		memcpy(prefix, prefixes[level], sizeof(prefix));
	iov[0].iov_base = prefix;
	iov[0].iov_len = 3;
	iov[1].iov_base = (void *)(uintptr_t)line;
	iov[1].iov_len = strlen(line);
	iov[2].iov_base = newline;
	iov[2].iov_len = 1;
	/* One call, so that lines of several processes do not mix. */
	do {
		n = writev(STDERR_FILENO, iov, 3);
	} while (n < 0 && errno == EINTR);
}
