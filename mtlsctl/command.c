/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks up the subcommand, runs it and says how it ended. The one place that
 * prints failures; the process can hold a PIN or a key, so it leaves no core
 * and cannot be traced.
 */
#include "config.h"

#include "mtlsctl/command.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "mtls/text.h"

static void say(const char *before, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
say(const char *before, const char *format, va_list ap)
{
	char text[1024];
	char shown[2 * sizeof(text)];

	vsnprintf(text, sizeof(text), format, ap);
	mtls_text_make_line(text);
	snprintf(shown, sizeof(shown), "%s%s\n", before, text);
	fputs(shown, stderr);
	fflush(stderr);
}

void
ctl_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("", format, ap);
	va_end(ap);
}

void
ctl_nothing(struct ctl *ctl)
{
	ctl_note("Nothing was found.");
	ctl->exit_status = CTL_NOTHING;
}

void
ctl_warn(struct ctl *ctl, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("mtlsctl: warning: ", format, ap);
	va_end(ap);
	ctl->exit_status = CTL_NOTHING;
}

/* Words of a command's name that argv begins with; 0: it is another one. */
static int
matches(const char *name, int argc, char *const argv[])
{
	int n = 0;

	for (;;) {
		size_t len = strcspn(name, " ");

		if (n == argc || strlen(argv[n]) != len ||
		    memcmp(argv[n], name, len) != 0)
			return 0;
		n++;
		if (name[len] == '\0')
			return n;
		name += len + 1;
	}
}

/* Whether argv is the beginning of the command's name. */
static int
is_family(const char *name, int argc, char *const argv[])
{
	for (int i = 0; i < argc; i++) {
		size_t len = strcspn(name, " ");

		if (strlen(argv[i]) != len ||
		    memcmp(argv[i], name, len) != 0)
			return 0;
		name += len;
		name += *name == ' ';
	}
	return 1;
}

static int
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static void
help_option(FILE *out, const struct ctl_option *option)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", option->name,
	    option->argument != NULL ? " " : "",
	    option->argument != NULL ? option->argument : "");
	fprintf(out, "    %-22s  %s\n", left, option->help);
}

static void
help_command(FILE *out, const struct ctl_command *command)
{
	fprintf(out, "usage: mtlsctl %s %s\n%s.\n\n", command->name,
	    command->arguments, command->about);
	for (const struct ctl_option *o = command->options; o->name != NULL;
	    o++)
		help_option(out, o);
}

/* Everything about the commands that argv names or begins to name. */
static int
help(FILE *out, int argc, char *const argv[])
{
	int n = 0;

	for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++)
		n += is_family(c->name, argc, argv);
	if (n == 0) {
		fputs("mtlsctl: there is no such command; "
		    "\"mtlsctl help\" lists them\n", stderr);
		return CTL_ERROR;
	}
	if (argc == 0)
		fputs("usage: mtlsctl COMMAND ...\n\n", out);
	for (const struct ctl_command *c = ctl_commands; c->name != NULL;
	    c++) {
		if (!is_family(c->name, argc, argv))
			continue;
		if (n == 1)
			help_command(out, c);
		else
			fprintf(out, "  %-20s %s\n", c->name, c->about);
	}
	if (n > 1)
		fputs("\n\"mtlsctl help COMMAND\" says more about one; "
		    "see mtlsctl(1).\n", out);
	return CTL_OK;
}

static void
print_failure(const struct ctl_command *command, const struct mtls_err *err)
{
	ctl_note("mtlsctl %s: %s", command->name, err->text);
	if (err->status == MTLS_E_USAGE)
		ctl_note("\"mtlsctl help %s\" says how.", command->name);
}

static int
run(const struct ctl_command *command, int argc, char *const argv[])
{
	struct ctl ctl = { NULL, CTL_OK };
	struct mtls_err err;
	enum mtls_status status;

	if (argc > 0 && is_help(argv[0])) {
		help_command(stdout, command);
		return CTL_OK;
	}
	mtls_err_clear(&err);
	status = mtls_tls_new(&ctl.tls, &err);
	if (status == MTLS_OK)
		status = command->run(&ctl, argc, argv, &err);
	if (status == MTLS_OK && fflush(stdout) != 0)
		status = mtls_fail(&err, MTLS_E_SYSTEM,
		    "the output could not be written");
	mtls_tls_free(ctl.tls);
	if (status == MTLS_OK)
		return ctl.exit_status;
	print_failure(command, &err);
	return CTL_ERROR;
}

int
ctl_main(int argc, char *const argv[])
{
	static const struct rlimit no_core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Both come back as errors, and leave no file half written. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	argc--;
	argv++;
	if (argc == 0) {
		(void)help(stderr, 0, argv);
		return CTL_ERROR;
	}
	if (strcmp(argv[0], "help") == 0 || is_help(argv[0]))
		return help(stdout, argc - 1, argv + 1);
	if (strcmp(argv[0], "--version") == 0) {
		puts("mtlsctl " PACKAGE_VERSION);
		return fflush(stdout) == 0 ? CTL_OK : CTL_ERROR;
	}
	for (const struct ctl_command *c = ctl_commands; c->name != NULL;
	    c++) {
		int n = matches(c->name, argc, argv);

		if (n > 0)
			return run(c, argc - n, argv + n);
	}
	(void)help(stderr, 1, argv);
	return CTL_ERROR;
}
