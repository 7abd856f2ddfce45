/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * verdict_check(): one grant is an ALLOW, and nothing that differs from it in
 * any way is.
 */
#include "config.h"

#include "../../helper/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t challenge[MTLS_ID_BYTES] = { 0xc0, 1, 2, 3, 4, 5, 6, 7,
	8, 9, 10, 11, 12, 13, 14, 0xcf };

static char alice[] = "alice", sudo[] = "sudo", ws1[] = "ws1.acme.example",
	pts[] = "/dev/pts/3", desk[] = "192.0.2.7", bob[] = "bob",
	token[] = "token";

/* The question that every test asks. */
static struct mtls_body_open
question(void)
{
	struct mtls_body_open o;
	size_t i;

	memset(&o, 0, sizeof(o));
	o.version = 1;
	for (i = 0; i < MTLS_ID_BYTES; i++)
		o.request[i] = (uint8_t)(0x20 + i);
	for (i = 0; i < MTLS_NONCE_BYTES; i++)
		o.nonce[i] = (uint8_t)(0x80 + i);
	o.user = alice;
	o.service = sudo;
	o.host = ws1;
	o.tty = pts;
	o.rhost = desk;
	o.ruser = bob;
	o.method = token;
	return o;
}

/* One member of the JSON answer, as it is written. */
struct member {
	const char *name;
	const char *value;
};

#define N_MEMBERS 16

/* The answer that allows it. Tests change single members. */
static void
good_answer(struct member m[N_MEMBERS])
{
	static const struct member good[N_MEMBERS] = {
		{ "version", "1" },
		{ "decision", "\"allow\"" },
		{ "challenge", "\"c00102030405060708090a0b0c0d0ecf\"" },
		{ "request", "\"202122232425262728292a2b2c2d2e2f\"" },
		{ "nonce", "\"808182838485868788898a8b8c8d8e8f"
		    "909192939495969798999a9b9c9d9e9f\"" },
		{ "user", "\"alice\"" },
		{ "service", "\"sudo\"" },
		{ "host", "\"ws1.acme.example\"" },
		{ "tty", "\"/dev/pts/3\"" },
		{ "rhost", "\"192.0.2.7\"" },
		{ "ruser", "\"bob\"" },
		{ "method", "\"token\"" },
		{ "expires_in", "30" },
		{ "certificate", "\"serial=05 issuer=CN=Users\"" },
		{ "reason", "\"rule-12\"" },
		{ "message", "\"\"" },
	};

	memcpy(m, good, sizeof(good));
}

static char *
compose(const struct member m[N_MEMBERS])
{
	char *json = malloc(8192);
	size_t i, used = 0;

	assert_non_null(json);
	for (i = 0; i < N_MEMBERS; i++) {
		if (m[i].value == NULL)
			continue;
		used += (size_t)snprintf(json + used, 8192 - used,
		    "%s\"%s\":%s", used == 0 ? "{" : ",", m[i].name,
		    m[i].value);
		assert_true(used < 8000);
	}
	(void)snprintf(json + used, 8192 - used, "}");
	return json;
}

static enum mtls_verdict
check_text(const char *json, size_t len, struct mtls_err *err)
{
	struct mtls_body_open o = question();
	struct mtls_body_grant grant;
	enum mtls_verdict verdict;

	memset(&grant, 0, sizeof(grant));
	mtls_err_clear(err);
	verdict = verdict_check(&o, challenge, json, len, &grant, err);
	if (verdict == MTLS_VERDICT_NONE) {
		assert_null(grant.user);
		assert_int_not_equal(err->status, MTLS_OK);
		assert_true(err->text[0] != '\0');
	}
	mtls_body_clear(MTLS_BODY_GRANT, &grant);
	return verdict;
}

static enum mtls_verdict
check(const struct member m[N_MEMBERS], struct mtls_err *err)
{
	char *json = compose(m);
	enum mtls_verdict verdict = check_text(json, strlen(json), err);

	free(json);
	return verdict;
}

static struct member *
member(struct member m[N_MEMBERS], const char *name)
{
	size_t i = 0;

	while (i < N_MEMBERS - 1 && strcmp(m[i].name, name) != 0)
		i++;
	assert_string_equal(m[i].name, name);
	return &m[i];
}

static void
the_one_grant_allows(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;

	(void)state;
	good_answer(m);
	assert_int_equal(check(m, &err), MTLS_VERDICT_ALLOW);
	assert_int_equal(err.status, MTLS_OK);
}

static void
a_deny_is_a_deny_with_its_reason(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;

	(void)state;
	good_answer(m);
	member(m, "decision")->value = "\"deny\"";
	member(m, "reason")->value = "\"certificate-revoked\"";
	assert_int_equal(check(m, &err), MTLS_VERDICT_DENY);
	assert_int_equal(err.status, MTLS_E_REFUSED);
	assert_string_equal(err.text, "certificate-revoked");
	member(m, "expires_in")->value = "0";
	assert_int_equal(check(m, &err), MTLS_VERDICT_DENY);
}

static const struct {
	const char *name, *value;
} altered[] = {
	{ "version", "2" },
	{ "version", "0" },
	{ "challenge", "\"c00102030405060708090a0b0c0d0ece\"" },
	{ "challenge", "\"400102030405060708090a0b0c0d0ecf\"" },
	{ "challenge", "\"00000000000000000000000000000000\"" },
	{ "challenge", "\"C00102030405060708090A0B0C0D0ECF\"" },
	{ "request", "\"202122232425262728292a2b2c2d2e2e\"" },
	{ "request", "\"a02122232425262728292a2b2c2d2e2f\"" },
	{ "nonce", "\"808182838485868788898a8b8c8d8e8f"
	    "909192939495969798999a9b9c9d9e9e\"" },
	{ "nonce", "\"008182838485868788898a8b8c8d8e8f"
	    "909192939495969798999a9b9c9d9e9f\"" },
	{ "nonce", "\"808182838485868788898a8b8c8d8e8f\"" },
	{ "user", "\"root\"" },
	{ "user", "\"Alice\"" },
	{ "user", "\"alice2\"" },
	{ "user", "\"alic\"" },
	{ "user", "\"alice \"" },
	{ "service", "\"su\"" },
	{ "service", "\"sudo-i\"" },
	{ "host", "\"ws2.acme.example\"" },
	{ "host", "\"WS1.acme.example\"" },
	{ "host", "\"ws1.acme.example.\"" },
	{ "tty", "\"\"" },
	{ "tty", "\"/dev/pts/33\"" },
	{ "rhost", "\"\"" },
	{ "rhost", "\"192.0.2.70\"" },
	{ "ruser", "\"\"" },
	{ "ruser", "\"alice\"" },
	{ "method", "\"relay\"" },
	{ "method", "\"tokens\"" },
};

static void
T059_every_altered_field_is_no_verdict(void **state)
{
	static const char *const decisions[] = { "\"allow\"", "\"deny\"" };
	struct member m[N_MEMBERS];
	struct mtls_err err;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(altered) / sizeof(altered[0]); i++) {
		for (j = 0; j < 2; j++) {
			good_answer(m);
			member(m, "decision")->value = decisions[j];
			member(m, altered[i].name)->value = altered[i].value;
			if (check(m, &err) != MTLS_VERDICT_NONE)
				fail_msg("%s = %s passed", altered[i].name,
				    altered[i].value);
			assert_int_equal(err.status, MTLS_E_PROTOCOL);
			if (strstr(err.text, altered[i].name) == NULL)
				fail_msg("%s is not in: %s", altered[i].name,
				    err.text);
		}
	}
}

/* The parser knows one version; a question of another is not answered. */
static void
T059_another_version_is_no_verdict(void **state)
{
	struct mtls_body_open o = question();
	struct mtls_body_grant grant;
	struct member m[N_MEMBERS];
	struct mtls_err err;
	char *json;

	(void)state;
	good_answer(m);
	json = compose(m);
	o.version = 2;
	memset(&grant, 0, sizeof(grant));
	mtls_err_clear(&err);
	assert_int_equal(verdict_check(&o, challenge, json, strlen(json),
	    &grant, &err), MTLS_VERDICT_NONE);
	assert_non_null(strstr(err.text, "version"));
	free(json);
}

/* Every single byte of the answer, changed to another one. */
static void
T059_every_changed_byte_is_no_allow(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;
	size_t i, len, certificate, end;
	char *json;
	int bit;

	(void)state;
	good_answer(m);
	json = compose(m);
	len = strlen(json);
	/* What is not restated is for the log: those may change. */
	certificate = (size_t)(strstr(json, "\"expires_in\":") - json) + 13;
	end = len - 2;
	for (i = 0; i < len; i++) {
		for (bit = 0; bit < 8; bit++) {
			json[i] ^= (char)(1 << bit);
			if (check_text(json, len, &err) ==
			    MTLS_VERDICT_ALLOW &&
			    !(i >= certificate && i < end))
				fail_msg("byte %zu, bit %d: %s", i, bit, json);
			json[i] ^= (char)(1 << bit);
		}
	}
	free(json);
}

static void
T059_only_two_words_decide(void **state)
{
	static const char *const words[] = { "\"\"", "\"Allow\"", "\"ALLOW\"",
	    "\"allow \"", "\" allow\"", "\"allowed\"", "\"allo\"", "\"yes\"",
	    "\"true\"", "\"none\"", "\"denyallo\"", "\"allow,de\"", "true",
	    "1", "2", "null", "[\"allow\"]", "{}" };
	struct member m[N_MEMBERS];
	struct mtls_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		good_answer(m);
		member(m, "decision")->value = words[i];
		assert_int_equal(check(m, &err), MTLS_VERDICT_NONE);
		assert_int_equal(err.status, MTLS_E_PROTOCOL);
	}
}

static void
T059_a_spent_grant_is_no_verdict(void **state)
{
	static const char *const times[] = { "0", "-1", "3601", "30.0", "3e1",
	    "\"30\"", "null", "9223372036854775808" };
	struct member m[N_MEMBERS];
	struct mtls_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		good_answer(m);
		member(m, "expires_in")->value = times[i];
		assert_int_equal(check(m, &err), MTLS_VERDICT_NONE);
	}
	member(m, "expires_in")->value = "1";
	assert_int_equal(check(m, &err), MTLS_VERDICT_ALLOW);
}

/* The genuine answer to yesterday's login, to today's. */
static void
T018_a_replayed_grant_is_no_verdict(void **state)
{
	struct mtls_body_open o = question();
	struct mtls_body_grant grant;
	uint8_t other[MTLS_ID_BYTES];
	struct member m[N_MEMBERS];
	struct mtls_err err;
	char *json;

	(void)state;
	good_answer(m);
	json = compose(m);
	memset(&grant, 0, sizeof(grant));
	/* The same user, service and machine; only nonce, then only id. */
	o.nonce[31] ^= 1;
	mtls_err_clear(&err);
	assert_int_equal(verdict_check(&o, challenge, json, strlen(json),
	    &grant, &err), MTLS_VERDICT_NONE);
	assert_non_null(strstr(err.text, "nonce"));
	o = question();
	memcpy(other, challenge, sizeof(other));
	other[0] ^= 1;
	mtls_err_clear(&err);
	assert_int_equal(verdict_check(&o, other, json, strlen(json), &grant,
	    &err), MTLS_VERDICT_NONE);
	assert_non_null(strstr(err.text, "challenge"));
	free(json);
}

static void
every_member_is_needed_once(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;
	const char *value;
	char *json, *twice;
	size_t i;

	(void)state;
	for (i = 0; i < N_MEMBERS; i++) {
		good_answer(m);
		value = m[i].value;
		m[i].value = NULL;
		assert_int_equal(check(m, &err), MTLS_VERDICT_NONE);
		m[i].value = "null";
		assert_int_equal(check(m, &err), MTLS_VERDICT_NONE);
		m[i].value = value;
		json = compose(m);
		twice = malloc(8192);
		assert_non_null(twice);
		(void)snprintf(twice, 8192, "%.*s,\"%s\":%s}",
		    (int)strlen(json) - 1, json, m[i].name, value);
		assert_int_equal(check_text(twice, strlen(twice), &err),
		    MTLS_VERDICT_NONE);
		free(twice);
		free(json);
	}
}

static void
broken(const char *before, const char *after)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;
	char *json, *text;

	good_answer(m);
	json = compose(m);
	text = malloc(16384);
	assert_non_null(text);
	(void)snprintf(text, 16384, "%s%s%s", before, json, after);
	if (check_text(text, strlen(text), &err) != MTLS_VERDICT_NONE)
		fail_msg("passed: %s", text);
	free(text);
	free(json);
}

static void
T058_broken_json_is_no_verdict(void **state)
{
	static const char *const whole[] = { "", "{}", "[]", "null", "true",
	    "\"allow\"", "allow", "{\"decision\":\"allow\"}", "{",
	    "{\"decision\":\"deny\",\"decision\":\"allow\"}" };
	struct mtls_err err;
	char *deep;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		assert_int_equal(check_text(whole[i], strlen(whole[i]), &err),
		    MTLS_VERDICT_NONE);
	broken("", "{}");
	broken("", "x");
	broken("[", "]");
	broken("\xef\xbb\xbf", "");
	broken("/* comment */", "");
	broken("//\n", "");
	deep = malloc(20001);
	assert_non_null(deep);
	memset(deep, '[', 20000);
	assert_int_equal(check_text(deep, 10000, &err), MTLS_VERDICT_NONE);
	assert_int_equal(check_text(deep, 20000, &err), MTLS_VERDICT_NONE);
	free(deep);
}

static void
T058_odd_values_are_no_verdict(void **state)
{
	static const struct {
		const char *name, *value;
	} odd[] = {
		{ "version", "1e999" }, { "version", "-0" },
		{ "version", "1.0" }, { "version", "\"1\"" },
		{ "version", "true" }, { "version", "01" },
		{ "version", "9007199254740993" }, { "version", "NaN" },
		{ "user", "\"\\ud800\"" }, { "user", "\"alice\\u0000\"" },
		{ "user", "\"ali\\u0000ce\"" }, { "user", "[\"alice\"]" },
		{ "user", "{\"alice\":1}" }, { "user", "1" },
		{ "user", "\"\xc0\xafx\"" }, { "tty", "\"\\u001b[2J\"" },
		{ "certificate", "\"\\n\"" }, { "reason", "\"\"" },
		{ "message", "\"\\u202e\"" },
	};
	struct member m[N_MEMBERS];
	struct mtls_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		good_answer(m);
		member(m, odd[i].name)->value = odd[i].value;
		if (check(m, &err) != MTLS_VERDICT_NONE)
			fail_msg("%s = %s passed", odd[i].name, odd[i].value);
	}
}

static void
T058_unknown_members_are_no_verdict(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;
	char *json, *more;

	(void)state;
	good_answer(m);
	json = compose(m);
	more = malloc(8192);
	assert_non_null(more);
	(void)snprintf(more, 8192, "%.*s,\"admin\":true}",
	    (int)strlen(json) - 1, json);
	assert_int_equal(check_text(more, strlen(more), &err),
	    MTLS_VERDICT_NONE);
	free(more);
	free(json);
}

static void
T058_every_truncation_is_no_verdict(void **state)
{
	struct member m[N_MEMBERS];
	struct mtls_err err;
	char *json, *part;
	size_t i;

	(void)state;
	good_answer(m);
	json = compose(m);
	for (i = 0; i < strlen(json); i++) {
		/* Its own memory, so that a byte too far is seen. */
		part = malloc(i + 1);
		assert_non_null(part);
		memcpy(part, json, i);
		part[i] = '\0';
		assert_int_equal(check_text(part, i, &err),
		    MTLS_VERDICT_NONE);
		free(part);
	}
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_grant_allows),
		cmocka_unit_test(a_deny_is_a_deny_with_its_reason),
		cmocka_unit_test(T059_every_altered_field_is_no_verdict),
		cmocka_unit_test(T059_another_version_is_no_verdict),
		cmocka_unit_test(T059_every_changed_byte_is_no_allow),
		cmocka_unit_test(T059_only_two_words_decide),
		cmocka_unit_test(T059_a_spent_grant_is_no_verdict),
		cmocka_unit_test(T018_a_replayed_grant_is_no_verdict),
		cmocka_unit_test(every_member_is_needed_once),
		cmocka_unit_test(T058_broken_json_is_no_verdict),
		cmocka_unit_test(T058_odd_values_are_no_verdict),
		cmocka_unit_test(T058_unknown_members_are_no_verdict),
		cmocka_unit_test(T058_every_truncation_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
