/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From options to ADMIN_AUDIT.
 */
#include "config.h"

#include "mtlsctl/audit_request.h"

#include <stddef.h>
#include <string.h>

#include "mtlsctl/timestamp.h"
#include "mtlsctl/when.h"

enum mtls_status
audit_request(const struct audit_filter *f,
    struct mtls_msg_admin_audit *ret, struct mtls_err *err)
{
	const struct {
		const char *from;
		char **to;
	} texts[] = {
		{ f->user, &ret->user }, { f->host, &ret->host },
		{ f->service, &ret->service },
		{ f->decision, &ret->decision }, { f->event, &ret->event },
		{ f->reason, &ret->reason },
	};
	int64_t now_ms = timestamp_now_ms();
	enum mtls_status status = MTLS_OK;

	if (f->decision != NULL && strcmp(f->decision, "allow") != 0 &&
	    strcmp(f->decision, "deny") != 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "--decision is allow or deny");
	ret->after = f->after;
	ret->limit = f->limit;
	if (f->since != NULL)
		status = when_parse("since", f->since, now_ms,
		    &ret->since_ms, err);
	if (status == MTLS_OK && f->until != NULL)
		status = when_parse("until", f->until, now_ms,
		    &ret->until_ms, err);
	for (size_t i = 0; status == MTLS_OK &&
	    i < sizeof(texts) / sizeof(texts[0]); i++)
		status = mtls_text_dup(texts[i].to, texts[i].from == NULL ?
		    "" : texts[i].from, err);
	return status;
}

int
audit_filter_is_set(const struct audit_filter *f)
{
	return f->user != NULL || f->host != NULL || f->service != NULL ||
	    f->decision != NULL || f->event != NULL || f->reason != NULL ||
	    f->since != NULL || f->until != NULL || f->after != 0;
}
