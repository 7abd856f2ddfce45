/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * MUST (test_agent_signer.c): refuse to have anything signed that is not a
 * client's CertificateVerify (T-175); verify what comes back (T-173). The
 * hash of an SSH key follows from its curve, and so does that of TLS 1.3.
 */
#include "config.h"

#include "agent_signer.h"

#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/login.h"
#include "ssh_wire.h"

#define ED25519_LEN	64u
#define NUMBER_MAX	49u	/* r or s of P-384, with a zero in front */

struct kind {
	enum ssh_key_kind kind;
	unsigned scheme;
	const char *type, *digest;
};

static const struct kind kinds[] = {
	{ SSH_KEY_P256, MTLS_SCHEME_ECDSA_P256_SHA256, "ecdsa-sha2-nistp256",
	    "SHA2-256" },
	{ SSH_KEY_P384, MTLS_SCHEME_ECDSA_P384_SHA384, "ecdsa-sha2-nistp384",
	    "SHA2-384" },
	{ SSH_KEY_ED25519, MTLS_SCHEME_ED25519, "ssh-ed25519", NULL },
};

static const struct kind *
find_kind(enum ssh_key_kind kind)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

/* RFC 8446, 4.4.3: 64 spaces, the context, a zero, a hash. */
static int
is_certificate_verify(const uint8_t *message, size_t len)
{
	static const char context[] = "TLS 1.3, client CertificateVerify";
	size_t i;

	if (len < 64 + sizeof(context) + 32 || len > 64 + sizeof(context) + 64)
		return 0;
	for (i = 0; i < 64; i++)
		if (message[i] != ' ')
			return 0;
	return memcmp(message + 64, context, sizeof(context)) == 0;
}

/* --- from SSH's encoding to that of TLS --- */

static enum mtls_status
malformed(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the ssh-agent's signature is malformed");
}

/* A positive number; NULL where it is none. */
static BIGNUM *
take_number(struct ssh_wire *w)
{
	struct ssh_wire n;

	if (ssh_wire_string(w, NUMBER_MAX, &n) == -1 || n.len == 0 ||
	    (n.data[0] & 0x80) != 0)
		return NULL;
	return BN_bin2bn(n.data, (int)n.len, NULL);
}

static enum mtls_status
take_ecdsa(struct ssh_wire *w, uint8_t *sig, size_t *sig_len,
    struct mtls_err *err)
{
	ECDSA_SIG *both = ECDSA_SIG_new();
	BIGNUM *r = take_number(w);
	BIGNUM *s = take_number(w);
	uint8_t *p = sig;
	int len;

	if (both == NULL || r == NULL || s == NULL || w->len != 0 ||
	    ECDSA_SIG_set0(both, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		(void)malformed(err);
		goto out;
	}
	len = i2d_ECDSA_SIG(both, NULL);
	if (len <= 0 || (size_t)len > *sig_len ||
	    i2d_ECDSA_SIG(both, &p) != len)
		(void)mtls_fail(err, MTLS_E_CRYPTO,
		    "the signature cannot be encoded");
	else
		*sig_len = (size_t)len;
out:
	ECDSA_SIG_free(both);
	return err->status;
}

static enum mtls_status
take_ed25519(const struct ssh_wire *w, uint8_t *sig, size_t *sig_len,
    struct mtls_err *err)
{
	if (w->len != ED25519_LEN || *sig_len < ED25519_LEN)
		return malformed(err);
	memcpy(sig, w->data, ED25519_LEN);
	*sig_len = ED25519_LEN;
	return MTLS_OK;
}

/* The type must be the key's: an agent may not choose another hash. */
static enum mtls_status
take_signature(const struct kind *kind, const struct mtls_bytes *signature,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct ssh_wire w = { signature->data, signature->len };
	struct ssh_wire value;

	if (ssh_wire_word(&w, kind->type) == -1)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the ssh-agent's signature is not of type %s",
		    kind->type);
	if (ssh_wire_string(&w, signature->len, &value) == -1 || w.len != 0)
		return malformed(err);
	if (kind->kind == SSH_KEY_ED25519)
		return take_ed25519(&value, sig, sig_len, err);
	return take_ecdsa(&value, sig, sig_len, err);
}

/* --- the signature --- */

static enum mtls_status
verify(const struct agent_signer *s, const struct kind *kind,
    const struct ssh_wire *message, const uint8_t *sig, size_t sig_len,
    struct mtls_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, kind->digest,
	    NULL, NULL, s->public_key, NULL) != 1 ||
	    EVP_DigestVerify(ctx, sig, sig_len, message->data,
	    message->len) != 1)
		(void)mtls_fail(err, MTLS_E_CRYPTO,
		    "the ssh-agent's signature is not that of the key");
	EVP_MD_CTX_free(ctx);
	return err->status;
}

enum mtls_status
agent_signer_sign(void *arg, unsigned scheme, const uint8_t *message,
    size_t message_len, uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	const struct agent_signer *s = arg;
	const struct kind *kind = find_kind(s->kind);
	const struct ssh_wire to_sign = { message, message_len };
	struct mtls_bytes signature = { 0, NULL };

	if (kind == NULL || kind->scheme != scheme)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the key in the ssh-agent does not sign with scheme %04x",
		    scheme);
	if (!is_certificate_verify(message, message_len))
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the ssh-agent is asked for TLS 1.3 handshakes only");
	if (ssh_agent_sign(s->agent, s->key, &to_sign, &signature, err) ==
	    MTLS_OK &&
	    take_signature(kind, &signature, sig, sig_len, err) == MTLS_OK)
		(void)verify(s, kind, &to_sign, sig, *sig_len, err);
	free(signature.data);
	return err->status;
}
