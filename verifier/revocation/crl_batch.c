/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading files of CRLs: which list is whose, the newest of each CA, and
 * deltas on top of it.
 */
#include "config.h"

#include "crl_batch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "mtls/pem.h"

#include "revocation_internal.h"

/* From here on memory is given back to the system. */
#define TRIM_ENTRIES 10000

static enum mtls_status
out_of_memory(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
}

enum mtls_status
crl_batch_init(struct crl_batch *b, struct revocation *r,
    struct mtls_tls *tls, struct mtls_err *err)
{
	memset(b, 0, sizeof(*b));
	b->r = r;
	b->tls = tls;
	b->bases = calloc(r->n_cas + 1, sizeof(struct crl *));
	b->deltas = calloc(r->n_cas + 1, sizeof(struct crl *));
	return b->bases == NULL || b->deltas == NULL ? out_of_memory(err) :
	    MTLS_OK;
}

void
crl_batch_done(struct crl_batch *b)
{
	for (size_t i = 0; i < b->r->n_cas; i++) {
		if (b->bases != NULL)
			crl_free(b->bases[i]);
		if (b->deltas != NULL)
			crl_free(b->deltas[i]);
	}
	free(b->bases);
	free(b->deltas);
	/* A parsed list takes twenty times what is kept of it. */
	if (b->n_entries >= TRIM_ENTRIES)
		(void)malloc_trim(0);
}

/* The newest of the lists of a CA stays. */
static void
keep_newer(struct crl **kept, struct crl *crl)
{
	if (*kept != NULL && crl_compare(crl, *kept) <= 0) {
		crl_free(crl);
		return;
	}
	crl_free(*kept);
	*kept = crl;
}

/*
 * Gives the list to every CA whose key made it: one, or more where a CA has
 * several certificates. A name without the key is a mistake or worse.
 */
static enum mtls_status
take_crl(struct crl_batch *b, X509_CRL *list, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	size_t n_named = 0, n_taken = 0;
	struct mtls_err first;
	struct crl *crl;

	mtls_err_clear(&first);
	for (size_t i = 0; i < b->r->n_cas; i++) {
		if (!crl_is_by(list, b->r->cas[i].certificate))
			continue;
		n_named++;
		status = crl_new(list, b->r->cas[i].certificate, &crl,
		    &first);
		if (status == MTLS_E_MEMORY)
			break;
		if (status == MTLS_OK) {
			b->n_entries += crl->n_serials;
			keep_newer(crl->is_delta ? &b->deltas[i] :
			    &b->bases[i], crl);
			n_taken++;
		}
	}
	if (n_named == 0)
		b->n_foreign++;
	if (status == MTLS_E_MEMORY || (n_named > 0 && n_taken == 0))
		return mtls_fail(err, first.status, "%s", first.text);
	return MTLS_OK;
}

enum mtls_status
crl_batch_file(struct crl_batch *b, const char *path, struct mtls_err *err)
{
	STACK_OF(X509_CRL) *lists = NULL;
	enum mtls_status status;

	status = mtls_pem_crls(b->tls, path, &lists, err);
	for (int i = 0; status == MTLS_OK && i < sk_X509_CRL_num(lists);
	    i++) {
		status = take_crl(b, sk_X509_CRL_value(lists, i), err);
		if (status != MTLS_OK)
			mtls_err_context(err, "%s", path);
	}
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	return status;
}

/* Only what was verified is in there, and what is not there is fetched. */
static void
read_fetched(struct crl_batch *b)
{
	struct revocation_source source;
	struct mtls_err ignored;
	char path[1200];

	for (size_t i = 0; i < b->r->n_cas; i++) {
		revocation_source(b->r, i, &source);
		if (source.url == NULL || source.directory == NULL)
			continue;
		mtls_err_clear(&ignored);
		(void)snprintf(path, sizeof(path), "%s/%s",
		    source.directory, source.name);
		(void)(crl_batch_file(b, path, &ignored) == MTLS_OK);
	}
}

/* A delta that is not newer than its base has had its time. */
static enum mtls_status
apply_delta(struct crl_batch *b, size_t i, struct mtls_err *err)
{
	struct crl *all = NULL, *base = b->bases[i], *delta = b->deltas[i];
	enum mtls_status status;
	char subject[160];

	if (delta == NULL || (base != NULL && crl_compare(delta, base) <= 0))
		return MTLS_OK;
	if (base == NULL)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "a delta CRL without its base");
	else
		status = crl_combine(base, delta, &all, err);
	if (status == MTLS_OK) {
		crl_free(base);
		b->bases[i] = all;
		return MTLS_OK;
	}
	revocation_subject(&b->r->cas[i], subject, sizeof(subject));
	mtls_err_context(err, "%s", subject);
	return status;
}

enum mtls_status
crl_batch_read(struct crl_batch *b, const struct crl_files *files,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int goes_on = 1;

	for (size_t i = 0; goes_on && i < files->n; i++) {
		status = crl_batch_file(b, files->path[i], err);
		goes_on = status == MTLS_OK || b->is_lenient;
	}
	if (goes_on)
		read_fetched(b);
	for (size_t i = 0; goes_on && i < b->r->n_cas; i++) {
		status = apply_delta(b, i, err);
		goes_on = status == MTLS_OK || b->is_lenient;
	}
	/* The first that was wrong, where it went on. */
	return goes_on ? err->status : status;
}
