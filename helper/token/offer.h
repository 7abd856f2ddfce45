/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Telling the helper about a certificate.
 */
#ifndef TOKEN_OFFER_H
#define TOKEN_OFFER_H

#include "choose.h"
#include "mtls/deadline.h"
#include "mtls/pkcs11.h"

/* Sends TOKEN_CERT for choices->at[i]. */
enum mtls_status token_offer_send(int fd, const struct mtls_pkcs11_list *list,
    const struct token_choices *choices, size_t i,
    struct mtls_deadline deadline, struct mtls_err *err);

#endif
