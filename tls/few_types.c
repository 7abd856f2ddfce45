/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A provider that asks another one. What is implemented gets the context of
 * the provider it comes from; for that ours has the same, and finds itself
 * by it in a list.
 */
#include "config.h"

#include "few_types.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/provider.h>

struct few_types {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *standard;
	OSSL_ALGORITHM *keymgmts, *decoders;
	struct few_types *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct few_types *all;

static struct few_types *
find(const void *provctx)
{
	struct few_types *f;

	(void)pthread_mutex_lock(&lock);
	for (f = all; f != NULL; f = f->next) {
		if (OSSL_PROVIDER_get0_provider_ctx(f->standard) == provctx)
			break;
	}
	(void)pthread_mutex_unlock(&lock);
	return f;
}

/* The first name of an algorithm: "EC:id-ecPublicKey:1.2.840.10045.2.1". */
static int
is_kept(const OSSL_ALGORITHM *a)
{
	static const char *const kept[] = {
		/* Leaves, and CAs. */
		"EC", "RSA", "ED25519", "RSA-PSS", "ED448",
		/* Key exchange, and what TLS derives keys with. */
		"X25519", "HKDF", "TLS1-PRF", "HMAC",
		/* Decoders of what is around a key. */
		"DER"
	};
	size_t len = strcspn(a->algorithm_names, ":");

	/* Files of another system. */
	if (strstr(a->property_definition, "input=msblob") != NULL ||
	    strstr(a->property_definition, "input=pvk") != NULL)
		return 0;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strlen(kept[i]) == len &&
		    strncasecmp(kept[i], a->algorithm_names, len) == 0)
			return 1;
	}
	return 0;
}

/* A copy of what is kept; NULL without memory. */
static OSSL_ALGORITHM *
keep(const struct few_types *f, int operation)
{
	int no_store = 0;
	const OSSL_ALGORITHM *given = OSSL_PROVIDER_query_operation(
	    f->standard, operation, &no_store);
	OSSL_ALGORITHM *copy;
	size_t n = 0, n_kept = 0;

	while (given != NULL && given[n].algorithm_names != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++) {
		if (is_kept(&given[i]))
			copy[n_kept++] = given[i];
	}
	OSSL_PROVIDER_unquery_operation(f->standard, operation, given);
	return copy;
}

static void
few_types_free(struct few_types *f)
{
	if (f == NULL)
		return;
	if (f->standard != NULL)
		(void)OSSL_PROVIDER_unload(f->standard);
	OSSL_LIB_CTX_free(f->libctx);
	free(f->keymgmts);
	free(f->decoders);
	free(f);
}

static void
teardown(void *provctx)
{
	struct few_types *f = find(provctx), **link;

	(void)pthread_mutex_lock(&lock);
	for (link = &all; *link != NULL; link = &(*link)->next) {
		if (*link == f) {
			*link = f->next;
			break;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	few_types_free(f);
}

static const OSSL_ALGORITHM *
query(void *provctx, int operation, int *no_store)
{
	struct few_types *f = find(provctx);

	*no_store = 0;
	if (f == NULL)
		return NULL;
	if (operation == OSSL_OP_KEYMGMT)
		return f->keymgmts;
	if (operation == OSSL_OP_DECODER)
		return f->decoders;
	return OSSL_PROVIDER_query_operation(f->standard, operation,
	    no_store);
}

static int
get_capabilities(void *provctx, const char *capability, OSSL_CALLBACK *cb,
    void *arg)
{
	struct few_types *f = find(provctx);

	return f == NULL ? 0 : OSSL_PROVIDER_get_capabilities(f->standard,
	    capability, cb, arg);
}

#define ENTRY(id, fn) {id, (void (*)(void))(fn)}
static const OSSL_DISPATCH provider[] = {
	ENTRY(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
	ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
	ENTRY(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, get_capabilities),
	{0, NULL}
};

int
mtls_few_types_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **provctx)
{
	struct few_types *f = calloc(1, sizeof(*f));

	(void)handle;
	(void)in;
	if (f == NULL || (f->libctx = OSSL_LIB_CTX_new()) == NULL ||
	    (f->standard = OSSL_PROVIDER_load(f->libctx, "default")) ==
	    NULL || (f->keymgmts = keep(f, OSSL_OP_KEYMGMT)) == NULL ||
	    (f->decoders = keep(f, OSSL_OP_DECODER)) == NULL) {
		few_types_free(f);
		return 0;
	}
	(void)pthread_mutex_lock(&lock);
	f->next = all;
	all = f;
	(void)pthread_mutex_unlock(&lock);
	*provctx = OSSL_PROVIDER_get0_provider_ctx(f->standard);
	*out = provider;
	return 1;
}
