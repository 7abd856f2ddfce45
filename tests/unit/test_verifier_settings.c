/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * verifier.conf: defaults, what is refused, what a reload may change.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "settings.h"
#include "store/store.h"

#include "../lib/unit.h"

#define TLS \
	"[revocation]\ncrl-dir = /r\n[tls]\ncertificate = /c\nkey = /k\ndevice-ca = /d\nuser-ca = /u\n"

static struct settings s;
static struct mtls_err err;

static enum mtls_status
read_text(const char *text)
{
	mtls_err_clear(&err);
	return settings_read(scratch_text("verifier.conf", text), &s, &err);
}

static void
defaults(void **state)
{
	(void)state;
	if (read_text(TLS) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_string_equal(s.user, "_mtls-verifier");
	assert_int_equal(s.listen_device.n, 2);
	assert_string_equal(s.listen_user.words[1], "[::]:7444");
	assert_string_equal(s.admin_group, "");
	assert_int_equal(s.listen_metrics.n, 0);
	assert_int_equal(s.revocation, 0);
	assert_int_equal(s.tls_min, 0);
	assert_int_equal(s.challenge_ttl_s, 120);
	assert_int_equal(s.max_connections, 2000);
	settings_clear(&s);
}

/*
 * Whoever knocks for as long as a challenge is kept (until it has ended, a
 * minute, and the next purge) leaves room for others, and a second one, too.
 */
static void
T057_one_origin_leaves_room(void **state)
{
	uint32_t kept_s, most;

	(void)state;
	assert_int_equal(read_text(TLS), MTLS_OK);
	kept_s = s.challenge_ttl_s + 60 + 30;
	most = s.origin_challenges.n + (uint32_t)((uint64_t)kept_s *
	    s.origin_challenges.n / s.origin_challenges.per_s);
	assert_true(2 * most < STORE_OPEN_MAX);
	settings_clear(&s);
}

static void
bad_files(void **state)
{
	static const char *const bad[] = {
		"",
		"[tls]\ncertificate = /c\nkey = /k\ndevice-ca = /d\n",
		TLS "key = /k\n",
		TLS "[unknown]\nx = y\n",
		TLS "[listen]\ndevice = localhost:1\n",
		TLS "[listen]\nuser = 7444\n",
		TLS "[listen]\nadmin = run/admin.sock\n",
		TLS "[listen]\nmetrics = 192.0.2.1:9444\n",
		TLS "[listen]\nmetrics = 0.0.0.0:9444\n",
		TLS "[listen]\nmetrics = [::]:9444\n",
		TLS "[listen]\nmetrics = [::ffff:8.8.8.8]:9444\n",
		TLS "[listen]\nmetrics = run/metrics.sock\n",
		TLS "[tls]\nmin = 1.1\n",
		TLS "[revocation]\nmode = off\n",
		TLS "[revocation]\ncrl-file = a.crl\n",
		TLS "[ca x]\nrevocation = strict\n",
		TLS "[ca x]\nsubject = x\n",
		TLS "[ca x]\nsubject = CN=x\nrevocation = off\n",
		TLS "[ca x]\nsubject = CN=x\nsubject = CN=y\n",
		TLS "[ca x]\nsubject = CN=x\n[ca y]\nsubject = cn = x\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = a.crl\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = https://a/b\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = ftp://a/b\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = http:///b\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = http://u@a/b\n",
		TLS "[ca x]\nsubject = CN=x\ncrl = http://a/b http://a/c\n",
		TLS "[ca x]\nsubject = CN=x\nocsp = yes\n",
		TLS "[ca x]\nsubject = CN=x\nocsp = https://a/\n",
		TLS "[ca x]\nsubject = CN=x\nocsp-timeout = 0s\n",
		TLS "[ca]\nsubject = CN=x\n",
		TLS "[audit]\nkeep = 3599s\n",
		TLS "[audit]\nkeep = -1\n",
		TLS "[limits]\nhold = 0s\n",
		TLS "[limits]\nhold = 60s\nidle-timeout = 60s\n",
		TLS "[limits]\nmax-connections = -1\n",
		TLS "[limits]\nchallenge-ttl = 1d\n",
		("[tls]\ncertificate = /c\nkey = /k\ndevice-ca = /d\n"
		    "user-ca = /d\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(bad[i]) != MTLS_E_CONFIG)
			fail_msg("%s", bad[i]);
		assert_non_null(strstr(err.text, "/verifier.conf"));
	}
}

static void
sections_of_cas(void **state)
{
	(void)state;
	if (read_text(TLS "[ca users]\nsubject = cn = Users CA, o=Acme\n"
	    "crl = /crl/users.pem, http://ca.example:8080/users.crl\n"
	    "[ca machines]\nsubject = CN=Machines CA\nrevocation = ifuri\n"
	    "ocsp = aia\n[ca users]\nocsp = http://[::1]/\n") != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(s.cas.n, 2);
	assert_string_equal(s.cas.ca[0].name, "users");
	assert_string_equal(s.cas.ca[0].subject, "CN=Users CA,O=Acme");
	assert_string_equal(settings_ca_url0(&s.cas.ca[0]),
	    "http://ca.example:8080/users.crl");
	assert_int_equal(s.cas.ca[0].mode, SETTINGS_CA_DEFAULT);
	assert_int_equal(s.cas.ca[0].crl_refresh_s, 3600);
	assert_string_equal(s.cas.ca[0].ocsp, "http://[::1]/");
	assert_int_equal(s.cas.ca[1].mode, SETTINGS_CA_IFURI);
	assert_string_equal(s.cas.ca[1].ocsp, "aia");
	assert_null(settings_ca_url0(&s.cas.ca[1]));
	settings_clear(&s);
}

static void
metrics_on_loopback_only(void **state)
{
	(void)state;
	assert_int_equal(read_text(TLS "[listen]\nmetrics = /run/x.sock, "
	    "127.0.0.1:9444, 127.1.2.3:1, [::1]:9444, "
	    "[::ffff:127.0.0.1]:9\n"), MTLS_OK);
	assert_int_equal(s.listen_metrics.n, 5);
	settings_clear(&s);
}

static void
T080_files_that_are_refused(void **state)
{
	const char *path = scratch_text("verifier.conf", TLS);
	enum mtls_status status;

	(void)state;
	assert_int_equal(chmod(path, 0666), 0);
	mtls_err_clear(&err);
	status = settings_read(path, &s, &err);
	assert_int_equal(status, MTLS_E_CONFIG);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(symlink(path, scratch_path("link")), 0);
	mtls_err_clear(&err);
	status = settings_read(scratch_path("link"), &s, &err);
	assert_int_not_equal(status, MTLS_OK);
	mtls_err_clear(&err);
	status = settings_read(scratch_path("missing"), &s, &err);
	assert_int_not_equal(status, MTLS_OK);
}

static void
what_a_reload_may_change(void **state)
{
	static const struct {
		const char *text;
		enum mtls_status status;
	} cases[] = {
		{ TLS "min = 1.2-insecure\n", MTLS_OK },
		{ TLS "[limits]\nhold = 5s\n", MTLS_OK },
		{ TLS "[audit]\nkeep = 400d\n", MTLS_OK },
		{ TLS "[revocation]\nmode = relaxed\n", MTLS_OK },
		{ TLS "[server]\nuser = x\n", MTLS_E_CONFIG },
		{ TLS "[listen]\ndevice = [::]:7443\n", MTLS_E_CONFIG },
		{ TLS "[listen]\nuser = [::]:7444, 0.0.0.0:7444\n",
		    MTLS_E_CONFIG },
		{ TLS "[listen]\nadmin = /x\n", MTLS_E_CONFIG },
		{ TLS "[listen]\nmetrics = /x\n", MTLS_E_CONFIG },
		{ TLS "[listen]\nadmin-group = x\n", MTLS_E_CONFIG },
		{ TLS "[state]\ndatabase = /x\n", MTLS_E_CONFIG },
	};
	struct settings now;

	(void)state;
	assert_int_equal(read_text(TLS), MTLS_OK);
	now = s;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(cases[i].text), MTLS_OK);
		assert_int_equal(settings_check_reload(&now, &s, &err),
		    cases[i].status);
		settings_clear(&s);
	}
	settings_clear(&now);
}

static int
set_up(void **state)
{
	(void)state;
	return scratch_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(T057_one_origin_leaves_room),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(sections_of_cas),
		cmocka_unit_test(metrics_on_loopback_only),
		cmocka_unit_test(T080_files_that_are_refused),
		cmocka_unit_test(what_a_reload_may_change),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
