/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An mtls-token without a card: certificate and key are files, the PIN is
 * 1234. FAKE_TOKEN says what it does wrong, as ACTION@STEP or as one word;
 * FAKE_TOKEN_DIR has person.pem and person.key, and other.* for a second
 * certificate. Both come from [token] environment, as they would for a real
 * module.
 */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/login.h"
#include "mtls/message.h"
#include "mtls/verdict.h"

static const char *mode = "";
static const char *dir = "/";
static struct mtls_deadline never;

static int
is(const char *word)
{
	return strcmp(mode, word) == 0;
}

static void
send_or_die(struct mtls_message *m, int fd)
{
	if (mtls_message_send(0, m, fd, never, NULL) != MTLS_OK)
		_exit(1);
}

/* A success that nobody asked mtls-token for. */
static void
forge(void)
{
	static uint8_t bytes[32];
	static char name[] = "root";
	struct mtls_message m = { .type = MTLS_MSG_RESULT };

	m.u.result.request.data = bytes;
	m.u.result.request.len = 16;
	m.u.result.nonce.data = bytes;
	m.u.result.nonce.len = 32;
	m.u.result.verdict = MTLS_VERDICT_ALLOW;
	m.u.result.user = name;
	send_or_die(&m, -1);
}

/* Until the test writes token.go. */
static void
wait_for_test(void)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/token.go", dir);
	while (access(path, F_OK) != 0)
		(void)usleep(1000);
}

static void
misbehave(const char *action)
{
	static const char garbage[] = "\x01\x17\xff\xff\xff\xff garbage";
	static char big[60000];
	int i;

	if (strcmp(action, "wait") == 0) {
		wait_for_test();
		return;
	}
	if (strcmp(action, "die") == 0)
		(void)raise(SIGKILL);
	else if (strcmp(action, "crash") == 0)
		(void)raise(SIGSEGV);
	else if (strcmp(action, "exit") == 0)
		_exit(0);
	else if (strcmp(action, "stop") == 0)
		(void)raise(SIGSTOP);
	else if (strcmp(action, "forge") == 0)
		forge();
	else if (strcmp(action, "garbage") == 0)
		(void)send(0, garbage, sizeof(garbage), 0);
	else if (strcmp(action, "text") == 0)
		(void)send(0, "SUCCESS\n", 8, 0);
	else if (strcmp(action, "flood") == 0)
		for (i = 0; i < 20000; i++)
			(void)send(0, big, sizeof(big), MSG_DONTWAIT);
	else if (strcmp(action, "shut") == 0)
		(void)shutdown(0, SHUT_WR);
	else if (strcmp(action, "hang") != 0)
		return;
	/* Alive and deaf from here on, whatever is done to the socket. */
	for (;;)
		(void)pause();
}

/* So that a test can see how far this process is; replaced as a whole. */
static void
note(const char *step)
{
	char path[1024], part[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/token.step", dir);
	(void)snprintf(part, sizeof(part), "%s/token.part", dir);
	f = fopen(part, "w");
	if (f == NULL || fputs(step, f) < 0 || fclose(f) != 0 ||
	    rename(part, path) != 0)
		_exit(2);
}

/* FAKE_TOKEN=ACTION@STEP */
static void
at(const char *step)
{
	const char *sign = strchr(mode, '@');
	char action[32];

	note(step);

	if (sign == NULL || strcmp(sign + 1, step) != 0)
		return;
	(void)snprintf(action, sizeof(action), "%.*s", (int)(sign - mode),
	    mode);
	misbehave(action);
}

static void
receive(struct mtls_message *m, enum mtls_message_type type)
{
	int fd = -1;

	if (mtls_message_recv(0, m, &fd, never, NULL) != MTLS_OK ||
	    m->type != type)
		_exit(1);
}

static FILE *
open_file(const char *name)
{
	char path[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f == NULL)
		_exit(2);
	return f;
}

static uint32_t
pin_flags(void)
{
	if (is("low"))
		return MTLS_PIN_COUNT_LOW;
	if (is("final"))
		return MTLS_PIN_COUNT_LOW | MTLS_PIN_FINAL_TRY;
	if (is("locked"))
		return MTLS_PIN_LOCKED;
	if (is("pinpad"))
		return MTLS_PIN_PAD;
	if (is("nopin"))
		return MTLS_PIN_NOT_NEEDED;
	return 0;
}

static void
send_cert(uint32_t index, const char *name)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_CERT };
	FILE *f = open_file(name);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	(void)fclose(f);
	if (len <= 0)
		_exit(2);
	m.u.token_cert.index = index;
	m.u.token_cert.der.data = der;
	m.u.token_cert.der.len = (size_t)len;
	if (is("badcert"))
		m.u.token_cert.der.len -= 1;
	(void)mtls_text_dup(&m.u.token_cert.subject, index == 0 ?
	    "CN=Alice" : "CN=Alice, admin", NULL);
	(void)mtls_text_dup(&m.u.token_cert.token, "Alice's card", NULL);
	m.u.token_cert.mechanisms = is("nomech") ? 0 : MTLS_MECHANISM_ECDSA;
	m.u.token_cert.pin_flags = pin_flags();
	send_or_die(&m, -1);
	m.u.token_cert.der.data = NULL;
	m.u.token_cert.der.len = 0;
	OPENSSL_free(der);
	X509_free(x);
	mtls_message_clear(&m);
}

static void
send_ready(enum mtls_status status, uint32_t n)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_READY };

	m.u.token_ready.status = (uint8_t)status;
	m.u.token_ready.n_certs = n;
	(void)mtls_text_dup(&m.u.token_ready.reason, status == MTLS_OK ? "" :
	    "no card in any reader", NULL);
	send_or_die(&m, -1);
	mtls_message_clear(&m);
}

static void
list(void)
{
	uint32_t n = is("two") ? 2 : 1;

	send_cert(is("badindex") ? 1 : 0, "person.pem");
	if (n == 2)
		send_cert(1, "other.pem");
	send_ready(MTLS_OK, is("badcount") ? n + 1 : is("nocerts") ? 0 : n);
}

static void
send_logged_in(enum mtls_status status, uint32_t flags)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_LOGGED_IN };

	m.u.token_logged_in.status = (uint8_t)status;
	m.u.token_logged_in.pin_flags = flags;
	(void)mtls_text_dup(&m.u.token_logged_in.reason, status == MTLS_OK ?
	    "" : "C_Login", NULL);
	send_or_die(&m, -1);
	mtls_message_clear(&m);
}

/* TOKEN_PIN, and what the person typed. */
static ssize_t
ask_pin(uint32_t index, char *pin, size_t size)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_PIN };
	int fds[2] = { -1, -1 };
	ssize_t n;

	if (mtls_message_socketpair(fds, NULL) != MTLS_OK)
		_exit(2);
	m.u.token_pin.index = index;
	send_or_die(&m, fds[1]);
	if (is("twopins"))
		send_or_die(&m, fds[1]);
	(void)close(fds[1]);
	n = read(fds[0], pin, size);
	(void)close(fds[0]);
	return n;
}

static void
log_in(const struct mtls_msg_token_login *wanted)
{
	char pin[64];
	ssize_t n;

	if (is("final") && !wanted->last_try_confirmed)
		_exit(3);
	if (is("nologinpin") || is("pinpad") || is("nopin")) {
		send_logged_in(MTLS_OK, 0);
		return;
	}
	n = ask_pin(wanted->index, pin, sizeof(pin));
	at("pin");
	if (n <= 0)
		send_logged_in(MTLS_E_CANCELLED, 0);
	else if (n == 4 && memcmp(pin, "1234", 4) == 0)
		send_logged_in(MTLS_OK, 0);
	else
		send_logged_in(MTLS_E_PIN_WRONG, MTLS_PIN_COUNT_LOW);
}

static void
sign_it(const struct mtls_msg_token_sign *wanted, const char *key_name)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGNATURE };
	FILE *f = open_file(key_name);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[1024];
	size_t len = sizeof(sig);

	(void)fclose(f);
	memset(sig, 0x30, sizeof(sig));
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, sig, &len, wanted->message.data,
	    wanted->message.len) != 1)
		_exit(2);
	if (is("emptysig"))
		len = 0;
	if (is("longsig"))
		len = sizeof(sig);
	m.u.token_signature.signature.data = sig;
	m.u.token_signature.signature.len = len;
	if (is("failsig")) {
		m.u.token_signature.status = MTLS_E_TOKEN_FAILED;
		m.u.token_signature.signature.len = 0;
	}
	send_or_die(&m, -1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

/* So that a test can see that this process ends. */
static void
write_pid(void)
{
	char path[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/token.pid", dir);
	f = fopen(path, "w");
	if (f == NULL || fprintf(f, "%d\n", (int)getpid()) < 0 ||
	    fclose(f) != 0)
		_exit(2);
}

int
main(void)
{
	struct mtls_message m = { .type = MTLS_MSG_NONE };
	uint32_t index;

	if (getenv("FAKE_TOKEN") != NULL)
		mode = getenv("FAKE_TOKEN");
	if (getenv("FAKE_TOKEN_DIR") != NULL)
		dir = getenv("FAKE_TOKEN_DIR");
	never = mtls_deadline_in_ms(60000);
	write_pid();
	at("start");
	receive(&m, MTLS_MSG_TOKEN_OPEN);
	mtls_message_clear(&m);
	at("open");
	if (is("absent")) {
		send_ready(MTLS_E_TOKEN_ABSENT, 0);
		(void)pause();
	}
	if (is("early"))
		list();
	receive(&m, MTLS_MSG_TOKEN_ISSUERS);
	mtls_message_clear(&m);
	at("issuers");
	list();
	at("ready");
	receive(&m, MTLS_MSG_TOKEN_LOGIN);
	index = m.u.token_login.index;
	at("login");
	log_in(&m.u.token_login);
	mtls_message_clear(&m);
	at("loggedin");
	for (;;) {
		receive(&m, MTLS_MSG_TOKEN_SIGN);
		at("sign");
		sign_it(&m.u.token_sign, is("wrongkey") || index == 1 ?
		    "other.key" : "person.key");
		mtls_message_clear(&m);
		at("signed");
	}
}
