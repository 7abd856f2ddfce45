/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Exchanging the generation for that of the file. Reading it takes as long as
 * the files are large, and asks the machine's name service: a thread does
 * that, while the event loops go on with the old one.
 */
#ifndef VERIFIER_RELOAD_H
#define VERIFIER_RELOAD_H

#include "mtls/status.h"

struct reload;
struct server;

/* server has its base, loops and keeper before the first reload. */
enum mtls_status reload_new(struct server *server, struct reload **ret,
    struct mtls_err *err);

/*
 * Begins one; where one is under way, the next begins after it, for it may
 * have read what was changed since. How it ends is logged, told to the
 * service manager and counted in the server: all loops use what was read, or
 * nothing has changed.
 */
void reload_begin(struct reload *reload);

/*
 * Waits for the end of what is being read, which is not used any more.
 * Before the loops are freed. NULL is a no-op.
 */
void reload_free(struct reload *reload);

#endif
