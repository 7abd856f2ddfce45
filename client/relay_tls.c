/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libssl between two memory BIOs.
 */
#include "config.h"

#include "client/relay_tls.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "mtls/tls.h"

struct relay_tls {
	SSL *ssl;
	BIO *in, *out;		/* of ssl */
};

enum mtls_status
relay_tls_new(SSL_CTX *ctx, const char *name, int only_look,
    struct relay_tls **ret, struct mtls_err *err)
{
	struct relay_tls *t;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mtls_tls_client_ssl(ctx, name, &t->ssl, err) != MTLS_OK)
		goto out;
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (t->in == NULL || t->out == NULL) {
		BIO_free(t->in);
		BIO_free(t->out);
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_connect_state(t->ssl);
	if (only_look)
		mtls_tls_stop_before_certificate(t->ssl);
	*ret = t;
	t = NULL;
out:
	relay_tls_free(t);
	return err->status;
}

void
relay_tls_free(struct relay_tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

SSL *
relay_tls_ssl0(struct relay_tls *t)
{
	return t->ssl;
}

enum mtls_status
relay_tls_put(struct relay_tls *t, const uint8_t *data, size_t len,
    struct mtls_err *err)
{
	if (len == 0)
		return MTLS_OK;
	if (len > INT_MAX || BIO_write(t->in, data, (int)len) != (int)len)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

size_t
relay_tls_take(struct relay_tls *t, uint8_t *out, size_t size)
{
	int n = BIO_read(t->out, out, (int)size);

	return n > 0 ? (size_t)n : 0;
}

size_t
relay_tls_pending(const struct relay_tls *t)
{
	return BIO_ctrl_pending(t->out);
}

/* What came of a call that returned result <= 0. */
static enum mtls_status
explain(struct relay_tls *t, int result, struct mtls_err *err)
{
	int what = SSL_get_error(t->ssl, result);

	if (what == SSL_ERROR_WANT_READ)
		return MTLS_E_AGAIN;
	(void)mtls_tls_failure(t->ssl, ERR_get_error(), err);
	ERR_clear_error();
	return err->status;
}

enum mtls_status
relay_tls_handshake(struct relay_tls *t, struct mtls_err *err)
{
	enum mtls_status status;
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result == 1)
		return MTLS_OK;
	if (mtls_tls_stopped_before_certificate(t->ssl)) {
		ERR_clear_error();
		return MTLS_OK;
	}
	status = explain(t, result, err);
	return status;
}

enum mtls_status
relay_tls_write(struct relay_tls *t, const char *data, size_t len,
    struct mtls_err *err)
{
	size_t n = 0;
	int result;

	ERR_clear_error();
	result = SSL_write_ex(t->ssl, data, len, &n);
	if (result == 1 && n == len)
		return MTLS_OK;
	if (explain(t, result, err) == MTLS_E_AGAIN)
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier wants something else first");
	return err->status;
}

enum mtls_status
relay_tls_read(struct relay_tls *t, char *out, size_t size, size_t *ret_len,
    struct mtls_err *err)
{
	int result;

	ERR_clear_error();
	result = SSL_read_ex(t->ssl, out, size, ret_len);
	return result == 1 ? MTLS_OK : explain(t, result, err);
}
