/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A syslog of our own, in the place of libc's: libpam calls what the program
 * defines. RIG_LOG=1 in the environment shows the lines. Tests only.
 */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam_rig.h"

/* What glibc's headers make of syslog(3) with and without fortification. */
void syslog(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3), visibility("default")));
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4), visibility("default")));
void vsyslog(int priority, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0), visibility("default")));
void __vsyslog_chk(int priority, int flag, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0), visibility("default")));

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char text[256 * 1024];
static size_t used;
static int pass_on;

static void
really_log(int priority, const char *format, va_list ap)
{
	void (*real)(int, const char *, va_list);
	void *symbol = dlsym(RTLD_NEXT, "vsyslog");

	memcpy(&real, &symbol, sizeof(real));
	real(priority, format, ap);
}

void
vsyslog(int priority, const char *format, va_list ap)
{
	va_list copy;
	size_t before;
	size_t room;
	int n;

	pthread_mutex_lock(&mutex);
	before = used;
	va_copy(copy, ap);
	if (pass_on)
		really_log(priority, format, copy);
	va_end(copy);
	room = sizeof(text) - used;
	n = snprintf(text + used, room, "<%d>", priority & 7);
	if (n > 0 && (size_t)n < room)
		used += (size_t)n;
	room = sizeof(text) - used;
	n = vsnprintf(text + used, room, format, ap);
	if (n > 0 && (size_t)n + 1 < room) {
		used += (size_t)n;
		text[used++] = '\n';
		text[used] = '\0';
		if (getenv("RIG_LOG") != NULL)
			fprintf(stderr, "%s", text + before);
	}
	pthread_mutex_unlock(&mutex);
}

void
__vsyslog_chk(int priority, int flag, const char *format, va_list ap)
{
	(void)flag;
	vsyslog(priority, format, ap);
}

void
syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsyslog(priority, format, ap);
	va_end(ap);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	vsyslog(priority, format, ap);
	va_end(ap);
}

void
rig_log_pass_on(int yes)
{
	pass_on = yes;
}

const char *
rig_log(void)
{
	return text;
}

void
rig_log_clear(void)
{
	used = 0;
	text[0] = '\0';
}

int
rig_log_lines(const char *word)
{
	const char *p = text;
	int n = 0;

	while ((p = strstr(p, word)) != NULL) {
		n++;
		p += strcspn(p, "\n");
	}
	return n;
}
