/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins with a verifier that is not who it must be, or that does not accept
 * who we are: nobody is asked for a PIN before it shows.
 */
#include "config.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"

/* Fails before the PIN, with this status, within the time of one attempt. */
static void
fails_early(struct login_case *c, int status)
{
	c->connect_timeout = "1s";
	login_case_fails(c, status);
	assert_int_equal(c->n_secret, 0);
	assert_int_equal(c->n_asked, 0);
	assert_int_equal(c->record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(c->record[0]->allowed, 0);
	assert_true(c->ms < 10000);
	login_case_clear(c);
}

/* The certificate, first for the one listener, then for the other. */
static void
peer_is_refused(const struct pki_cert *cert, X509 *more)
{
	struct login_case device = { 0 }, user = { 0 };

	device.verifier[0].device.cert = cert->x509;
	device.verifier[0].device.key = cert->key;
	device.verifier[0].device.more = more;
	fails_early(&device, MTLS_E_PEER);
	user.verifier[0].user.cert = cert->x509;
	user.verifier[0].user.key = cert->key;
	user.verifier[0].user.more = more;
	fails_early(&user, MTLS_E_PEER);
}

static const struct pki_cert *
server(const char *san, const char *eku)
{
	struct pki_options o = { .subject = "/CN=localhost", .san = san,
	    .eku = eku };

	return pki_server(login_rig.pki, login_rig.ca, "localhost", &o);
}

static void
T011_another_name(void **state)
{
	(void)state;
	peer_is_refused(pki_server(login_rig.pki, login_rig.ca,
	    "verifier2.acme.example", NULL), NULL);
}

static void
T012_a_ca_that_is_not_ours(void **state)
{
	(void)state;
	peer_is_refused(pki_server(login_rig.pki, login_rig.other_ca,
	    "localhost", NULL), NULL);
}

static void
T013_expired_not_yet_valid_self_signed_no_chain(void **state)
{
	struct pki_options expired = { .starts_s = -7200, .ends_s = -3600 },
	    future = { .starts_s = 3600, .ends_s = 7200 };
	const struct pki_cert *sub = pki_ca(login_rig.pki, login_rig.ca,
	    "Sub CA", NULL);
	const struct pki_cert *leaf = pki_server(login_rig.pki, sub,
	    "localhost", NULL);
	struct login_case whole = { 0 };

	(void)state;
	peer_is_refused(pki_server(login_rig.pki, login_rig.ca, "localhost",
	    &expired), NULL);
	peer_is_refused(pki_server(login_rig.pki, login_rig.ca, "localhost",
	    &future), NULL);
	peer_is_refused(pki_server(login_rig.pki, NULL, "localhost", NULL),
	    NULL);
	peer_is_refused(leaf, NULL);
	/* With the intermediate it is a good one. */
	whole.verifier[0].device.cert = leaf->x509;
	whole.verifier[0].device.key = leaf->key;
	whole.verifier[0].device.more = sub->x509;
	login_case_is_granted(&whole);
	login_case_clear(&whole);
}

static void
T014_not_for_servers(void **state)
{
	(void)state;
	peer_is_refused(server(NULL, "clientAuth"), NULL);
	peer_is_refused(server(NULL, ""), NULL);
	peer_is_refused(server(NULL, "anyExtendedKeyUsage"), NULL);
	peer_is_refused(server(NULL, "emailProtection"), NULL);
}

static void
T015_the_name_elsewhere(void **state)
{
	static const char *const sans[] = { "", "DNS:*", "DNS:*.localhost",
	    "DNS:local*", "DNS:l*t", "DNS:127.0.0.1", "IP:127.0.0.1",
	    "email:x@localhost", "URI:https://localhost/",
	    "DNS:localhost.", "DNS:xlocalhost", "DNS:localhost.example" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sans) / sizeof(sans[0]); i++)
		peer_is_refused(server(sans[i], NULL), NULL);
}

static void
T016_a_person_as_the_verifier(void **state)
{
	struct pki_options o = { .san = "DNS:localhost",
	    .subject = "/CN=localhost" };

	(void)state;
	peer_is_refused(pki_user(login_rig.pki, login_rig.ca, "mallory", &o),
	    NULL);
	peer_is_refused(login_rig.machine, NULL);
}

static void
T027_older_versions(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_1_VERSION };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct login_case device = { 0 }, user = { 0 };

		device.verifier[0].device.max_version = versions[i];
		fails_early(&device, LOGIN_CASE_UNAVAILABLE);
		user.verifier[0].user.max_version = versions[i];
		fails_early(&user, LOGIN_CASE_UNAVAILABLE);
	}
}

static void
T027_a_listener_that_wants_no_certificate(void **state)
{
	struct login_case device = { 0 }, user = { 0 };

	(void)state;
	user.verifier[0].user.asks_nothing = 1;
	login_case_fails(&user, MTLS_E_PROTOCOL);
	assert_int_equal(user.n_secret, 0);
	assert_non_null(strstr(user.result.u.result.reason,
	    "asks for no certificate"));
	login_case_clear(&user);
	/* That a device listener forgets to ask is the verifier's problem. */
	device.verifier[0].device.asks_nothing = 1;
	login_case_is_granted(&device);
	login_case_clear(&device);
}

static void
tls12_where_it_is_allowed(void **state)
{
	struct login_case c = { .insecure_tls12 = 1 };

	(void)state;
	c.verifier[0].device.max_version = TLS1_2_VERSION;
	c.verifier[0].user.max_version = TLS1_2_VERSION;
	login_case_is_granted(&c);
	login_case_clear(&c);
}

/* --- refusals after the handshake --- */

/* In the helper: the listener whose refusal is there before the request. */
static uint16_t refusing_port;

static int
is_refused(int fd)
{
	struct pollfd end = { fd, POLLRDHUP, 0 };
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	return refusing_port != 0 && getpeername(fd,
	    (struct sockaddr *)&peer, &len) == 0 &&
	    ntohs(peer.sin_port) == refusing_port && poll(&end, 1, -1) == 1;
}

/*
 * In place of the C library's, also for libcrypto. The request is what goes
 * out as application data; the last flight of the handshake begins with the
 * record that TLS 1.3 has for the sake of old boxes on the way.
 */
__attribute__((visibility("default"))) ssize_t
write(int fd, const void *data, size_t len)
{
	if (len > 0 && *(const uint8_t *)data == 0x17)
		(void)is_refused(fd);
	return syscall(SYS_write, fd, data, len);
}

static void
wait_for_the_refusal(struct login_case *c)
{
	refusing_port = c->verifier[0].device.refuse_clients ?
	    fake_verifier_device_port(c->fake[0]) :
	    fake_verifier_user_port(c->fake[0]);
}

static void
T025_the_machine_is_refused(void **state)
{
	struct login_case c = { 0 };

	(void)state;
	c.verifier[0].device.refuse_clients = 1;
	fails_early(&c, MTLS_E_REFUSED);
}

/* Its first half resets the connection, and its second cannot be written. */
static void
T025_the_refusal_is_there_before_the_request(void **state)
{
	struct login_case device = { .in_helper = wait_for_the_refusal };
	struct login_case user = { .in_helper = wait_for_the_refusal };

	(void)state;
	device.verifier[0].device.refuse_clients = 1;
	fails_early(&device, MTLS_E_REFUSED);
	user.verifier[0].user.refuse_clients = 1;
	login_case_fails(&user, MTLS_E_REFUSED);
	assert_int_equal(user.record[0]->asked[FAKE_PROOF], 0);
	login_case_clear(&user);
}

static void
T025_the_person_is_refused(void **state)
{
	struct login_case c = { 0 };

	(void)state;
	c.verifier[0].user.refuse_clients = 1;
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_int_equal(c.n_secret, 1);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(c.record[0]->asked[FAKE_GRANT], 0);
	assert_string_equal(c.result.u.result.message,
	    "The login was refused.");
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T011_another_name),
		cmocka_unit_test(T012_a_ca_that_is_not_ours),
		cmocka_unit_test(
		    T013_expired_not_yet_valid_self_signed_no_chain),
		cmocka_unit_test(T014_not_for_servers),
		cmocka_unit_test(T015_the_name_elsewhere),
		cmocka_unit_test(T016_a_person_as_the_verifier),
		cmocka_unit_test(T027_older_versions),
		cmocka_unit_test(T027_a_listener_that_wants_no_certificate),
		cmocka_unit_test(tls12_where_it_is_allowed),
		cmocka_unit_test(T025_the_machine_is_refused),
		cmocka_unit_test(T025_the_person_is_refused),
		cmocka_unit_test(
		    T025_the_refusal_is_there_before_the_request),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}
