/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a subcommand is. One table in commands.c names them all; each is one
 * function in a file of its own.
 *
 * Exit status of mtlsctl: 0 done; 1 an error, with a sentence on stderr; 2
 * nothing was found, or it was done and there is a warning.
 */
#ifndef MTLSCTL_COMMAND_H
#define MTLSCTL_COMMAND_H

#include "mtls/status.h"
#include "mtls/tls.h"
#include "mtlsctl/options.h"

enum ctl_exit { CTL_OK = 0, CTL_ERROR = 1, CTL_NOTHING = 2 };

/* One run of mtlsctl. */
struct ctl {
	struct mtls_tls *tls;
	enum ctl_exit exit_status;	/* CTL_OK, or CTL_NOTHING */
};

/*
 * Runs one subcommand; argv has what follows its name. A failure is printed
 * by the caller; warnings are printed by ctl_warn().
 */
typedef enum mtls_status (*ctl_run_fn)(struct ctl *ctl, int argc,
    char *const argv[], struct mtls_err *err);

struct ctl_command {
	const char *name;		/* "ca issue user" */
	const char *arguments;		/* "--ca DIR --name NAME ..." */
	const char *about;		/* one line */
	const struct ctl_option *options;
	ctl_run_fn run;
};

/* Ends with an entry whose name is NULL. */
extern const struct ctl_command ctl_commands[];

/*
 * The whole of mtlsctl: looks the subcommand up, runs it, prints the failure.
 * Returns the exit status.
 */
int ctl_main(int argc, char *const argv[]);

/* Says something on stderr that is not data: progress, what comes next. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for something that somebody should look at: exit status 2. */
void ctl_warn(struct ctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that nothing was found: exit status 2. */
void ctl_nothing(struct ctl *ctl);

#define CTL_COMMAND(function) \
	enum mtls_status function(struct ctl *ctl, int argc, \
	    char *const argv[], struct mtls_err *err)

#endif
