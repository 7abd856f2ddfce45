/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting with broken files, reloading with broken files, ending, and what
 * happens when calls fail while a request is being worked on.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/bufferevent_ssl.h>

#include "fail_nth.h"
#include "mtls/deadline.h"
#include "mtls/text.h"

#include "revocation/crl_floors.h"
#include "verifier_rig.h"

#include "../lib/unit.h"

static struct reply reply;
static struct mtls_body_challenge challenge;

/* --- files --- */

struct broken {
	const char *name;	/* the file that is broken */
	const char *text;	/* with what; NULL: removed */
	const char *where;	/* what the error names */
};

static const struct broken broken[] = {
	{ "verifier.conf", "", "verifier.conf" },
	{ "verifier.conf", "[tls]\nx = y\n", "verifier.conf:2" },
	{ "verifier.conf", NULL, "verifier.conf" },
	{ "policy.conf", "", "policy.conf" },
	{ "policy.conf", "allow user any\nallow usr any\n",
	    "policy.conf:2:7" },
	{ "policy.conf", "allow group no-such-group-here\n",
	    "policy.conf:1:1" },
	{ "policy.conf", NULL, "policy.conf" },
	{ "crl/users.crl", "nonsense", "crl/users.crl" },
	{ "crl/users.crl", "", "crl/users.crl" },
	/* T-089: nobody to trust is not nothing to check. */
	{ "users-ca.pem", "", "users-ca.pem" },
	{ "users-ca.pem", "# no certificate\n", "users-ca.pem" },
	{ "machines-ca.pem", "", "machines-ca.pem" },
	{ "machines-ca.pem", NULL, "machines-ca.pem" },
	{ "server.pem", "", "server.pem" },
	{ "server.key", "", "server.key" },
	{ "server.key", NULL, "server.key" },
};

static void
break_file(struct rig *rig, const struct broken *b)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", rig->dir, b->name);
	if (b->text == NULL)
		assert_int_equal(unlink(path), 0);
	else
		rig_write(rig, b->name, b->text);
}

static void
repair(struct rig *rig)
{
	(void)pki_file_certs(rig->pki, "server.pem", PKI_CERTS(rig->server));
	(void)pki_file_key(rig->pki, "server.key", rig->server);
	(void)pki_file_certs(rig->pki, "machines-ca.pem",
	    PKI_CERTS(rig->root, rig->machines));
	(void)pki_file_certs(rig->pki, "users-ca.pem",
	    PKI_CERTS(rig->root, rig->users));
	rig_write_crls(rig, NULL);
	rig_write_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take "
	    "san:upn realm acme.example\nallow user alice, bob\n");
	rig_write_settings(rig, "");
}

static void
T080_T089_no_start_with_broken_files(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		break_file(rig, &broken[i]);
		if (rig_try_start(rig))
			fail_msg("case %zu", i);
		if (rig->log_len == 0 ||
		    strstr(rig->log, broken[i].where) == NULL)
			fail_msg("case %zu: %s", i, rig->log);
		repair(rig);
	}
	rig_start(rig);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T182_the_old_stays(void **state)
{
	struct rig *rig = *state;
	const char *line;
	size_t mark;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		break_file(rig, &broken[i]);
		mark = rig->log_len;
		if (rig_reload(rig))
			fail_msg("case %zu", i);
		line = rig_wait_log(rig, mark, "reload-failed");
		assert_non_null(line);
		if (strstr(line, broken[i].where) == NULL)
			fail_msg("case %zu: %s", i, line);
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    "allow");
		repair(rig);
		assert_true(rig_reload(rig));
	}
}

/* T-089: what is in the files must be what they are for. */
static void
T089_wrong_certificates(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *other = pki_server(rig->pki, rig->machines,
	    "verifier2.acme.example", NULL);

	(void)pki_file_certs(rig->pki, "users-ca.pem",
	    PKI_CERTS(rig->root, rig->users, rig->alice));
	assert_false(rig_reload(rig));
	repair(rig);
	(void)pki_file_certs(rig->pki, "users-ca.pem",
	    PKI_CERTS(rig->users));
	assert_false(rig_reload(rig));
	repair(rig);
	(void)pki_file_key(rig->pki, "server.key", other);
	assert_false(rig_reload(rig));
	repair(rig);
	(void)pki_file_certs(rig->pki, "server.pem",
	    PKI_CERTS(rig->machine));
	(void)pki_file_key(rig->pki, "server.key", rig->machine);
	assert_false(rig_reload(rig));
	repair(rig);
	assert_true(rig_reload(rig));
	/* A new certificate with its key is taken. */
	(void)pki_file_certs(rig->pki, "server.pem", PKI_CERTS(other));
	(void)pki_file_key(rig->pki, "server.key", other);
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T080_modes_and_kinds(void **state)
{
	static const char *const names[] = { "verifier.conf", "policy.conf",
		"users-ca.pem", "server.pem", "crl/users.crl" };
	struct rig *rig = *state;
	char path[256], target[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", rig->dir,
		    names[i]);
		(void)snprintf(target, sizeof(target), "%s.old", path);
		assert_int_equal(chmod(path, 0664), 0);
		assert_false(rig_reload(rig));
		assert_int_equal(chmod(path, 0646), 0);
		assert_false(rig_reload(rig));
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(rename(path, target), 0);
		assert_int_equal(symlink(target, path), 0);
		assert_false(rig_reload(rig));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0644), 0);
		assert_false(rig_reload(rig));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_false(rig_reload(rig));
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(rename(target, path), 0);
		assert_true(rig_reload(rig));
	}
	(void)snprintf(path, sizeof(path), "%s/server.key", rig->dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(rig_reload(rig));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(rig_reload(rig));
}

/* T-081: whatever moment a reload falls on, one policy or the other. */
static void
T081_swapped_while_read(void **state)
{
	static const char yes[] = "map issuer \"CN=Acme Users CA,O=Acme\" "
	    "take san:upn realm acme.example\nallow user alice\n";
	static const char no[] = "map issuer \"CN=Acme Users CA,O=Acme\" "
	    "take san:upn realm acme.example\nallow user bob\n";
	struct rig *rig = *state;
	char path[256], next[256];
	const char *outcome;

	rig_write_settings(rig, RIG_NO_LIMITS);
	(void)snprintf(path, sizeof(path), "%s/policy.conf", rig->dir);
	(void)snprintf(next, sizeof(next), "%s/policy.new", rig->dir);
	for (int i = 0; i < 20; i++) {
		rig_write(rig, "policy.new", i % 2 ? yes : no);
		assert_int_equal(kill(rig->pid, SIGHUP), 0);
		assert_int_equal(rename(next, path), 0);
		outcome = rig_login(rig, rig->alice, NULL);
		assert_true(strcmp(outcome, "allow") == 0 ||
		    strcmp(outcome, "no-rule") == 0);
	}
	rig_write_policy(rig, no);
	/* What ends first may have begun before; the next has not. */
	assert_true(rig_reload(rig));
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "no-rule");
}

/* A CRL from yesterday does not undo a revocation. */
static void
T038_not_back_in_a_reload(void **state)
{
	struct rig *rig = *state;
	struct pki_crl_options old = { .number = 1 };

	rig_write_crls(rig, rig->alice);
	assert_true(rig_reload(rig));
	(void)pki_file_crl(rig->pki, "crl/users.crl", pki_crl(rig->pki,
	    rig->users, PKI_CERTS(NULL), &old));
	assert_false(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
}

/* --- the end --- */

/* T-038: nor over a restart, unless somebody wants that. */
static void
T038_not_back_over_a_restart(void **state)
{
	struct rig *rig = *state;
	char path[256];
	struct store_options options = { path, "verifier1.acme.example",
	    STORE_SERVE };
	struct store_port *port;
	struct store *store;
	struct mtls_err err;
	int64_t n;

	rig_write_crls(rig, rig->bob);
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	rig_stop(rig);
	(void)pki_file_crl(rig->pki, "crl/users.crl", pki_crl(rig->pki,
	    rig->users, PKI_CERTS(NULL), NULL));
	rig_start(rig);
	assert_non_null(rig_wait_log(rig, 0, "crl-older-than-known"));
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "revocation-unavailable");
	/* A newer list needs no restart. */
	rig_write_crl(rig, rig->users, NULL);
	assert_true(rig_reload(rig));
	while (strcmp(rig_login(rig, rig->alice, NULL), "allow") != 0)
		usleep(10000);
	rig_stop(rig);
	(void)pki_file_crl(rig->pki, "crl/users.crl", pki_crl(rig->pki,
	    rig->users, PKI_CERTS(NULL), NULL));
	(void)snprintf(path, sizeof(path), "%s/state/state.db", rig->dir);
	mtls_err_clear(&err);
	assert_int_equal(store_open(&options, &store, &err), MTLS_OK);
	assert_int_equal(store_attach(store, NULL, NULL, NULL, &port, &err),
	    MTLS_OK);
	assert_int_equal(crl_floors_forget(port, &n, &err), MTLS_OK);
	assert_int_equal(n, 3);
	store_detach(port);
	store_close(store);
	rig_start(rig);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
ending_answers_who_waits(void **state)
{
	struct rig *rig = *state;
	char what[128], hex[33];
	struct http h;

	http_machine(&h, rig);
	assert_int_equal(rig_open(&h, &challenge, &reply), 201);
	(void)snprintf(what, sizeof(what), "GET /v1/challenges/%s/grant"
	    "?wait=20 HTTP/1.1\r\nHost: v\r\n\r\n",
	    mtls_hex_encode(hex, challenge.challenge, 16));
	assert_int_equal(http_write(&h, what, strlen(what)), 0);
	assert_int_equal(kill(rig->pid, SIGTERM), 0);
	http_read(&h, &reply);
	/* Held and woken, or closed before it was read. */
	if (reply.status != 0) {
		assert_int_equal(reply.status, 503);
		assert_string_equal(reply_reason(&reply), "ending");
		assert_non_null(strstr(reply.head, "Connection: close"));
	}
	http_close(&h);
	rig_stop(rig);
	/* The audit is there again, the challenge is not. */
	rig_start(rig);
	http_machine(&h, rig);
	http_ask(&h, what, NULL, &reply);
	http_close(&h);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
ending_with_idle_connections(void **state)
{
	struct rig *rig = *state;
	struct http h[5];

	for (size_t i = 0; i < 5; i++)
		http_machine(&h[i], rig);
	rig_stop(rig);
	for (size_t i = 0; i < 5; i++)
		http_close(&h[i]);
	rig_start(rig);
}

/* --- failures --- */

/* Where a call fails, it is one of what is tested, and of nothing else. */
static int
set_up_unwatched(void **state)
{
	if (rig_set_up(state) != 0)
		return -1;
	rig_write_settings(*state, "[revocation]\nwatch = 0s\n"
	    RIG_NO_LIMITS);
	return rig_reload(*state) ? 0 : -1;
}

static void
T141_no_random_numbers(void **state)
{
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	fail_nth_call("getrandom", EIO);
	assert_int_equal(rig_open(&h, &challenge, &reply), 503);
	assert_int_equal(rig_open(&h, &challenge, &reply), 201);
	fail_nth_short(3);
	/* A few at a time are as good, all of them together. */
	assert_int_equal(rig_open(&h, &challenge, &reply), 201);
	fail_nth_short(0);
	http_close(&h);
}

static void
T142_no_clock(void **state)
{
	struct rig *rig = *state;
	struct http device, user;
	int allow = 0;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	fail_nth_call("clock_gettime", EINVAL);
	(void)rig_open(&device, &challenge, &reply);
	fail_nth_call(NULL, 0);
	/* Each reading of the clock fails once: never a yes for it. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_open(&device, &challenge, &reply), 201);
		if (i == 0)
			fail_nth_call("clock_gettime", EINVAL);
		(void)rig_prove(&user, challenge.challenge, NULL, &reply);
		if (i == 1)
			fail_nth_call("clock_gettime", EINVAL);
		(void)rig_grant(&device, challenge.challenge, 0, &allow,
		    &reply);
		fail_nth_call(NULL, 0);
		if (i == 2)
			assert_true(allow);
	}
	assert_true(rig_is_alive(rig));
	http_close(&device);
	http_close(&user);
}

/*
 * T-140: each call that a login makes in the verifier fails in turn. What
 * must hold: it lives, bob is never alice, an "allow" stands in the audit,
 * and the next login is as good as any.
 */
static void
T140_every_call_fails(void **state)
{
	struct rig *rig = *state;
	const char *outcome;
	unsigned nth, n = 0, n_refused = 0;
	char request[33];
	struct rig_open login = { .request = request };
	int is_bob = 0;

	for (nth = 1;; nth++) {
		/* What an earlier one left may be written meanwhile. */
		(void)snprintf(request, sizeof(request), "%032x", ++n);
		fail_nth_start(nth);
		outcome = rig_login(rig, is_bob ? rig->bob : rig->alice,
		    &login);
		(void)fail_nth_stop();
		assert_true(rig_is_alive(rig));
		if (strcmp(outcome, "allow") == 0) {
			assert_false(is_bob);
			assert_int_equal(rig_n_allowed(rig, request), 1);
		} else {
			n_refused++;
		}
		if (fail_nth_failed() != NULL)
			continue;
		assert_string_equal(outcome, is_bob ? "user-mismatch" :
		    "allow");
		if (is_bob)
			break;
		is_bob = 1;
		nth = 0;
	}
	assert_true(n_refused > 20);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* T-143: a reload without memory or descriptors keeps what there is. */
static void
T143_reload_without_resources(void **state)
{
	struct rig *rig = *state;
	unsigned n_failed = 0;

	/* Every seventh is enough to visit each unit. */
	for (unsigned nth = 1;; nth += 7) {
		fail_nth_start(nth);
		if (!rig_reload(rig))
			n_failed++;
		(void)fail_nth_stop();
		assert_true(rig_is_alive(rig));
		if (nth % 21 == 1)
			assert_string_equal(rig_login(rig, rig->alice, NULL),
			    "allow");
		if (fail_nth_failed() == NULL)
			break;
	}
	assert_true(n_failed > 10);
}

static void
T143_no_space_for_the_audit(void **state)
{
	struct rig *rig = *state;
	struct http device, user;
	int allow;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	/* In the child: SQLite writes with pwrite(2), inside its library. */
	assert_int_equal(kill(rig->pid, SIGUSR1), 0);
	assert_non_null(rig_wait_log(rig, 0, "disk-full"));
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    503);
	assert_string_equal(reply_reason(&reply), "state-unavailable");
	assert_non_null(rig_wait_log(rig, 0, "state-lost"));
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 202);
	assert_false(allow);
	assert_int_equal(kill(rig->pid, SIGUSR2), 0);
	assert_non_null(rig_wait_log(rig, 0, "disk-empty"));
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_true(allow);
	http_close(&device);
	http_close(&user);
}

/* evhttp goes on in clear where there is no memory for TLS. We do not. */
struct bufferevent *__real_bufferevent_openssl_socket_new(
    struct event_base *base, evutil_socket_t fd, struct ssl_st *ssl,
    enum bufferevent_ssl_state state, int options);
struct bufferevent *__wrap_bufferevent_openssl_socket_new(
    struct event_base *base, evutil_socket_t fd, struct ssl_st *ssl,
    enum bufferevent_ssl_state state, int options);
static int no_tls;

struct bufferevent *
__wrap_bufferevent_openssl_socket_new(struct event_base *base,
    evutil_socket_t fd, struct ssl_st *ssl, enum bufferevent_ssl_state state,
    int options)
{
	if (no_tls) {
		SSL_free(ssl);
		return NULL;
	}
	return __real_bufferevent_openssl_socket_new(base, fd, ssl, state,
	    options);
}

static void
T026_never_in_clear(void **state)
{
	static const char request[] = "POST /v1/proofs HTTP/1.1\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { 30, 0 };
	struct rig *rig = *state;
	char byte;

	rig_stop(rig);
	no_tls = 1;
	rig_start(rig);
	no_tls = 0;
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		sa.sin_port = htons((uint16_t)rig->ports[role]);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
		    sizeof(tv)), 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&sa,
		    sizeof(sa)), 0);
		assert_int_equal(send(fd, request, sizeof(request) - 1, 0),
		    sizeof(request) - 1);
		/* The end, and not a byte before it. */
		assert_true(recv(fd, &byte, 1, 0) <= 0);
		close(fd);
	}
	assert_true(rig_is_alive(rig));
}

static int
set_up_stopped(void **state)
{
	if (rig_set_up(state) != 0)
		return -1;
	rig_stop(*state);
	return 0;
}

#define UNWATCHED(f) cmocka_unit_test_setup_teardown(f, set_up_unwatched, \
    rig_tear_down)
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    T080_T089_no_start_with_broken_files, set_up_stopped,
		    rig_tear_down),
		TEST(T182_the_old_stays),
		TEST(T089_wrong_certificates),
		TEST(T080_modes_and_kinds),
		TEST(T081_swapped_while_read),
		TEST(T038_not_back_in_a_reload),
		TEST(T038_not_back_over_a_restart),
		TEST(ending_answers_who_waits),
		TEST(ending_with_idle_connections),
		UNWATCHED(T141_no_random_numbers),
		UNWATCHED(T142_no_clock),
		UNWATCHED(T140_every_call_fails),
		UNWATCHED(T143_reload_without_resources),
		TEST(T143_no_space_for_the_audit),
		TEST(T026_never_in_clear),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}
