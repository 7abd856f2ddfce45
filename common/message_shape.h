/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What messages.def says about one message, for the codec and the socket.
 */
#ifndef MESSAGE_SHAPE_H
#define MESSAGE_SHAPE_H

#include <stddef.h>

#include "message_fields.h"

struct mtls_message_shape {
	const char *name;	/* "LOGIN" */
	unsigned number;
	int n_descriptors;	/* 0 or 1 */
	const struct mtls_field *fields;
	size_t n_fields;
};

/* NULL for a number that messages.def does not have. */
const struct mtls_message_shape *mtls_message_shape0(unsigned type);

#endif
