/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-078: any bytes as a JSON body; the first byte chooses the body. What
 * parses must format, and its format must parse to the same format.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/body.h"

#include "../lib/sample.h"
#include "fuzz.h"

static char *
format(enum mtls_body_type type, const void *body)
{
	char *json = NULL;
	size_t len = 0;

	if (mtls_body_format(type, body, &json, &len, NULL) != MTLS_OK ||
	    strlen(json) != len)
		abort();
	return json;
}

static void
T078_any_bytes_as_a_body(const uint8_t *data, size_t len)
{
	union sample_any_body body;
	enum mtls_body_type type;
	char *once, *twice;

	if (len == 0)
		return;
	type = (enum mtls_body_type)(data[0] % MTLS_BODY_COUNT);
	if (mtls_body_parse(type, (const char *)data + 1, len - 1, &body,
	    NULL) != MTLS_OK)
		return;
	once = format(type, &body);
	mtls_body_clear(type, &body);
	if (mtls_body_parse(type, once, strlen(once), &body, NULL) !=
	    MTLS_OK)
		abort();
	twice = format(type, &body);
	mtls_body_clear(type, &body);
	if (strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	T078_any_bytes_as_a_body(data, len);
	return 0;
}
