/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses as text and as bytes: what the listeners bind, and the networks
 * of the policy. Numbers only, nothing is ever resolved.
 */
#ifndef POLICY_NETWORK_H
#define POLICY_NETWORK_H

#include <stdint.h>
#include <sys/socket.h>

#include "mtls/status.h"

/* An IPv4 address mapped into IPv6 is held as IPv4. */
struct network_address {
	int family;		/* AF_INET, AF_INET6, or 0 for none */
	uint8_t bytes[16];	/* 4 or 16 of them */
};

struct network {
	struct network_address address;
	unsigned prefix;	/* bits */
};

/*
 * Reads "10.0.0.1" or "2001:db8::1"; a zone ("%eth0") is not looked at.
 * Returns 0, or -1 if text is anything else (ret is then untouched).
 */
int network_address_parse(const char *text, struct network_address *ret);

/*
 * Reads ADDRESS or ADDRESS/BITS. Bits behind the prefix must be zero.
 * CONFIG with the reason otherwise.
 */
enum mtls_status network_parse(const char *text, struct network *ret,
    struct mtls_err *err);

int network_contains(const struct network *n,
    const struct network_address *address);

/* The address in a socket's address; of family 0 if it is neither. */
struct network_address network_address_of(const struct sockaddr *sa);

/*
 * Whether two addresses count as one client: the same IPv4 address, or the
 * same /64 of IPv6, which is what one subscriber is given.
 */
int network_same_client(const struct network_address *a,
    const struct network_address *b);

/*
 * Whether they are near each other, as two computers of one household or
 * office are: the same /24 of IPv4, or /48 of IPv6. What a translator has put
 * behind 64:ff9b::/96 is IPv4.
 */
int network_is_near(const struct network_address *a,
    const struct network_address *b);

/* Whether only this machine can be at the other end. */
int network_is_loopback(const struct network_address *address);

/* "10.0.0.1:7443" or "[::1]:7443" to a socket's address; CONFIG. */
enum mtls_status network_endpoint_parse(const char *text,
    struct sockaddr_storage *ret, socklen_t *ret_len, struct mtls_err *err);

#define NETWORK_TEXT_MAX 64

/* The same the other way round; "" for other families. Returns out. */
char *network_endpoint_text(char out[NETWORK_TEXT_MAX],
    const struct sockaddr *sa);

/* The address alone, "" for none. Returns out. */
char *network_address_text(char out[NETWORK_TEXT_MAX],
    const struct network_address *address);

#endif
