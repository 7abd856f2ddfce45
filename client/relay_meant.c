/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A gateway's first prompt against what the person means.
 */
#include "config.h"

#include "client/relay_meant.h"

#include <string.h>
#include <strings.h>

#include "mtls/text.h"

static enum mtls_status
not_meant(struct mtls_err *err, const char *what, const char *said,
    const char *meant)
{
	char shown[200];

	return mtls_fail(err, MTLS_E_PEER, "the gateway speaks of the %s "
	    "%s, and you mean %s", what, mtls_text_printable(shown,
	    sizeof(shown), said), meant);
}

static enum mtls_status
find_server(const struct client_settings *settings, const char *name,
    const struct settings_server **ret, struct mtls_err *err)
{
	char shown[200];
	size_t i;

	for (i = 0; i < settings->n_servers; i++) {
		if (strcasecmp(settings->servers[i].name, name) == 0) {
			*ret = &settings->servers[i];
			return MTLS_OK;
		}
	}
	return mtls_fail(err, MTLS_E_PEER, "the gateway's verifier is %s, "
	    "which is not one of yours (servers in [verifier])",
	    mtls_text_printable(shown, sizeof(shown), name));
}

enum mtls_status
relay_meant_check(const struct relay_meant *meant,
    const struct client_settings *settings,
    const struct mtls_body_relay *hello,
    const struct settings_server **ret, struct mtls_err *err)
{
	if (strcmp(hello->user, meant->user) != 0)
		return not_meant(err, "user", hello->user, meant->user);
	if (strcmp(hello->service, meant->service) != 0)
		return not_meant(err, "service", hello->service,
		    meant->service);
	if (strcasecmp(hello->host, meant->gateway) != 0)
		return not_meant(err, "machine", hello->host,
		    meant->gateway);
	return find_server(settings, hello->verifier, ret, err);
}
