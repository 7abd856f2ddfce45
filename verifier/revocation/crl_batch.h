/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The lists that a set of files holds, by CA. Private to revocation*.c.
 */
#ifndef VERIFIER_CRL_BATCH_H
#define VERIFIER_CRL_BATCH_H

#include "mtls/status.h"
#include "mtls/tls.h"

#include "crl.h"
#include "crl_files.h"
#include "revocation.h"

struct crl_batch {
	struct revocation *r;
	struct mtls_tls *tls;
	int is_lenient;		/* what cannot be read does not stop it */
	struct crl **bases, **deltas;	/* by CA, may be NULL */
	size_t n_foreign;
	size_t n_entries;	/* of all lists that were read */
};

/* batch_done() is to be called also where this fails. */
enum mtls_status crl_batch_init(struct crl_batch *b, struct revocation *r,
    struct mtls_tls *tls, struct mtls_err *err);
void crl_batch_done(struct crl_batch *b);

/* Adds the lists of one file. CONFIG with the file. */
enum mtls_status crl_batch_file(struct crl_batch *b, const char *path,
    struct mtls_err *err);

/*
 * Reads all files and what was fetched, and puts the deltas on their bases.
 * Returns the first that was wrong; a lenient batch has all others.
 */
enum mtls_status crl_batch_read(struct crl_batch *b,
    const struct crl_files *files, struct mtls_err *err);

#endif
