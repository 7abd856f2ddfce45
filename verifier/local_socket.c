/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unix sockets of the verifier: where they may be, whose they are, and what
 * is done with one that an earlier verifier has left behind.
 */
#include "config.h"

#include "local_socket.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mtls/file.h"

#include "account.h"

#define BACKLOG	16

/* The directory must be ours alone; a socket that nobody owns goes. */
static enum mtls_status
clear_path(const char *path, int type, const struct sockaddr_un *sa,
    struct mtls_err *err)
{
	const char *slash = strrchr(path, '/');
	char *directory = strndup(path, (size_t)(slash - path) + 1);
	enum mtls_status status;
	struct stat st;
	int fd, is_stale;

	if (directory == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_file_open_dir(directory, &fd, err);
	free(directory);
	if (status != MTLS_OK)
		return status;
	close(fd);
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? MTLS_OK : mtls_fail_errno(err,
		    MTLS_E_SYSTEM, errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s is there and is no socket", path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "socket");
	is_stale = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
	    errno == ECONNREFUSED;
	close(fd);
	if (!is_stale)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: another verifier listens on it", path);
	if (unlink(path) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", path);
	return MTLS_OK;
}

/* As root: the socket is the account's, and the group may connect. */
static enum mtls_status
give_away(const struct settings *s, const char *path, struct mtls_err *err)
{
	gid_t gid = (gid_t)-1;
	const struct passwd *pw;
	enum mtls_status status;

	if (s->admin_group[0] != '\0') {
		status = account_group(s->admin_group, &gid, err);
		if (status != MTLS_OK)
			return MTLS_E_CONFIG;
	}
	pw = geteuid() == 0 ? getpwnam(s->user) : NULL;
	if (geteuid() == 0 && pw == NULL)
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "there is no account \"%s\"", s->user);
	if (chown(path, pw == NULL ? (uid_t)-1 : pw->pw_uid, gid) != 0 ||
	    chmod(path, gid == (gid_t)-1 ? 0600 : 0660) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", path);
	return MTLS_OK;
}

enum mtls_status
local_socket_bind(const struct settings *settings, const char *path,
    int type, int *ret_fd, struct mtls_err *err)
{
	struct sockaddr_un sa;
	enum mtls_status status;
	int fd;

	memset(&sa, 0, sizeof(sa));
	sa.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sa.sun_path))
		return mtls_fail(err, MTLS_E_CONFIG, "%s: too long for a "
		    "socket", path);
	strcpy(sa.sun_path, path);
	status = clear_path(path, type, &sa, err);
	if (status != MTLS_OK)
		return status;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The umask keeps everybody out until give_away(). */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    path);
	if (status == MTLS_OK)
		status = give_away(settings, path, err);
	if (status != MTLS_OK) {
		if (fd >= 0)
			close(fd);
		return status;
	}
	*ret_fd = fd;
	return MTLS_OK;
}
