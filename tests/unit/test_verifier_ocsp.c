/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins of people whose CA has a responder and no CRL.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "http_stub.h"
#include "ocsp_reply.h"
#include "verifier_rig.h"

#include "../lib/unit.h"

#define HOUR_S 3600

static struct reply reply;
static struct http_stub *stub;

/* What the responder does; changed while nobody asks. */
static struct {
	struct ocsp_reply_options options;
	const char *status;	/* HTTP; NULL: it answers */
	int is_silent;
	const struct pki_cert *const *revoked;
	char head[4096];
} responder;

/* A certificate is found by its serial number; NULL: nobody knows it. */
static const struct pki_cert *
find_asked(const struct rig *rig, const uint8_t *der, size_t len)
{
	const struct pki_cert *known[] = { rig->alice, rig->bob,
		rig->machine, rig->users, rig->machines };
	const unsigned char *p = der;
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &p, (long)len);
	const struct pki_cert *found = NULL;
	ASN1_INTEGER *serial = NULL;

	if (req == NULL)
		return NULL;
	OCSP_id_get0_info(NULL, NULL, NULL, &serial,
	    OCSP_onereq_get0_id(OCSP_request_onereq_get0(req, 0)));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ASN1_INTEGER_cmp(serial, X509_get_serialNumber(
		    known[i]->x509)) == 0)
			found = known[i];
	}
	OCSP_REQUEST_free(req);
	return found;
}

static int
on_request(void *arg, const struct http_stub_request *req, int fd)
{
	struct ocsp_reply_options o = responder.options;
	uint8_t *data;
	size_t len;

	memcpy(responder.head, req->head, sizeof(responder.head));
	if (responder.is_silent)
		return 1;
	if (responder.status != NULL) {
		http_stub_reply(fd, responder.status, "nonsense", 8);
		return 0;
	}
	o.certificate = find_asked(arg, req->body, req->body_len);
	if (o.certificate == NULL)
		return 0;
	o.ca = o.certificate->issuer;
	o.signer = o.ca;
	o.next_s = HOUR_S;
	for (size_t i = 0; responder.revoked != NULL &&
	    responder.revoked[i] != NULL; i++) {
		if (responder.revoked[i] == o.certificate)
			o.status = V_OCSP_CERTSTATUS_REVOKED;
	}
	data = ocsp_reply_make(&o, req->body, req->body_len, &len);
	http_stub_reply(fd, "200 OK", data, len);
	free(data);
	return 0;
}

/* Settings with the responder for some CAs, and no CRLs of these. */
static void
use_responder(struct rig *rig, const char *name, const char *more)
{
	static const char *const crls[] = { "root", "users", "machines" };
	char text[512], path[256];

	(void)snprintf(text, sizeof(text), "[ca x]\nsubject = CN=%s,O=Acme\n"
	    "ocsp = http://127.0.0.1:%d/ocsp\n%s", name,
	    http_stub_port(stub), more);
	for (size_t i = 0; i < 3; i++) {
		if (strcasestr(name, crls[i]) == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/crl/%s.crl",
		    rig->dir, crls[i]);
		assert_int_equal(unlink(path), 0);
	}
	rig_stop(rig);
	rig_write_settings(rig, text);
	rig_start(rig);
}

static void
good_and_cached(void **state)
{
	struct rig *rig = *state;
	unsigned before = http_stub_count(stub);

	use_responder(rig, "Acme Users CA", "");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_int_equal(http_stub_count(stub), before + 1);
	assert_ptr_equal(strstr(responder.head, "POST /ocsp HTTP/1.1\r\n"),
	    responder.head);
	assert_non_null(strstr(responder.head,
	    "\r\nContent-Type: application/ocsp-request\r\n"));
	/* It said for how long. */
	responder.status = "500 Oh";
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	/* Not only here, also after a reload. */
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_int_equal(http_stub_count(stub), before + 1);
}

static void
T034_revoked(void **state)
{
	struct rig *rig = *state;

	use_responder(rig, "Acme Users CA", "ocsp-max-age = 1s\n");
	assert_string_equal(rig_login(rig, rig->bob, NULL), "user-mismatch");
	responder.revoked = PKI_CERTS(rig->alice);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
	/* That is remembered, whatever is said later. */
	responder.revoked = NULL;
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
}

static void
T034_revoked_machine(void **state)
{
	struct rig *rig = *state;

	use_responder(rig, "Acme Machines CA", "");
	responder.revoked = PKI_CERTS(rig->machine);
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "machine-revoked");
}

/* The CA above is asked about the CA below, then the CA about alice. */
static void
T034_revoked_intermediate(void **state)
{
	struct rig *rig = *state;

	use_responder(rig, "Acme Root CA", "");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	rig_stop(rig);
	rig_start(rig);
	responder.revoked = PKI_CERTS(rig->users);
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "issuer-revoked");
}

static void
T035_T036_no_answer(void **state)
{
	static const char unavailable[] = "revocation-unavailable";
	struct rig *rig = *state;

	use_responder(rig, "Acme Users CA", "ocsp-timeout = 1s\n");
	responder.status = "500 Oh";
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	assert_non_null(rig_wait_log(rig, 0, "ocsp-failed"));
	responder.status = "200 OK";
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	responder.status = NULL;
	responder.is_silent = 1;
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	responder.is_silent = 0;
	responder.options.status = V_OCSP_CERTSTATUS_UNKNOWN;
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	responder.options.status = V_OCSP_CERTSTATUS_GOOD;
	responder.options.response_status = OCSP_RESPONSE_STATUS_TRYLATER;
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	responder.options.response_status = 0;
	responder.options.nonce = OCSP_REPLY_NONCE_WRONG;
	assert_string_equal(rig_login(rig, rig->alice, NULL), unavailable);
	responder.options.nonce = OCSP_REPLY_NONCE_SAME;
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T035_down_but_excused(void **state)
{
	struct rig *rig = *state;

	responder.status = "500 Oh";
	use_responder(rig, "Acme Users CA", "revocation = relaxed\n");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_non_null(rig_wait_log(rig, 0, "revocation-unknown"));
	responder.status = NULL;
	responder.revoked = PKI_CERTS(rig->alice);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
}

/* The URL in the certificate. */
static void
from_the_certificate(void **state)
{
	struct rig *rig = *state;
	struct pki_extension aia[2] = { { "1.3.6.1.5.5.7.1.1", 0, NULL, 0 },
	    { NULL, 0, NULL, 0 } };
	struct pki_options o = { .extra = aia };
	const struct pki_cert *alice = rig->alice;
	X509_EXTENSION *e;
	char text[128];

	(void)snprintf(text, sizeof(text), "OCSP;URI:https://127.0.0.1/,"
	    "OCSP;URI:http://127.0.0.1:%d/aia", http_stub_port(stub));
	e = X509V3_EXT_nconf_nid(NULL, NULL, NID_info_access, text);
	assert_non_null(e);
	aia[0].der = ASN1_STRING_get0_data(X509_EXTENSION_get_data(e));
	aia[0].len = (size_t)ASN1_STRING_length(X509_EXTENSION_get_data(e));
	use_responder(rig, "Acme Users CA", "");
	rig_write_settings(rig, "[ca x]\nsubject = CN=Acme Users CA,O=Acme\n"
	    "ocsp = aia\n");
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->bob, NULL),
	    "revocation-unavailable");
	rig->alice = pki_user(rig->pki, rig->users, "alice", &o);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_ptr_equal(strstr(responder.head, "POST /aia "),
	    responder.head);
	rig->alice = alice;
	X509_EXTENSION_free(e);
}

/* Sends a proof and reads no answer. */
static void
send_proof(struct http *h, const struct mtls_body_challenge *c)
{
	char hex[2 * MTLS_ID_BYTES + 1], body[512], head[256];

	for (size_t i = 0; i < MTLS_ID_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", c->challenge[i]);
	(void)snprintf(body, sizeof(body), "{\"version\":1,\"challenge\":"
	    "\"%s\",\"user\":\"alice\",\"service\":\"sudo\","
	    "\"host\":\"%s\",\"method\":\"token\"}", hex, RIG_HOST);
	(void)snprintf(head, sizeof(head), "POST /v1/proofs HTTP/1.1\r\n"
	    "Host: x\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n", strlen(body));
	assert_int_equal(http_write(h, head, strlen(head)), 0);
	assert_int_equal(http_write(h, body, strlen(body)), 0);
}

/* Until so many have asked the responder. */
static void
wait_for(unsigned n)
{
	while (http_stub_count(stub) < n)
		usleep(1000);
}

/*
 * T-056: the person goes away while the responder is silent. Nobody is
 * missed, others are served meanwhile, and the challenge is as it was.
 */
static void
T056_gone_while_asking(void **state)
{
	struct rig *rig = *state;
	unsigned before = http_stub_count(stub);
	struct mtls_body_challenge c, other;
	struct http device, user;
	int allow;

	use_responder(rig, "Acme Users CA", "");
	responder.is_silent = 1;
	http_machine(&device, rig);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	for (int i = 0; i < 3; i++) {
		http_person(&user, rig, rig->alice);
		send_proof(&user, &c);
		wait_for(before + 1);
		assert_int_equal(rig_open(&device, &other, &reply), 201);
		http_close(&user);
	}
	assert_int_equal(rig_open(&device, &other, &reply), 201);
	assert_true(rig_is_alive(rig));
	responder.is_silent = 0;
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_prove(&user, c.challenge, NULL, &reply), 200);
	assert_int_equal(rig_grant(&device, c.challenge, 0, &allow, &reply),
	    200);
	http_close(&user);
	http_close(&device);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* SIGTERM answers who waits for a responder, and does not wait itself. */
static void
ending_while_asking(void **state)
{
	struct rig *rig = *state;
	unsigned before = http_stub_count(stub);
	struct mtls_body_challenge c;
	struct http device, user;

	use_responder(rig, "Acme Users CA", "");
	responder.is_silent = 1;
	http_machine(&device, rig);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	http_person(&user, rig, rig->alice);
	send_proof(&user, &c);
	wait_for(before + 1);
	assert_int_equal(kill(rig->pid, SIGTERM), 0);
	http_read(&user, &reply);
	assert_int_equal(reply.status, 200);
	http_close(&user);
	http_close(&device);
	rig_stop(rig);
	assert_non_null(strstr(rig->log, "revocation-unavailable"));
}

static int
set_up(void **state)
{
	memset(&responder, 0, sizeof(responder));
	return rig_set_up(state);
}

static int
group_set_up(void **state)
{
	if (rig_group_set_up(state) != 0)
		return -1;
	stub = http_stub_start(on_request, *state);
	return 0;
}

static int
group_tear_down(void **state)
{
	http_stub_stop(stub);
	return rig_group_tear_down(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(good_and_cached),
		TEST(T034_revoked),
		TEST(T034_revoked_machine),
		TEST(T034_revoked_intermediate),
		TEST(T035_T036_no_answer),
		TEST(T035_down_but_excused),
		TEST(from_the_certificate),
		TEST(T056_gone_while_asking),
		TEST(ending_while_asking),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
