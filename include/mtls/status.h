/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What can go wrong, and the record that says why.
 *
 * A status says what the operator or the user should do about a failure; it
 * is never a decision about a login (that is enum mtls_verdict, verdict.h).
 * The list is closed: switches over it have no default, so that a new value
 * is a compile error in every table.
 */
#ifndef MTLS_STATUS_H
#define MTLS_STATUS_H

#include <stddef.h>

/* clang lets a type say that no value of it may be dropped; gcc does not. */
#if defined(__clang__)
#define MTLS_MUST_LOOK __attribute__((warn_unused_result))
#else
#define MTLS_MUST_LOOK
#endif

enum mtls_status {
	MTLS_OK = 0,

	/* The caller, the configuration, this machine. */
	MTLS_E_USAGE,		/* a value outside its contract */
	MTLS_E_CONFIG,		/* a setting is wrong: file, line, reason */
	MTLS_E_PERMISSION,	/* this caller may not ask that */
	MTLS_E_MEMORY,		/* out of memory */
	MTLS_E_SYSTEM,		/* an operating system call failed */
	MTLS_E_NOT_FOUND,	/* no such file, row or account */

	/* The other side of a socket. */
	MTLS_E_PROTOCOL,	/* the peer sent nonsense */
	MTLS_E_CLOSED,		/* the peer went away */
	MTLS_E_TIMEOUT,		/* the deadline passed */
	MTLS_E_UNAVAILABLE,	/* no verifier, or no helper, answers */
	MTLS_E_PEER,		/* the peer is not who it must be */
	MTLS_E_CRYPTO,		/* a cryptographic operation failed */
	MTLS_E_REFUSED,		/* the verifier said no */

	/* The card. */
	MTLS_E_TOKEN_ABSENT,	/* no reader or no card */
	MTLS_E_TOKEN_UNUSABLE,	/* no certificate or mechanism fits */
	MTLS_E_TOKEN_FAILED,	/* the card or its library failed */
	MTLS_E_PIN_WRONG,
	MTLS_E_PIN_LOCKED,

	/* The person. */
	MTLS_E_CONVERSATION,	/* a question could not be asked */
	MTLS_E_AGAIN,		/* the conversation wants to be resumed */
	MTLS_E_CANCELLED,	/* the person gave no answer */

	/* Last, so that the numbers above stay what they were. */
	MTLS_E_LIMITED,		/* the verifier: too many, later again */

	MTLS_STATUS_COUNT
} MTLS_MUST_LOOK;

#define MTLS_ERR_TEXT_MAX 240

/*
 * Why a call failed. Owned by the caller, of fixed size, so that no error
 * path allocates. The first writer wins: the layer that knows the reason
 * writes it, outer layers may add what they were doing with
 * mtls_err_context(). Nobody but the caller logs it.
 */
struct mtls_err {
	enum mtls_status status;
	int sys_errno;			/* errno at that time, or 0 */
	const char *where;		/* "file.c:123", static */
	char text[MTLS_ERR_TEXT_MAX];	/* printable, one line */
};

/* Makes err say "no error". Every struct mtls_err starts like this. */
void mtls_err_clear(struct mtls_err *err);

/*
 * Records status and a printf-style text unless err already holds a failure,
 * and returns the status that err then holds, so that "return
 * mtls_fail(err, ...)" is the usual form. err may be NULL. Bytes that are
 * not printable are replaced. errno is preserved.
 */
#define mtls_fail(err, status, ...) \
	mtls_err_set((err), (status), 0, MTLS_WHERE, __VA_ARGS__)

/* The same, with ": " and the text of the given errno value appended. */
#define mtls_fail_errno(err, status, sys_errno, ...) \
	mtls_err_set((err), (status), (sys_errno), MTLS_WHERE, __VA_ARGS__)

enum mtls_status mtls_err_set(struct mtls_err *err, enum mtls_status status,
    int sys_errno, const char *where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Puts "word: " before the text, cut at the end where it does not fit. */
void mtls_err_context(struct mtls_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The fixed lower-case word for a status, "pin-wrong"; never NULL. */
const char *mtls_status_word(enum mtls_status status);

/* Whether v, from the wire, is a value of enum mtls_status. */
int mtls_status_known(unsigned v);

#define MTLS_STRING2(x) #x
#define MTLS_STRING(x) MTLS_STRING2(x)
#define MTLS_WHERE __FILE__ ":" MTLS_STRING(__LINE__)

#endif
