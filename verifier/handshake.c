/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a handshake, told to the log, to the metrics and to the peer.
 */
#include "config.h"

#include "handshake.h"

#include <sys/socket.h>

#include "handshake_log.h"
#include "metrics.h"

/* Kilobytes that a refused client may have sent behind its certificate. */
#define DRAIN_MAX 64

void
handshake_done(struct handshake h, SSL *ssl)
{
	metrics_count(h.metrics, METRICS_HANDSHAKES,
	    (struct metrics_labels){ { h.phase } });
	metrics_since(h.metrics, METRICS_HANDSHAKE_TIME, h.began_us);
	handshake_log(h.log, ssl, h.phase, h.peer);
}

void
handshake_refused(const SSL *ssl)
{
	char buf[1024];
	int fd = SSL_get_fd(ssl);

	for (int i = 0; i < DRAIN_MAX; i++) {
		if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) <= 0)
			return;
	}
}

void
handshake_failed(struct handshake h, SSL *ssl, const char *alert, int is_late)
{
	long verified = SSL_get_verify_result(ssl);
	const char *reason = alert;

	if (reason != NULL && verified != X509_V_OK)
		reason = X509_verify_cert_error_string(verified);
	metrics_count(h.metrics, METRICS_HANDSHAKES_FAILED,
	    (struct metrics_labels){ { h.phase, reason != NULL ? reason :
	    is_late ? "timeout" : "ended by the other side" } });
	if (reason == NULL)
		return;
	mtls_log_event(h.log, MTLS_LOG_NOTICE, "tls-refused",
	    MTLS_KEY_PEER, h.peer, MTLS_KEY_PHASE, h.phase,
	    MTLS_KEY_REASON, reason, MTLS_KEY_END);
}
