/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The index of a CA, from and to its file.
 */
#include "config.h"

#include "mtlsctl/ca_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/file.h"
#include "mtls/random.h"
#include "mtls/text.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/timestamp.h"

#define INDEX_MAX_BYTES	(256u * 1024u * 1024u)
#define HEADING "# mtlsctl ca index 1\n"
#define N_FIELDS 9

const char *const ca_kind_names[] = { "ca", "user", "machine", "verifier",
	NULL };
const char *const ca_reason_names[] = { "unspecified", "keyCompromise",
	"affiliationChanged", "superseded", "cessationOfOperation",
	"privilegeWithdrawn", NULL };

static const char *const state_names[] = { "valid", "revoked", NULL };
static const char *const issuer_names[] = { "root", "users", "machines",
	NULL };

long
ca_reason_code(enum ca_reason reason)
{
	switch (reason) {
	case CA_REASON_UNSPECIFIED:
		return 0;
	case CA_REASON_KEY_COMPROMISE:
		return 1;
	case CA_REASON_AFFILIATION_CHANGED:
		return 3;
	case CA_REASON_SUPERSEDED:
		return 4;
	case CA_REASON_CESSATION_OF_OPERATION:
		return 5;
	case CA_REASON_PRIVILEGE_WITHDRAWN:
		return 9;
	}
	return 0;
}

/* The number of word in a NULL-terminated list, or -1. */
static int
number_of(const char *word, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++) {
		if (strcmp(list[i], word) == 0)
			return i;
	}
	return -1;
}

static int
parse_hex(const char *text, char *out, size_t n_bytes)
{
	uint8_t bytes[32];

	if (mtls_hex_decode(bytes, n_bytes, text) != 0)
		return -1;
	memcpy(out, text, 2 * n_bytes + 1);
	return 0;
}

/* "-", or "2026-11-23T07:41:14Z keyCompromise" for a revoked one. */
static int
parse_revocation(char *text, struct ca_entry *e)
{
	char *space = strchr(text, ' ');
	int reason;

	if (!e->revoked)
		return strcmp(text, "-") == 0 ? 0 : -1;
	if (space == NULL)
		return -1;
	*space = '\0';
	e->revoked_at_s = timestamp_parse(text);
	reason = number_of(space + 1, ca_reason_names);
	if (e->revoked_at_s < 0 || reason < 0)
		return -1;
	e->reason = (enum ca_reason)reason;
	return 0;
}

static int
parse_line(char *line, struct ca_entry *e)
{
	char *field[N_FIELDS];
	int state, issuer, kind;

	for (int i = 0; i < N_FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (field[i] == NULL)
			return -1;
	}
	state = number_of(field[0], state_names);
	issuer = number_of(field[2], issuer_names);
	kind = number_of(field[3], ca_kind_names);
	if (line != NULL || state < 0 || issuer < 0 || kind < 0)
		return -1;
	e->revoked = state;
	e->issuer = (enum ca_id)issuer;
	e->kind = (enum ca_kind)kind;
	e->not_before_s = timestamp_parse(field[4]);
	e->not_after_s = timestamp_parse(field[5]);
	e->name = field[8];
	if (e->not_before_s < 0 || e->not_after_s < 0 ||
	    parse_hex(field[1], e->serial, CA_SERIAL_BYTES) != 0 ||
	    parse_hex(field[6], e->key, 32) != 0 || e->name[0] == '\0' ||
	    !mtls_text_is_line(e->name, strlen(e->name)))
		return -1;
	return parse_revocation(field[7], e);
}

static int
compare_serials(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum mtls_status
check_serials(const struct ca_index *index, const char *path,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	const char **serials = calloc(index->n + 1, sizeof(*serials));

	if (serials == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (size_t i = 0; i < index->n; i++)
		serials[i] = index->entries[i].serial;
	qsort(serials, index->n, sizeof(*serials), compare_serials);
	for (size_t i = 1; i < index->n && status == MTLS_OK; i++) {
		if (strcmp(serials[i - 1], serials[i]) == 0)
			status = mtls_fail(err, MTLS_E_CONFIG,
			    "%s: serial number %s is there twice", path,
			    serials[i]);
	}
	free(serials);
	return status;
}

static enum mtls_status
parse(char *data, size_t len, const char *path, struct ca_index *index,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int line_number = 1;
	char *line;

	if (strncmp(data, HEADING, strlen(HEADING)) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not the index of a CA", path);
	if (strlen(data) != len || data[len - 1] != '\n')
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: its end is missing, or it has a NUL in it", path);
	data[len - 1] = '\0';
	data += strlen(HEADING) - 1;
	if (*data == '\0')
		return MTLS_OK;
	data++;
	while (status == MTLS_OK && (line = strsep(&data, "\n")) != NULL) {
		struct ca_entry e;

		memset(&e, 0, sizeof(e));
		line_number++;
		if (parse_line(line, &e) != 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "%s:%d: not a line of an index", path,
			    line_number);
		status = ca_index_add(index, &e, err);
	}
	return status == MTLS_OK ? check_serials(index, path, err) : status;
}

enum mtls_status
ca_index_read(const struct ca_dir *dir, struct ca_index *ret,
    struct mtls_err *err)
{
	struct ca_index index = CA_INDEX_NONE;
	char *path = ca_dir_path(dir, "index");
	enum mtls_status status;
	char *data = NULL;
	size_t len = 0;

	if (path == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_file_read(path, MTLS_FILE_PUBLIC, INDEX_MAX_BYTES, &data,
	    &len, err);
	if (status == MTLS_E_NOT_FOUND)
		mtls_err_context(err, "this is not the directory of a CA");
	if (status == MTLS_OK)
		status = parse(data, len, path, &index, err);
	mtls_file_data_free(data, len);
	free(path);
	if (status == MTLS_OK)
		*ret = index;
	else
		ca_index_clear(&index);
	return status;
}

static void
write_entry(FILE *out, const struct ca_entry *e)
{
	char before[TIMESTAMP_SIZE];
	char after[TIMESTAMP_SIZE];
	char at[TIMESTAMP_SIZE];

	fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t", state_names[e->revoked],
	    e->serial, ca_names[e->issuer], ca_kind_names[e->kind],
	    timestamp_format(e->not_before_s, before),
	    timestamp_format(e->not_after_s, after), e->key);
	if (e->revoked)
		fprintf(out, "%s %s", timestamp_format(e->revoked_at_s, at),
		    ca_reason_names[e->reason]);
	else
		fputs("-", out);
	fprintf(out, "\t%s\n", e->name);
}

enum mtls_status
ca_index_write(const struct ca_dir *dir, const struct ca_index *index,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	char *path = ca_dir_path(dir, "index");
	char *data = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&data, &len);

	if (path == NULL || out == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	fputs(HEADING, out);
	for (size_t i = 0; i < index->n; i++)
		write_entry(out, &index->entries[i]);
out:
	if (out != NULL && (ferror(out) | fclose(out)) != 0)
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (status == MTLS_OK)
		status = new_file_write(path, NEW_FILE_REPLACE, 0600, data,
		    len, err);
	free(data);
	free(path);
	return status;
}

void
ca_index_clear(struct ca_index *index)
{
	for (size_t i = 0; i < index->n; i++)
		free(index->entries[i].name);
	free(index->entries);
	index->entries = NULL;
	index->n = 0;
}

enum mtls_status
ca_index_add(struct ca_index *index, const struct ca_entry *entry,
    struct mtls_err *err)
{
	struct ca_entry *more;
	char *name;

	/* Room for a power of two; grown when that is full. */
	if ((index->n & (index->n - 1)) == 0) {
		more = reallocarray(index->entries,
		    index->n == 0 ? 1 : 2 * index->n, sizeof(*more));
		if (more == NULL)
			return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		index->entries = more;
	}
	name = strdup(entry->name);
	if (name == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	index->entries[index->n] = *entry;
	index->entries[index->n].name = name;
	index->n++;
	return MTLS_OK;
}

struct ca_entry *
ca_index_find(const struct ca_index *index, const char *serial)
{
	for (size_t i = 0; i < index->n; i++) {
		if (strcmp(index->entries[i].serial, serial) == 0)
			return &index->entries[i];
	}
	return NULL;
}

enum mtls_status
ca_index_check_key(const struct ca_index *index, const char *key,
    enum ca_kind kind, const char *name, struct mtls_err *err)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct ca_entry *e = &index->entries[i];

		if (strcmp(e->key, key) != 0)
			continue;
		if (e->revoked && e->reason == CA_REASON_KEY_COMPROMISE)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "this key was revoked as compromised (%s); make "
			    "a new one", e->serial);
		if (e->kind != kind || strcmp(e->name, name) != 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "this key is certified already, for %s (%s)",
			    e->name, e->serial);
	}
	return MTLS_OK;
}

enum mtls_status
ca_index_serial(const struct ca_index *index,
    char ret[2 * CA_SERIAL_BYTES + 1], struct mtls_err *err)
{
	uint8_t serial[CA_SERIAL_BYTES];
	enum mtls_status status;

	do {
		status = mtls_random(serial, sizeof(serial), err);
		if (status != MTLS_OK)
			return status;
		/* Positive, and 16 bytes whatever comes. */
		serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
		mtls_hex_encode(ret, serial, sizeof(serial));
	} while (ca_index_find(index, ret) != NULL);
	return MTLS_OK;
}
