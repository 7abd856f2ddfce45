/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An ssh-agent that has said everything before it is asked: the answers are
 * in the socket when the client comes to read them, right ones and wrong
 * ones. Tests only.
 */
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/evp.h>

#include "../../helper/ssh_agent.h"

struct fake_agent {
	int fd;			/* the agent's end */
	int watched_fd;		/* whose end is watched for a hang-up */
	struct ssh_agent client;
};

/* within_ms: how long the client waits. */
void fake_agent_start(struct fake_agent *a, uint32_t within_ms);
void fake_agent_stop(struct fake_agent *a);
void fake_agent_hang_up(struct fake_agent *a);	/* end of file after all */

/* Bytes as they are; a message of a type and a body, its length in front. */
void fake_agent_raw(struct fake_agent *a, const void *data, size_t len);
void fake_agent_say(struct fake_agent *a, uint8_t type, const void *body,
    size_t len);
/* What the client has sent so far; returns how much. */
size_t fake_agent_heard(struct fake_agent *a, void *buf, size_t size);

/* Bytes that grow: for the bodies of messages. */
struct fake_bytes {
	uint8_t data[131072];
	size_t len;
};
void fake_put(struct fake_bytes *b, const void *data, size_t len);
void fake_put_u32(struct fake_bytes *b, uint32_t value);
void fake_put_string(struct fake_bytes *b, const void *data, size_t len);
void fake_put_text(struct fake_bytes *b, const char *text);
/* A key as SSH writes it. */
void fake_put_key(struct fake_bytes *b, EVP_PKEY *key);
/* The signature by key over message, as an agent writes it. */
void fake_put_signature(struct fake_bytes *b, EVP_PKEY *key,
    const char *type, const char *digest, const void *message, size_t len);

#endif
