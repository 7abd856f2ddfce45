/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * HMAC-SHA-256 over a word for what it is of, and the parts with their
 * lengths, so that no two purposes are one string of bytes.
 */
#include "config.h"

#include "code.h"

#include <string.h>

#include <openssl/evp.h>

#include "mtls/file.h"
#include "mtls/random.h"
#include "mtls/secret.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Room for all parts of a purpose at their longest. */
#define TEXT_MAX	1024u
#define KEY_FILE_MAX	4096u

enum mtls_status
code_make(char *out, size_t n, struct mtls_err *err)
{
	uint8_t bits[CODE_LEN];

	if (n > sizeof(bits))
		return mtls_fail(err, MTLS_E_USAGE, "too many characters");
	if (mtls_random(bits, n, err) != MTLS_OK)
		return err->status;
	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[bits[i] & 31];
	out[n] = '\0';
	mtls_wipe_array(bits);
	return MTLS_OK;
}

/* The character of the alphabet that was meant, or '\0'. */
static char
meant(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

int
code_read(const char *typed, char *out, size_t n)
{
	size_t len = 0, i;

	for (i = 0; typed[i] != '\0' && i < CODE_TYPED_MAX; i++) {
		if (typed[i] == ' ' || typed[i] == '-')
			continue;
		if (len == n || meant(typed[i]) == '\0')
			break;
		out[len++] = meant(typed[i]);
	}
	if (typed[i] == '\0' && len == n) {
		out[n] = '\0';
		return 0;
	}
	memset(out, 0, n + 1);
	return -1;
}

struct text {
	uint8_t bytes[TEXT_MAX];
	size_t len;
	int is_full;
};

static void
add(struct text *t, const void *part, size_t len)
{
	if (len > UINT16_MAX || len + 2 > sizeof(t->bytes) - t->len) {
		t->is_full = 1;
		return;
	}
	t->bytes[t->len++] = (uint8_t)(len >> 8);
	t->bytes[t->len++] = (uint8_t)len;
	if (len > 0)
		memcpy(t->bytes + t->len, part, len);
	t->len += len;
}

static void
add_text(struct text *t, const char *part)
{
	add(t, part, strlen(part));
}

/* Begins with a word for what it is. */
static void
begin(struct text *t, const char *what, const struct code_purpose *purpose)
{
	memset(t, 0, sizeof(*t));
	add_text(t, what);
	if (purpose == NULL)
		return;
	add(t, purpose->challenge,
	    purpose->challenge == NULL ? 0 : MTLS_ID_BYTES);
	add_text(t, purpose->user);
	add_text(t, purpose->service);
	add_text(t, purpose->host);
}

/* Takes the text, in which there may be a code. */
static enum mtls_status
mac(const struct mtls_tls *tls, const uint8_t key[CODE_KEY_BYTES],
    struct text *t, uint8_t ret[STORE_MAC_BYTES], struct mtls_err *err)
{
	size_t len = 0;
	int is_done = !t->is_full && EVP_Q_mac(mtls_tls_libctx0(tls), "HMAC",
	    NULL, "SHA256", NULL, key, CODE_KEY_BYTES, t->bytes, t->len, ret,
	    STORE_MAC_BYTES, &len) != NULL && len == STORE_MAC_BYTES;

	mtls_wipe(t, sizeof(*t));
	return is_done ? MTLS_OK : mtls_fail(err, MTLS_E_CRYPTO,
	    "the code cannot be computed");
}

enum mtls_status
code_key(const struct mtls_tls *tls, const uint8_t key[CODE_KEY_BYTES],
    const struct code_purpose *purpose, const char *code,
    struct store_code_key *ret, struct mtls_err *err)
{
	struct text t;

	begin(&t, "slot", purpose);
	if (mac(tls, key, &t, ret->slot, err) != MTLS_OK)
		return err->status;
	begin(&t, "code", purpose);
	add_text(&t, code);
	return mac(tls, key, &t, ret->mac, err);
}

enum mtls_status
code_mark(const struct mtls_tls *tls, const uint8_t key[CODE_KEY_BYTES],
    const char *code, uint8_t ret[STORE_MAC_BYTES], struct mtls_err *err)
{
	struct text t;

	begin(&t, "mark", NULL);
	add_text(&t, code);
	return mac(tls, key, &t, ret, err);
}

enum mtls_status
code_key_read(const struct mtls_tls *tls, const char *path,
    uint8_t ret[CODE_KEY_BYTES], struct mtls_err *err)
{
	size_t len = 0, out_len = 0;
	char *data = NULL;
	int is_done;

	if (mtls_file_read(path, MTLS_FILE_PRIVATE, KEY_FILE_MAX, &data,
	    &len, err) != MTLS_OK)
		return err->status;
	is_done = len >= CODE_KEY_BYTES && EVP_Q_digest(
	    mtls_tls_libctx0(tls), "SHA256", NULL, data, len, ret,
	    &out_len) == 1 && out_len == CODE_KEY_BYTES;
	mtls_file_data_free(data, len);
	return is_done ? MTLS_OK : mtls_fail(err, MTLS_E_CONFIG,
	    "%s: the key of the codes has at least %u random bytes", path,
	    CODE_KEY_BYTES);
}
