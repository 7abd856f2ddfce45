/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-token as a sequence of messages.
 */
#ifndef TOKEN_WORKER_H
#define TOKEN_WORKER_H

/*
 * Serves one login over the SEQPACKET socket fd: TOKEN_OPEN, TOKEN_ISSUERS,
 * TOKEN_LOGIN and TOKEN_SIGN, each at most once and in this order. Returns
 * when the other side has closed, broke the order, or everything was done;
 * the process is to end then.
 */
void token_work(int fd);

#endif
