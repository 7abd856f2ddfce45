/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory for a PIN.
 *
 * MUST (test_secret.c proves each):
 *  1. be wiped by clear, by free and before a new content is read;
 *  2. never grow, move or be copied elsewhere;
 *  3. fault when it is overrun or underrun (guard pages);
 *  4. be compared in constant time only.
 */
#include "config.h"

#include "mtls/secret.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mtls/deadline.h"

#define CAPACITY_MAX 4096u

struct mtls_secret {
	size_t len, capacity;
	uint8_t *data;		/* capacity + 1 bytes, up to the guard page */
	uint8_t *map;
	size_t map_len;
};

/*
 * Maps pages for n bytes between two that cannot be touched. Locking, and
 * staying out of dumps and children, are as good as the kernel allows: a
 * limit of the account must not stop a login.
 */
static int
map_guarded(struct mtls_secret *s, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t inner = (n + page - 1) / page * page;
	void *map;

	map = mmap(NULL, inner + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return -1;
	s->map = map;
	s->map_len = inner + 2 * page;
	if (mprotect(s->map + page, inner, PROT_READ | PROT_WRITE) != 0) {
		munmap(s->map, s->map_len);
		return -1;
	}
	(void)mlock(s->map + page, inner);
	(void)madvise(s->map + page, inner, MADV_DONTDUMP);
	(void)madvise(s->map + page, inner, MADV_WIPEONFORK);
	s->data = s->map + page + inner - n;
	return 0;
}

struct mtls_secret *
mtls_secret_new(size_t capacity)
{
	struct mtls_secret *s;

	if (capacity < 1 || capacity > CAPACITY_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	if (map_guarded(s, capacity + 1) != 0) {
		free(s);
		return NULL;
	}
	s->capacity = capacity;
	return s;
}

void
mtls_secret_free(struct mtls_secret *s)
{
	if (s == NULL)
		return;
	mtls_secret_clear(s);
	munmap(s->map, s->map_len);
	free(s);
}

void
mtls_secret_clear(struct mtls_secret *s)
{
	mtls_wipe(s->data, s->capacity + 1);
	s->len = 0;
}

size_t
mtls_secret_len(const struct mtls_secret *s)
{
	return s->len;
}

size_t
mtls_secret_capacity(const struct mtls_secret *s)
{
	return s->capacity;
}

const uint8_t *
mtls_secret_bytes0(const struct mtls_secret *s)
{
	return s->data;
}

static enum mtls_status
wait_readable(int fd, int timeout_ms, struct mtls_err *err)
{
	struct mtls_deadline deadline =
	    mtls_deadline_in_ms(timeout_ms > 0 ? (uint32_t)timeout_ms : 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	for (;;) {
		n = poll(&p, 1, mtls_deadline_left_ms(deadline));
		if (n > 0)
			return MTLS_OK;
		if (n == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "nobody wrote the secret in time");
		if (errno != EINTR)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "poll for the secret");
	}
}

enum mtls_status
mtls_secret_read(struct mtls_secret *s, int fd, int timeout_ms,
    struct mtls_err *err)
{
	enum mtls_status status;
	ssize_t n;

	mtls_secret_clear(s);
	status = wait_readable(fd, timeout_ms, err);
	if (status != MTLS_OK)
		return status;
	/* The byte for the NUL tells a full secret from one too large. */
	do {
		n = read(fd, s->data, s->capacity + 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "read the secret");
	if (n == 0)
		return mtls_fail(err, MTLS_E_CLOSED,
		    "end of file instead of a secret");
	if ((size_t)n > s->capacity) {
		mtls_secret_clear(s);
		return mtls_fail(err, MTLS_E_USAGE,
		    "the secret has more than %zu bytes", s->capacity);
	}
	s->len = (size_t)n;
	s->data[n] = '\0';
	return MTLS_OK;
}

int
mtls_bytes_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= (uint8_t)(x[i] ^ y[i]);
	return differ == 0;
}

int
mtls_secret_equal(const struct mtls_secret *a, const struct mtls_secret *b)
{
	return a->len == b->len && mtls_bytes_equal(a->data, b->data, a->len);
}

void
mtls_wipe(void *p, size_t len)
{
	if (len > 0)
		explicit_bzero(p, len);
}

void
(mtls_wipe_string)(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
}
