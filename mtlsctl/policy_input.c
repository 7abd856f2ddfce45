/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading somebody's policy.
 */
#include "config.h"

#include "mtlsctl/policy_input.h"

#include <stdlib.h>

#include "mtlsctl/input.h"
#include "policy/account.h"
#include "policy/policy_file.h"

/* A policy_group_fn that knows every group. */
static enum mtls_status
any_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	struct mtls_err mine;

	(void)err;
	mtls_err_clear(&mine);
	if (account_group(name, ret, &mine) != MTLS_OK)
		*ret = ACCOUNT_NO_GID;
	return MTLS_OK;
}

enum mtls_status
policy_input_read(const char *path, struct policy *ret, struct mtls_err *err)
{
	enum mtls_status status;
	char *text = NULL;
	size_t len = 0;

	status = input_read_max(path, POLICY_FILE_MAX, &text, &len, err);
	if (status != MTLS_OK)
		return status;
	status = policy_file_parse(path, text, len, any_group, ret, err);
	free(text);
	return status;
}

int
policy_input_is_unknown(const struct policy_group *group)
{
	return !group->in_file && group->gid == ACCOUNT_NO_GID;
}
