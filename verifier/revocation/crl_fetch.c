/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a URL to a file. What is there under its name has been verified; what
 * is being written has another name, which nobody reads.
 */
#include "config.h"

#include "crl_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mtls/deadline.h"
#include "mtls/file.h"

#include "http_fetch.h"
#include "revocation_watch.h"

/* After a failure, and at most this long before the list ends. */
#define RETRY_MS	30000
#define COMPLAIN_MS	(60 * 60 * 1000)

struct crl_fetch_turn {
	int64_t due_ms;			/* 0: now */
	int64_t complained_ms;		/* 0: it works */
};

static enum mtls_status
write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return MTLS_E_SYSTEM;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? MTLS_OK : MTLS_E_SYSTEM;
}

static enum mtls_status
open_directory(const char *path, int *ret_fd, struct mtls_err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", path);
	return mtls_file_open_dir(path, ret_fd, err);
}

static enum mtls_status
put_new(int dir_fd, const char *name, const uint8_t *data, size_t len,
    struct mtls_err *err)
{
	enum mtls_status status;
	int fd;

	if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", name);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", name);
	status = write_all(fd, data, len);
	if (status != MTLS_OK)
		status = mtls_fail_errno(err, status, errno, "%s", name);
	(void)close(fd);
	return status;
}

/* Verifies it under another name before it gets its own. */
static enum mtls_status
keep(const struct revocation_work *work, size_t i,
    const struct revocation_source *source, const uint8_t *data, size_t len,
    struct mtls_err *err)
{
	char name[sizeof(source->name) + 1], path[1200];
	enum mtls_status status;
	int dir_fd = -1;

	(void)snprintf(name, sizeof(name), ".%s", source->name);
	(void)snprintf(path, sizeof(path), "%s/%s", source->directory, name);
	status = open_directory(source->directory, &dir_fd, err);
	if (status == MTLS_OK)
		status = put_new(dir_fd, name, data, len, err);
	if (status == MTLS_OK)
		status = revocation_check_file(work->r, i, work->tls, path,
		    err);
	if (status == MTLS_OK && (renameat(dir_fd, name, dir_fd,
	    source->name) != 0 || fsync(dir_fd) != 0))
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    path);
	if (status != MTLS_OK && dir_fd >= 0)
		(void)unlinkat(dir_fd, name, 0);
	if (dir_fd >= 0)
		(void)close(dir_fd);
	return status;
}

static enum mtls_status
fetch_one(const struct revocation_work *work, size_t i,
    const struct revocation_source *source, struct mtls_err *err)
{
	const struct http_fetch request = {
		.url = source->url,
		.max_bytes = CRL_FETCH_MAX_BYTES,
		.timeout_s = CRL_FETCH_TIMEOUT_S,
		.wake_fd = work->wake_fd,
	};
	enum mtls_status status;
	uint8_t *data = NULL;
	size_t len = 0;

	status = http_fetch(&request, &data, &len, err);
	if (status == MTLS_OK)
		status = keep(work, i, source, data, len, err);
	free(data);
	return status;
}

/* Before the list ends, but not all the time when it has. */
static int64_t
next_turn(struct revocation *r, size_t i, int64_t now_ms)
{
	struct revocation_source source;
	int64_t wait_ms, left_ms;

	revocation_source(r, i, &source);
	wait_ms = (int64_t)source.refresh_s * 1000;
	if (source.has_crl) {
		/* In nine tenths of the time that it still has. */
		left_ms = (source.next_update_s - time(NULL)) * 900;
		if (left_ms < wait_ms)
			wait_ms = left_ms;
	}
	/* Nobody is asked more often than he wishes, or than this. */
	if (wait_ms < RETRY_MS)
		wait_ms = (int64_t)source.refresh_s * 1000 < RETRY_MS ?
		    (int64_t)source.refresh_s * 1000 : RETRY_MS;
	return now_ms + wait_ms;
}

static void
complain(const struct crl_fetch *f, struct crl_fetch_turn *turn,
    const char *url, const struct mtls_err *err)
{
	int64_t now_ms = mtls_clock_ms();

	if (turn->complained_ms != 0 &&
	    now_ms < turn->complained_ms + COMPLAIN_MS)
		return;
	turn->complained_ms = now_ms > 0 ? now_ms : 1;
	mtls_log_err(f->log, MTLS_LOG_ERR, "crl-fetch-failed", err,
	    MTLS_KEY_FILE, url, MTLS_KEY_END);
}

static void
take_turn(struct crl_fetch *f, const struct revocation_work *work, size_t i,
    const struct revocation_source *source)
{
	struct crl_fetch_turn *turn = &f->turns[i];
	enum mtls_status status;
	struct mtls_err err;
	size_t n = 0;

	mtls_err_clear(&err);
	status = fetch_one(work, i, source, &err);
	/* Then somebody has something better to do for this thread. */
	if (status == MTLS_E_CLOSED)
		return;
	revocation_fetched(work->r, i, status == MTLS_OK, time(NULL));
	if (status != MTLS_OK)
		turn->due_ms = next_turn(work->r, i, mtls_clock_ms());
	if (status != MTLS_OK) {
		complain(f, turn, source->url, &err);
		return;
	}
	if (turn->complained_ms != 0)
		mtls_log_event(f->log, MTLS_LOG_NOTICE, "crl-fetched",
		    MTLS_KEY_FILE, source->url, MTLS_KEY_END);
	turn->complained_ms = 0;
	/* Whatever is wrong with other files is said elsewhere. */
	(void)(revocation_refresh(work->r, work->tls, &n, &err) == MTLS_OK);
	revocation_watch_log(f->log, n);
	turn->due_ms = next_turn(work->r, i, mtls_clock_ms());
}

void
crl_fetch_clear(struct crl_fetch *f)
{
	revocation_free(f->of);
	free(f->turns);
	f->of = NULL;
	f->turns = NULL;
	f->n = 0;
}

/* Other data: everything is fetched anew, with what complaints there were. */
static int
begin(struct crl_fetch *f, struct revocation *r)
{
	if (f->of == r)
		return 0;
	crl_fetch_clear(f);
	f->turns = calloc(revocation_n_cas(r) + 1, sizeof(*f->turns));
	if (f->turns == NULL)
		return -1;
	f->n = revocation_n_cas(r);
	f->of = revocation_ref(r);
	return 0;
}

uint32_t
crl_fetch_step(void *arg, const struct revocation_work *work)
{
	struct crl_fetch *f = arg;
	int64_t now_ms = mtls_clock_ms(), next_ms = INT64_MAX;
	struct revocation_source source;

	if (begin(f, work->r) != 0)
		return RETRY_MS;
	for (size_t i = 0; i < f->n; i++) {
		revocation_source(work->r, i, &source);
		if (source.url == NULL || source.directory == NULL)
			continue;
		if (f->turns[i].due_ms <= now_ms)
			take_turn(f, work, i, &source);
		if (f->turns[i].due_ms < next_ms)
			next_ms = f->turns[i].due_ms;
	}
	if (next_ms == INT64_MAX)
		return REVOCATION_WORKER_WAIT;
	now_ms = mtls_clock_ms();
	return next_ms <= now_ms ? 0 : next_ms - now_ms > 60000 ? 60000 :
	    (uint32_t)(next_ms - now_ms);
}
