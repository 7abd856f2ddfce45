/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From files to the lists of all CAs: at a start and a reload all of them or
 * none; later each that is better than the one before.
 */
#include "config.h"

#include "revocation_internal.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/deadline.h"
#include "mtls/message.h"

#include "crl_batch.h"
#include "ocsp_cache.h"

/* What was wrong is looked at again, though the files are the same. */
#define RETRY_MS 10000

static enum mtls_status
out_of_memory(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
}

/* A list that was once known cannot be replaced by one from before. */
static enum mtls_status
check_forward(const struct revocation_authority *ca, const struct crl *next,
    const struct crl *now, struct mtls_err *err)
{
	char subject[160];

	if (now == NULL || (next != NULL && crl_compare(next, now) >= 0))
		return MTLS_OK;
	revocation_subject(ca, subject, sizeof(subject));
	return mtls_fail(err, MTLS_E_CONFIG, "the CRL of %s is %s", subject,
	    next == NULL ? "gone" : "older than the one in use");
}

/* Under the locks of both. */
static enum mtls_status
check_all_forward(const struct crl_batch *b, const struct revocation *previous,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	size_t was;

	for (size_t i = 0; status == MTLS_OK && i < b->r->n_cas; i++) {
		was = revocation_find_ca(previous, b->r->cas[i].certificate);
		if (was != REVOCATION_NO_CA)
			status = check_forward(&b->r->cas[i], b->bases[i],
			    previous->cas[was].crl, err);
	}
	return status;
}

static enum mtls_status
list_files(const struct revocation *r, struct crl_files *files,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < r->n_sources; i++)
		status = crl_files_add(files, r->sources[i], err);
	return status;
}

/* Also where the fetched lists are, which are not read like the others. */
static enum mtls_status
mark_files(struct revocation *r, uint64_t *ret, struct mtls_err *err)
{
	struct crl_files all = { 0, NULL };
	struct mtls_err ignored;
	enum mtls_status status;

	mtls_err_clear(&ignored);
	status = list_files(r, &all, err);
	if (status == MTLS_OK && r->fetched_dir != NULL &&
	    crl_files_add(&all, r->fetched_dir, &ignored) == MTLS_E_MEMORY)
		status = out_of_memory(err);
	if (status == MTLS_OK)
		*ret = crl_files_mark(&all);
	crl_files_clear(&all);
	return status;
}

static void
take_list(struct revocation_authority *ca, struct crl **list)
{
	crl_free(ca->crl);
	ca->crl = *list;
	*list = NULL;
	/* Until it has been compared, what held for the one before holds. */
	if (ca->floor == REVOCATION_FLOOR_BROKEN)
		ca->floor = REVOCATION_FLOOR_UNKNOWN;
	ca->floor_is_due = 1;
}

/* What is known of the same CA goes on; under the lock of previous. */
static void
inherit(struct revocation *r, const struct revocation *previous)
{
	const struct revocation_authority *old;
	size_t was;

	for (size_t i = 0; i < r->n_cas; i++) {
		was = revocation_find_ca(previous, r->cas[i].certificate);
		if (was == REVOCATION_NO_CA)
			continue;
		old = &previous->cas[was];
		r->cas[i].floor = old->floor;
		r->cas[i].fetched_s = old->fetched_s;
		r->cas[i].n_fetched = old->n_fetched;
		r->cas[i].n_fetch_failed = old->n_fetch_failed;
	}
}

static enum mtls_status
load_lists(struct revocation *r, struct mtls_tls *tls,
    struct revocation *previous, struct mtls_err *err)
{
	struct crl_files files = { 0, NULL };
	enum mtls_status status;
	struct crl_batch b;

	status = crl_batch_init(&b, r, tls, err);
	if (status == MTLS_OK)
		status = mark_files(r, &r->mark, err);
	if (status == MTLS_OK)
		status = list_files(r, &files, err);
	if (status == MTLS_OK)
		status = crl_batch_read(&b, &files, err);
	if (status == MTLS_OK && previous != NULL) {
		(void)pthread_mutex_lock(&previous->lock);
		status = check_all_forward(&b, previous, err);
		inherit(r, previous);
		(void)pthread_mutex_unlock(&previous->lock);
	}
	for (size_t i = 0; status == MTLS_OK && i < r->n_cas; i++) {
		if (b.bases[i] != NULL)
			take_list(&r->cas[i], &b.bases[i]);
	}
	r->n_foreign = b.n_foreign;
	crl_batch_done(&b);
	crl_files_clear(&files);
	return status;
}

static enum mtls_status
add_source(struct revocation *r, const char *path, struct mtls_err *err)
{
	char **more = reallocarray(r->sources, r->n_sources + 1,
	    sizeof(*more));
	enum mtls_status status;

	if (more == NULL)
		return out_of_memory(err);
	r->sources = more;
	r->sources[r->n_sources] = NULL;
	status = mtls_text_dup(&r->sources[r->n_sources], path, err);
	if (status == MTLS_OK)
		r->n_sources++;
	return status;
}

static enum mtls_status
add_paths(struct revocation *r, const struct mtls_conf_list *list,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && list != NULL && i < list->n;
	    i++) {
		if (list->words[i][0] == '/')
			status = add_source(r, list->words[i], err);
	}
	return status;
}

static enum mtls_status
add_sources(struct revocation *r, const struct revocation_options *o,
    struct mtls_err *err)
{
	enum mtls_status status = add_source(r, o->crl_dir, err);

	if (status == MTLS_OK)
		status = add_paths(r, o->crl_files, err);
	for (size_t i = 0; status == MTLS_OK && o->settings != NULL &&
	    i < o->settings->n; i++)
		status = add_paths(r, &o->settings->ca[i].crl, err);
	if (status == MTLS_OK && o->fetched_dir != NULL)
		status = mtls_text_dup(&r->fetched_dir, o->fetched_dir, err);
	return status;
}

enum mtls_status
revocation_load(struct mtls_tls *tls, const struct revocation_options *o,
    struct revocation *previous, struct revocation **ret,
    struct mtls_err *err)
{
	struct revocation *r = calloc(1, sizeof(*r));
	enum mtls_status status;

	if (r == NULL)
		return out_of_memory(err);
	/* On Linux this allocates nothing and cannot fail. */
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_mutex_init(&r->refreshing, NULL);
	atomic_init(&r->n_references, 1);
	r->ocsp = previous != NULL ? ocsp_cache_ref(previous->ocsp) :
	    ocsp_cache_new();
	status = r->ocsp == NULL ? out_of_memory(err) :
	    add_sources(r, o, err);
	if (status == MTLS_OK)
		status = revocation_take_cas(r, tls, o, err);
	if (status == MTLS_OK)
		status = load_lists(r, tls, previous, err);
	if (status != MTLS_OK) {
		revocation_free(r);
		return status;
	}
	*ret = r;
	return MTLS_OK;
}

/* Each CA gets its newer list, whatever is wrong with those of others. */
static size_t
take_newer(struct revocation *r, struct crl_batch *b, struct mtls_err *err)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->n_cas; i++) {
		if (check_forward(&r->cas[i], b->bases[i], r->cas[i].crl,
		    err) != MTLS_OK || b->bases[i] == NULL)
			continue;
		if (r->cas[i].crl == NULL || crl_differs(b->bases[i],
		    r->cas[i].crl)) {
			take_list(&r->cas[i], &b->bases[i]);
			n++;
		}
	}
	r->n_foreign = b->n_foreign;
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}

static int
is_same(const struct revocation *r, uint64_t mark)
{
	if (mark == 0 || mark != r->mark)
		return 0;
	return r->failed_ms == 0 ||
	    mtls_clock_ms() < r->failed_ms + RETRY_MS;
}

static enum mtls_status
refresh(struct revocation *r, struct mtls_tls *tls, size_t *ret_n,
    struct mtls_err *err)
{
	struct crl_files files = { 0, NULL };
	enum mtls_status status;
	uint64_t mark = 0;
	struct crl_batch b;

	status = mark_files(r, &mark, err);
	if (status != MTLS_OK || is_same(r, mark))
		return status;
	status = crl_batch_init(&b, r, tls, err);
	b.is_lenient = 1;
	if (status == MTLS_OK)
		status = list_files(r, &files, err);
	if (status == MTLS_OK) {
		status = crl_batch_read(&b, &files, err);
		*ret_n = take_newer(r, &b, err);
		if (status == MTLS_OK)
			status = err->status;
	}
	r->mark = mark;
	r->failed_ms = status == MTLS_OK ? 0 : mtls_clock_ms();
	crl_batch_done(&b);
	crl_files_clear(&files);
	return status;
}

enum mtls_status
revocation_refresh(struct revocation *r, struct mtls_tls *tls, size_t *ret_n,
    struct mtls_err *err)
{
	enum mtls_status status;

	*ret_n = 0;
	(void)pthread_mutex_lock(&r->refreshing);
	status = refresh(r, tls, ret_n, err);
	(void)pthread_mutex_unlock(&r->refreshing);
	return status;
}

enum mtls_status
revocation_check_file(struct revocation *r, size_t i, struct mtls_tls *tls,
    const char *path, struct mtls_err *err)
{
	enum mtls_status status;
	struct crl_batch b;

	status = crl_batch_init(&b, r, tls, err);
	if (status == MTLS_OK)
		status = crl_batch_file(&b, path, err);
	if (status == MTLS_OK && b.bases[i] == NULL)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "not a CRL of this CA");
	if (status == MTLS_OK) {
		(void)pthread_mutex_lock(&r->lock);
		status = check_forward(&r->cas[i], b.bases[i],
		    r->cas[i].crl, err);
		(void)pthread_mutex_unlock(&r->lock);
	}
	crl_batch_done(&b);
	return status;
}
