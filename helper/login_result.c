/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How a login ended: the line in the log and the RESULT for the module.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "login_state.h"
#include "mtls/login.h"

#define RESULT_WITHIN_MS 1000u	/* for the RESULT to be taken */

static void
log_result(struct login *l)
{
	static const char *const words[] = { "failed", "denied", "granted" };
	char ms[24];
	uint64_t begin = 0, end_us = 0;

	trace_end(&l->trace, TRACE_TOTAL);
	(void)trace_get(&l->trace, TRACE_TOTAL, &begin, &end_us);
	(void)snprintf(ms, sizeof(ms), "%llu",
	    (unsigned long long)((end_us - begin) / 1000));
	if (l->asked == NULL) {
		mtls_log_err(&l->log, MTLS_LOG_WARNING, "no-login", &l->err,
		    MTLS_KEY_END);
		return;
	}
	mtls_log_err(&l->log, l->err.status == MTLS_E_CONFIG ?
	    MTLS_LOG_ERR : MTLS_LOG_NOTICE, words[l->verdict], &l->err,
	    MTLS_KEY_REQUEST, l->request_hex,
	    MTLS_KEY_USER, l->asked->user,
	    MTLS_KEY_SERVICE, l->asked->service,
	    MTLS_KEY_HOST, l->machine != NULL ? l->machine->host : NULL,
	    MTLS_KEY_TTY, l->asked->tty,
	    MTLS_KEY_RHOST, l->asked->rhost,
	    MTLS_KEY_METHOD, l->method != NULL ? l->method->name : NULL,
	    MTLS_KEY_VERIFIER, l->verifier != NULL ?
	    verifier_client_name0(l->verifier) : NULL,
	    MTLS_KEY_TOKEN, l->token[0] != '\0' ? l->token : NULL,
	    MTLS_KEY_CERT, l->certificate[0] != '\0' ? l->certificate : NULL,
	    MTLS_KEY_MS, ms, MTLS_KEY_END);
}

static char *
unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
send_result(struct login *l)
{
	struct mtls_deadline within = mtls_deadline_in_ms(RESULT_WITHIN_MS);
	struct mtls_msg_result r;
	struct mtls_err err;

	memset(&r, 0, sizeof(r));
	r.request = l->asked->request;
	r.nonce = l->asked->nonce;
	r.verdict = (uint8_t)l->verdict;
	r.status = (uint8_t)l->err.status;
	r.user = l->asked->user;
	r.service = l->asked->service;
	r.method = unconst(l->method != NULL ? l->method->name : "");
	r.verifier = unconst(l->verifier != NULL ?
	    verifier_client_name0(l->verifier) : "");
	r.certificate = l->certificate;
	r.message = unconst(l->message[0] != '\0' ? l->message :
	    sentence_for_status(l->err.status));
	r.reason = l->err.text;
	if (l->flags & MTLS_LOGIN_TRACE)
		module_link_send_phases(l->options->module_fd, &l->trace,
		    within);
	mtls_err_clear(&err);
	if (module_link_send_result(l->options->module_fd, &r, within,
	    &err) != MTLS_OK)
		mtls_log_err(&l->log, MTLS_LOG_WARNING, "result-lost", &err,
		    MTLS_KEY_REQUEST, l->request_hex, MTLS_KEY_END);
}

void
login_report(struct login *l)
{
	log_result(l);
	if (l->asked != NULL && !l->module_is_gone)
		send_result(l);
}
