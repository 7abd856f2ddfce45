/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Nonces and identifiers: the kernel's random bytes, all of them or none.
 */
#include "config.h"

#include "mtls/random.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

enum mtls_status
mtls_random(void *out, size_t n, struct mtls_err *err)
{
	uint8_t *p = out;
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = getrandom(p + done, n - done, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || (size_t)got > n - done) {
			int sys_errno = got < 0 ? errno : EIO;

			explicit_bzero(out, n);
			return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
			    "no random bytes");
		}
		done += (size_t)got;
	}
	return MTLS_OK;
}
