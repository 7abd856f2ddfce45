/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TZif files. Only what says all there is to know is taken: 64-bit times, no
 * leap seconds, and the rule for the future at the end.
 */
#include "config.h"

#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/message.h"

#include "zone_rule.h"

#define HEADER_LEN	44u
#define COUNT_MAX	8192u
#define TYPE_LEN	6u
#define OFFSET_MIN	(-89999)
#define OFFSET_MAX	93599

struct zone {
	char *name;
	size_t n;
	int64_t *at;		/* ascending */
	int32_t *offset;	/* from at on */
	int32_t first;		/* before */
	struct zone_rule rule;	/* after the last */
};

/* One block of a file, and how many of what are in it. */
struct block {
	uint32_t n_ut, n_std, n_leap, n_time, n_type, n_char;
};

struct reader {
	const char *name;
	const uint8_t *at, *end;
};

static enum mtls_status
damaged(const char *name, const char *why, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG, "time zone \"%s\": %s", name,
	    why);
}

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static int64_t
i64_at(const uint8_t *p)
{
	return (int64_t)((uint64_t)u32_at(p) << 32 | u32_at(p + 4));
}

static size_t
left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static enum mtls_status
read_header(struct reader *r, struct block *b, struct mtls_err *err)
{
	uint32_t counts[6];

	if (left(r) < HEADER_LEN || memcmp(r->at, "TZif", 4) != 0)
		return damaged(r->name, "not a time zone file", err);
	if (r->at[4] < '2')
		return damaged(r->name, "a file of version 1", err);
	for (size_t i = 0; i < 6; i++) {
		counts[i] = u32_at(r->at + 20 + 4 * i);
		if (counts[i] > COUNT_MAX)
			return damaged(r->name, "too large", err);
	}
	*b = (struct block){ counts[0], counts[1], counts[2], counts[3],
	    counts[4], counts[5] };
	r->at += HEADER_LEN;
	return MTLS_OK;
}

static size_t
block_len(const struct block *b, size_t time_len)
{
	return b->n_time * (time_len + 1) + b->n_type * TYPE_LEN +
	    b->n_char + b->n_leap * (time_len + 4) + b->n_std + b->n_ut;
}

/* Seconds east of UTC of a type; OFFSET_MAX + 1 if that is no offset. */
static int32_t
offset_of(const struct block *b, const uint8_t *types, size_t i)
{
	int32_t offset;

	if (i >= b->n_type)
		return OFFSET_MAX + 1;
	offset = (int32_t)u32_at(types + i * TYPE_LEN);
	return offset < OFFSET_MIN || offset > OFFSET_MAX ? OFFSET_MAX + 1 :
	    offset;
}

/* The block with the times, which is all there. */
static enum mtls_status
read_times(struct reader *r, const struct block *b, struct zone *z,
    struct mtls_err *err)
{
	const uint8_t *indices = r->at + b->n_time * 8;
	const uint8_t *types = indices + b->n_time;

	z->first = offset_of(b, types, 0);
	if (z->first > OFFSET_MAX)
		return damaged(r->name, "an impossible offset", err);
	z->at = calloc((size_t)b->n_time + 1, sizeof(*z->at));
	z->offset = calloc((size_t)b->n_time + 1, sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (; z->n < b->n_time; z->n++) {
		z->at[z->n] = i64_at(r->at + 8 * z->n);
		z->offset[z->n] = offset_of(b, types, indices[z->n]);
		if (z->offset[z->n] > OFFSET_MAX)
			return damaged(r->name, "an impossible offset", err);
		if (z->n > 0 && z->at[z->n] <= z->at[z->n - 1])
			return damaged(r->name, "times out of order", err);
	}
	r->at += block_len(b, 8);
	return MTLS_OK;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n", and nothing behind it. */
static enum mtls_status
read_footer(struct reader *r, struct zone *z, struct mtls_err *err)
{
	char text[128];
	size_t len = left(r);

	if (len < 3 || len >= sizeof(text) || r->at[0] != '\n' ||
	    r->at[len - 1] != '\n')
		return damaged(r->name, "no rule for the future", err);
	memcpy(text, r->at + 1, len - 2);
	text[len - 2] = '\0';
	if (strlen(text) != len - 2 || zone_rule_parse(text, &z->rule) != 0)
		return damaged(r->name, "no rule for the future", err);
	return MTLS_OK;
}

static enum mtls_status
read_all(struct reader *r, struct zone *z, struct mtls_err *err)
{
	enum mtls_status status;
	struct block b;

	status = read_header(r, &b, err);
	if (status != MTLS_OK)
		return status;
	/* The first block is for readers that know 32-bit times only. */
	if (left(r) < block_len(&b, 4))
		return damaged(r->name, "cut off", err);
	r->at += block_len(&b, 4);
	status = read_header(r, &b, err);
	if (status != MTLS_OK)
		return status;
	if (left(r) < block_len(&b, 8))
		return damaged(r->name, "cut off", err);
	if (b.n_leap != 0)
		return damaged(r->name, "a zone with leap seconds", err);
	status = read_times(r, &b, z, err);
	return status == MTLS_OK ? read_footer(r, z, err) : status;
}

enum mtls_status
zone_parse(const char *name, const uint8_t *data, size_t len,
    struct zone **ret, struct mtls_err *err)
{
	struct reader r = { name, data, data + len };
	struct zone *z = calloc(1, sizeof(*z));
	enum mtls_status status;

	if (z == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_text_dup(&z->name, name, err);
	if (status == MTLS_OK)
		status = read_all(&r, z, err);
	if (status == MTLS_OK)
		*ret = z;
	else
		zone_free(z);
	return status;
}

void
zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->name);
	free(zone->at);
	free(zone->offset);
	free(zone);
}

/* Words of letters, digits, '_', '+' and '-', separated by '/'. */
static int
is_zone_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";

	if (strlen(name) > ZONE_NAME_MAX)
		return 0;
	for (;;) {
		if (strspn(name, letters) == 0)
			return 0;
		name += strspn(name, word);
		if (*name == '\0')
			return 1;
		if (*name++ != '/')
			return 0;
	}
}

/* Many zones are links to another; who may write there is root alone. */
static enum mtls_status
read_file(const char *path, const char *name, uint8_t *data, size_t *ret_len,
    struct mtls_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum mtls_status status = MTLS_OK;
	struct stat st;
	ssize_t n = 0;
	size_t len = 0;

	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno,
		    "time zone \"%s\": %s", name, path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = damaged(name, "not a time zone file", err);
	while (status == MTLS_OK && len < ZONE_FILE_MAX &&
	    (n = read(fd, data + len, ZONE_FILE_MAX - len)) > 0)
		len += (size_t)n;
	if (status == MTLS_OK && n < 0)
		status = mtls_fail_errno(err, MTLS_E_CONFIG, errno,
		    "time zone \"%s\": %s", name, path);
	if (status == MTLS_OK && len == ZONE_FILE_MAX)
		status = damaged(name, "too large", err);
	close(fd);
	*ret_len = len;
	return status;
}

enum mtls_status
zone_read(const char *dir, const char *name, struct zone **ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	char path[512];
	uint8_t *data;
	size_t len = 0;

	if (!is_zone_name(name) || (size_t)snprintf(path, sizeof(path),
	    "%s/%s", dir, name) >= sizeof(path))
		return damaged(name, "not the name of a time zone", err);
	data = malloc(ZONE_FILE_MAX);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = read_file(path, name, data, &len, err);
	if (status == MTLS_OK)
		status = zone_parse(name, data, len, ret, err);
	free(data);
	return status;
}

const char *
zone_name0(const struct zone *zone)
{
	return zone->name;
}

int32_t
zone_offset(const struct zone *zone, int64_t t)
{
	size_t low = 0, high = zone->n, middle;

	if (zone->n == 0 || t >= zone->at[zone->n - 1])
		return zone_rule_offset(&zone->rule, t);
	if (t < zone->at[0])
		return zone->first;
	/* at[low] <= t < at[high] */
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (t >= zone->at[middle])
			low = middle;
		else
			high = middle;
	}
	return zone->offset[low];
}

unsigned
zone_minute_of_week(const struct zone *zone, int64_t t)
{
	/* Four weeks more, for what is west of UTC in January 1970. */
	int64_t minute = (t + zone_offset(zone, t)) / 60 + 4 *
	    ZONE_WEEK_MINUTES;

	/* 1970-01-01 was a Thursday. */
	return (unsigned)((minute + 3 * 24 * 60) % ZONE_WEEK_MINUTES);
}
