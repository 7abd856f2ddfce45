/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of methods.
 */
#include "config.h"

#include "method.h"

#include <string.h>

static const struct method *const methods[] = {
	&method_relay,
	&method_sshkey,
	&method_code,
	&method_token,
	&method_agent,
};

const struct method *
method_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i]->name, name) == 0)
			return methods[i];
	}
	return NULL;
}
