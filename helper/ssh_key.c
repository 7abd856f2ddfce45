/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From SSH's encoding to DER. For curves the latter is a fixed head and the
 * point; RSA's two numbers are written alike in both, once they are known to
 * be positive and as short as they can be.
 */
#include "config.h"

#include "ssh_key.h"

#include <openssl/evp.h>
#include <string.h>

#include "mtls/text.h"
#include "ssh_wire.h"

#define RSA_NUMBER_MAX	2049u	/* bytes, with a zero in front */

struct curve {
	enum ssh_key_kind kind;
	const char *type, *name;	/* name: NULL where none is told */
	uint8_t head[32];
	size_t head_len, point_len;
	int first;			/* byte of the point; -1: any */
};

static const struct curve curves[] = {
	{ SSH_KEY_P256, "ecdsa-sha2-nistp256", "nistp256",
	    { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	    0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
	    0x01, 0x07, 0x03, 0x42, 0x00 }, 26, 65, 4 },
	{ SSH_KEY_P384, "ecdsa-sha2-nistp384", "nistp384",
	    { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	    0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03,
	    0x62, 0x00 }, 23, 97, 4 },
	{ SSH_KEY_ED25519, "ssh-ed25519", NULL,
	    { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03,
	    0x21, 0x00 }, 12, 32, -1 },
};

static enum mtls_status
malformed(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_PROTOCOL, "the SSH key is malformed");
}

static enum mtls_status
read_curve(const struct curve *c, struct ssh_wire *w, struct ssh_key *ret,
    struct mtls_err *err)
{
	struct ssh_wire point;

	if ((c->name != NULL && ssh_wire_word(w, c->name) == -1) ||
	    ssh_wire_string(w, c->point_len, &point) == -1 ||
	    point.len != c->point_len || w->len != 0 ||
	    (c->first != -1 && point.data[0] != c->first))
		return malformed(err);
	memcpy(ret->spki, c->head, c->head_len);
	memcpy(ret->spki + c->head_len, point.data, point.len);
	ret->spki_len = c->head_len + point.len;
	ret->kind = c->kind;
	return MTLS_OK;
}

/* --- RSA --- */

/* Positive, and not a byte longer than it must be. */
static int
take_number(struct ssh_wire *w, struct ssh_wire *ret)
{
	struct ssh_wire n;

	if (ssh_wire_string(w, RSA_NUMBER_MAX, &n) == -1 || n.len == 0 ||
	    (n.data[0] & 0x80) != 0)
		return -1;
	if (n.data[0] == 0 && (n.len == 1 || (n.data[1] & 0x80) == 0))
		return -1;
	*ret = n;
	return 0;
}

/* What DER's tag and length take in front of so many bytes. */
static size_t
head_len(size_t len)
{
	return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

static uint8_t *
put_head(uint8_t *p, uint8_t tag, size_t len)
{
	*p++ = tag;
	if (len >= 0x100) {
		*p++ = 0x82;
		*p++ = (uint8_t)(len >> 8);
	} else if (len >= 0x80) {
		*p++ = 0x81;
	}
	*p++ = (uint8_t)len;
	return p;
}

static uint8_t *
put_number(uint8_t *p, const struct ssh_wire *n)
{
	p = put_head(p, 0x02, n->len);
	memcpy(p, n->data, n->len);
	return p + n->len;
}

static enum mtls_status
read_rsa(struct ssh_wire *w, struct ssh_key *ret, struct mtls_err *err)
{
	static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a,
	    0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	struct ssh_wire e, n;
	size_t numbers, key, bits, all;
	uint8_t *p = ret->spki;

	if (take_number(w, &e) == -1 || take_number(w, &n) == -1 ||
	    e.len > 32 || w->len != 0)
		return malformed(err);
	numbers = head_len(n.len) + n.len + head_len(e.len) + e.len;
	key = head_len(numbers) + numbers;
	bits = 1 + key;
	all = sizeof(algorithm) + head_len(bits) + bits;
	p = put_head(p, 0x30, all);
	memcpy(p, algorithm, sizeof(algorithm));
	p = put_head(p + sizeof(algorithm), 0x03, bits);
	*p++ = 0;
	p = put_head(p, 0x30, numbers);
	p = put_number(p, &n);
	p = put_number(p, &e);
	ret->spki_len = (size_t)(p - ret->spki);
	ret->kind = SSH_KEY_RSA;
	return MTLS_OK;
}

/* --- which --- */

static int
is_certificate(const char *type)
{
	static const char tail[] = "-cert-v01@openssh.com";
	size_t len = strlen(type);

	return len >= sizeof(tail) - 1 &&
	    strcmp(type + len - (sizeof(tail) - 1), tail) == 0;
}

enum mtls_status
ssh_key_read(const uint8_t *blob, size_t len, struct ssh_key *ret,
    struct mtls_err *err)
{
	struct ssh_wire w = { blob, len };
	struct ssh_wire type;
	char text[SSH_KEY_TYPE_MAX + 1];
	size_t i;

	if (ssh_wire_string(&w, SSH_KEY_TYPE_MAX, &type) == -1 ||
	    type.len == 0 || memchr(type.data, '\0', type.len) != NULL)
		return malformed(err);
	memcpy(text, type.data, type.len);
	text[type.len] = '\0';
	memset(ret, 0, sizeof(*ret));
	(void)mtls_text_printable(ret->type, sizeof(ret->type), text);
	for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(text, curves[i].type) == 0)
			return read_curve(&curves[i], &w, ret, err);
	if (strcmp(text, "ssh-rsa") == 0)
		return read_rsa(&w, ret, err);
	if (is_certificate(text))
		ret->kind = SSH_KEY_CERTIFICATE;
	else if (strncmp(text, "sk-", 3) == 0)
		ret->kind = SSH_KEY_SECURITY;
	return MTLS_OK;
}

enum mtls_status
ssh_key_hash(const struct ssh_key *key, uint8_t ret[SSH_KEY_HASH_BYTES],
    struct mtls_err *err)
{
	if (key->spki_len == 0)
		return mtls_fail(err, MTLS_E_USAGE, "no key to hash");
	if (EVP_Digest(key->spki, key->spki_len, ret, NULL, EVP_sha256(),
	    NULL) != 1)
		return mtls_fail(err, MTLS_E_CRYPTO, "SHA-256 failed");
	return MTLS_OK;
}
