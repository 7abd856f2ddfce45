/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The messages between pam_mtls.so, mtls-helper and mtls-token, and on the
 * verifier's admin socket. One SOCK_SEQPACKET datagram is one message: u8
 * version, u8 type, then the fields in the order of messages.def. Integers
 * are big-endian; bytes and text carry a u32 length; a list of texts carries
 * a u16 count. Encoding is canonical: decode then encode is the identity.
 *
 * A decoder publishes nothing unless the whole body is valid: every value
 * and length in its range, text as mtls_text_is_line() wants it, and not one
 * byte left over. Whether a status is known is asked by who uses it, with
 * mtls_status_known().
 */
#ifndef MTLS_MESSAGE_H
#define MTLS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/deadline.h"
#include "mtls/status.h"

#define MTLS_MESSAGE_VERSION	1u
#define MTLS_MESSAGE_MAX	65536u	/* bytes of a datagram */

struct mtls_bytes {
	size_t len;
	uint8_t *data;
};

struct mtls_texts {
	size_t n;
	char **text;
};

/* enum mtls_message_type: MTLS_MSG_LOGIN = 1, ... */
enum mtls_message_type {
#define MESSAGE(NAME, name, number, from, descriptor) \
	MTLS_MSG_##NAME = (number),
#define FIELD(name, kind, field, min, max)
#define MESSAGE_END(name)
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
	MTLS_MSG_NONE = 0
};

/* struct mtls_msg_login { ... }: see messages.def for the fields. */
#define MTLS_MEMBER_u8(f)	uint8_t f;
#define MTLS_MEMBER_u32(f)	uint32_t f;
#define MTLS_MEMBER_u64(f)	uint64_t f;
#define MTLS_MEMBER_bytes(f)	struct mtls_bytes f;
#define MTLS_MEMBER_text(f)	char *f;
#define MTLS_MEMBER_texts(f)	struct mtls_texts f;
#define MESSAGE(NAME, name, number, from, descriptor) struct mtls_msg_##name {
#define FIELD(name, kind, field, min, max) MTLS_MEMBER_##kind(field)
#define MESSAGE_END(name) };
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END

struct mtls_message {
	enum mtls_message_type type;
	union {
#define MESSAGE(NAME, name, number, from, descriptor) \
	struct mtls_msg_##name name;
#define FIELD(name, kind, field, min, max)
#define MESSAGE_END(name)
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
	} u;
};

/*
 * Encodes into a new buffer that the caller frees with mtls_message_data_free
 * (wiped). USAGE if a field breaks its declared range, MEMORY. A NULL text
 * counts as the empty text.
 */
enum mtls_status mtls_message_encode(const struct mtls_message *m,
    uint8_t **ret_data, size_t *ret_len, struct mtls_err *err);
void mtls_message_data_free(uint8_t *data, size_t len);

/* Decodes a whole datagram. PROTOCOL with the field's name, or MEMORY. */
enum mtls_status mtls_message_decode(const uint8_t *data, size_t len,
    struct mtls_message *ret_message, struct mtls_err *err);

/* Wipes and frees what decode allocated; the message becomes NONE. */
void mtls_message_clear(struct mtls_message *m);

/* Deep copy of a text or bytes value into a message that will be cleared. */
enum mtls_status mtls_text_dup(char **ret, const char *s,
    struct mtls_err *err);
enum mtls_status mtls_bytes_dup(struct mtls_bytes *ret, const void *data,
    size_t len, struct mtls_err *err);

/*
 * Sends one message, with a copy of descriptor pass_fd unless that is -1.
 * USAGE if messages.def says that the message carries a descriptor and none
 * is given, or the other way round. Never raises SIGPIPE. TIMEOUT, CLOSED,
 * SYSTEM.
 */
enum mtls_status mtls_message_send(int socket_fd,
    const struct mtls_message *m, int pass_fd,
    struct mtls_deadline deadline, struct mtls_err *err);

/*
 * Receives one message. *ret_fd is the descriptor that came with it
 * (CLOEXEC, caller closes) or -1. A descriptor where none belongs, two of
 * them, a missing one, or a datagram over MTLS_MESSAGE_MAX is PROTOCOL, and
 * everything received is closed. CLOSED at end of file. ret_message is NONE
 * on failure.
 */
enum mtls_status mtls_message_recv(int socket_fd,
    struct mtls_message *ret_message, int *ret_fd,
    struct mtls_deadline deadline, struct mtls_err *err);

/* "LOGIN"; "?" for an unknown number. */
const char *mtls_message_name(unsigned type);

/* A connected pair of CLOEXEC SOCK_SEQPACKET sockets. */
enum mtls_status mtls_message_socketpair(int ret_fds[2],
    struct mtls_err *err);

#endif
