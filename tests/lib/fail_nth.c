/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The wrapped calls of fail_nth.h. --wrap in fail_nth_ldflags names the same
 * functions: one that is missing there is simply never seen here.
 */
#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fail_nth.h"

struct state {
	atomic_uint calls;
	atomic_uint nth;		/* 0 = none */
	_Atomic(const char *) failed;
	atomic_int counting;
	atomic_int only;		/* the process that counts; 0: all */
	_Atomic(const char *) one;	/* fail_nth_call() */
	atomic_int one_errno, one_stays;
	atomic_int storm;
	atomic_uint limit;
};

long __real_syscall(long number, ...);

/* Of this process alone: what a child allocates is not our leak. */
static long live;

/* Whether the next call of that name is the one after an interruption. */
static struct {
	const char *name;
	int interrupted;
} storms[16];
static int paused;

static struct state *
state(void)
{
	static struct state *shared;
	void *map;

	if (shared == NULL) {
		/* Not through the wrapper. */
		map = (void *)__real_syscall(SYS_mmap, NULL, sizeof(*shared),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
		if (map == MAP_FAILED)
			abort();
		shared = map;
	}
	return shared;
}

static int
storm_hits(const char *name)
{
	size_t i = 0;

	while (storms[i].name != NULL && strcmp(storms[i].name, name) != 0)
		i++;
	storms[i].name = name;
	storms[i].interrupted = !storms[i].interrupted;
	return storms[i].interrupted;
}

/* Whether calls of this process are meant. */
static int
concerned(void)
{
	int only = atomic_load(&state()->only);

	return only == 0 || only == getpid();
}

/* Whether this call is to fail; sets errno then. */
static int
fails(const char *name, int sys_errno, int can_interrupt)
{
	struct state *s = state();
	const char *one = atomic_load(&s->one);

	if (!concerned())
		return 0;
	if (one != NULL && strcmp(one, name) == 0) {
		if (!atomic_load(&s->one_stays))
			atomic_store(&s->one, NULL);
		errno = atomic_load(&s->one_errno);
		return 1;
	}
	if (can_interrupt && atomic_load(&s->storm) && storm_hits(name)) {
		errno = EINTR;
		return 1;
	}
	if (!atomic_load(&s->counting))
		return 0;
	if (atomic_fetch_add(&s->calls, 1) + 1 != atomic_load(&s->nth))
		return 0;
	atomic_store(&s->failed, name);
	errno = sys_errno;
	return 1;
}

static void
start(unsigned nth, int only)
{
	struct state *s = state();

	atomic_store(&s->calls, 0);
	atomic_store(&s->nth, nth);
	atomic_store(&s->failed, NULL);
	atomic_store(&s->only, only);
	atomic_store(&s->counting, 1);
}

void
fail_nth_start(unsigned nth)
{
	start(nth, 0);
}

void
fail_nth_start_here(unsigned nth)
{
	start(nth, getpid());
}

unsigned
fail_nth_stop(void)
{
	atomic_store(&state()->counting, 0);
	atomic_store(&state()->only, 0);
	return atomic_load(&state()->calls);
}

void
fail_nth_pause(void)
{
	paused = atomic_exchange(&state()->counting, 0);
}

void
fail_nth_resume(void)
{
	atomic_store(&state()->counting, paused);
}

const char *
fail_nth_failed(void)
{
	return atomic_load(&state()->failed);
}

static void
fail_by_name(const char *name, int sys_errno, int stays)
{
	atomic_store(&state()->one_errno, sys_errno);
	atomic_store(&state()->one_stays, stays);
	atomic_store(&state()->one, name);
}

void
fail_nth_call(const char *name, int sys_errno)
{
	fail_by_name(name, sys_errno, 0);
}

void
fail_nth_calls(const char *name, int sys_errno)
{
	fail_by_name(name, sys_errno, 1);
}

void
fail_nth_storm(int on)
{
	memset(storms, 0, sizeof(storms));
	atomic_store(&state()->storm, on);
}

void
fail_nth_short(unsigned limit)
{
	atomic_store(&state()->limit, limit);
}

static size_t
limited(size_t n)
{
	unsigned limit = atomic_load(&state()->limit);

	return limit != 0 && n > limit && concerned() ? limit : n;
}

long
fail_nth_live(void)
{
	return live;
}

int
fail_nth_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static int
is_tolerated(const char *name, const char *const *tolerated)
{
	for (; tolerated != NULL && *tolerated != NULL; tolerated++) {
		if (strcmp(name, *tolerated) == 0)
			return 1;
	}
	return 0;
}

unsigned
fail_nth_sweep(fail_nth_fn scenario, void *arg, const char *const *tolerated)
{
	const char *failed;
	long live_before;
	int fds_before, succeeded;

	for (unsigned nth = 1;; nth++) {
		live_before = fail_nth_live();
		fds_before = fail_nth_open_fds();
		fail_nth_start(nth);
		succeeded = scenario(arg);
		(void)fail_nth_stop();
		failed = fail_nth_failed();
		if (fail_nth_live() != live_before ||
		    fail_nth_open_fds() != fds_before)
			fail_msg("call %u (%s) left %ld allocations and "
			    "%d descriptors", nth, failed ? failed : "-",
			    fail_nth_live() - live_before,
			    fail_nth_open_fds() - fds_before);
		if (failed == NULL && !succeeded)
			fail_msg("failed untouched");
		if (failed == NULL)
			return nth - 1;
		if (succeeded && !is_tolerated(failed, tolerated))
			fail_msg("succeeded without call %u (%s)", nth,
			    failed);
	}
}

#define NO_SIGNAL 0
#define CAN_INTERRUPT 1

/* WRAP(result, failure, errno, interruptible, name, parameters, arguments) */
#define WRAP(result, failure, error, interruptible, name, params, args) \
	result __real_##name params; \
	result __wrap_##name params; \
	result \
	__wrap_##name params \
	{ \
		if (fails(#name, (error), (interruptible))) \
			return failure; \
		return __real_##name args; \
	}

WRAP(ssize_t, -1, EIO, CAN_INTERRUPT, read, (int fd, void *p, size_t n),
    (fd, p, limited(n)))
WRAP(ssize_t, -1, EIO, CAN_INTERRUPT, write,
    (int fd, const void *p, size_t n), (fd, p, n))
WRAP(ssize_t, -1, ECONNRESET, CAN_INTERRUPT, send,
    (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
WRAP(ssize_t, -1, ECONNRESET, CAN_INTERRUPT, recv,
    (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
WRAP(ssize_t, -1, ENOBUFS, CAN_INTERRUPT, sendmsg,
    (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WRAP(ssize_t, -1, ENOMEM, CAN_INTERRUPT, recvmsg,
    (int fd, struct msghdr *m, int flags), (fd, m, flags))
WRAP(int, -1, ENOMEM, CAN_INTERRUPT, poll,
    (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
WRAP(int, -1, EMFILE, NO_SIGNAL, socket, (int d, int t, int p), (d, t, p))
WRAP(int, -1, EMFILE, NO_SIGNAL, socketpair,
    (int d, int t, int p, int *fds), (d, t, p, fds))
WRAP(int, -1, EMFILE, NO_SIGNAL, pipe2, (int *fds, int flags), (fds, flags))
WRAP(int, -1, EACCES, CAN_INTERRUPT, connect,
    (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(int, -1, ENOBUFS, NO_SIGNAL, getsockopt,
    (int fd, int l, int o, void *v, socklen_t *n), (fd, l, o, v, n))
WRAP(int, -1, ENOMEM, NO_SIGNAL, setsockopt,
    (int fd, int l, int o, const void *v, socklen_t n), (fd, l, o, v, n))
WRAP(int, -1, EIO, NO_SIGNAL, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, -1, EACCES, NO_SIGNAL, lstat, (const char *s, struct stat *st),
    (s, st))
WRAP(int, -1, EMFILE, NO_SIGNAL, dup2, (int a, int b), (a, b))
WRAP(ssize_t, -1, EIO, CAN_INTERRUPT, getrandom,
    (void *p, size_t n, unsigned flags), (p, limited(n), flags))
WRAP(int, -1, EINVAL, NO_SIGNAL, clock_gettime,
    (clockid_t c, struct timespec *t), (c, t))
WRAP(void *, MAP_FAILED, ENOMEM, NO_SIGNAL, mmap,
    (void *a, size_t n, int p, int f, int fd, off_t o), (a, n, p, f, fd, o))
WRAP(int, -1, ENOMEM, NO_SIGNAL, mprotect, (void *a, size_t n, int p),
    (a, n, p))
WRAP(int, -1, EPERM, NO_SIGNAL, initgroups, (const char *s, gid_t g), (s, g))
WRAP(int, -1, EAGAIN, NO_SIGNAL, setresuid, (uid_t r, uid_t e, uid_t s),
    (r, e, s))
WRAP(int, -1, EPERM, NO_SIGNAL, setresgid, (gid_t r, gid_t e, gid_t s),
    (r, e, s))
WRAP(int, -1, EACCES, NO_SIGNAL, chdir, (const char *s), (s))
WRAP(pid_t, -1, EPERM, NO_SIGNAL, setsid, (void), ())
WRAP(int, -1, ENOSYS, NO_SIGNAL, close_range,
    (unsigned a, unsigned b, int f), (a, b, f))
WRAP(int, -1, EINVAL, NO_SIGNAL, sigprocmask,
    (int how, const sigset_t *a, sigset_t *b), (how, a, b))

/* Through these a caller passes what it wants back from the heap. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n);
void __real_free(void *p);
void __wrap_free(void *p);

void *
__wrap_malloc(size_t n)
{
	void *p = fails("malloc", ENOMEM, NO_SIGNAL) ? NULL : __real_malloc(n);

	live += p != NULL;
	return p;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	void *p = fails("calloc", ENOMEM, NO_SIGNAL) ? NULL :
	    __real_calloc(n, size);

	live += p != NULL;
	return p;
}

void *
__wrap_realloc(void *old, size_t n)
{
	void *p = fails("realloc", ENOMEM, NO_SIGNAL) ? NULL :
	    __real_realloc(old, n);

	live += p != NULL && old == NULL;
	return p;
}

void *
__wrap_reallocarray(void *old, size_t n, size_t size)
{
	void *p = fails("reallocarray", ENOMEM, NO_SIGNAL) ? NULL :
	    __real_reallocarray(old, n, size);

	live += p != NULL && old == NULL;
	return p;
}

char *
__wrap_strdup(const char *s)
{
	char *p = fails("strdup", ENOMEM, NO_SIGNAL) ? NULL :
	    __real_strdup(s);

	live += p != NULL;
	return p;
}

char *
__wrap_strndup(const char *s, size_t n)
{
	char *p = fails("strndup", ENOMEM, NO_SIGNAL) ? NULL :
	    __real_strndup(s, n);

	live += p != NULL;
	return p;
}

void
__wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

/* The variadic ones: as many arguments as the kernel takes. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
long __wrap_syscall(long number, ...);

/* They may read more than was passed, as the real ones do. */
#define READS_TOO_FAR __attribute__((no_sanitize("address")))

#define ARGUMENTS(last, n, array) \
	do { \
		va_list ap; \
		va_start(ap, last); \
		for (int i = 0; i < (n); i++) \
			(array)[i] = va_arg(ap, long); \
		va_end(ap); \
	} while (0)

READS_TOO_FAR int
__wrap_open(const char *path, int flags, ...)
{
	long a[1];

	ARGUMENTS(flags, 1, a);
	if (fails("open", EMFILE, NO_SIGNAL))
		return -1;
	return __real_open(path, flags, (mode_t)a[0]);
}

READS_TOO_FAR int
__wrap_openat(int fd, const char *path, int flags, ...)
{
	long a[1];

	ARGUMENTS(flags, 1, a);
	if (fails("openat", EMFILE, NO_SIGNAL))
		return -1;
	return __real_openat(fd, path, flags, (mode_t)a[0]);
}

READS_TOO_FAR int
__wrap_fcntl(int fd, int command, ...)
{
	long a[1];

	ARGUMENTS(command, 1, a);
	if (fails("fcntl", EMFILE, NO_SIGNAL))
		return -1;
	return __real_fcntl(fd, command, a[0]);
}

READS_TOO_FAR int
__wrap_prctl(int option, ...)
{
	long a[4];

	ARGUMENTS(option, 4, a);
	if (fails("prctl", EINVAL, NO_SIGNAL))
		return -1;
	return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* clone3 goes by its name; the child returns through here as well. */
READS_TOO_FAR long
__wrap_syscall(long number, ...)
{
	long a[6];

	ARGUMENTS(number, 6, a);
	if (number != SYS_exit_group &&
	    fails(number == SYS_clone3 ? "clone3" : "syscall",
	    number == SYS_clone3 ? EAGAIN : EPERM, NO_SIGNAL))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
