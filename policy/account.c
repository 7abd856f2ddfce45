/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The name service of the verifier's machine: groups by gid, and which names
 * are another root. The calls block: an event loop asks a thread.
 */
#include "config.h"

#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN 4096u
#define BUFFER_MAX (1024u * 1024u)
#define GROUPS_MAX 65536

/* "There is none". ENOENT and ESRCH are what a service that is away leaves. */
static int
is_absent(int error)
{
	return error == 0;
}

/* Calls again with a larger buffer for as long as the entry does not fit. */
static int
get_group(const char *name, gid_t *ret, int *ret_found)
{
	struct group entry, *found = NULL;
	char *buffer = NULL, *more;
	int error = ERANGE;

	for (size_t size = BUFFER_MIN; error == ERANGE && size <= BUFFER_MAX;
	    size *= 2) {
		more = realloc(buffer, size);
		if (more == NULL) {
			error = ENOMEM;
			break;
		}
		buffer = more;
		error = getgrnam_r(name, &entry, buffer, size, &found);
	}
	*ret_found = error == 0 && found != NULL;
	if (*ret_found)
		*ret = found->gr_gid;
	free(buffer);
	return is_absent(error) ? 0 : error;
}

static int
get_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, int *ret_found)
{
	struct passwd entry, *found = NULL;
	char *buffer = NULL, *more;
	int error = ERANGE;

	for (size_t size = BUFFER_MIN; error == ERANGE && size <= BUFFER_MAX;
	    size *= 2) {
		more = realloc(buffer, size);
		if (more == NULL) {
			error = ENOMEM;
			break;
		}
		buffer = more;
		error = getpwnam_r(name, &entry, buffer, size, &found);
	}
	*ret_found = error == 0 && found != NULL;
	if (*ret_found) {
		*ret_uid = found->pw_uid;
		*ret_gid = found->pw_gid;
	}
	free(buffer);
	return is_absent(error) ? 0 : error;
}

enum mtls_status
account_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	int found, error = get_group(name, ret, &found);

	if (error != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, error,
		    "group \"%s\"", name);
	if (!found)
		return mtls_fail(err, MTLS_E_NOT_FOUND, "there is no group "
		    "\"%s\", here or on this machine", name);
	return MTLS_OK;
}

enum policy_answer
account_superuser(const char *user)
{
	uid_t uid = 0;
	gid_t gid = 0;
	int found;

	if (strcmp(user, "root") == 0)
		return POLICY_YES;
	if (get_user(user, &uid, &gid, &found) != 0)
		return POLICY_CANNOT_TELL;
	return found && uid == 0 ? POLICY_YES : POLICY_NO;
}

/* The gids of the user; n is -1 if that cannot be told. */
static gid_t *
get_gids(const char *user, gid_t gid, int *ret_n)
{
	gid_t *gids = NULL, *more;
	int n = 64, got = -1;

	while (got < 0 && n <= GROUPS_MAX) {
		more = reallocarray(gids, (size_t)n, sizeof(*gids));
		if (more == NULL)
			break;
		gids = more;
		*ret_n = n;
		got = getgrouplist(user, gid, gids, ret_n);
		n *= 2;
	}
	if (got < 0)
		*ret_n = -1;
	return gids;
}

static enum policy_answer
has_gid(const gid_t *gids, int n, gid_t gid)
{
	if (n < 0)
		return POLICY_CANNOT_TELL;
	for (int i = 0; i < n; i++) {
		if (gids[i] == gid)
			return POLICY_YES;
	}
	return POLICY_NO;
}

/*
 * A group that was there when the policy was read is there now, or whoever
 * knows it is silent; getgrouplist(3) does not tell.
 */
static int
is_visible(gid_t gid)
{
	struct group entry, *found = NULL;
	char *buffer = NULL, *more;
	int error = ERANGE;

	for (size_t size = BUFFER_MIN; error == ERANGE && size <= BUFFER_MAX;
	    size *= 2) {
		more = realloc(buffer, size);
		if (more == NULL)
			break;
		buffer = more;
		error = getgrgid_r(gid, &entry, buffer, size, &found);
	}
	free(buffer);
	return error == 0 && found != NULL;
}

void
account_members(const char *user, const gid_t *gids, size_t n,
    enum policy_answer *ret)
{
	gid_t *own = NULL, gid = 0;
	int found, n_own = 0, is_asked = 0;
	uid_t uid;

	for (size_t i = 0; i < n; i++) {
		ret[i] = POLICY_CANNOT_TELL;
		is_asked |= gids[i] != ACCOUNT_NO_GID;
	}
	if (!is_asked)
		return;
	if (get_user(user, &uid, &gid, &found) != 0)
		n_own = -1;
	else
		own = get_gids(user, found ? gid : ACCOUNT_NO_GID, &n_own);
	for (size_t i = 0; i < n; i++) {
		if (gids[i] == ACCOUNT_NO_GID)
			continue;
		ret[i] = has_gid(own, n_own, gids[i]);
		if (ret[i] == POLICY_NO && !is_visible(gids[i]))
			ret[i] = POLICY_CANNOT_TELL;
	}
	free(own);
}

enum policy_answer *
account_memberships(const struct policy *policy, const char *user)
{
	size_t n = policy->n_groups;
	enum policy_answer *answers = calloc(n + 1, sizeof(*answers));
	gid_t *gids = calloc(n + 1, sizeof(*gids));

	for (size_t i = 0; gids != NULL && i < n; i++)
		gids[i] = policy->groups[i].in_file ? ACCOUNT_NO_GID :
		    policy->groups[i].gid;
	if (gids != NULL && answers != NULL)
		account_members(user, gids, n, answers);
	free(gids);
	return answers;
}
