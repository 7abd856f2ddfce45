/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One sentence for the end of a handshake or connection, and the status that
 * says who has to do something about it.
 */
#include "config.h"

#include "context.h"

#include <string.h>

#include <openssl/err.h>

/* libssl keeps a received alert as this plus its number. */
#define ALERT_OFFSET 1000

/* Alerts that speak of the certificate or key that we presented. */
static int
is_about_us(int alert)
{
	switch (alert) {
	case SSL3_AD_NO_CERTIFICATE:
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_DECRYPT_ERROR:
	case SSL_AD_CERTIFICATE_REQUIRED:
		return 1;
	default:
		return 0;
	}
}

/* OpenSSL 3.0 has no names for the later ones. */
static const char *
alert_name(int alert)
{
	switch (alert) {
	case SSL_AD_MISSING_EXTENSION:
		return "missing extension";
	case SSL_AD_CERTIFICATE_REQUIRED:
		return "certificate required";
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return "no application protocol";
	default:
		return SSL_alert_desc_string_long(alert);
	}
}

static enum mtls_status
alert_failure(int alert, struct mtls_err *err)
{
	const char *name = alert_name(alert);

	if (is_about_us(alert))
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the peer refused our certificate: %s", name);
	return mtls_fail(err, MTLS_E_PROTOCOL, "the peer sent the alert: %s",
	    name);
}

static enum mtls_status
certificate_failure(const SSL *ssl, struct mtls_err *err)
{
	const char *problem = mtls_peer_problem0(ssl);

	return mtls_fail(err, MTLS_E_PEER,
	    "the peer's certificate was not accepted: %s", problem != NULL ?
	    problem : X509_verify_cert_error_string(
	    SSL_get_verify_result(ssl)));
}

static enum mtls_status
ssl_failure(const SSL *ssl, unsigned long ssl_error, struct mtls_err *err)
{
	int reason = ERR_GET_REASON(ssl_error);
	const char *text;

	switch (reason) {
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
		return certificate_failure(ssl, err);
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return mtls_fail(err, MTLS_E_PEER,
		    "the peer showed no certificate");
	case SSL_R_BAD_SIGNATURE:
	case SSL_R_WRONG_SIGNATURE_TYPE:
	case SSL_R_WRONG_SIGNATURE_SIZE:
		return mtls_fail(err, MTLS_E_PEER,
		    "the peer's signature is wrong");
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		return mtls_fail(err, MTLS_E_CLOSED,
		    "the peer closed the connection");
	default:
		break;
	}
	if (reason > ALERT_OFFSET && reason <= ALERT_OFFSET + 255)
		return alert_failure(reason - ALERT_OFFSET, err);
	text = ERR_reason_error_string(ssl_error);
	return mtls_fail(err, MTLS_E_PROTOCOL, "TLS: %s",
	    text != NULL ? text : "unknown error");
}

/*
 * A signature that does not even parse leaves the parser's error first and
 * libssl's last; the latter knows what it means.
 */
static unsigned long
prefer_ssl_error(unsigned long ssl_error)
{
	unsigned long e;

	while (ssl_error != 0 && (e = ERR_get_error()) != 0) {
		if (ERR_GET_LIB(ssl_error) != ERR_LIB_SSL &&
		    ERR_GET_LIB(e) == ERR_LIB_SSL)
			ssl_error = e;
	}
	return ssl_error;
}

enum mtls_status
mtls_tls_failure(const SSL *ssl, unsigned long ssl_error,
    struct mtls_err *err)
{
	const char *text;

	if (ssl_error != 0 && ERR_GET_REASON(ssl_error) ==
	    ERR_R_MALLOC_FAILURE)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	ssl_error = prefer_ssl_error(ssl_error);
	if (ERR_GET_LIB(ssl_error) == ERR_LIB_SSL)
		return ssl_failure(ssl, ssl_error, err);
	/* Closed because of what we found, whatever came to light last. */
	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return certificate_failure(ssl, err);
	if (ssl_error == 0 || ERR_SYSTEM_ERROR(ssl_error))
		return mtls_fail_errno(err, MTLS_E_CLOSED,
		    ssl_error == 0 ? 0 : ERR_GET_REASON(ssl_error),
		    "the peer closed the connection");
	text = ERR_reason_error_string(ssl_error);
	return mtls_fail(err, MTLS_E_CRYPTO, "OpenSSL: %s",
	    text != NULL ? text : "unknown error");
}
