/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A whole login on the card's side with everything failing once: each call
 * of the PKCS#11 module, in mtls-token as it ships; each call of ours into
 * libc, in mtls-token's loop and in the library. Never a signature that does
 * not verify, never a second try of the PIN.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail_nth.h"
#include "helper/token/worker.h"
#include "mtls/process.h"
#include "pkcs11/internal.h"
#include "token_rig.h"

#define CARD	"Alice's card"
#define SCHEME	MTLS_SCHEME_ECDSA_P256_SHA256
#define MESSAGE	"what TLS wants to have signed"
#define LEAKED	3

static struct token_rig *rig;
static X509 *alice;

/* The other side of a login; nothing here may end the test. */
static int
send_to(int fd, const struct mtls_message *m)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return mtls_message_send(fd, m, -1, mtls_deadline_in_ms(60000),
	    &err) == MTLS_OK;
}

static int
receive_from(int fd, enum mtls_message_type type, struct mtls_message *m,
    int *pin_fd)
{
	struct mtls_err err;
	int got = -1;

	mtls_err_clear(&err);
	if (mtls_message_recv(fd, m, &got, mtls_deadline_in_ms(60000),
	    &err) != MTLS_OK)
		return 0;
	if (m->type == type) {
		*pin_fd = got;
		return 1;
	}
	if (got != -1)
		close(got);
	mtls_message_clear(m);
	return 0;
}

static int
begin(int fd)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_OPEN };
	char *writable[] = { rig->card };
	int none, ok;

	m.u.token_open.module = rig->module;
	m.u.token_open.uri = (char *)(uintptr_t)"pkcs11:object=alice";
	m.u.token_open.account = (char *)(uintptr_t)rig->account;
	m.u.token_open.writable.n = 1;
	m.u.token_open.writable.text = writable;
	if (!send_to(fd, &m))
		return 0;
	m = (struct mtls_message){ .type = MTLS_MSG_TOKEN_ISSUERS };
	if (!send_to(fd, &m))
		return 0;
	if (!receive_from(fd, MTLS_MSG_TOKEN_CERT, &m, &none))
		return 0;
	mtls_message_clear(&m);
	if (!receive_from(fd, MTLS_MSG_TOKEN_READY, &m, &none))
		return 0;
	ok = m.u.token_ready.status == MTLS_OK;
	mtls_message_clear(&m);
	return ok;
}

static int
log_in(int fd)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_LOGIN };
	int pin_fd, ok;

	if (!send_to(fd, &m) ||
	    !receive_from(fd, MTLS_MSG_TOKEN_PIN, &m, &pin_fd))
		return 0;
	mtls_message_clear(&m);
	ok = write(pin_fd, TOKEN_RIG_PIN, 6) == 6;
	close(pin_fd);
	if (!ok || !receive_from(fd, MTLS_MSG_TOKEN_LOGGED_IN, &m, &pin_fd))
		return 0;
	ok = m.u.token_logged_in.status == MTLS_OK;
	mtls_message_clear(&m);
	return ok;
}

static int
get_signature(int fd)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };
	const struct mtls_bytes *sig;
	int none, ok;

	m.u.token_sign.scheme = SCHEME;
	m.u.token_sign.message.data = (uint8_t *)(uintptr_t)MESSAGE;
	m.u.token_sign.message.len = strlen(MESSAGE);
	if (!send_to(fd, &m) ||
	    !receive_from(fd, MTLS_MSG_TOKEN_SIGNATURE, &m, &none))
		return 0;
	sig = &m.u.token_signature.signature;
	ok = m.u.token_signature.status == MTLS_OK;
	assert_int_equal(ok, sig->len > 0);
	if (ok)
		assert_true(token_rig_verifies(alice, SCHEME, MESSAGE,
		    strlen(MESSAGE), sig->data, sig->len));
	mtls_message_clear(&m);
	return ok;
}

static int
whole_login(int fd)
{
	return begin(fd) && log_in(fd) && get_signature(fd);
}

static void
T140_each_call_of_the_module_fails_once(void **state)
{
	static const char *const rvs[] = { "0x30", "0x5", "0x190" };
	char fault[64];
	int ok, n;

	(void)state;
	for (size_t i = 0; i < sizeof(rvs) / sizeof(rvs[0]); i++) {
		ok = 0;
		for (n = 1; n < 1000; n++) {
			snprintf(fault, sizeof(fault), "rv-call %d %s", n,
			    rvs[i]);
			token_rig_fault(rig, fault);
			token_rig_forget_calls(rig);
			token_rig_start(rig);
			ok = whole_login(rig->fd);
			token_rig_end(rig);
			assert_true(token_rig_calls(rig,
			    "login user=1 len=6") <= 1);
			/* Untouched: the sweep is through. */
			if (token_rig_calls(rig, "failed") == 0)
				break;
		}
		assert_true(ok);
		assert_true(n > 30);
		assert_true(n < 1000);
	}
	token_rig_fault(rig, "");
}

/* mtls-token's loop in a child: our calls fail there too. */
static int
login_in_child(void *arg)
{
	struct mtls_err err;
	int fds[2], ok, wait_status = 0;
	pid_t pid;
	long live;

	(void)arg;
	mtls_err_clear(&err);
	if (mtls_message_socketpair(fds, &err) != MTLS_OK)
		return 0;
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fds[0]);
		live = fail_nth_live();
		token_work(fds[1]);
		_exit(fail_nth_live() == live ? 0 : LEAKED);
	}
	close(fds[1]);
	ok = whole_login(fds[0]);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	/* It ended by itself and left nothing. */
	if (WEXITSTATUS(wait_status) != 0)
		print_error("after %s\n", fail_nth_failed());
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
	return ok;
}

static void
T140_each_call_of_ours_fails_once(void **state)
{
	/*
	 * A clock that cannot be read is a deadline that has passed. The
	 * others come after the answer, when mtls-token only waits for the
	 * end; before, they must fail the login, as whole_login() sees.
	 */
	static const char *const tolerated[] = { "clock_gettime", "malloc",
		"poll", "recvmsg", NULL };

	(void)state;
	token_rig_fault(rig, "");
	assert_true(fail_nth_sweep(login_in_child, NULL, tolerated) > 50);
}

/* The library in this process, where leaks are seen. */
static int
library_login(void *arg)
{
	struct mtls_pkcs11_list list = { 0 };
	struct mtls_pkcs11_session *s = NULL;
	struct mtls_secret *pin = mtls_secret_new(64);
	struct mtls_pkcs11 *p = NULL;
	uint8_t sig[1024];
	size_t len = sizeof(sig);
	struct mtls_err err;
	int fds[2], ok;
	uint32_t flags;

	(void)arg;
	mtls_err_clear(&err);
	assert_int_equal(pipe(fds), 0);
	ok = pin != NULL && write(fds[1], TOKEN_RIG_PIN, 6) == 6 &&
	    mtls_secret_read(pin, fds[0], 60000, &err) == MTLS_OK &&
	    mtls_pkcs11_open(rig->softhsm, &p, &err) == MTLS_OK &&
	    mtls_pkcs11_list(p, "pkcs11:object=alice", &list, &err) ==
	    MTLS_OK && list.n_certs == 1 &&
	    mtls_pkcs11_session_open(p, &list.tokens[0], MTLS_PKCS11_READ,
	    &s, &err) == MTLS_OK &&
	    mtls_pkcs11_login(s, pin, MTLS_PKCS11_KEEP_LAST_TRY, &flags,
	    &err) == MTLS_OK &&
	    mtls_pkcs11_key(s, &list.certs[0], &err) == MTLS_OK &&
	    mtls_pkcs11_sign(s, SCHEME, (const uint8_t *)MESSAGE,
	    strlen(MESSAGE), sig, &len, &err) == MTLS_OK;
	mtls_pkcs11_session_close(s);
	mtls_pkcs11_list_clear(&list);
	mtls_pkcs11_close(p);
	mtls_secret_free(pin);
	close(fds[0]);
	close(fds[1]);
	return ok;
}

static void
T140_the_library_leaves_nothing_behind(void **state)
{
	/* A clock that cannot be read is a deadline that has passed. */
	static const char *const tolerated[] = { "clock_gettime", NULL };

	(void)state;
	assert_true(fail_nth_sweep(library_login, NULL, tolerated) > 20);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert mine = { .name = "alice",
		.kind = MTLS_PKCS11_P256, .id = 1 };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	token_rig_add(rig, CARD, &mine, &alice, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(alice);
	token_rig_free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_each_call_of_the_module_fails_once),
		cmocka_unit_test(T140_each_call_of_ours_fails_once),
		cmocka_unit_test(T140_the_library_leaves_nothing_behind)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
