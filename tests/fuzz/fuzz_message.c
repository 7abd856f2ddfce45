/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-078: any bytes as a datagram. What decodes must encode to the same
 * bytes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"

#include "fuzz.h"

static void
T078_any_bytes_as_a_message(const uint8_t *data, size_t len)
{
	struct mtls_message m;
	struct mtls_err err;
	uint8_t *again = NULL;
	size_t again_len = 0;

	mtls_err_clear(&err);
	if (mtls_message_decode(data, len, &m, &err) != MTLS_OK) {
		if (err.status != MTLS_E_PROTOCOL || err.text[0] == '\0')
			abort();
		return;
	}
	if (mtls_message_encode(&m, &again, &again_len, &err) != MTLS_OK ||
	    again_len != len || memcmp(again, data, len) != 0)
		abort();
	mtls_message_data_free(again, again_len);
	mtls_message_clear(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	T078_any_bytes_as_a_message(data, len);
	return 0;
}
