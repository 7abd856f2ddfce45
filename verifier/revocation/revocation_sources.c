/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What those who bring data need to know of a CA, and tell it: the floor of
 * its lists, where they are fetched, who answers for it.
 */
#include "config.h"

#include "revocation_internal.h"

#include <string.h>

#include "mtls/text.h"

int
revocation_floor_due(struct revocation *r, size_t i,
    struct revocation_due *ret)
{
	struct revocation_authority *ca = &r->cas[i];
	int is_due;

	memset(ret, 0, sizeof(*ret));
	(void)pthread_mutex_lock(&r->lock);
	is_due = ca->crl != NULL && ca->floor_is_due;
	if (is_due) {
		memcpy(ret->key, ca->key, sizeof(ret->key));
		ret->has_number = ca->crl->has_number;
		memcpy(ret->number, ca->crl->number, sizeof(ret->number));
		ret->this_update_s = ca->crl->this_update_s;
	}
	(void)pthread_mutex_unlock(&r->lock);
	return is_due;
}

int
revocation_floor_set(struct revocation *r, size_t i,
    const struct revocation_due *due, enum revocation_floor floor)
{
	struct revocation_authority *ca = &r->cas[i];
	int is_new = 0;

	(void)pthread_mutex_lock(&r->lock);
	if (ca->crl != NULL && ca->crl->has_number == due->has_number &&
	    memcmp(ca->crl->number, due->number, sizeof(due->number)) == 0 &&
	    ca->crl->this_update_s == due->this_update_s) {
		is_new = ca->floor != floor;
		ca->floor = floor;
		ca->floor_is_due = floor == REVOCATION_FLOOR_UNKNOWN;
	}
	(void)pthread_mutex_unlock(&r->lock);
	return is_new;
}

void
revocation_source(struct revocation *r, size_t i,
    struct revocation_source *ret)
{
	const struct revocation_authority *ca = &r->cas[i];

	memset(ret, 0, sizeof(*ret));
	ret->url = ca->url;
	ret->directory = r->fetched_dir;
	ret->refresh_s = ca->refresh_s;
	mtls_hex_encode(ret->name, ca->key, sizeof(ca->key));
	strcpy(ret->name + 2 * sizeof(ca->key), ".crl");
	(void)pthread_mutex_lock(&r->lock);
	if (ca->crl != NULL) {
		ret->has_crl = 1;
		ret->next_update_s = ca->crl->next_update_s;
	}
	(void)pthread_mutex_unlock(&r->lock);
}

void
revocation_fetched(struct revocation *r, size_t i, int is_good,
    int64_t now_s)
{
	struct revocation_authority *ca = &r->cas[i];

	(void)pthread_mutex_lock(&r->lock);
	if (is_good) {
		ca->n_fetched++;
		ca->fetched_s = now_s;
	} else {
		ca->n_fetch_failed++;
	}
	(void)pthread_mutex_unlock(&r->lock);
}

void
revocation_responder(struct revocation *r, size_t i,
    struct revocation_responder *ret)
{
	const struct revocation_authority *ca = &r->cas[i];

	ret->ca = ca->certificate;
	ret->id = ca->id;
	ret->url = ca->ocsp;
	ret->max_age_s = ca->ocsp_max_age_s;
	ret->timeout_s = ca->ocsp_timeout_s;
}

struct ocsp_cache *
revocation_ocsp_cache0(struct revocation *r)
{
	return r->ocsp;
}
