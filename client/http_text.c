/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The little of HTTP/1.1 that a verifier speaks, strictly: a status line,
 * headers, a body of a stated length.
 */
#include "config.h"

#include "client/http_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct head {
	int code;
	int n_types, n_lengths;
	int is_json;
	size_t length;
	const char *forbidden;		/* a header that may not be there */
};

enum mtls_status
http_text_post(const char *name, uint16_t port, const char *path,
    const char *json, char **ret, size_t *ret_len, struct mtls_err *err)
{
	size_t size = strlen(json) + 1024;
	char *text = malloc(size);
	int len;

	if (text == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	len = snprintf(text, size, "POST %s HTTP/1.1\r\n"
	    "Host: %s:%u\r\nAccept: application/json\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n%s", path, name, (unsigned)port,
	    strlen(json), json);
	if (len < 0 || (size_t)len >= size) {
		free(text);
		return mtls_fail(err, MTLS_E_USAGE, "the request is too long");
	}
	*ret = text;
	*ret_len = (size_t)len;
	return MTLS_OK;
}

/* Three digits between 100 and 599. */
static int
parse_code(const char *p)
{
	int i, code = 0;

	for (i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		code = code * 10 + (p[i] - '0');
	}
	return code >= 100 && code <= 599 ? code : 0;
}

/* "HTTP/1.1 200 OK" */
static enum mtls_status
take_status_line(const char *line, size_t len, struct head *head,
    struct mtls_err *err)
{
	static const char version[] = "HTTP/1.1 ";

	if (len < sizeof(version) - 1 + 3 ||
	    memcmp(line, version, sizeof(version) - 1) != 0 ||
	    (len > sizeof(version) - 1 + 3 &&
	    line[sizeof(version) - 1 + 3] != ' '))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the answer is not HTTP/1.1");
	head->code = parse_code(line + sizeof(version) - 1);
	if (head->code != 200 && head->code != 201 && head->code != 202 &&
	    head->code < 400)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "HTTP status %d does not belong here", head->code);
	return MTLS_OK;
}

/* Digits only, and few of them. */
static int
take_length(const char *value, size_t len, size_t *ret)
{
	size_t i, n = 0;

	if (len == 0 || len > 6)
		return -1;
	for (i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return -1;
		n = n * 10 + (size_t)(value[i] - '0');
	}
	*ret = n;
	return n <= MTLS_BODY_MAX ? 0 : -1;
}

static int
is(const char *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

static enum mtls_status
take_header(const char *line, size_t len, struct head *head,
    struct mtls_err *err)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const forbidden[] = { "Transfer-Encoding",
	    "Content-Encoding", "Location", "Upgrade" };
	static const char json[] = "application/json";
	size_t i, name_len = strspn(line, token);
	const char *value = line + name_len + 1;
	size_t value_len;

	if (name_len == 0 || name_len >= len || line[name_len] != ':')
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "a header of the answer is malformed");
	value_len = len - name_len - 1;
	while (value_len > 0 && (*value == ' ' || *value == '\t'))
		value++, value_len--;
	while (value_len > 0 && (value[value_len - 1] == ' ' ||
	    value[value_len - 1] == '\t'))
		value_len--;
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (is(line, name_len, forbidden[i]))
			head->forbidden = forbidden[i];
	}
	if (is(line, name_len, "Content-Type")) {
		head->n_types++;
		head->is_json = value_len == sizeof(json) - 1 &&
		    memcmp(value, json, value_len) == 0;
	} else if (is(line, name_len, "Content-Length")) {
		head->n_lengths++;
		if (take_length(value, value_len, &head->length) != 0)
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "the answer has no usable Content-Length");
	}
	return MTLS_OK;
}

static enum mtls_status
check_head(const struct head *head, struct mtls_err *err)
{
	enum mtls_status status = head->code >= 500 ? MTLS_E_UNAVAILABLE :
	    MTLS_E_PROTOCOL;

	if (head->forbidden != NULL)
		(void)mtls_fail(err, status, "the answer has a header %s",
		    head->forbidden);
	else if (head->n_types != 1 || !head->is_json)
		(void)mtls_fail(err, status,
		    "the answer is not application/json");
	else if (head->n_lengths != 1)
		(void)mtls_fail(err, status,
		    "the answer has no usable Content-Length");
	if (err->status != MTLS_OK && head->code >= 400)
		mtls_err_context(err, "HTTP status %d", head->code);
	return err->status;
}

/* The lines from text to end, each of which ends in CR LF. */
static enum mtls_status
take_lines(const char *text, const char *end, struct head *head,
    struct mtls_err *err)
{
	const char *line, *line_end;
	size_t len;

	for (line = text; line < end; line = line_end + 2) {
		line_end = memchr(line, '\r', (size_t)(end - line));
		if (line_end == NULL || line_end[1] != '\n')
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "a header of the answer is malformed");
		len = (size_t)(line_end - line);
		if (memchr(line, '\0', len) != NULL ||
		    memchr(line, '\n', len) != NULL)
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "a header of the answer is malformed");
		if ((line == text ? take_status_line(line, len, head, err) :
		    take_header(line, len, head, err)) != MTLS_OK)
			return err->status;
	}
	return MTLS_OK;
}

enum mtls_status
http_text_parse(const char *text, size_t len, struct http_answer *ret,
    struct mtls_err *err)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);
	struct head head;
	size_t body;

	if (end == NULL)
		return len < HTTP_TEXT_HEADERS_MAX ? MTLS_E_AGAIN :
		    mtls_fail(err, MTLS_E_PROTOCOL,
		    "the headers of the answer are too long");
	memset(&head, 0, sizeof(head));
	if (take_lines(text, end + 2, &head, err) != MTLS_OK ||
	    check_head(&head, err) != MTLS_OK)
		return err->status;
	body = len - (size_t)(end + 4 - text);
	if (body < head.length)
		return MTLS_E_AGAIN;
	if (body > head.length)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "there is something behind the answer");
	ret->code = head.code;
	ret->body = end + 4;
	ret->len = head.length;
	return MTLS_OK;
}
