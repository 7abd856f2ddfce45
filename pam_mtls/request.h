/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who asks for whom: what the PAM handle says about one login, read once and
 * copied, with a fresh id and nonce.
 */
#ifndef PAM_MTLS_REQUEST_H
#define PAM_MTLS_REQUEST_H

#include <stdint.h>
#include <security/pam_modules.h>

#include "mtls/status.h"
#include "mtls/text.h"

#define REQUEST_ID_LEN		16
#define REQUEST_NONCE_LEN	32
#define REQUEST_SERVICE_MAX	64
#define REQUEST_ITEM_MAX	256

struct request {
	uint8_t id[REQUEST_ID_LEN];
	uint8_t nonce[REQUEST_NONCE_LEN];
	char id_hex[2 * REQUEST_ID_LEN + 1];
	char user[MTLS_USER_MAX + 1];
	char service[REQUEST_SERVICE_MAX + 1];
	char tty[REQUEST_ITEM_MAX + 1];		/* printable, opaque */
	char rhost[REQUEST_ITEM_MAX + 1];
	char ruser[REQUEST_ITEM_MAX + 1];
};

/*
 * Fills *ret, which starts zeroed. What could be read is there also on
 * failure, for the log: REFUSED for what cannot be a user name, CONVERSATION
 * and AGAIN where there is none, USAGE for an impossible service name,
 * SYSTEM without random bytes or where an item cannot be read.
 */
enum mtls_status request_read(pam_handle_t *pamh, struct request *ret,
    struct mtls_err *err);

/*
 * Whether the handle still says what was read: other modules and the
 * application can change an item at any time. PERMISSION if not, SYSTEM
 * where it cannot be read.
 */
enum mtls_status request_check(pam_handle_t *pamh,
    const struct request *request, struct mtls_err *err);

#endif
