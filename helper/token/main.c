/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-token: one login's card. Started by mtls-helper with its socket as
 * descriptor 0; loads the PKCS#11 module, and sees the PIN. It has no
 * network, and nothing it says lets anybody in.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>
#include <openssl/crypto.h>

#include "mtls/process.h"
#include "worker.h"

int
main(void)
{
	struct mtls_err err;
	int null_fd;

	mtls_err_clear(&err);
	if (mtls_process_harden(2, &err) != MTLS_OK)
		return 1;
	/* What foreign code prints goes nowhere. */
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd == -1 || dup2(null_fd, 1) == -1 || dup2(null_fd, 2) == -1)
		return 1;
	close(null_fd);
	/* No openssl.cnf: nobody but the helper configures this process. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return 1;
	token_work(0);
	/* No exit handlers: those of a PKCS#11 module may hang or crash. */
	_exit(0);
}
