/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the two files of the faulty PKCS#11 module share.
 */
#ifndef FAULT_TOKEN_H
#define FAULT_TOKEN_H

#include <stddef.h>
#include <p11-kit/pkcs11.h>

/* The rest of the first line that begins with name, in out; or NULL. */
const char *fault_token_get(const char *name, char *out, size_t size);

/* A line of the log. */
void fault_token_log(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* What a module does that is broken or hostile; see fault_token_act.c. */
void fault_token_act(const char *what);

/* Everything that has to do with signatures and attributes. */
CK_RV fault_token_sign(CK_FUNCTION_LIST *real, CK_SESSION_HANDLE session,
    unsigned char *data, CK_ULONG data_len, unsigned char *sig,
    CK_ULONG *sig_len);
CK_RV fault_token_attributes(CK_FUNCTION_LIST *real,
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *template, CK_ULONG n);

#endif
