/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who this machine is: its certificate and key, its name, and the two TLS
 * contexts. Loaded while the process is still root, used when it no longer
 * is.
 */
#ifndef HELPER_MACHINE_H
#define HELPER_MACHINE_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "mtls/status.h"
#include "mtls/tls.h"
#include "settings.h"

struct machine {
	struct mtls_tls *tls;
	SSL_CTX *device_ctx;	/* presents the machine's certificate */
	SSL_CTX *user_ctx;	/* will present the person's, after the PIN */
	enum mtls_tls_min tls_min;
	char *host;		/* the one dNSName of the certificate */
};

/*
 * now_s: seconds since 1970. CONFIG where a file is not as it must be, where
 * the certificate is not valid now, is not for client authentication or has
 * other than exactly one dNSName.
 */
enum mtls_status machine_load(const struct settings *settings, int64_t now_s,
    struct machine **ret, struct mtls_err *err);
void machine_free(struct machine *machine);	/* NULL is a no-op */

#endif
