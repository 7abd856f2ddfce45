/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method code at a running verifier: sessions, approvals, codes that are
 * minted, and what becomes of all that is typed. The test has the verifier's
 * clock in its hands.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mtls/deadline.h"
#include "mtls/text.h"

#include "verifier_rig.h"

#include "../lib/unit.h"

#define MAPS	"map issuer \"CN=Acme Users CA,O=Acme\" take san:upn" \
	" realm acme.example\n"
#define ALL	MAPS "allow user alice, bob for sudo, su by code, mint," \
	" token\n"

static const struct rig_open by_code = { .method = "code" };

/* --- the verifier's clock: in memory that its process has in common --- */

static int64_t *ahead_ms;

int64_t __real_mtls_clock_ms(void);
int64_t __wrap_mtls_clock_ms(void);

int64_t
__wrap_mtls_clock_ms(void)
{
	return __real_mtls_clock_ms() + (ahead_ms == NULL ? 0 : *ahead_ms);
}

/* --- requests --- */

struct login {
	struct http device, user;
	struct mtls_body_challenge challenge;
	struct reply reply;
	char code[16];
};

static void
use_policy(struct rig *rig, const char *text)
{
	rig_write_policy(rig, text);
	assert_true(rig_reload(rig));
}

static void
begin(struct login *l, struct rig *rig, const struct pki_cert *person)
{
	memset(l, 0, sizeof(*l));
	http_machine(&l->device, rig);
	http_person(&l->user, rig, person);
}

static void
end(struct login *l)
{
	http_close(&l->device);
	http_close(&l->user);
}

static int
open_as(struct login *l, const struct rig_open *o)
{
	return rig_open_as(&l->device, o, &l->challenge, &l->reply);
}

/* The status; *ret is to be cleared. */
static int
ask_session(struct login *l, const char *word, struct mtls_body_session *ret)
{
	char body[128];

	memset(ret, 0, sizeof(*ret));
	snprintf(body, sizeof(body), "{\"version\":1,\"session\":\"%s\"}",
	    word);
	http_ask(&l->user, "POST /v1/sessions", body, &l->reply);
	if (l->reply.status == 200)
		assert_int_equal(mtls_body_parse(MTLS_BODY_SESSION,
		    l->reply.body, l->reply.body_len, ret, NULL), MTLS_OK);
	return l->reply.status;
}

static int
session_status(struct login *l, const char *word)
{
	struct mtls_body_session session;
	int status = ask_session(l, word, &session);

	mtls_body_clear(MTLS_BODY_SESSION, &session);
	return status;
}

static int
take_code(struct login *l)
{
	struct mtls_body_code code;

	memset(&code, 0, sizeof(code));
	if (l->reply.status != 201)
		return l->reply.status;
	assert_int_equal(mtls_body_parse(MTLS_BODY_CODE, l->reply.body,
	    l->reply.body_len, &code, NULL), MTLS_OK);
	snprintf(l->code, sizeof(l->code), "%s", code.code);
	mtls_body_clear(MTLS_BODY_CODE, &code);
	return 201;
}

/* What a person says to a login. NULL: as it is. */
struct said {
	const char *user, *service, *host, *method, *consent;
};

static const char *
or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

static int
approve_as(struct login *l, const struct said *s)
{
	char body[512], hex[33];

	snprintf(body, sizeof(body), "{\"version\":1,\"challenge\":\"%s\","
	    "\"user\":\"%s\",\"service\":\"%s\",\"host\":\"%s\","
	    "\"method\":\"%s\",\"consent\":\"%s\"}",
	    mtls_hex_encode(hex, l->challenge.challenge, MTLS_ID_BYTES),
	    or(s->user, "alice"), or(s->service, "sudo"),
	    or(s->host, RIG_HOST), or(s->method, "code"),
	    or(s->consent, "yes"));
	http_ask(&l->user, "POST /v1/approvals", body, &l->reply);
	return take_code(l);
}

static int
approve(struct login *l)
{
	return approve_as(l, &(struct said){ 0 });
}

static int
mint(struct login *l, const char *user, const char *service,
    const char *host)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"version\":1,\"user\":\"%s\","
	    "\"service\":\"%s\",\"host\":\"%s\"}", user, service, host);
	http_ask(&l->user, "POST /v1/codes", body, &l->reply);
	return take_code(l);
}

static int
mint_usual(struct login *l)
{
	return mint(l, "alice", "sudo", RIG_HOST);
}

static int
type_as(struct login *l, const char *code, const char *user)
{
	char body[512], hex[33];

	snprintf(body, sizeof(body), "{\"version\":1,\"challenge\":\"%s\","
	    "\"user\":\"%s\",\"service\":\"sudo\",\"host\":\"" RIG_HOST
	    "\",\"code\":\"%s\"}", mtls_hex_encode(hex,
	    l->challenge.challenge, MTLS_ID_BYTES), user, code);
	http_ask(&l->device, "POST /v1/codes", body, &l->reply);
	return l->reply.status;
}

static int
type(struct login *l, const char *code)
{
	return type_as(l, code, "alice");
}

/* "allow", or why not. */
static const char *
outcome(struct login *l)
{
	static char reason[65];
	struct mtls_body_grant g;
	int allow;

	memset(&g, 0, sizeof(g));
	if (rig_grant(&l->device, l->challenge.challenge, 0, &allow,
	    &l->reply) != 200) {
		snprintf(reason, sizeof(reason), "%s",
		    l->reply.status == 202 ? "pending" :
		    reply_reason(&l->reply));
		return reason;
	}
	assert_int_equal(mtls_body_parse(MTLS_BODY_GRANT, l->reply.body,
	    l->reply.body_len, &g, NULL), MTLS_OK);
	assert_string_equal(g.method, "code");
	snprintf(reason, sizeof(reason), "%s", allow ? "allow" : g.reason);
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	return reason;
}

/* --- tests --- */

static void
session_first(void **state)
{
	struct rig *rig = *state;
	struct mtls_body_session s;
	static struct login l;
	char rows[8][128], typed[32];
	size_t n;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(strlen(l.challenge.session), 6);
	assert_int_equal(ask_session(&l, l.challenge.session, &s), 200);
	assert_memory_equal(s.challenge, l.challenge.challenge,
	    MTLS_ID_BYTES);
	assert_string_equal(s.user, "alice");
	assert_string_equal(s.service, "sudo");
	assert_string_equal(s.host, RIG_HOST);
	assert_string_equal(s.network, "unknown");
	assert_string_equal(s.network_rule, "warn");
	mtls_body_clear(MTLS_BODY_SESSION, &s);
	/* As people write it. */
	snprintf(typed, sizeof(typed), " %.3s-%s", l.challenge.session,
	    l.challenge.session + 3);
	assert_int_equal(session_status(&l, typed), 200);
	assert_int_equal(approve(&l), 201);
	assert_string_equal(outcome(&l), "pending");
	snprintf(typed, sizeof(typed), "%.4s %s", l.code, l.code + 4);
	assert_int_equal(type(&l, typed), 200);
	assert_string_equal(outcome(&l), "allow");
	end(&l);
	n = rig_audit(rig, rows, 8);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0], "allow allowed alice");
	assert_string_equal(rows[1], "allow allowed alice");
}

static void
mint_first(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(mint_usual(&l), 201);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "allow");
	end(&l);
}

/* Without a word for it in the policy neither of the two is to be had. */
static void
policy_names_each(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, MAPS "allow user alice for sudo by code\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(mint_usual(&l), 403);
	assert_string_equal(reply_reason(&l.reply), "no-rule");
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 201);
	end(&l);
	use_policy(rig, MAPS "allow user alice for sudo by mint\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(session_status(&l, l.challenge.session), 403);
	assert_int_equal(approve(&l), 403);
	assert_int_equal(mint_usual(&l), 201);
	end(&l);
	use_policy(rig, MAPS "allow user alice for sudo by token\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 403);
	assert_string_equal(reply_reason(&l.reply), "service-not-allowed");
	/* What only a policy has a word for is not a method of a login. */
	assert_int_equal(open_as(&l, &(struct rig_open){
	    .method = "mint" }), 403);
	end(&l);
}

static void
root_needs_its_own_rule(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take cn\n"
	    "allow user any for sudo by code, mint\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(mint(&l, "root", "sudo", RIG_HOST), 403);
	end(&l);
}

static void
T161_a_code_is_used_once(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 201);
	assert_int_equal(type(&l, l.code), 200);
	assert_int_equal(type(&l, l.code), 409);
	assert_string_equal(outcome(&l), "allow");
	assert_string_equal(outcome(&l), "already-delivered");
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, l.code), 403);
	assert_string_equal(reply_reason(&l.reply), "wrong-code");
	end(&l);
}

static void
T160_three_wrong_codes(void **state)
{
	static const char *const wrong[] = {
		"AAAAAAAA", "correct horse battery", "\\u00c4"
	};
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 201);
	assert_int_equal(type(&l, wrong[0]), 403);
	assert_int_equal(type(&l, wrong[1]), 403);
	assert_string_equal(outcome(&l), "pending");
	assert_int_equal(type(&l, wrong[2]), 200);
	assert_string_equal(outcome(&l), "wrong-code");
	assert_int_equal(type(&l, l.code), 409);
	assert_int_equal(approve(&l), 404);
	end(&l);
}

/* Over all logins; and what it stops is codes, and no card. */
static void
T160_a_budget_for_each_user(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	rig_stop(rig);
	rig_write_settings(rig, "[limits]\ncode-failures = 4/1h\n");
	rig_write_policy(rig, ALL);
	rig_start(rig);
	begin(&l, rig, rig->alice);
	/* There is no code yet: nobody is guessing anything. */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(open_as(&l, &by_code), 201);
		assert_int_equal(type(&l, "AAAAAAAA"), 403);
	}
	assert_int_equal(mint_usual(&l), 201);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(open_as(&l, &by_code), 201);
		assert_int_equal(type(&l, "AAAAAAAA"), 403);
	}
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, l.code), 429);
	assert_string_equal(outcome(&l), "pending");
	assert_int_equal(mint_usual(&l), 429);
	assert_string_equal(reply_reason(&l.reply), "too-many-failures");
	end(&l);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	/* Nor is it bob's. */
	begin(&l, rig, rig->bob);
	assert_int_equal(mint(&l, "bob", "sudo", RIG_HOST), 201);
	assert_int_equal(open_as(&l, &(struct rig_open){ .user = "bob",
	    .method = "code" }), 201);
	assert_int_equal(type_as(&l, l.code, "bob"), 200);
	assert_string_equal(outcome(&l), "allow");
	end(&l);
	/* It is in the state, and survives a restart. */
	rig_stop(rig);
	rig_start(rig);
	begin(&l, rig, rig->alice);
	assert_int_equal(mint_usual(&l), 429);
	end(&l);
}

/* New connections and new logins are the same user. */
static void
T163_reconnecting_resets_nothing(void **state)
{
	struct rig *rig = *state;
	static struct login l;
	char code[16];

	rig_stop(rig);
	rig_write_settings(rig, "[limits]\ncode-failures = 4/1h\n");
	rig_write_policy(rig, ALL);
	rig_start(rig);
	begin(&l, rig, rig->alice);
	assert_int_equal(mint_usual(&l), 201);
	memcpy(code, l.code, sizeof(code));
	end(&l);
	for (int i = 0; i < 4; i++) {
		begin(&l, rig, rig->alice);
		assert_int_equal(open_as(&l, &by_code), 201);
		assert_int_equal(type(&l, "AAAAAAAA"), 403);
		end(&l);
	}
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, code), 429);
	end(&l);
}

static void
requests_are_limited(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	rig_stop(rig);
	rig_write_settings(rig, "[limits]\ncode-requests = 3/10m\n");
	rig_write_policy(rig, ALL);
	rig_start(rig);
	begin(&l, rig, rig->alice);
	for (int i = 0; i < 3; i++)
		assert_int_equal(session_status(&l, "AAAAAA"), 404);
	assert_int_equal(mint_usual(&l), 429);
	end(&l);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T162_codes_end(void **state)
{
	struct rig *rig = *state;
	static struct login l;
	char older[16];

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 201);
	/* After a newer one. */
	memcpy(older, l.code, sizeof(older));
	assert_int_equal(approve(&l), 201);
	assert_int_equal(type(&l, older), 403);
	/* After its time, and that of the login is not over. */
	*ahead_ms += 91000;
	assert_int_equal(type(&l, l.code), 403);
	assert_int_equal(approve(&l), 201);
	*ahead_ms += 28000;
	/* And one that is not too late, but for a login that is. */
	assert_int_equal(mint_usual(&l), 201);
	*ahead_ms += 5000;
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "challenge-expired");
	/* A reload changes nothing, a restart does. */
	assert_int_equal(mint_usual(&l), 201);
	assert_true(rig_reload(rig));
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "allow");
	assert_int_equal(mint_usual(&l), 201);
	memcpy(older, l.code, sizeof(older));
	end(&l);
	rig_stop(rig);
	rig_start(rig);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, older), 403);
	end(&l);
}

static void
T164_a_code_for_something_else(void **state)
{
	static const struct {
		const char *user, *service, *host;
	} made[] = {
		{ "alice", "sudo", "vpn1.acme.example" },
		{ "alice", "su", RIG_HOST },
	};
	struct rig *rig = *state;
	static struct login l;
	size_t mark;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(mint(&l, made[i].user, made[i].service,
		    made[i].host), 201);
		assert_int_equal(open_as(&l, &by_code), 201);
		mark = rig->log_len;
		assert_int_equal(type(&l, l.code), 403);
		assert_non_null(rig_wait_log(rig, mark, "code-elsewhere"));
	}
	/* Alice's code for bob's login; and then it is nobody's. */
	assert_int_equal(mint_usual(&l), 201);
	assert_int_equal(open_as(&l, &(struct rig_open){ .user = "bob",
	    .method = "code" }), 201);
	mark = rig->log_len;
	assert_int_equal(type_as(&l, l.code, "bob"), 403);
	assert_non_null(rig_wait_log(rig, mark, "made for alice, sudo at "
	    RIG_HOST));
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type(&l, l.code), 403);
	/* The machine says another user than it opened for. */
	assert_int_equal(mint_usual(&l), 201);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(type_as(&l, l.code, "bob"), 200);
	assert_string_equal(outcome(&l), "proof-mismatch");
	end(&l);
}

static void
sessions_of_others(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->bob);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(session_status(&l, l.challenge.session), 404);
	assert_int_equal(approve(&l), 404);
	assert_int_equal(session_status(&l, "AAAAAA"), 404);
	assert_int_equal(session_status(&l, "not a word"), 404);
	assert_int_equal(mint_usual(&l), 403);
	assert_string_equal(reply_reason(&l.reply), "user-mismatch");
	/* There is no word for a login by another method. */
	assert_int_equal(open_as(&l, NULL), 201);
	assert_string_equal(l.challenge.session, "");
	assert_int_equal(approve(&l), 404);
	assert_int_equal(type(&l, "AAAAAAAA"), 403);
	end(&l);
	/* A code is not proven by a card alone: nobody has typed anything. */
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(rig_prove(&l.user, l.challenge.challenge, &by_code,
	    &l.reply), 403);
	assert_string_equal(outcome(&l), "pending");
	end(&l);
}

/* Nobody learns which words there are with a card that stands for nobody,
 * nor which there were. */
static void
sessions_of_others_whoever_asks(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	/* Nothing is bound. */
	use_policy(rig, "map bound\n"
	    "allow user alice for sudo by code, token\n");
	begin(&l, rig, rig->bob);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(session_status(&l, l.challenge.session), 404);
	assert_int_equal(approve(&l), 404);
	end(&l);
	use_policy(rig, ALL);
	begin(&l, rig, rig->bob);
	assert_int_equal(open_as(&l, &by_code), 201);
	*ahead_ms += 125000;
	assert_int_equal(session_status(&l, l.challenge.session), 404);
	assert_int_equal(approve(&l), 404);
	*ahead_ms = 0;
	end(&l);
}

static void
what_is_said_must_agree(void **state)
{
	static const struct said wrong[] = {
		{ .user = "bob" }, { .service = "su" },
		{ .host = "ws-2.acme.example" }, { .method = "token" },
	};
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(approve_as(&l, &wrong[i]), 403);
		assert_string_equal(reply_reason(&l.reply),
		    "proof-mismatch");
	}
	assert_int_equal(approve_as(&l, &(struct said){
	    .consent = "perhaps" }), 400);
	assert_int_equal(approve_as(&l, &(struct said){
	    .consent = "no" }), 200);
	assert_string_equal(outcome(&l), "declined");
	assert_int_equal(approve(&l), 404);
	end(&l);
}

static void
T166_another_network(void **state)
{
	struct rig *rig = *state;
	struct rig_open far = { .method = "code", .rhost = "192.0.2.1" };
	struct rig_open near = { .method = "code", .rhost = "127.0.0.9" };
	struct mtls_body_session s;
	static struct login l;
	size_t mark;

	use_policy(rig, MAPS "allow user alice by code, mint network warn\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &far), 201);
	assert_int_equal(ask_session(&l, l.challenge.session, &s), 200);
	assert_string_equal(s.network, "other");
	assert_string_equal(s.rhost, "192.0.2.1");
	mtls_body_clear(MTLS_BODY_SESSION, &s);
	mark = rig->log_len;
	assert_int_equal(approve(&l), 201);
	assert_non_null(rig_wait_log(rig, mark, "code-other-network"));
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "allow");
	end(&l);
	use_policy(rig, MAPS "allow user alice by code, mint"
	    " network require\n");
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &far), 201);
	assert_int_equal(session_status(&l, l.challenge.session), 403);
	assert_string_equal(reply_reason(&l.reply), "other-network");
	assert_int_equal(approve(&l), 403);
	/* A machine that does not say: it cannot be told. */
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 403);
	assert_int_equal(open_as(&l, &near), 201);
	assert_int_equal(ask_session(&l, l.challenge.session, &s), 200);
	assert_string_equal(s.network, "same");
	assert_string_equal(s.network_rule, "require");
	mtls_body_clear(MTLS_BODY_SESSION, &s);
	assert_int_equal(approve(&l), 201);
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "allow");
	/* A code that was minted is looked at when it is used. */
	assert_int_equal(mint_usual(&l), 201);
	assert_int_equal(open_as(&l, &far), 201);
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "other-network");
	end(&l);
}

/* What the machine claims is in the session, and nowhere its own name. */
static void
T171_claims_are_claims(void **state)
{
	struct rig *rig = *state;
	struct rig_open lie = { .method = "code",
	    .rhost = "vpn1.acme.example" };
	struct mtls_body_session s;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &lie), 201);
	assert_int_equal(ask_session(&l, l.challenge.session, &s), 200);
	assert_string_equal(s.host, RIG_HOST);
	assert_string_equal(s.rhost, "vpn1.acme.example");
	assert_string_equal(s.network, "unknown");
	mtls_body_clear(MTLS_BODY_SESSION, &s);
	lie.host = "vpn1.acme.example";
	assert_int_equal(open_as(&l, &lie), 403);
	end(&l);
}

static void
revoked_in_between(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(open_as(&l, &by_code), 201);
	assert_int_equal(approve(&l), 201);
	rig_write_crls(rig, rig->alice);
	assert_true(rig_reload(rig));
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "revoked");
	end(&l);
}

static void
forbidden_in_between(void **state)
{
	struct rig *rig = *state;
	static struct login l;

	use_policy(rig, ALL);
	begin(&l, rig, rig->alice);
	assert_int_equal(mint_usual(&l), 201);
	assert_int_equal(open_as(&l, &by_code), 201);
	use_policy(rig, MAPS "allow user alice by token, code\n");
	assert_int_equal(type(&l, l.code), 200);
	assert_string_equal(outcome(&l), "no-rule");
	end(&l);
}

static int
set_up(void **state)
{
	*ahead_ms = 0;
	return rig_set_up(state);
}

static int
group_set_up(void **state)
{
	ahead_ms = mmap(NULL, sizeof(*ahead_ms), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ahead_ms == MAP_FAILED ? -1 : rig_group_set_up(state);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, \
	rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		test(session_first),
		test(mint_first),
		test(policy_names_each),
		test(root_needs_its_own_rule),
		test(T160_three_wrong_codes),
		test(T160_a_budget_for_each_user),
		test(T163_reconnecting_resets_nothing),
		test(requests_are_limited),
		test(T161_a_code_is_used_once),
		test(T162_codes_end),
		test(T164_a_code_for_something_else),
		test(sessions_of_others),
		test(sessions_of_others_whoever_asks),
		test(what_is_said_must_agree),
		test(T166_another_network),
		test(T171_claims_are_claims),
		test(revoked_in_between),
		test(forbidden_in_between),
	};

	return cmocka_run_group_tests(tests, group_set_up,
	    rig_group_tear_down);
}
