/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses, networks and endpoints, without a resolver: a name in one of
 * these places would let DNS decide about logins.
 */
#include "config.h"

#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static size_t
n_bytes(const struct network_address *a)
{
	return a->family == AF_INET ? 4 : 16;
}

static struct network_address
from_v6(const struct in6_addr *v6)
{
	struct network_address a;

	memset(&a, 0, sizeof(a));
	if (IN6_IS_ADDR_V4MAPPED(v6)) {
		a.family = AF_INET;
		memcpy(a.bytes, v6->s6_addr + 12, 4);
	} else {
		a.family = AF_INET6;
		memcpy(a.bytes, v6->s6_addr, 16);
	}
	return a;
}

int
network_address_parse(const char *text, struct network_address *ret)
{
	char copy[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "%");
	struct network_address a;
	struct in6_addr v6;

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, text, a.bytes) == 1) {
		a.family = AF_INET;
		*ret = a;
		return 0;
	}
	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, &v6) != 1)
		return -1;
	*ret = from_v6(&v6);
	return 0;
}

/* Digits only, at most max; -1 otherwise. */
static int
parse_number(const char *text, unsigned max, unsigned *ret)
{
	unsigned value = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return -1;
	}
	*ret = value;
	return 0;
}

/* Whether the first bits of a and b are the same. */
static int
same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	size_t whole = bits / 8;
	unsigned rest = bits % 8;
	unsigned mask;

	if (memcmp(a, b, whole) != 0)
		return 0;
	if (rest == 0)
		return 1;
	mask = 0xffu << (8 - rest) & 0xffu;
	return ((a[whole] ^ b[whole]) & mask) == 0;
}

/* Whether no bit behind the prefix is set. */
static int
is_clean(const struct network *n)
{
	struct network_address cut = n->address;
	size_t whole = n->prefix / 8;

	if (n->prefix % 8 != 0) {
		cut.bytes[whole] &= (uint8_t)(0xffu << (8 - n->prefix % 8));
		whole++;
	}
	memset(cut.bytes + whole, 0, sizeof(cut.bytes) - whole);
	return memcmp(cut.bytes, n->address.bytes, sizeof(cut.bytes)) == 0;
}

enum mtls_status
network_parse(const char *text, struct network *ret, struct mtls_err *err)
{
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char address[INET6_ADDRSTRLEN];
	struct network n;
	unsigned max;

	memset(&n, 0, sizeof(n));
	if (len < sizeof(address)) {
		memcpy(address, text, len);
		address[len] = '\0';
	}
	if (len >= sizeof(address) || strchr(address, '%') != NULL ||
	    network_address_parse(address, &n.address) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not an address or a network", text);
	max = (unsigned)n_bytes(&n.address) * 8;
	n.prefix = max;
	if (slash != NULL && parse_number(slash + 1, max, &n.prefix) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the prefix of \"%s\" is not 0 to %u", text, max);
	if (!is_clean(&n))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" has bits set behind its prefix", text);
	*ret = n;
	return MTLS_OK;
}

int
network_contains(const struct network *n,
    const struct network_address *address)
{
	return n->address.family == address->family &&
	    same_prefix(n->address.bytes, address->bytes, n->prefix);
}

struct network_address
network_address_of(const struct sockaddr *sa)
{
	struct network_address a;

	memset(&a, 0, sizeof(a));
	if (sa->sa_family == AF_INET) {
		a.family = AF_INET;
		memcpy(a.bytes,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    4);
	} else if (sa->sa_family == AF_INET6) {
		a = from_v6(
		    &((const struct sockaddr_in6 *)(const void *)sa)
		    ->sin6_addr);
	}
	return a;
}

int
network_same_client(const struct network_address *a,
    const struct network_address *b)
{
	return a->family == b->family &&
	    same_prefix(a->bytes, b->bytes, a->family == AF_INET ? 32 : 64);
}

int
network_is_near(const struct network_address *a,
    const struct network_address *b)
{
	/* Behind these 96 bits are all addresses of IPv4 (RFC 6052). */
	static const uint8_t translated[12] = { 0x00, 0x64, 0xff, 0x9b };
	unsigned bits = a->family == AF_INET ? 24 : 48;

	if (a->family == AF_INET6 && same_prefix(a->bytes, translated, 96))
		bits += 72;
	return a->family == b->family &&
	    same_prefix(a->bytes, b->bytes, bits);
}

enum mtls_status
network_endpoint_parse(const char *text, struct sockaddr_storage *ret,
    socklen_t *ret_len, struct mtls_err *err)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	char address[INET6_ADDRSTRLEN + 2];
	unsigned port;
	size_t len;

	memset(&v4, 0, sizeof(v4));
	memset(&v6, 0, sizeof(v6));
	if (colon == NULL || parse_number(colon + 1, 65535, &port) != 0 ||
	    (size_t)(colon - text) >= sizeof(address))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not ADDRESS:PORT", text);
	len = (size_t)(colon - text);
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
		v4.sin_family = AF_INET;
		v4.sin_port = htons((uint16_t)port);
		memcpy(ret, &v4, sizeof(v4));
		*ret_len = sizeof(v4);
		return MTLS_OK;
	}
	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		if (inet_pton(AF_INET6, address + 1, &v6.sin6_addr) == 1) {
			v6.sin6_family = AF_INET6;
			v6.sin6_port = htons((uint16_t)port);
			memcpy(ret, &v6, sizeof(v6));
			*ret_len = sizeof(v6);
			return MTLS_OK;
		}
	}
	return mtls_fail(err, MTLS_E_CONFIG,
	    "\"%s\" is not ADDRESS:PORT, with [ ] around IPv6", text);
}

char *
network_address_text(char out[NETWORK_TEXT_MAX],
    const struct network_address *address)
{
	out[0] = '\0';
	if (address->family != 0 && inet_ntop(address->family,
	    address->bytes, out, NETWORK_TEXT_MAX) == NULL)
		out[0] = '\0';
	return out;
}

char *
network_endpoint_text(char out[NETWORK_TEXT_MAX], const struct sockaddr *sa)
{
	struct network_address a = network_address_of(sa);
	char address[NETWORK_TEXT_MAX];
	unsigned port = 0;

	network_address_text(address, &a);
	if (sa->sa_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)
		    (const void *)sa)->sin_port);
	else if (sa->sa_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_port);
	out[0] = '\0';
	if (a.family == AF_INET)
		(void)snprintf(out, NETWORK_TEXT_MAX, "%.45s:%u", address,
		    port);
	else if (a.family == AF_INET6)
		(void)snprintf(out, NETWORK_TEXT_MAX, "[%.45s]:%u", address,
		    port);
	return out;
}

int
network_is_loopback(const struct network_address *address)
{
	static const struct network loopback[] = {
		{ { AF_INET, { 127 } }, 8 },
		{ { AF_INET6, { [15] = 1 } }, 128 },
	};

	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		if (network_contains(&loopback[i], address))
			return 1;
	}
	return 0;
}
