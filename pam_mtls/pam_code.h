/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a login came to, in the words of PAM: the one table from status to
 * return code, and the sentence and the log level that go with it.
 */
#ifndef PAM_MTLS_PAM_CODE_H
#define PAM_MTLS_PAM_CODE_H

#include "mtls/log.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/*
 * The return code of the authentication and of the account phase.
 * PAM_SUCCESS if and only if verdict is MTLS_VERDICT_ALLOW and status is
 * MTLS_OK; PAM_ABORT where the two contradict each other or are no values of
 * their types; never PAM_IGNORE.
 */
int pam_code(enum mtls_verdict verdict, enum mtls_status status);

/*
 * The sentence for a user to whom nothing better can be said, static; NULL
 * where nothing can be shown (the conversation itself failed).
 */
const char *pam_code_sentence(enum mtls_status status);

/* ERR where an operator must act, NOTICE where a person did something. */
enum mtls_log_level pam_code_level(enum mtls_status status);

#endif
