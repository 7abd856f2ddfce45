/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-117: any bytes as what sshd has verified. What is taken for a key is a
 * SubjectPublicKeyInfo of its whole length, and has one hash.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../../helper/ssh_auth_info.h"

#include "fuzz.h"

static int
is_failure(enum mtls_status status)
{
	return status == MTLS_E_PROTOCOL || status == MTLS_E_NOT_FOUND ||
	    status == MTLS_E_TOKEN_UNUSABLE;
}

/* One SEQUENCE, and nothing behind it. */
static int
is_sequence(const uint8_t *der, size_t len)
{
	if (len < 4 || len > SSH_KEY_SPKI_MAX || der[0] != 0x30)
		return 0;
	if (der[1] < 0x80)
		return len == 2 + (size_t)der[1];
	if (der[1] == 0x81)
		return len == 3 + (size_t)der[2];
	return der[1] == 0x82 &&
	    len == 4 + ((size_t)der[2] << 8 | (size_t)der[3]);
}

static void
T117_any_bytes_as_what_sshd_says(const uint8_t *data, size_t len)
{
	uint8_t hash[SSH_KEY_HASH_BYTES];
	struct ssh_key key;
	struct mtls_err err;
	enum mtls_status status;

	mtls_err_clear(&err);
	status = ssh_auth_info_read(data, len, &key, &err);
	if (status != MTLS_OK) {
		if (!is_failure(status) || err.text[0] == '\0')
			abort();
		return;
	}
	if (!is_sequence(key.spki, key.spki_len) ||
	    ssh_key_hash(&key, hash, &err) != MTLS_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	T117_any_bytes_as_what_sshd_says(data, len);
	return 0;
}
