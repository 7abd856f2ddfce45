/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which records of the audit are asked for.
 */
#ifndef MTLSCTL_AUDIT_REQUEST_H
#define MTLSCTL_AUDIT_REQUEST_H

#include <stdint.h>

#include "mtls/message.h"
#include "mtls/status.h"

/* As options give it; NULL texts match all. */
struct audit_filter {
	const char *user, *host, *service, *decision, *event, *reason;
	const char *since, *until;
	uint32_t after, limit;		/* the newest; 0: all, oldest first */
};

/* Fills in the request, which the caller clears. USAGE, MEMORY. */
enum mtls_status audit_request(const struct audit_filter *filter,
    struct mtls_msg_admin_audit *ret, struct mtls_err *err);

/* Whether anything but the limit is set. */
int audit_filter_is_set(const struct audit_filter *filter);

#endif
