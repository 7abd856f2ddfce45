/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificates and keys that issue.c made: for each of them the length of
 * the certificate and of the key, four bytes each, and then both as DER.
 */
#include "config.h"

#include "load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

static uint8_t *
read_bytes(FILE *f, size_t len)
{
	uint8_t *bytes = malloc(len);

	load_must(bytes != NULL && fread(bytes, 1, len, f) == len,
	    "too few certificates");
	return bytes;
}

static void
read_one(FILE *f, struct credentials *c, size_t i, int is_wanted)
{
	const unsigned char *p;
	uint32_t lens[2];
	uint8_t *bytes;

	load_must(fread(lens, sizeof(lens), 1, f) == 1,
	    "too few certificates");
	lens[0] = ntohl(lens[0]);
	lens[1] = ntohl(lens[1]);
	bytes = read_bytes(f, lens[0] + lens[1]);
	if (is_wanted) {
		p = bytes;
		c->certificates[i] = d2i_X509(NULL, &p, (long)lens[0]);
		p = bytes + lens[0];
		c->keys[i] = d2i_AutoPrivateKey(NULL, &p, (long)lens[1]);
		load_must(c->certificates[i] != NULL && c->keys[i] != NULL,
		    "certificate");
	}
	free(bytes);
}

static STACK_OF(X509) *
read_chain(const char *file)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	FILE *f = fopen(file, "r");
	X509 *x;

	load_must(f != NULL && chain != NULL, file);
	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL)
		load_must(sk_X509_push(chain, x) > 0, "memory");
	fclose(f);
	load_must(sk_X509_num(chain) > 0, file);
	return chain;
}

void
credentials_read(struct credentials *ret, const char *file, size_t first,
    size_t n, const char *chain_file)
{
	FILE *f = fopen(file, "r");

	load_must(f != NULL, file);
	memset(ret, 0, sizeof(*ret));
	ret->n = n;
	ret->certificates = calloc(n, sizeof(X509 *));
	ret->keys = calloc(n, sizeof(EVP_PKEY *));
	load_must(ret->certificates != NULL && ret->keys != NULL, "memory");
	for (size_t i = 0; i < first + n; i++)
		read_one(f, ret, i - first, i >= first);
	fclose(f);
	if (chain_file != NULL)
		ret->chain = read_chain(chain_file);
}
