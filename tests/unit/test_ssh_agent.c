/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The client of the ssh-agent against agents that lie, stop and drip.
 */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../lib/fake_agent.h"
#include "../lib/unit.h"

#define LIST		"\0\0\0\1\13"
#define A_LONG_TIME_MS	30000u

static struct fake_bytes body;
static struct fake_agent agent;
static struct ssh_agent_keys keys;
static struct mtls_err err;

static int
begin(void **state)
{
	(void)state;
	body.len = 0;
	memset(&keys, 0, sizeof(keys));
	mtls_err_clear(&err);
	fake_agent_start(&agent, A_LONG_TIME_MS);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ssh_agent_keys_clear(&keys);
	fake_agent_stop(&agent);
	return 0;
}

static enum mtls_status
list(void)
{
	return ssh_agent_list(&agent.client, &keys, &err);
}

static void
lists_keys(void **state)
{
	uint8_t heard[64];

	(void)state;
	fake_put_u32(&body, 2);
	fake_put_text(&body, "first blob");
	fake_put_text(&body, "alice@\033[31mlaptop");
	fake_put_text(&body, "second");
	fake_put_text(&body, "");
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_OK);
	assert_int_equal(keys.n, 2);
	assert_int_equal(keys.key[0].blob_len, 10);
	assert_memory_equal(keys.key[0].blob, "first blob", 10);
	assert_string_equal(keys.key[0].comment, "alice@\\x1b[31mlaptop");
	assert_string_equal(keys.key[1].comment, "");
	assert_int_equal(fake_agent_heard(&agent, heard, sizeof(heard)), 5);
	assert_memory_equal(heard, LIST, 5);
}

static void
lists_none(void **state)
{
	(void)state;
	fake_put_u32(&body, 0);
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_OK);
	assert_int_equal(keys.n, 0);
}

static void
T173_more_keys_than_can_be(void **state)
{
	(void)state;
	fake_put_u32(&body, 0xffffffffu);
	fake_put_text(&body, "blob");
	fake_put_text(&body, "comment");
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
	assert_null(keys.key);
}

static void
T173_more_keys_than_are_looked_at(void **state)
{
	uint32_t i;

	(void)state;
	fake_put_u32(&body, SSH_AGENT_KEYS_MAX + 1);
	for (i = 0; i <= SSH_AGENT_KEYS_MAX; i++) {
		fake_put_text(&body, "b");
		fake_put_text(&body, "c");
	}
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
}

static void
T173_fewer_keys_than_said_and_more(void **state)
{
	(void)state;
	fake_put_u32(&body, 2);
	fake_put_text(&body, "b");
	fake_put_text(&body, "c");
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
	mtls_err_clear(&err);
	(void)ssh_wire_put_u32(body.data, 0);
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
}

static void
T173_a_huge_comment_is_cut(void **state)
{
	static char comment[100 * 1024];

	(void)state;
	memset(comment, 'x', sizeof(comment));
	fake_put_u32(&body, 1);
	fake_put_text(&body, "b");
	fake_put_string(&body, comment, sizeof(comment));
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_OK);
	assert_int_equal(strlen(keys.key[0].comment), SSH_AGENT_COMMENT_MAX);
}

static void
T173_a_huge_blob(void **state)
{
	static char blob[SSH_AGENT_BLOB_MAX + 1];

	(void)state;
	fake_put_u32(&body, 1);
	fake_put_string(&body, blob, sizeof(blob));
	fake_put_text(&body, "c");
	fake_agent_say(&agent, 12, body.data, body.len);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
}

static void
T173_lengths_that_cannot_be(void **state)
{
	static const uint32_t lengths[] = { 0, SSH_AGENT_MESSAGE_MAX + 1,
	    0x7fffffffu, 0xffffffffu };
	uint8_t head[5] = { 0, 0, 0, 0, 12 };
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		mtls_err_clear(&err);
		(void)ssh_wire_put_u32(head, lengths[i]);
		fake_agent_raw(&agent, head, sizeof(head));
		assert_int_equal(list(), MTLS_E_PROTOCOL);
		/* What is left of the last one is not read again. */
		end(state);
		begin(state);
	}
}

static void
T173_lengths_inside_that_cannot_be(void **state)
{
	static const uint32_t lengths[] = { 5, 0x7fffffffu, 0xffffffffu };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		mtls_err_clear(&err);
		body.len = 0;
		fake_put_u32(&body, 1);
		fake_put_u32(&body, lengths[i]);
		fake_put(&body, "blob", 4);
		fake_agent_say(&agent, 12, body.data, body.len);
		assert_int_equal(list(), MTLS_E_PROTOCOL);
	}
}

static void
other_answers(void **state)
{
	(void)state;
	fake_agent_say(&agent, 5, NULL, 0);
	assert_int_equal(list(), MTLS_E_UNAVAILABLE);
	mtls_err_clear(&err);
	fake_agent_say(&agent, 6, NULL, 0);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
	mtls_err_clear(&err);
	fake_agent_say(&agent, 12, NULL, 0);
	assert_int_equal(list(), MTLS_E_PROTOCOL);
}

static void
T173_an_agent_that_ends(void **state)
{
	(void)state;
	fake_agent_raw(&agent, "\0\0\0\11\14\0\0", 7);
	fake_agent_hang_up(&agent);
	assert_int_equal(list(), MTLS_E_UNAVAILABLE);
}

/* Nothing, and half of something: the deadline ends it. */
static void
T173_a_slow_agent(void **state)
{
	(void)state;
	agent.client.deadline = mtls_deadline_in_ms(50);
	assert_int_equal(list(), MTLS_E_TIMEOUT);
	mtls_err_clear(&err);
	agent.client.deadline = mtls_deadline_in_ms(50);
	fake_agent_raw(&agent, "\0\0\0\11\14\0\0", 7);
	assert_int_equal(list(), MTLS_E_TIMEOUT);
}

/* An agent that takes nothing: neither the request nor our time. */
static void
T173_an_agent_that_does_not_read(void **state)
{
	static uint8_t much[65536];

	(void)state;
	while (send(agent.client.fd, much, sizeof(much),
	    MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		continue;
	agent.client.deadline = mtls_deadline_in_ms(50);
	assert_int_equal(list(), MTLS_E_TIMEOUT);
}

static void
ends_with_the_module(void **state)
{
	(void)state;
	close(agent.watched_fd);
	agent.watched_fd = -1;
	assert_int_equal(list(), MTLS_E_CANCELLED);
}

static enum mtls_status
sign(const void *message, size_t len, struct mtls_bytes *ret)
{
	uint8_t blob[] = { 'k', 'e', 'y' };
	struct ssh_agent_key key = { blob, sizeof(blob), "alice's" };
	struct ssh_wire w = { message, len };

	mtls_err_clear(&err);
	return ssh_agent_sign(&agent.client, &key, &w, ret, &err);
}

static void
signs(void **state)
{
	static const uint8_t request[] = { 0, 0, 0, 20, 13, 0, 0, 0, 3, 'k',
	    'e', 'y', 0, 0, 0, 4, 't', 'h', 'i', 's', 0, 0, 0, 0 };
	struct mtls_bytes signature = { 0, NULL };
	uint8_t heard[64];

	(void)state;
	fake_put_text(&body, "signature");
	fake_agent_say(&agent, 14, body.data, body.len);
	assert_int_equal(sign("this", 4, &signature), MTLS_OK);
	assert_int_equal(signature.len, 9);
	assert_memory_equal(signature.data, "signature", 9);
	free(signature.data);
	assert_int_equal(fake_agent_heard(&agent, heard, sizeof(heard)),
	    sizeof(request));
	assert_memory_equal(heard, request, sizeof(request));
}

static void
T173_signatures_that_are_none(void **state)
{
	struct mtls_bytes signature = { 0, NULL };
	static uint8_t much[SSH_AGENT_SIGNED_MAX + 1];

	(void)state;
	fake_agent_say(&agent, 5, NULL, 0);
	assert_int_equal(sign("this", 4, &signature), MTLS_E_REFUSED);
	assert_non_null(strstr(err.text, "alice's"));
	fake_agent_say(&agent, 6, NULL, 0);
	assert_int_equal(sign("this", 4, &signature), MTLS_E_PROTOCOL);
	fake_agent_say(&agent, 14, "\0\0\0\0", 4);
	assert_int_equal(sign("this", 4, &signature), MTLS_E_PROTOCOL);
	fake_agent_say(&agent, 14, "\0\0\0\1xy", 6);
	assert_int_equal(sign("this", 4, &signature), MTLS_E_PROTOCOL);
	fake_agent_say(&agent, 14, "\377\377\377\377x", 5);
	assert_int_equal(sign("this", 4, &signature), MTLS_E_PROTOCOL);
	assert_int_equal(sign(much, sizeof(much), &signature),
	    MTLS_E_CRYPTO);
	assert_null(signature.data);
}

/* Bytes that are there, but not in the view. */
static void
a_view_is_not_left(void **state)
{
	static const uint8_t data[] = "\0\0\0\5abcdefgh";
	struct ssh_wire w = { data, 8 };
	struct ssh_wire s;
	uint32_t n;

	(void)state;
	assert_int_equal(ssh_wire_string(&w, 100, &s), -1);
	assert_int_equal(w.len, 8);
	w.len = 9;
	assert_int_equal(ssh_wire_string(&w, 4, &s), -1);
	assert_int_equal(ssh_wire_string(&w, 5, &s), 0);
	assert_int_equal(s.len, 5);
	assert_int_equal(w.len, 0);
	w = (struct ssh_wire){ data, 3 };
	assert_int_equal(ssh_wire_u32(&w, &n), -1);
	assert_int_equal(ssh_wire_string(&w, 100, &s), -1);
	assert_int_equal(w.len, 3);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_view_is_not_left),
		CASE(lists_keys),
		CASE(lists_none),
		CASE(T173_more_keys_than_can_be),
		CASE(T173_more_keys_than_are_looked_at),
		CASE(T173_fewer_keys_than_said_and_more),
		CASE(T173_a_huge_comment_is_cut),
		CASE(T173_a_huge_blob),
		CASE(T173_lengths_that_cannot_be),
		CASE(T173_lengths_inside_that_cannot_be),
		CASE(other_answers),
		CASE(T173_an_agent_that_ends),
		CASE(T173_a_slow_agent),
		CASE(T173_an_agent_that_does_not_read),
		CASE(ends_with_the_module),
		CASE(signs),
		CASE(T173_signatures_that_are_none),
	};

	return cmocka_run_group_tests_name("ssh_agent", tests, NULL, NULL);
}
