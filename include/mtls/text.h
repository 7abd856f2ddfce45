/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Text that came from outside: what may be shown on a terminal, written to a
 * log or used as a name. Pure functions, no locale.
 */
#ifndef MTLS_TEXT_H
#define MTLS_TEXT_H

#include <stddef.h>

#define MTLS_USER_MAX 256	/* bytes of a user name, without the NUL */

/* Whether the n bytes at s are well-formed UTF-8 (RFC 3629) without NUL. */
int mtls_text_is_utf8(const char *s, size_t n);

/*
 * Copies in to out (size bytes, always terminated) for a terminal or a log
 * line: well-formed printable UTF-8 stays, everything else (C0, C1, bidi and
 * other format characters, line and paragraph separators, malformed bytes)
 * becomes \xNN per byte. '\' itself becomes \x5c so that the result is
 * unambiguous. What does not fit is cut at a character boundary and ends in
 * "...". Returns out.
 */
char *mtls_text_printable(char *out, size_t size, const char *in);

/* Whether every character would survive mtls_text_printable() unchanged. */
int mtls_text_is_printable(const char *s);

/*
 * Whether the n bytes at s are one printable line: what a message, a JSON
 * body or a setting may hold as text, and what mtls_text_printable() and
 * struct mtls_err produce. As mtls_text_is_printable(), but '\' is allowed.
 */
int mtls_text_is_line(const char *s, size_t n);

/*
 * Makes s such a line in place: '?' for every byte that may not be in one;
 * a character that was cut off at the end of s goes.
 */
void mtls_text_make_line(char *s);

/*
 * Whether s may be a user name at all: 1..MTLS_USER_MAX bytes of printable
 * UTF-8, not starting with '-', without '/', ',', ':', ';', '=', '|', '\',
 * '"', '\'', '$', '*', '?', white space; not "." or "..". Everything that
 * looks like an option, a path, a list or a shell word is refused.
 */
int mtls_text_is_user(const char *s);

/*
 * Whether s is a host name as it stands in a dNSName (RFC 1123 labels, no
 * wildcard, no trailing dot, at least one letter, at most 253 bytes), lower
 * case or upper.
 */
int mtls_text_is_hostname(const char *s);

/*
 * Whether s is a PAM service name: 1..64 of [A-Za-z0-9._+@-], not starting
 * with '.' or '-'.
 */
int mtls_text_is_service(const char *s);

/* Hexadecimal, lower case; out has room for 2 * n + 1. Returns out. */
char *mtls_hex_encode(char *out, const void *bytes, size_t n);

/*
 * Decodes exactly n bytes from 2 * n lower-case hex digits followed by NUL.
 * Returns 0, or -1 (out is then untouched).
 */
int mtls_hex_decode(void *out, size_t n, const char *hex);

#endif
