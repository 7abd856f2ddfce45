/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Challenges that their machine gives up.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#include "verifier_rig.h"

#include "../lib/unit.h"

static int
give_up(struct http *h, const uint8_t *id, const char *reason,
    struct reply *reply)
{
	char hex[2 * MTLS_ID_BYTES + 1], *body;

	assert_true(asprintf(&body, "{\"version\":1,\"challenge\":\"%s\","
	    "\"reason\":\"%s\"}", mtls_hex_encode(hex, id, MTLS_ID_BYTES),
	    reason) > 0);
	http_ask(h, "POST /v1/given-up", body, reply);
	free(body);
	return reply->status;
}

static void
it_is_denied_and_cannot_be_proven(void **state)
{
	static const struct rig_open open;
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	char rows[8][128];
	static struct reply reply;
	struct http h;
	size_t n;
	int allow = 1;

	n = rig_audit(rig, rows, 8);
	http_machine(&h, rig);
	assert_int_equal(rig_open_as(&h, &open, &c, &reply), 201);
	assert_int_equal(give_up(&h, c.challenge, "relay: no record",
	    &reply), 200);
	assert_int_equal(rig_audit(rig, rows, 8), n + 1);
	assert_string_equal(rows[n],
	    "deny given-up: relay: no record alice");
	/* Once is enough, and the proof comes too late. */
	assert_int_equal(give_up(&h, c.challenge, "again", &reply), 409);
	assert_int_equal(rig_grant(&h, c.challenge, 0, &allow, &reply), 200);
	assert_int_equal(allow, 0);
	http_close(&h);
}

/* Whatever its method is. */
static void
methods_that_no_rule_means_by_itself(void **state)
{
	static const struct rig_open open = { .method = "agent" };
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	static struct reply reply;
	struct http h;
	int allow = 1;

	rig_write_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take "
	    "san:upn realm acme.example\nallow user alice by agent\n");
	assert_true(rig_reload(rig));
	http_machine(&h, rig);
	assert_int_equal(rig_open_as(&h, &open, &c, &reply), 201);
	assert_int_equal(give_up(&h, c.challenge, "no key", &reply), 200);
	assert_int_equal(rig_grant(&h, c.challenge, 0, &allow, &reply), 200);
	assert_int_equal(allow, 0);
	http_close(&h);
}

static void
only_ones_own_and_only_open_ones(void **state)
{
	static const struct rig_open open;
	static const uint8_t nobodys[MTLS_ID_BYTES];
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	static struct reply reply;
	struct http_options o = { .alpn = "http/1.1" };
	struct http h, stranger;

	http_machine(&h, rig);
	assert_int_equal(rig_open_as(&h, &open, &c, &reply), 201);
	o.cert = pki_machine(rig->pki, rig->machines, "ws-2.acme.example",
	    NULL);
	http_open(&stranger, rig, ROLE_DEVICE, &o);
	assert_int_equal(give_up(&stranger, c.challenge, "x", &reply), 403);
	assert_string_equal(reply_reason(&reply), "not-yours");
	http_close(&stranger);
	assert_int_equal(give_up(&h, nobodys, "x", &reply), 404);
	assert_int_equal(give_up(&h, c.challenge, "", &reply), 400);
	http_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    it_is_denied_and_cannot_be_proven, rig_set_up,
		    rig_tear_down),
		cmocka_unit_test_setup_teardown(
		    methods_that_no_rule_means_by_itself, rig_set_up,
		    rig_tear_down),
		cmocka_unit_test_setup_teardown(
		    only_ones_own_and_only_open_ones, rig_set_up,
		    rig_tear_down),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}
