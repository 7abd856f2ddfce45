/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys that a machine's sshd has verified, and certificates that are asked
 * for by their key: what is bound, to whom, and how it stands.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sqlite3.h>

#include "mtls/base64.h"
#include "mtls/identity.h"
#include "mtls/text.h"

#include "limit.h"
#include "verifier_rig.h"

#include "../lib/unit.h"

#define MAPS	"map issuer \"CN=Acme Users CA,O=Acme\" take san:upn" \
	" realm acme.example\nmap bound\n"
#define SSHKEY	MAPS "allow user alice for sudo by token, sshkey, agent\n"

static const struct rig_open by_key = { .method = "sshkey" };
static const struct rig_open by_agent = { .method = "agent" };

/* --- what administrators do --- */

static void
tell_admin(struct rig *rig, const struct mtls_message *request)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct mtls_deadline deadline = mtls_deadline_in_ms(20000);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), passed;
	struct mtls_message m;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%.90s/admin.sock",
	    rig->dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(mtls_message_send(fd, request, -1, deadline, NULL),
	    MTLS_OK);
	assert_int_equal(mtls_message_recv(fd, &m, &passed, deadline, NULL),
	    MTLS_OK);
	assert_int_equal(m.type, MTLS_MSG_ADMIN_DONE);
	if (m.u.admin_done.status != MTLS_OK || m.u.admin_done.n != 1)
		fail_msg("%s", m.u.admin_done.reason);
	mtls_message_clear(&m);
	close(fd);
}

static void
bind_to(struct rig *rig, const struct pki_cert *cert, const char *user)
{
	struct mtls_message m = { .type = MTLS_MSG_ADMIN_BIND };

	m.u.admin_bind.user = (char *)(uintptr_t)user;
	m.u.admin_bind.der.data = pki_der(cert, &m.u.admin_bind.der.len);
	tell_admin(rig, &m);
	free(m.u.admin_bind.der.data);
}

static void
hash_of(const struct pki_cert *cert, int is_key, char hex[65])
{
	struct mtls_identity id;

	memset(&id, 0, sizeof(id));
	assert_int_equal(mtls_identity_read(cert->x509, &id, NULL), MTLS_OK);
	mtls_hex_encode(hex, is_key ? id.spki_sha256 : id.sha256, 32);
	mtls_identity_clear(&id);
}

static void
revoke_here(struct rig *rig, const char *kind, const struct pki_cert *cert)
{
	struct mtls_message m = { .type = MTLS_MSG_ADMIN_REVOKE };
	char hex[65], empty[] = "";

	hash_of(cert, strcmp(kind, "key") == 0, hex);
	m.u.admin_revoke.user = m.u.admin_revoke.subject = empty;
	m.u.admin_revoke.issuer = m.u.admin_revoke.serial = empty;
	m.u.admin_revoke.reason = empty;
	m.u.admin_revoke.sha256 = hex;
	m.u.admin_revoke.kind = (char *)(uintptr_t)kind;
	tell_admin(rig, &m);
}

static void
use_policy(struct rig *rig, const char *text)
{
	rig_write_policy(rig, text);
	assert_true(rig_reload(rig));
}

/* --- what machines do --- */

static int
post_key(struct http *h, const uint8_t *id, const struct pki_cert *cert,
    const char *user, struct reply *reply)
{
	char hex[2 * MTLS_ID_BYTES + 1], key[65], *body;

	hash_of(cert, 1, key);
	assert_true(asprintf(&body, "{\"version\":1,\"challenge\":\"%s\","
	    "\"user\":\"%s\",\"service\":\"sudo\",\"host\":\"" RIG_HOST
	    "\",\"key\":\"%s\"}", mtls_hex_encode(hex, id, MTLS_ID_BYTES),
	    user, key) > 0);
	http_ask(h, "POST /v1/keys", body, reply);
	free(body);
	return reply->status;
}

/* "allow", the reason of a "no", or that of the problem. */
static const char *
outcome_of(struct http *h, const uint8_t *id, struct reply *reply)
{
	static char reason[65];
	struct mtls_body_grant g;
	int allow;

	memset(&g, 0, sizeof(g));
	if (rig_grant(h, id, 5, &allow, reply) != 200)
		return reply_reason(reply);
	assert_int_equal(mtls_body_parse(MTLS_BODY_GRANT, reply->body,
	    reply->body_len, &g, NULL), MTLS_OK);
	assert_string_equal(g.method, "sshkey");
	snprintf(reason, sizeof(reason), "%s", allow ? "allow" : g.reason);
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	return reason;
}

/* A login of alice for which sshd has verified the key of cert. */
static const char *
key_login(struct rig *rig, const struct pki_cert *cert)
{
	static struct reply reply;
	struct mtls_body_challenge c;
	const char *outcome;
	struct http h;

	http_machine(&h, rig);
	if (rig_open_as(&h, &by_key, &c, &reply) != 201)
		outcome = reply_reason(&reply);
	else if (post_key(&h, c.challenge, cert, "alice", &reply) != 200)
		outcome = reply_reason(&reply);
	else
		outcome = outcome_of(&h, c.challenge, &reply);
	http_close(&h);
	return outcome;
}

static void
a_bound_key_is_granted(void **state)
{
	struct rig *rig = *state;
	char rows[8][128];

	use_policy(rig, SSHKEY);
	assert_string_equal(key_login(rig, rig->alice), "not-bound");
	bind_to(rig, rig->alice, "alice");
	assert_string_equal(key_login(rig, rig->alice), "allow");
	/* Somebody else's key, bound or not, is not hers. */
	assert_string_equal(key_login(rig, rig->bob), "not-bound");
	bind_to(rig, rig->bob, "bob");
	assert_string_equal(key_login(rig, rig->bob), "not-bound");
	assert_int_equal(rig_audit(rig, rows, 8), 6);
	assert_string_equal(rows[2], "allow allowed alice");
	assert_string_equal(rows[5], "deny not-bound alice");
}

static void
the_map_has_to_agree(void **state)
{
	struct rig *rig = *state;

	use_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take san:upn"
	    " realm acme.example\nallow user alice for sudo by sshkey\n");
	bind_to(rig, rig->bob, "alice");
	assert_string_equal(key_login(rig, rig->bob), "user-mismatch");
	bind_to(rig, rig->alice, "alice");
	assert_string_equal(key_login(rig, rig->alice), "allow");
	use_policy(rig, MAPS "allow user alice for sudo by token\n");
	assert_string_equal(key_login(rig, rig->alice),
	    "service-not-allowed");
}

static void
T034_revoked_in_a_list(void **state)
{
	struct rig *rig = *state;
	size_t mark = rig->log_len;

	use_policy(rig, SSHKEY);
	bind_to(rig, rig->alice, "alice");
	assert_string_equal(key_login(rig, rig->alice), "allow");
	rig_write_crl(rig, rig->users, rig->alice);
	assert_non_null(rig_wait_log(rig, mark, "crls-taken"));
	assert_string_equal(key_login(rig, rig->alice), "revoked");
}

static void
T034_revoked_by_an_administrator(void **state)
{
	const struct pki_options same_key = { .key_of = NULL };
	struct pki_options o = same_key;
	struct rig *rig = *state;
	const struct pki_cert *second;

	use_policy(rig, SSHKEY);
	bind_to(rig, rig->alice, "alice");
	revoke_here(rig, "certificate", rig->alice);
	assert_string_equal(key_login(rig, rig->alice),
	    "certificate-revoked-here");
	/* Another certificate with the key is good, until the key is not. */
	o.key_of = rig->alice;
	second = pki_user(rig->pki, rig->users, "alice", &o);
	bind_to(rig, second, "alice");
	assert_string_equal(key_login(rig, rig->alice), "allow");
	revoke_here(rig, "key", rig->alice);
	assert_string_equal(key_login(rig, rig->alice),
	    "certificate-revoked-here");
}

static void
the_one_that_is_valid_counts(void **state)
{
	struct rig *rig = *state;
	struct pki_options o = { .key_of = rig->alice };
	const struct pki_cert *expired, *later;

	use_policy(rig, SSHKEY);
	o.starts_s = -7200;
	o.ends_s = -3600;
	expired = pki_user(rig->pki, rig->users, "alice", &o);
	bind_to(rig, expired, "alice");
	assert_string_equal(key_login(rig, expired), "certificate-expired");
	o.starts_s = 3600;
	o.ends_s = 500 * 86400;
	later = pki_user(rig->pki, rig->users, "alice", &o);
	bind_to(rig, later, "alice");
	assert_string_equal(key_login(rig, expired),
	    "certificate-not-yet-valid");
	bind_to(rig, rig->alice, "alice");
	assert_string_equal(key_login(rig, expired), "allow");
}

static void
T033_the_chain_is_verified(void **state)
{
	struct rig *rig = *state;
	const struct pki_options limited = { .extra = NULL };
	const struct pki_cert *other = pki_ca(rig->pki, NULL, "Other CA",
	    NULL);
	const struct pki_cert *ca = pki_ca(rig->pki, rig->root,
	    "Acme Users CA", &limited);
	const struct pki_cert *stranger, *forged, *weak;
	struct pki_options o = { .signed_by = other };

	use_policy(rig, SSHKEY);
	stranger = pki_user(rig->pki, other, "alice", NULL);
	bind_to(rig, stranger, "alice");
	assert_string_equal(key_login(rig, stranger), "issuer-unknown");
	/* The right names, and another key behind the signature. */
	forged = pki_user(rig->pki, rig->users, "alice", &o);
	bind_to(rig, forged, "alice");
	assert_string_equal(key_login(rig, forged), "issuer-unknown");
	stranger = pki_user(rig->pki, ca, "alice", NULL);
	bind_to(rig, stranger, "alice");
	assert_string_equal(key_login(rig, stranger), "issuer-unknown");
	/* Only the chain knows that this is not enough. */
	o = (struct pki_options){ .key_type = PKI_RSA1024 };
	weak = pki_user(rig->pki, rig->users, "alice", &o);
	bind_to(rig, weak, "alice");
	assert_string_equal(key_login(rig, weak), "certificate-malformed");
}

/* A row of the database is not believed. */
static void
T181_another_certificate_in_the_row(void **state)
{
	struct rig *rig = *state;
	char path[256], hex[65], sql[512];
	sqlite3 *db;

	use_policy(rig, SSHKEY);
	bind_to(rig, rig->alice, "alice");
	bind_to(rig, rig->bob, "bob");
	hash_of(rig->bob, 1, hex);
	snprintf(sql, sizeof(sql), "UPDATE binding SET key_sha256 = '%s'"
	    " WHERE user = 'alice'", hex);
	snprintf(path, sizeof(path), "%s/state/state.db", rig->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_string_equal(key_login(rig, rig->bob), "not-bound");
	assert_int_equal(sqlite3_exec(db, "UPDATE binding SET der = x'3000'",
	    NULL, NULL, NULL), SQLITE_OK);
	assert_string_equal(key_login(rig, rig->bob), "not-bound");
	sqlite3_close(db);
}

static void
T019_for_this_challenge_only(void **state)
{
	const struct rig_open by_token = { .method = "token" };
	struct rig *rig = *state;
	const struct pki_cert *other = pki_machine(rig->pki, rig->machines,
	    "ws-2.acme.example", NULL);
	struct http_options o = { .cert = other, .alpn = "http/1.1",
	    .sni = "verifier1.acme.example" };
	static struct reply reply;
	struct mtls_body_challenge c, t;
	struct http h, second, person;
	uint8_t nothing[MTLS_ID_BYTES] = { 1 };

	use_policy(rig, SSHKEY);
	bind_to(rig, rig->alice, "alice");
	http_machine(&h, rig);
	assert_int_equal(rig_open_as(&h, &by_key, &c, &reply), 201);
	assert_int_equal(rig_open_as(&h, &by_token, &t, &reply), 201);
	assert_int_equal(post_key(&h, nothing, rig->alice, "alice", &reply),
	    404);
	assert_int_equal(post_key(&h, t.challenge, rig->alice, "alice",
	    &reply), 403);
	assert_string_equal(reply_reason(&reply), "method-not-proven-here");
	http_open(&second, rig, ROLE_DEVICE, &o);
	assert_int_equal(post_key(&second, c.challenge, rig->alice, "alice",
	    &reply), 403);
	assert_string_equal(reply_reason(&reply), "not-yours");
	http_close(&second);
	/* No card proves it either. */
	http_person(&person, rig, rig->alice);
	assert_int_equal(rig_prove(&person, c.challenge, &by_key, &reply),
	    403);
	http_close(&person);
	assert_int_equal(post_key(&h, c.challenge, rig->alice, "alice",
	    &reply), 200);
	assert_int_equal(post_key(&h, c.challenge, rig->alice, "alice",
	    &reply), 409);
	assert_string_equal(outcome_of(&h, c.challenge, &reply), "allow");
	/* Another user than that of the challenge. */
	assert_int_equal(rig_open_as(&h, &by_key, &c, &reply), 201);
	assert_int_equal(post_key(&h, c.challenge, rig->alice, "bob",
	    &reply), 200);
	assert_string_equal(outcome_of(&h, c.challenge, &reply),
	    "proof-mismatch");
	http_close(&h);
}

/* Nobody is locked out by what a machine says of a key. */
static void
T057_what_a_machine_tells(void **state)
{
	struct rig *rig = *state;

	rig_write_settings(rig, "[limits]\nuser-failures = 1/1h\n"
	    "card-failures = 1/1h\nmachine-failures = 3/1h\n"
	    "source-failures = none\n");
	use_policy(rig, MAPS "allow user alice for sudo by token\n"
	    "allow user bob for sudo by sshkey\n");
	bind_to(rig, rig->alice, "alice");
	for (int i = 0; i < 2; i++)
		assert_string_equal(key_login(rig, rig->alice), "no-rule");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(key_login(rig, rig->alice), "no-rule");
	assert_string_equal(key_login(rig, rig->alice), "too-many-failures");
}

static int
ask_certificate(struct http *h, const uint8_t *id,
    const struct pki_cert *cert, struct reply *reply)
{
	char hex[2 * MTLS_ID_BYTES + 1], key[65], *body;

	hash_of(cert, 1, key);
	assert_true(asprintf(&body, "{\"version\":1,\"challenge\":\"%s\","
	    "\"key\":\"%s\"}", mtls_hex_encode(hex, id, MTLS_ID_BYTES),
	    key) > 0);
	http_ask(h, "POST /v1/certificates", body, reply);
	free(body);
	return reply->status;
}

static void
certificates_by_their_key(void **state)
{
	struct rig *rig = *state;
	static struct reply reply;
	struct mtls_body_challenge c, k;
	struct mtls_body_certificate answer;
	static uint8_t der[4096];
	uint8_t *want;
	size_t len, want_len;
	struct http h;

	use_policy(rig, SSHKEY);
	bind_to(rig, rig->alice, "alice");
	bind_to(rig, rig->bob, "bob");
	http_machine(&h, rig);
	assert_int_equal(rig_open_as(&h, &by_key, &k, &reply), 201);
	assert_int_equal(ask_certificate(&h, k.challenge, rig->alice,
	    &reply), 403);
	assert_int_equal(rig_open_as(&h, &by_agent, &c, &reply), 201);
	assert_int_equal(ask_certificate(&h, c.challenge, rig->alice,
	    &reply), 200);
	assert_int_equal(mtls_body_parse(MTLS_BODY_CERTIFICATE, reply.body,
	    reply.body_len, &answer, NULL), MTLS_OK);
	assert_memory_equal(answer.challenge, c.challenge, MTLS_ID_BYTES);
	assert_int_equal(mtls_base64_decode(der, sizeof(der),
	    answer.certificate, strlen(answer.certificate), &len), 0);
	want = pki_der(rig->alice, &want_len);
	assert_int_equal(len, want_len);
	assert_memory_equal(der, want, len);
	free(want);
	mtls_body_clear(MTLS_BODY_CERTIFICATE, &answer);
	/* Not somebody else's, and not for ever. */
	for (int i = 1; i < LIMITS_CERTIFICATES; i++) {
		assert_int_equal(ask_certificate(&h, c.challenge, rig->bob,
		    &reply), 404);
		assert_string_equal(reply_reason(&reply), "no-such-key");
	}
	assert_int_equal(ask_certificate(&h, c.challenge, rig->alice,
	    &reply), 429);
	assert_int_equal(rig_open_as(&h, &by_agent, &c, &reply), 201);
	revoke_here(rig, "certificate", rig->alice);
	assert_int_equal(ask_certificate(&h, c.challenge, rig->alice,
	    &reply), 404);
	http_close(&h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_bound_key_is_granted),
		TEST(the_map_has_to_agree),
		TEST(T034_revoked_in_a_list),
		TEST(T034_revoked_by_an_administrator),
		TEST(the_one_that_is_valid_counts),
		TEST(T033_the_chain_is_verified),
		TEST(T181_another_certificate_in_the_row),
		TEST(T019_for_this_challenge_only),
		TEST(T057_what_a_machine_tells),
		TEST(certificates_by_their_key),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}
