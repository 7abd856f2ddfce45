/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Taken once, at the start: a new certificate with another name does not
 * begin another audit.
 */
#include "config.h"

#include "own_name.h"

#include <string.h>

#include "mtls/identity.h"
#include "mtls/text.h"

static enum mtls_status
take(const char *name, char ret[OWN_NAME_SIZE], struct mtls_err *err)
{
	if (!mtls_text_is_hostname(name) || strlen(name) >= OWN_NAME_SIZE)
		return mtls_fail(err, MTLS_E_CONFIG, "\"%s\" cannot be the "
		    "name of a verifier: set name in [server]", name);
	strcpy(ret, name);
	return MTLS_OK;
}

enum mtls_status
own_name(const struct generation *g, char ret[OWN_NAME_SIZE],
    struct mtls_err *err)
{
	struct mtls_identity id;
	enum mtls_status status;

	if (g->settings.name[0] != '\0')
		return take(g->settings.name, ret, err);
	status = mtls_identity_read(
	    SSL_CTX_get0_certificate(g->ctx[ROLE_DEVICE]), &id, err);
	if (status != MTLS_OK)
		return status;
	status = take(id.dns.n == 0 ? "" : id.dns.text[0], ret, err);
	mtls_identity_clear(&id);
	return status;
}
