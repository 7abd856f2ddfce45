/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The CRL files of a CA directory. A CRL never goes backwards: its date is
 * not earlier than that of the one before, and its number is the clock's
 * milliseconds, or one more than before where that is larger. So it grows as
 * well when a CRL was lost or the directory comes back from an old backup.
 */
#ifndef MTLSCTL_CA_CRL_H
#define MTLSCTL_CA_CRL_H

#include "mtls/status.h"
#include "mtlsctl/ca_make.h"

#define CA_CRL_DAYS		30u	/* users and machines */
#define CA_CRL_DAYS_ROOT	365u

/* Number and dates of DIR/ID.crl.pem; NOT_FOUND where it is not there. */
enum mtls_status ca_crl_read(const struct ca_dir *dir, enum ca_id id,
    struct ca_crl *ret, struct mtls_err *err);

/*
 * Writes DIR/ID.crl.pem anew from the index, valid for days from now (0: the
 * usual time), but not longer than the CA. *ret is what stands in it.
 */
enum mtls_status ca_crl_write(const struct ca_dir *dir, const struct ca *ca,
    const struct ca_index *index, uint32_t days, struct ca_crl *ret,
    struct mtls_err *err);

#endif
