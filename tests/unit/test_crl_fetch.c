/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fetching over HTTP: what is an answer, how much and how long, and which
 * lists are kept.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "http_stub.h"
#include "pki.h"
#include "revocation/crl_fetch.h"
#include "revocation/http_fetch.h"
#include "scratch.h"

#include "../lib/unit.h"

static struct mtls_tls *tls;
static struct pki *pki;
static const struct pki_cert *root, *users, *alice;
static struct mtls_err err;
static struct http_stub *stub;

/* What the server says, whole. */
static struct {
	const char *status;
	uint8_t *body;
	size_t len;
	int (*special)(const struct http_stub_request *req, int fd);
	char head[4096];
} answer;

/* Held while the server speaks: a client may have heard enough before. */
static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;

static int
on_request(void *arg, const struct http_stub_request *req, int fd)
{
	int is_open = 0;

	(void)arg;
	(void)pthread_mutex_lock(&speaking);
	memcpy(answer.head, req->head, sizeof(answer.head));
	if (answer.special != NULL)
		is_open = answer.special(req, fd);
	else
		http_stub_reply(fd, answer.status, answer.body, answer.len);
	(void)pthread_mutex_unlock(&speaking);
	return is_open;
}

static void
answer_crl(X509_CRL *crl)
{
	int len = i2d_X509_CRL(crl, NULL);
	unsigned char *p;

	assert_true(len > 0);
	(void)pthread_mutex_lock(&speaking);
	free(answer.body);
	p = answer.body = malloc((size_t)len);
	assert_non_null(p);
	answer.len = (size_t)i2d_X509_CRL(crl, &p);
	answer.status = "200 OK";
	answer.special = NULL;
	(void)pthread_mutex_unlock(&speaking);
}

static char *
url_of(const char *path)
{
	static char url[128];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s",
	    http_stub_port(stub), path);
	return url;
}

/* --- http_fetch() --- */

static enum mtls_status
fetch(const char *url, uint32_t timeout_s, int wake_fd)
{
	const struct http_fetch request = { .url = url, .max_bytes = 1000,
	    .timeout_s = timeout_s, .wake_fd = wake_fd };
	enum mtls_status status;
	uint8_t *data;
	size_t len;

	mtls_err_clear(&err);
	status = http_fetch(&request, &data, &len, &err);
	if (status == MTLS_OK) {
		assert_int_equal(len, answer.len);
		assert_memory_equal(data, answer.body, len);
		free(data);
	}
	return status;
}

static void
a_good_answer(void **state)
{
	char host[64];

	(void)state;
	answer.status = "200 OK";
	free(answer.body);
	answer.body = (uint8_t *)strdup("0123456789");
	answer.len = 10;
	/* Nobody is asked to do this in our place. */
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
	assert_int_equal(fetch(url_of("/a.crl?x=y"), 10, -1), MTLS_OK);
	assert_int_equal(unsetenv("http_proxy"), 0);
	assert_ptr_equal(strstr(answer.head, "GET /a.crl?x=y HTTP/1.1\r\n"),
	    answer.head);
	(void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n",
	    http_stub_port(stub));
	assert_non_null(strstr(answer.head, host));
	assert_int_equal(fetch(url_of(""), 10, -1), MTLS_OK);
	assert_ptr_equal(strstr(answer.head, "GET / HTTP/1.1\r\n"),
	    answer.head);
	answer.len = 0;
	assert_int_equal(fetch(url_of("/"), 10, -1), MTLS_OK);
}

static int
redirect(const struct http_stub_request *req, int fd)
{
	char head[256];

	(void)req;
	(void)snprintf(head, sizeof(head), "HTTP/1.1 302 Found\r\nLocation: "
	    "%s\r\nContent-Length: 0\r\n\r\n", url_of("/elsewhere"));
	http_stub_write(fd, head, strlen(head));
	return 0;
}

static int
too_long(const struct http_stub_request *req, int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: "
	    "209715200\r\n\r\n";

	(void)req;
	http_stub_write(fd, head, sizeof(head) - 1);
	return 1;
}

/* 2000 bytes, without saying so before. */
static int
too_long_chunks(const struct http_stub_request *req, int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n";
	char chunk[107];

	(void)req;
	(void)snprintf(chunk, sizeof(chunk), "64\r\n%0100d\r\n", 0);
	http_stub_write(fd, head, sizeof(head) - 1);
	for (int i = 0; i < 20; i++)
		http_stub_write(fd, chunk, sizeof(chunk) - 1);
	return 1;
}

static int
cut_off(const struct http_stub_request *req, int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: "
	    "10\r\n\r\n01234";

	(void)req;
	http_stub_write(fd, head, sizeof(head) - 1);
	return 0;
}

static int
garbage(const struct http_stub_request *req, int fd)
{
	(void)req;
	http_stub_write(fd, "\0\1\2\3\r\n\r\n", 8);
	return 0;
}

static int
nothing(const struct http_stub_request *req, int fd)
{
	(void)req;
	(void)fd;
	return 0;
}

static int
silence(const struct http_stub_request *req, int fd)
{
	(void)req;
	(void)fd;
	return 1;
}

static void
T035_T038_answers_that_are_none(void **state)
{
	static const struct {
		const char *status;
		int (*special)(const struct http_stub_request *, int);
	} bad[] = {
		{ "404 Not Found", NULL }, { "500 Oh", NULL },
		{ "204 No Content", NULL }, { "206 Partial", NULL },
		{ NULL, redirect }, { NULL, too_long },
		{ NULL, too_long_chunks }, { NULL, cut_off },
		{ NULL, garbage }, { NULL, nothing },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned before = http_stub_count(stub);

		answer.status = bad[i].status;
		answer.special = bad[i].special;
		if (fetch(url_of("/x"), 10, -1) != MTLS_E_PROTOCOL &&
		    err.status != MTLS_E_UNAVAILABLE)
			fail_msg("case %zu: %s", i, err.text);
		/* Once: not again, and not somewhere else. */
		assert_int_equal(http_stub_count(stub), before + 1);
	}
}

static void
T035_down_and_silent(void **state)
{
	int wake_fd = eventfd(1, EFD_CLOEXEC);
	char url[64];

	(void)state;
	assert_true(wake_fd >= 0);
	answer.special = silence;
	assert_int_equal(fetch(url_of("/x"), 1, -1), MTLS_E_TIMEOUT);
	assert_int_equal(fetch(url_of("/x"), 600, wake_fd), MTLS_E_CLOSED);
	close(wake_fd);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/",
	    http_stub_port(stub));
	http_stub_stop(stub);
	assert_int_equal(fetch(url, 10, -1), MTLS_E_UNAVAILABLE);
	stub = http_stub_start(on_request, NULL);
	assert_int_equal(fetch("https://127.0.0.1/", 10, -1), MTLS_E_USAGE);
	assert_int_equal(fetch("file:///etc/passwd", 10, -1), MTLS_E_USAGE);
	assert_int_equal(fetch("", 10, -1), MTLS_E_USAGE);
}

/* --- crl_fetch_step() --- */

static struct settings_ca ca = { .ocsp = (char []){ "" },
    .subject = (char []){ "CN=Acme Users CA,O=Acme" },
    .crl_refresh_s = 3600 };
static struct settings_cas all = { 1, &ca };
static char log_text[4096];

static void
on_log(void *arg, enum mtls_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)strncat(log_text, line, sizeof(log_text) - strlen(log_text) -
	    2);
	(void)strcat(log_text, "\n");
}

static const struct mtls_log to_text = { on_log, NULL, MTLS_LOG_DEBUG };

static struct revocation *
load(void)
{
	struct revocation_options o = { .crl_dir = scratch_path("crl"),
	    .settings = &all };
	static char *url;
	struct revocation *r;
	char fetched[256];

	(void)snprintf(fetched, sizeof(fetched), "%s", scratch_path("got"));
	o.fetched_dir = fetched;
	o.cas = sk_X509_new_null();
	assert_true(sk_X509_push(o.cas, root->x509) > 0 &&
	    sk_X509_push(o.cas, users->x509) > 0);
	url = url_of("/users.crl");
	ca.crl.n = 1;
	ca.crl.words = &url;
	mtls_err_clear(&err);
	if (revocation_load(tls, &o, NULL, &r, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	sk_X509_free(o.cas);
	return r;
}

static enum policy_standing
standing(struct revocation *r)
{
	enum policy_revocation mode;

	return revocation_standing(r, alice->x509, users->x509, time(NULL),
	    &mode, NULL);
}

/* One turn, as if the thread had just begun. */
static void
step(struct revocation *r)
{
	struct crl_fetch f = { .log = &to_text };
	struct revocation_work work = { r, tls, -1 };

	log_text[0] = '\0';
	(void)crl_fetch_step(&f, &work);
	crl_fetch_clear(&f);
}

static void
fetched_and_kept(void **state)
{
	struct pki_crl_options o = { .number = 5 };
	struct revocation_ca about;
	struct revocation *r = load();

	(void)state;
	assert_int_equal(standing(r), POLICY_STANDING_UNKNOWN);
	answer_crl(pki_crl(pki, users, PKI_CERTS(NULL), &o));
	step(r);
	assert_string_equal(log_text, "crls-taken reason=\"of 1 CAs\"\n");
	assert_int_equal(standing(r), POLICY_STANDING_GOOD);
	revocation_describe(r, 1, &about);
	assert_true(about.has_url && about.fetched_s > 0);
	assert_int_equal(about.n_fetched, 1);
	assert_int_equal(about.n_fetch_failed, 0);
	o.number = 6;
	answer_crl(pki_crl(pki, users, PKI_CERTS(alice), &o));
	step(r);
	assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	revocation_free(r);
	/* A restart has it, whether anybody answers or not. */
	r = load();
	assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	answer.status = "500 Oh";
	step(r);
	assert_non_null(strstr(log_text, "crl-fetch-failed"));
	assert_non_null(strstr(log_text, "the answer is 500"));
	assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	revocation_free(r);
}

static void
T038_lists_that_are_not_kept(void **state)
{
	const struct pki_cert *other = pki_ca(pki, NULL, "Other CA", NULL);
	struct pki_crl_options now = { .number = 5 };
	struct pki_crl_options older = { .number = 4 };
	struct pki_crl_options forged = { .number = 9, .signed_by = root };
	X509_CRL *bad[4];
	struct revocation_ca about;
	struct revocation *r = load();

	(void)state;
	answer_crl(pki_crl(pki, users, PKI_CERTS(alice), &now));
	step(r);
	assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	bad[0] = pki_crl(pki, users, PKI_CERTS(NULL), &older);
	bad[1] = pki_crl(pki, users, PKI_CERTS(NULL), &forged);
	bad[2] = pki_crl(pki, other, PKI_CERTS(NULL), NULL);
	/* Another CA's is not this one's, however good. */
	bad[3] = pki_crl(pki, root, PKI_CERTS(NULL), &forged);
	for (size_t i = 0; i < 4; i++) {
		answer_crl(bad[i]);
		step(r);
		assert_non_null(strstr(log_text, "crl-fetch-failed"));
		assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	}
	answer.len = 0;
	step(r);
	assert_non_null(strstr(log_text, "crl-fetch-failed"));
	answer.special = too_long;
	step(r);
	assert_non_null(strstr(log_text, "too long"));
	revocation_describe(r, 1, &about);
	assert_int_equal(about.n_fetch_failed, 6);
	assert_int_equal(about.n_fetched, 1);
	revocation_free(r);
	r = load();
	assert_int_equal(standing(r), POLICY_STANDING_REVOKED);
	revocation_free(r);
}

/* Somebody else's directory is no place for it. */
static void
T080_where_it_is_kept(void **state)
{
	struct revocation *r = load();

	(void)state;
	answer_crl(pki_crl(pki, users, PKI_CERTS(NULL), NULL));
	assert_int_equal(mkdir(scratch_path("got"), 0700), 0);
	assert_int_equal(chmod(scratch_path("got"), 0777), 0);
	step(r);
	assert_non_null(strstr(log_text, "crl-fetch-failed"));
	assert_int_equal(standing(r), POLICY_STANDING_UNKNOWN);
	assert_int_equal(chmod(scratch_path("got"), 0700), 0);
	step(r);
	assert_int_equal(standing(r), POLICY_STANDING_GOOD);
	revocation_free(r);
}

static int
set_up(void **state)
{
	(void)state;
	if (scratch_begin() != 0 || mkdir(scratch_path("crl"), 0755) != 0)
		return -1;
	answer_crl(pki_crl(pki, root, PKI_CERTS(NULL), NULL));
	scratch_file("crl/root.crl", answer.body, answer.len, 0644);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)pthread_mutex_lock(&speaking);
	free(answer.body);
	memset(&answer, 0, sizeof(answer));
	(void)pthread_mutex_unlock(&speaking);
	return scratch_end();
}

static int
group_set_up(void **state)
{
	(void)state;
	mtls_err_clear(&err);
	if (mtls_tls_new(&tls, &err) != MTLS_OK)
		return -1;
	pki = pki_new(mtls_tls_libctx0(tls));
	root = pki_ca(pki, NULL, "Acme Root CA", NULL);
	users = pki_ca(pki, root, "Acme Users CA", NULL);
	alice = pki_user(pki, users, "alice", NULL);
	stub = http_stub_start(on_request, NULL);
	return 0;
}

static int
group_tear_down(void **state)
{
	(void)state;
	http_stub_stop(stub);
	pki_free(pki);
	mtls_tls_free(tls);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_good_answer),
		TEST(T035_T038_answers_that_are_none),
		TEST(T035_down_and_silent),
		TEST(fetched_and_kept),
		TEST(T038_lists_that_are_not_kept),
		TEST(T080_where_it_is_kept),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
