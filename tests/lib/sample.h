/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One valid message, and one valid JSON body, of each type, made from
 * messages.def and bodies.def: a new one is in every test at once.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "mtls/body.h"
#include "mtls/message.h"

enum sample_size {
	SAMPLE_MIN,		/* every value and length at its minimum */
	SAMPLE_SMALL,		/* texts of a few bytes, some not ASCII */
	SAMPLE_MAX		/* every value and length at its maximum */
};

/* All numbers of messages, 0 at the end. */
extern const unsigned sample_message_types[];

/* Clear with mtls_message_clear(). */
void sample_message(struct mtls_message *ret, unsigned type,
    enum sample_size size);

/* Into ret, the struct of that type; clear with mtls_body_clear(). */
void sample_body(void *ret, enum mtls_body_type type, enum sample_size size);

/* Room for the struct of any body. */
union sample_any_body {
#define BODY(NAME, name) struct mtls_body_##name name;
#define ITEM(name, kind, item, min, max)
#define BODY_END(name)
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END
};

#endif
