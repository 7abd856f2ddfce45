/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Policies in a running verifier: what the person's certificate, the clock
 * and the bindings come to at the machine.
 */
#include "config.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "mtls/identity.h"
#include "mtls/text.h"

#include "verifier_rig.h"

#include "../lib/unit.h"

int __real_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **ret);
int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **ret);

/* A FIFO: where there is one, the directory waits for its end. */
static char gate[256];

static void
wait_at_gate(void)
{
	int fd = open(gate, O_RDONLY | O_CLOEXEC);
	char c;

	if (fd < 0)
		return;
	while (read(fd, &c, 1) > 0)
		continue;
	close(fd);
}

/*
 * A directory that never answers about slow, takes its time with daemon, and
 * knows another root.
 */
int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **ret)
{
	while (strcmp(name, "slow") == 0)
		(void)pause();
	if (strcmp(name, "daemon") == 0)
		wait_at_gate();
	if (strcmp(name, "toor") == 0)
		name = "root";
	return __real_getpwnam_r(name, entry, buffer, size, ret);
}

#define MAP	"map issuer \"CN=Acme Users CA,O=Acme\" "
#define UPN	MAP "take san:upn realm acme.example"

static void
use_policy(struct rig *rig, const char *text)
{
	rig_write_policy(rig, text);
	assert_true(rig_reload(rig));
}

/* What an administrator does to the database behind the verifier's back. */
static void
run_sql(struct rig *rig, const char *sql)
{
	char path[256];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/state/state.db", rig->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
bind_to(struct rig *rig, const struct pki_cert *cert, const char *user)
{
	struct mtls_identity id = { .subject = NULL };
	char hex[65], sql[512];

	assert_int_equal(mtls_identity_read(cert->x509, &id, NULL), MTLS_OK);
	mtls_hex_encode(hex, id.sha256, sizeof(id.sha256));
	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO binding(sha256, "
	    "user, subject, issuer, serial, not_after_s, bound_at_s) VALUES"
	    "('%s', '%s', 's', 'i', '01', 1, 1)", hex, user);
	run_sql(rig, sql);
	mtls_identity_clear(&id);
}

static void
T041_named_and_bound(void **state)
{
	struct rig *rig = *state;
	const struct rig_open as_bob = { .user = "bob" };

	use_policy(rig, UPN " and bound\nallow user any\n");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "not-bound");
	bind_to(rig, rig->alice, "alice");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->bob, &as_bob), "not-bound");
	bind_to(rig, rig->alice, "bob");
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "names-disagree");
	assert_string_equal(rig_login(rig, rig->alice, &as_bob),
	    "names-disagree");
}

/* T-050: the bindings are away; the name does not do instead. */
static void
T050_no_bindings(void **state)
{
	struct rig *rig = *state;
	const char *outcome;

	use_policy(rig, UPN "\nmap bound\nallow user any\n");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	run_sql(rig, "DROP TABLE binding");
	outcome = rig_login(rig, rig->alice, NULL);
	assert_string_equal(outcome, "state-unavailable");
	use_policy(rig, UPN " and bound\nallow user any\n");
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "state-unavailable");
}

static void
T047_one_certificate(void **state)
{
	struct rig *rig = *state;
	struct mtls_identity id = { .subject = NULL };
	char text[512], key_id[41];

	assert_int_equal(mtls_identity_read(rig->alice->x509, &id, NULL),
	    MTLS_OK);
	snprintf(text, sizeof(text), MAP "serial %s user alice\n"
	    "allow user any\n", id.serial);
	use_policy(rig, text);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->bob, NULL), "no-user");
	mtls_hex_encode(key_id, id.key_id, sizeof(id.key_id));
	snprintf(text, sizeof(text), MAP "key-id %s user alice\n"
	    "allow user any\n", key_id);
	use_policy(rig, text);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->bob, NULL), "no-user");
	mtls_identity_clear(&id);
}

/* T-033: what a policy requires of certificates. */
static void
T033_requirements(void **state)
{
	static const struct {
		const char *require, *outcome;
	} cases[] = {
		{ "eku clientAuth", "allow" },
		{ "eku smartcardLogon", "allow" },
		{ "eku 1.3.6.1.5.5.7.3.1", "certificate-purpose" },
		{ "policy 1.3.6.1.4.1.99999.1", "certificate-policy" },
		{ "key ec 256", "allow" },
		{ "key ec 384", "certificate-key-too-small" },
		{ "key rsa 4096", "allow" },
		{ "age max 2d", "allow" },
	};
	struct rig *rig = *state;
	char text[512], rows[16][128];
	size_t n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), UPN "\nrequire %s\n"
		    "allow user any\n", cases[i].require);
		use_policy(rig, text);
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    cases[i].outcome);
		snprintf(text, sizeof(text), UPN "\nallow user any require "
		    "%s\nallow user any\n", cases[i].require);
		use_policy(rig, text);
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    cases[i].outcome);
	}
	n = rig_audit(rig, rows, 16);
	assert_int_equal(n, 16);
	assert_string_equal(rows[4], "deny certificate-purpose alice");
	/* The age is from when it was issued. */
	use_policy(rig, UPN "\nallow user any require age max 1d\n");
	assert_string_equal(rig_login(rig, pki_user(rig->pki, rig->users,
	    "alice", &(struct pki_options){.starts_s = -3600}), NULL),
	    "allow");
	assert_string_equal(rig_login(rig, pki_user(rig->pki, rig->users,
	    "alice", &(struct pki_options){.starts_s = -2 * 86400}), NULL),
	    "certificate-too-old");
}

static void
warned_before_expiry(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *soon = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.ends_s = 9 * 86400});
	static struct mtls_body_challenge challenge;
	static struct reply reply;
	struct mtls_body_grant g;
	struct http device, user;
	int allow;

	use_policy(rig, UPN "\nwarn 14 days before expiry\nallow user any\n");
	http_machine(&device, rig);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	http_person(&user, rig, soon);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_true(allow);
	memset(&g, 0, sizeof(g));
	assert_int_equal(mtls_body_parse(MTLS_BODY_GRANT, reply.body,
	    reply.body_len, &g, NULL), MTLS_OK);
	assert_string_equal(g.message, "The certificate on this card expires "
	    "in 9 days. Please renew it.");
	assert_string_equal(g.reason, "allowed");
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	assert_non_null(rig_wait_log(rig, 0, "certificate-expires "));
	http_close(&device);
	http_close(&user);
}

/* T-032: of another time; the log says which way. */
static void
T032_by_another_clock(void **state)
{
	static const int64_t offs[] = { 600, INT64_C(315360000) };
	struct rig *rig = *state;
	size_t mark;

	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		mark = rig->log_len;
		assert_string_not_equal(rig_login(rig, pki_user(rig->pki,
		    rig->users, "alice", &(struct pki_options){
		    .starts_s = offs[i], .ends_s = offs[i] + 86400}), NULL),
		    "allow");
		assert_non_null(rig_wait_log(rig, mark, "not yet valid"));
		mark = rig->log_len;
		assert_string_not_equal(rig_login(rig, pki_user(rig->pki,
		    rig->users, "alice", &(struct pki_options){
		    .starts_s = -offs[i] - 86400, .ends_s = -offs[i]}),
		    NULL), "allow");
		assert_non_null(rig_wait_log(rig, mark, "expired"));
	}
}

/* Asks, and does not wait for the answer. */
static void
write_proof(struct http *h, const uint8_t id[MTLS_ID_BYTES], const char *user)
{
	char hex[2 * MTLS_ID_BYTES + 1], body[512], all[1024];

	snprintf(body, sizeof(body), "{\"version\":1,\"challenge\":\"%s\","
	    "\"user\":\"%s\",\"service\":\"sudo\",\"host\":\"" RIG_HOST
	    "\",\"method\":\"token\"}", mtls_hex_encode(hex, id,
	    MTLS_ID_BYTES), user);
	snprintf(all, sizeof(all), "POST /v1/proofs HTTP/1.1\r\n"
	    "Host: v\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	assert_int_equal(http_write(h, all, strlen(all)), 0);
}

/*
 * A reload between question and answer: what was said about the groups of
 * the old policy is not taken for those of the new one, on any loop.
 */
static void
T182_reload_while_asked(void **state)
{
	static struct mtls_body_challenge challenge;
	static struct reply reply;
	struct rig *rig = *state;
	const struct pki_cert *cert = pki_user(rig->pki, rig->users,
	    "daemon", NULL);
	const struct rig_open as_daemon = { .user = "daemon" };
	struct http device, user;
	int allow, fd;

	use_policy(rig, UPN "\nallow group daemon\n");
	assert_string_equal(rig_login(rig, cert, &as_daemon), "allow");
	for (int i = 0; i < 6; i++) {
		use_policy(rig, UPN "\nallow group daemon\n");
		assert_int_equal(mkfifo(gate, 0666), 0);
		http_machine(&device, rig);
		assert_int_equal(rig_open_as(&device, &as_daemon, &challenge,
		    &reply), 201);
		http_person(&user, rig, cert);
		write_proof(&user, challenge.challenge, "daemon");
		/* Opens when the thread is at its question. */
		fd = open(gate, O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(unlink(gate), 0);
		use_policy(rig, UPN "\nallow group bin\n");
		close(fd);
		http_read(&user, &reply);
		assert_int_equal(reply.status, 200);
		assert_int_equal(rig_grant(&device, challenge.challenge, 0,
		    &allow, &reply), 200);
		assert_false(allow);
		http_close(&device);
		http_close(&user);
	}
}

/*
 * Revoked while the name service is asked: refused, whatever the mode of the
 * CA excused when the proof came. Before, it had the list and was good; or
 * there was none, and that did not matter.
 */
static void
revoked_while_asked(void **state)
{
	static const char *const modes[] = { "strict", "relaxed", "ifuri" };
	static struct mtls_body_challenge challenge;
	static struct reply reply;
	struct rig *rig = *state;
	const struct rig_open as_daemon = { .user = "daemon" };
	const struct pki_cert *cert;
	struct http device, user;
	char text[64], path[256];
	int allow, fd;

	snprintf(path, sizeof(path), "%s/crl/users.crl", rig->dir);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		cert = pki_user(rig->pki, rig->users, "daemon", NULL);
		if (i > 0) {
			rig_stop(rig);
			assert_int_equal(unlink(path), 0);
			rig_start(rig);
		}
		snprintf(text, sizeof(text), "[revocation]\nmode = %s\n",
		    modes[i]);
		rig_write_settings(rig, text);
		use_policy(rig, UPN "\nallow group daemon\n");
		assert_string_equal(rig_login(rig, cert, &as_daemon),
		    "allow");
		assert_int_equal(mkfifo(gate, 0666), 0);
		http_machine(&device, rig);
		assert_int_equal(rig_open_as(&device, &as_daemon, &challenge,
		    &reply), 201);
		http_person(&user, rig, cert);
		write_proof(&user, challenge.challenge, "daemon");
		fd = open(gate, O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(unlink(gate), 0);
		rig_write_crl(rig, rig->users, cert);
		assert_true(rig_reload(rig));
		close(fd);
		http_read(&user, &reply);
		assert_int_equal(reply.status, 200);
		assert_int_equal(rig_grant(&device, challenge.challenge, 0,
		    &allow, &reply), 200);
		assert_false(allow);
		assert_non_null(strstr(reply.body, "\"revoked\""));
		http_close(&device);
		http_close(&user);
	}
}

/* T-057: a certificate that cannot be read is charged for what it fails. */
static void
T057_one_that_cannot_be_read(void **state)
{
	static const struct pki_options odd = {
		.san = "otherName:1.3.6.1.4.1.311.20.2.3;"
		    "IA5:alice@acme.example" };
	struct rig *rig = *state;
	const struct pki_cert *one = pki_user(rig->pki, rig->users, "alice",
	    &odd), *other = pki_user(rig->pki, rig->users, "alice", &odd);

	rig_write_settings(rig, "[limits]\ncard-failures = 2/1h\n");
	use_policy(rig, UPN "\nallow user alice\n");
	for (int i = 0; i < 2; i++)
		assert_string_equal(rig_login(rig, one, NULL),
		    "certificate-malformed");
	assert_string_equal(rig_login(rig, one, NULL), "too-many-failures");
	/* And nobody else is. */
	assert_string_equal(rig_login(rig, other, NULL),
	    "certificate-malformed");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static int
set_up_two_loops(void **state)
{
	struct rig *rig = *state;

	snprintf(gate, sizeof(gate), "%s/gate", rig->dir);
	rig->loops = 2;
	return rig_set_up(state);
}

static int
tear_down_two_loops(void **state)
{
	struct rig *rig = *state;
	int status = rig_tear_down(state);

	gate[0] = '\0';
	rig->loops = 0;
	return status;
}

/*
 * A name service that hangs: others are served meanwhile, whoever needs it is
 * not let in, and the verifier still ends when it is told to.
 */
static void
silent_name_service(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *slow = pki_user(rig->pki, rig->users, "slow",
	    NULL);
	const struct rig_open as_slow = { .user = "slow" };
	static struct mtls_body_challenge challenge, other;
	static struct reply reply;
	struct http device, user;
	size_t mark = rig->log_len;
	int allow;

	use_policy(rig, UPN "\nallow user any\n");
	http_machine(&device, rig);
	assert_int_equal(rig_open_as(&device, &as_slow, &challenge, &reply),
	    201);
	http_person(&user, rig, slow);
	write_proof(&user, challenge.challenge, "slow");
	/* Asked behind it, answered before it. */
	assert_int_equal(rig_open(&device, &other, &reply), 201);
	http_read(&user, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_false(allow);
	assert_non_null(rig_wait_log(rig, mark, "name-service-silent"));
	http_close(&device);
	http_close(&user);
	assert_true(rig_is_alive(rig));
}

/* T-053b: whoever has root's uid is root, by whatever name. */
static void
T053b_another_name_for_root(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *toor = pki_user(rig->pki, rig->users, "toor",
	    NULL);
	const struct rig_open as_toor = { .user = "toor" };

	use_policy(rig, UPN "\ngroup g = toor\nallow group g\n"
	    "allow user any\n");
	assert_string_equal(rig_login(rig, toor, &as_toor), "no-rule");
	use_policy(rig, UPN "\nallow user toor\n");
	assert_string_equal(rig_login(rig, toor, &as_toor), "allow");
}

/* A zone that is not there: the old policy stays, and the log says where. */
static void
no_such_zone(void **state)
{
	struct rig *rig = *state;
	size_t mark = rig->log_len;

	rig_write_policy(rig, UPN "\nallow user any within "
	    "\"any 00:00-24:00 Mars/Base\"\n");
	assert_false(rig_reload(rig));
	assert_non_null(rig_wait_log(rig, mark, "policy.conf:2:23: time zone"));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	use_policy(rig, UPN "\nallow user any within "
	    "\"any 00:00-24:00 Europe/Berlin\"\n");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)
		CASE(T041_named_and_bound),
		CASE(T050_no_bindings),
		CASE(T047_one_certificate),
		CASE(T033_requirements),
		CASE(warned_before_expiry),
		CASE(T032_by_another_clock),
		CASE(silent_name_service),
		cmocka_unit_test_setup_teardown(T057_one_that_cannot_be_read,
		    rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(revoked_while_asked,
		    set_up_two_loops, tear_down_two_loops),
		cmocka_unit_test_setup_teardown(T182_reload_while_asked,
		    set_up_two_loops, tear_down_two_loops),
		CASE(T053b_another_name_for_root),
		CASE(no_such_zone),
#undef CASE
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}
