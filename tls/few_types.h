/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * OpenSSL's default provider with the key types that a verifier has a use
 * for, and no others. OpenSSL 3.0 goes through every decoder and every key
 * type it knows for each public key that it parses, and a verifier parses up
 * to four for each login: half of them less is half of that time. What is
 * left out (DH, DSA, SM2, X448, ...) cannot be read at all any more, neither
 * from a person's certificate nor from a CA's; leaf.h accepts none of it.
 *
 * The provider is in front of a default provider in a library context of its
 * own, one for each context that loads it: nothing is shared between event
 * loops. Names and properties of what it passes on are the default one's, so
 * that "provider=default" finds it.
 */
#ifndef TLS_FEW_TYPES_H
#define TLS_FEW_TYPES_H

#include <openssl/core_dispatch.h>

#define MTLS_FEW_TYPES	"mtls-few-types"

/* For OSSL_PROVIDER_add_builtin(). */
OSSL_provider_init_fn mtls_few_types_init;

#endif
