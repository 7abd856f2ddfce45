/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Why a bufferevent over TLS has ended.
 */
#ifndef CLIENT_TLS_REASON_H
#define CLIENT_TLS_REASON_H

#include <event2/bufferevent.h>

#include "mtls/status.h"

/*
 * Takes the errors that the bufferevent has kept and records what TLS says
 * about them: PEER, REFUSED, PROTOCOL. Records nothing where TLS has no
 * complaint, and nothing over an earlier failure in err.
 */
void tls_reason(struct bufferevent *bev, struct mtls_err *err);

#endif
