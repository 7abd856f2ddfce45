/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-token for tests: started, spoken to, ended.
 */
#include "config.h"

#include "token_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "pkcs11/internal.h"

#define MUST(status) assert_int_equal((status), MTLS_OK)
#define LONG_MS	60000u		/* nothing takes so long */

static struct mtls_deadline
soon(void)
{
	return mtls_deadline_in_ms(LONG_MS);
}

void
token_rig_start(struct token_rig *rig)
{
	char *const argv[] = { (char *)(uintptr_t)"mtls-token", NULL };
	char softhsm[160], fault[160];
	char *envp[] = { (char *)(uintptr_t)"PATH=/usr/bin:/bin",
		(char *)(uintptr_t)"LANG=C", softhsm, fault, NULL };
	struct mtls_err err;
	int fds[2];

	mtls_err_clear(&err);
	token_rig_end(rig);
	snprintf(softhsm, sizeof(softhsm), "SOFTHSM2_CONF=%s",
	    rig->softhsm_conf);
	snprintf(fault, sizeof(fault), "FAULT_TOKEN_CONF=%s", rig->conf);
	MUST(mtls_message_socketpair(fds, &err));
	MUST(mtls_spawn(MTLS_TOKEN_BUILT, argv, envp, fds[1], &rig->child,
	    &err));
	close(fds[1]);
	rig->fd = fds[0];
}

void
token_rig_open(struct token_rig *rig, const char *module, const char *uri)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_OPEN };
	char *writable[] = { rig->card };

	m.u.token_open.module = (char *)(uintptr_t)module;
	m.u.token_open.uri = (char *)(uintptr_t)uri;
	m.u.token_open.account = (char *)(uintptr_t)rig->account;
	m.u.token_open.writable.n = 1;
	m.u.token_open.writable.text = writable;
	token_rig_send(rig, &m);
}

void
token_rig_begin(struct token_rig *rig)
{
	token_rig_forget_calls(rig);
	token_rig_start(rig);
	token_rig_open(rig, rig->module, "");
}

void
token_rig_end(struct token_rig *rig)
{
	if (rig->fd != -1)
		close(rig->fd);
	rig->fd = -1;
	mtls_child_end(&rig->child, 2000);
}

void
token_rig_issuers(struct token_rig *rig, ...)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_ISSUERS };
	unsigned char names[1024];
	unsigned char *at = names;
	va_list args;
	int i;

	va_start(args, rig);
	while ((i = va_arg(args, int)) != -1)
		i2d_X509_NAME(X509_get_subject_name(rig->ca[i]), &at);
	va_end(args);
	m.u.token_issuers.names.data = names;
	m.u.token_issuers.names.len = (size_t)(at - names);
	token_rig_send(rig, &m);
}

void
token_rig_send(struct token_rig *rig, const struct mtls_message *m)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	/* mtls-token may be gone already; what it said can still be read. */
	if (mtls_message_send(rig->fd, m, -1, soon(), &err) != MTLS_OK &&
	    err.status != MTLS_E_CLOSED)
		fail_msg("%s: %s", mtls_message_name(m->type), err.text);
}

void
token_rig_receive(struct token_rig *rig, enum mtls_message_type type,
    struct mtls_message *ret)
{
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	if (mtls_message_recv(rig->fd, ret, &fd, soon(), &err) != MTLS_OK)
		fail_msg("no %s: %s", mtls_message_name(type), err.text);
	assert_int_equal(fd, -1);
	assert_string_equal(mtls_message_name(ret->type),
	    mtls_message_name(type));
}

void
token_rig_expect_end(struct token_rig *rig)
{
	struct mtls_message m;
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	assert_int_equal(mtls_message_recv(rig->fd, &m, &fd, soon(), &err),
	    MTLS_E_CLOSED);
}

enum mtls_status
token_rig_ready(struct token_rig *rig, struct mtls_message *certs, size_t max,
    size_t *ret_n, char reason[501])
{
	struct mtls_message m;
	enum mtls_status status;
	struct mtls_err err;
	size_t n = 0;
	int fd = -1;

	for (;;) {
		mtls_err_clear(&err);
		if (mtls_message_recv(rig->fd, &m, &fd, soon(), &err) !=
		    MTLS_OK)
			fail_msg("no TOKEN_READY: %s", err.text);
		if (m.type != MTLS_MSG_TOKEN_CERT)
			break;
		assert_int_equal(m.u.token_cert.index, n);
		if (n < max)
			certs[n] = m;
		else
			mtls_message_clear(&m);
		n++;
	}
	assert_string_equal(mtls_message_name(m.type), "TOKEN_READY");
	status = (enum mtls_status)m.u.token_ready.status;
	if (status == MTLS_OK)
		assert_int_equal(m.u.token_ready.n_certs, n);
	if (reason != NULL)
		snprintf(reason, 501, "%s", m.u.token_ready.reason);
	mtls_message_clear(&m);
	if (ret_n != NULL)
		*ret_n = n;
	return status;
}

enum mtls_status
token_rig_ready_or_end(struct token_rig *rig, char reason[501])
{
	struct mtls_message m;
	enum mtls_status status;
	struct mtls_err err;
	int fd = -1;

	do {
		mtls_err_clear(&err);
		status = mtls_message_recv(rig->fd, &m, &fd, soon(), &err);
		if (status != MTLS_OK)
			return status;
		if (m.type == MTLS_MSG_TOKEN_CERT)
			mtls_message_clear(&m);
	} while (m.type == MTLS_MSG_NONE);
	assert_string_equal(mtls_message_name(m.type), "TOKEN_READY");
	status = (enum mtls_status)m.u.token_ready.status;
	snprintf(reason, 501, "%s", m.u.token_ready.reason);
	mtls_message_clear(&m);
	return status;
}

static void
answer_pin(int fd, const struct token_rig_login *login)
{
	size_t len = login->pin_len != 0 ? login->pin_len :
	    strlen(login->pin);

	if (!login->hang_up)
		assert_int_equal(send(fd, login->pin, len, MSG_NOSIGNAL),
		    len);
	close(fd);
}

enum mtls_status
token_rig_login(struct token_rig *rig, struct token_rig_login *login)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_LOGIN };
	enum mtls_status status;
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	m.u.token_login.index = login->index;
	m.u.token_login.last_try_confirmed =
	    (uint8_t)login->last_try_confirmed;
	token_rig_send(rig, &m);
	if (mtls_message_recv(rig->fd, &m, &fd, soon(), &err) != MTLS_OK)
		return err.status;
	if (m.type == MTLS_MSG_TOKEN_PIN) {
		assert_non_null(login->pin);
		assert_int_equal(m.u.token_pin.index, login->index);
		answer_pin(fd, login);
		fd = -1;
		mtls_message_clear(&m);
		if (mtls_message_recv(rig->fd, &m, &fd, soon(), &err) !=
		    MTLS_OK)
			return err.status;
	}
	assert_int_equal(fd, -1);
	assert_string_equal(mtls_message_name(m.type), "TOKEN_LOGGED_IN");
	status = (enum mtls_status)m.u.token_logged_in.status;
	login->pin_flags = m.u.token_logged_in.pin_flags;
	snprintf(login->reason, sizeof(login->reason), "%s",
	    m.u.token_logged_in.reason);
	mtls_message_clear(&m);
	return status;
}

enum mtls_status
token_rig_sign(struct token_rig *rig, unsigned scheme, const void *message,
    size_t message_len, uint8_t *sig, size_t *sig_len, char reason[501])
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };
	enum mtls_status status;
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	m.u.token_sign.scheme = scheme;
	m.u.token_sign.message.data = (uint8_t *)(uintptr_t)message;
	m.u.token_sign.message.len = message_len;
	token_rig_send(rig, &m);
	if (mtls_message_recv(rig->fd, &m, &fd, soon(), &err) != MTLS_OK)
		return err.status;
	assert_string_equal(mtls_message_name(m.type), "TOKEN_SIGNATURE");
	status = (enum mtls_status)m.u.token_signature.status;
	if (reason != NULL)
		snprintf(reason, 501, "%s", m.u.token_signature.reason);
	assert_true(m.u.token_signature.signature.len <= 1024);
	*sig_len = m.u.token_signature.signature.len;
	if (*sig_len > 0)
		memcpy(sig, m.u.token_signature.signature.data, *sig_len);
	assert_int_equal(status == MTLS_OK, *sig_len > 0);
	mtls_message_clear(&m);
	return status;
}

int
token_rig_verifies(X509 *x509, unsigned scheme, const void *message,
    size_t message_len, const uint8_t *sig, size_t sig_len)
{
	const struct pkcs11_scheme *how = pkcs11_scheme_find(scheme);

	assert_non_null(how);
	return pkcs11_scheme_verify(how, X509_get0_pubkey(x509), message,
	    message_len, sig, sig_len);
}
