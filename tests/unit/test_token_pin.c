/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PIN on its way through mtls-token: what is taken, how often the card
 * is asked, and that nothing of it stays.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "token_rig.h"

#define CARD	"Alice's card"
#define SCHEME	MTLS_SCHEME_ECDSA_P256_SHA256

static struct token_rig *rig;
static char reason[501];

static void
ready(const char *fault)
{
	token_rig_fault(rig, fault);
	token_rig_begin(rig);
	token_rig_issuers(rig, 0, -1);
	assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, reason),
	    MTLS_OK);
}

/* One login with that PIN; how it ends, and the C_Login calls. */
static enum mtls_status
login_with(const char *pin, size_t len, int *ret_calls)
{
	struct token_rig_login login = { .pin = pin, .pin_len = len };
	enum mtls_status status;

	ready("");
	status = token_rig_login(rig, &login);
	strcpy(reason, login.reason);
	*ret_calls = token_rig_calls(rig, "C_Login");
	token_rig_end(rig);
	return status;
}

static void
T066_a_wrong_pin_ends_it_after_one_try(void **state)
{
	struct token_rig_login login = { .pin = "000000" };
	struct mtls_message again = { .type = MTLS_MSG_TOKEN_LOGIN };
	int n;

	(void)state;
	ready("");
	assert_int_equal(token_rig_login(rig, &login), MTLS_E_PIN_WRONG);
	assert_int_equal(login.pin_flags & MTLS_PIN_COUNT_LOW,
	    MTLS_PIN_COUNT_LOW);
	/* A second login in one process is not to be had. */
	token_rig_send(rig, &again);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 1);
	token_rig_end(rig);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 1);
	assert_int_equal(login_with(TOKEN_RIG_PIN, 0, &n), MTLS_OK);
}

static void
T066_nobody_is_asked_for_a_pin_that_is_locked(void **state)
{
	struct token_rig_login login = { .pin = NULL };

	(void)state;
	ready("flags-set 0x40000");
	assert_int_equal(token_rig_login(rig, &login), MTLS_E_PIN_LOCKED);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
	token_rig_end(rig);
}

static void
T066_nobody_is_asked_for_the_last_try_unconfirmed(void **state)
{
	struct token_rig_login login = { .pin = NULL };

	(void)state;
	ready("flags-set 0x20000");
	assert_int_equal(token_rig_login(rig, &login), MTLS_E_CANCELLED);
	assert_int_equal(login.pin_flags & MTLS_PIN_FINAL_TRY,
	    MTLS_PIN_FINAL_TRY);
	token_rig_end(rig);
	ready("flags-set 0x20000");
	login = (struct token_rig_login){ .pin = TOKEN_RIG_PIN,
		.last_try_confirmed = 1 };
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	token_rig_end(rig);
}

static void
T103_no_pin_is_no_login(void **state)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN,
		.hang_up = 1 };

	(void)state;
	ready("");
	assert_int_equal(token_rig_login(rig, &login), MTLS_E_CANCELLED);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
	token_rig_end(rig);
}

static void
T105_a_pin_of_any_length_is_answered(void **state)
{
	static const size_t lens[] = { 256, 511, 512, 4096, 65536 };
	static char pin[65536];
	int n;

	(void)state;
	memset(pin, '1', sizeof(pin));
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_int_equal(login_with(pin, lens[i], &n),
		    MTLS_E_PIN_WRONG);
		assert_int_equal(n, 0);
	}
	assert_int_equal(login_with("1", 1, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
	assert_int_equal(login_with("847261\0x", 8, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
}

static void
T06B_at_a_pin_pad_no_pin_is_asked_for(void **state)
{
	struct token_rig_login login = { .pin = NULL };
	struct mtls_message certs[1];
	uint8_t sig[1024];
	size_t len, n;

	(void)state;
	token_rig_fault(rig, "pin " TOKEN_RIG_PIN);
	token_rig_begin(rig);
	token_rig_issuers(rig, 0, -1);
	assert_int_equal(token_rig_ready(rig, certs, 1, &n, reason),
	    MTLS_OK);
	assert_int_equal(certs[0].u.token_cert.pin_flags & MTLS_PIN_PAD,
	    MTLS_PIN_PAD);
	mtls_message_clear(&certs[0]);
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "login user=1 len=0 pad"), 1);
	assert_int_equal(token_rig_sign(rig, SCHEME, "x", 1, sig, &len,
	    reason), MTLS_OK);
	token_rig_end(rig);
}

static void
a_key_that_wants_the_pin_again_gets_it(void **state)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	uint8_t sig[1024];
	size_t len;

	(void)state;
	ready("always-authenticate");
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	assert_int_equal(token_rig_sign(rig, SCHEME, "x", 1, sig, &len,
	    reason), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "login user=1 len=6"), 1);
	assert_int_equal(token_rig_calls(rig, "login user=2 len=6"), 1);
	token_rig_end(rig);
}

static void
out_of_order_nothing_is_answered(void **state)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };

	(void)state;
	/* A signature without a login. */
	ready("");
	m.u.token_sign.scheme = SCHEME;
	m.u.token_sign.message.data = (uint8_t *)(uintptr_t)"x";
	m.u.token_sign.message.len = 1;
	token_rig_send(rig, &m);
	token_rig_end(rig);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
	assert_int_equal(token_rig_calls(rig, "C_SignInit"), 0);
	/* A certificate that was not offered. */
	ready("");
	m = (struct mtls_message){ .type = MTLS_MSG_TOKEN_LOGIN };
	m.u.token_login.index = 1;
	token_rig_send(rig, &m);
	token_rig_receive(rig, MTLS_MSG_TOKEN_LOGGED_IN, &m);
	assert_int_equal(m.u.token_logged_in.status, MTLS_E_PROTOCOL);
	mtls_message_clear(&m);
	token_rig_end(rig);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
}

static void
one_signature_and_no_more(void **state)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	uint8_t sig[1024];
	size_t len;

	(void)state;
	ready("");
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	assert_int_equal(token_rig_sign(rig, SCHEME, "x", 1, sig, &len,
	    reason), MTLS_OK);
	while (token_rig_calls(rig, "C_Logout") == 0)
		usleep(1000);
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };

	m.u.token_sign.scheme = SCHEME;
	m.u.token_sign.message.data = (uint8_t *)(uintptr_t)"y";
	m.u.token_sign.message.len = 1;
	token_rig_send(rig, &m);
	token_rig_end(rig);
	assert_int_equal(token_rig_calls(rig, "C_SignInit"), 1);
}

/* How often bytes stand in that part of another process. */
static int
in_part(int mem_fd, unsigned long from, unsigned long to, const char *bytes,
    size_t len)
{
	static char part[1 << 20];
	unsigned long at = from;
	char *found;
	ssize_t got;
	int n = 0;

	while (at < to) {
		got = pread(mem_fd, part, sizeof(part), (off_t)at);
		if (got < (ssize_t)len)
			break;
		found = part;
		while ((found = memmem(found, (size_t)(part + got - found),
		    bytes, len)) != NULL) {
			n++;
			found++;
		}
		/* What stands across the border of two parts counts, too. */
		at += (size_t)got - (len - 1);
	}
	return n;
}

/*
 * How often bytes stand in the memory of mtls-token; -1 where we may not
 * look. The sanitizers' own terabytes are left out.
 */
static int
in_memory(pid_t pid, const char *bytes, size_t len)
{
	char path[64], line[512];
	unsigned long from, to;
	char mode[5];
	int mem_fd, n = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (mem_fd == -1 || maps == NULL)
		return -1;
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    mode[0] == 'r' && to - from < 1ul << 30)
			n += in_part(mem_fd, from, to, bytes, len);
	}
	fclose(maps);
	close(mem_fd);
	return n;
}

static void
T109_no_pin_in_memory_after_the_login(void **state)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	uint8_t sig[1024];
	size_t len;
	pid_t pid;
	int n;

	(void)state;
	ready("");
	/* That the search finds what is there. */
	pid = token_rig_pid(rig);
	n = in_memory(pid, CARD, strlen(CARD));
	if (n == -1) {
		print_message("SKIP: needs root to look into mtls-token\n");
		token_rig_end(rig);
		skip();
	}
	assert_true(n > 0);
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	assert_int_equal(in_memory(pid, TOKEN_RIG_PIN, 6), 0);
	assert_int_equal(token_rig_sign(rig, SCHEME, "x", 1, sig, &len,
	    reason), MTLS_OK);
	assert_int_equal(in_memory(pid, TOKEN_RIG_PIN, 6), 0);
	token_rig_end(rig);
	/* Nor after a wrong one. */
	ready("");
	pid = token_rig_pid(rig);
	login.pin = "592847";
	assert_int_equal(token_rig_login(rig, &login), MTLS_E_PIN_WRONG);
	assert_int_equal(in_memory(pid, "592847", 6), 0);
	token_rig_end(rig);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert mine = { .name = "alice",
		.kind = MTLS_PKCS11_P256, .id = 1 };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	token_rig_add(rig, CARD, &mine, NULL, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_rig_free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T066_a_wrong_pin_ends_it_after_one_try),
		cmocka_unit_test(
		    T066_nobody_is_asked_for_a_pin_that_is_locked),
		cmocka_unit_test(
		    T066_nobody_is_asked_for_the_last_try_unconfirmed),
		cmocka_unit_test(T103_no_pin_is_no_login),
		cmocka_unit_test(T105_a_pin_of_any_length_is_answered),
		cmocka_unit_test(T06B_at_a_pin_pad_no_pin_is_asked_for),
		cmocka_unit_test(a_key_that_wants_the_pin_again_gets_it),
		cmocka_unit_test(out_of_order_nothing_is_answered),
		cmocka_unit_test(one_signature_and_no_more),
		cmocka_unit_test(T109_no_pin_in_memory_after_the_login)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
