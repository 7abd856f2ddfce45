/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libevent keeps OpenSSL's errors of a connection for us.
 */
#include "config.h"

#include "client/tls_reason.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

#include "mtls/tls.h"

void
tls_reason(struct bufferevent *bev, struct mtls_err *err)
{
	unsigned long e, tls_error = 0;

	while ((e = bufferevent_get_openssl_error(bev)) != 0) {
		if (ERR_GET_LIB(e) == ERR_LIB_SSL)
			tls_error = e;
	}
	if (tls_error != 0)
		(void)mtls_tls_failure(bufferevent_openssl_get_ssl(bev),
		    tls_error, err);
}
