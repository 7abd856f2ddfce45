/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins and the process that asks for them: who it is, what it may say and
 * when; and what the helper itself is while it serves one.
 */
#include "config.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/* Nothing was started, nobody was asked, no verifier heard of it. */
static void
refused_at_once(struct login_case *c, int status)
{
	login_case_fails(c, status);
	assert_int_equal(c->record[0]->connections[0], 0);
	assert_int_equal(c->record[0]->connections[1], 0);
	assert_int_equal(c->n_secret + c->n_asked, 0);
	login_case_clear(c);
}

static void
needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

static uid_t
uid_of(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	assert_non_null(pw);
	return pw->pw_uid;
}

static void
T073_another_account_asks_for_root(void **state)
{
	struct login_case root = { .user = "root" },
	    nobody = { .user = "no-such-user" };

	(void)state;
	needs_root();
	root.caller = uid_of("games");
	refused_at_once(&root, MTLS_E_PERMISSION);
	nobody.caller = uid_of("games");
	refused_at_once(&nobody, MTLS_E_PERMISSION);
}

static void
T073_an_account_asks_for_itself(void **state)
{
	struct login_case c = { .user = "games" };

	(void)state;
	needs_root();
	c.caller = uid_of("games");
	login_case_is_granted(&c);
	assert_string_equal(c.record[0]->open.user, "games");
	login_case_clear(&c);
}

static void
T073_a_listed_account_asks_for_anybody(void **state)
{
	struct login_case good = { .user = "root", .service = "postgresql",
	    .service_extra = "callers = games:postgresql\n" },
	    other = { .user = "root", .service = "sshd",
	    .service_extra = "callers = games:postgresql\n" };

	(void)state;
	needs_root();
	good.caller = uid_of("games");
	login_case_is_granted(&good);
	login_case_clear(&good);
	other.caller = uid_of("games");
	refused_at_once(&other, MTLS_E_PERMISSION);
}

static void
T073_another_account_names_a_configuration(void **state)
{
	struct login_case c = { .user = "games", .config = "/etc/passwd" };

	(void)state;
	needs_root();
	c.caller = uid_of("games");
	refused_at_once(&c, MTLS_E_PERMISSION);
}

static void
T080_root_names_a_bad_configuration(void **state)
{
	static const char *const files[] = { "/etc/passwd", "/dev/null",
	    "/tmp", "relative.conf", "/proc/self/environ" };
	struct login_case missing = { .config = "/nonexistent/p.conf" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct login_case c = { .config = files[i] };

		refused_at_once(&c, MTLS_E_CONFIG);
	}
	/* Missing is not "defaults". */
	refused_at_once(&missing, MTLS_E_CONFIG);
}

static void
T114_names_that_are_none(void **state)
{
	static const char *const names[] = { "-f root", "--", "a b",
	    "../root", "$(id)" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct login_case user = { .user = names[i] },
		    service = { .service = names[i] };

		refused_at_once(&user, MTLS_E_REFUSED);
		refused_at_once(&service, MTLS_E_REFUSED);
	}
}

/* --- what it says, and when --- */

static void
send_stray_answer(struct login_case *c)
{
	login_case_send_answer(c, "");
}

static void
T072_an_answer_before_the_question(void **state)
{
	struct login_case c = { .on_connected = send_stray_answer };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
}

static void
T072_two_logins(void **state)
{
	struct login_case c = { .on_connected = login_case_send_login };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
}

static void
answer_twice(struct login_case *c)
{
	login_case_answer_secret(c);
	login_case_send_answer(c, "");
}

static void
T072_two_answers(void **state)
{
	struct login_case c = { .on_secret = answer_twice };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	login_case_clear(&c);
}

static void
answer_with_text(struct login_case *c)
{
	(void)send(c->pin_fd, "1234", 4, MSG_NOSIGNAL);
	(void)close(c->pin_fd);
	c->pin_fd = -1;
	login_case_send_answer(c, "1234");
}

/* Nothing secret belongs there, also where the card has got its PIN. */
static void
T072_a_secret_in_the_answer(void **state)
{
	struct login_case c = { .on_secret = answer_with_text };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	login_case_clear(&c);
}

static void
send_forged_result(struct login_case *c)
{
	static uint8_t bytes[32];
	static char name[] = "root";
	struct mtls_message m = { .type = MTLS_MSG_RESULT };

	m.u.result.request.data = bytes;
	m.u.result.request.len = 16;
	m.u.result.nonce.data = bytes;
	m.u.result.nonce.len = 32;
	m.u.result.verdict = MTLS_VERDICT_ALLOW;
	m.u.result.user = name;
	login_case_send(c, &m);
}

static void
T072_a_result_from_the_module(void **state)
{
	struct login_case c = { .on_connected = send_forged_result };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	login_case_clear(&c);
}

static void
T139_it_goes_away_at_once(void **state)
{
	struct login_case c = { .on_connected = login_case_hang_up };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
}

static void
the_deadline_of_the_module_rules(void **state)
{
	struct login_case none = { .deadline_ms = 1 },
	    slow = { .deadline_ms = 1000, .on_secret = login_case_no_answer };

	(void)state;
	login_case_fails(&none, MTLS_E_TIMEOUT);
	login_case_fails(&slow, MTLS_E_TIMEOUT);
	assert_int_equal(slow.n_secret, 1);
	assert_true(slow.ms < 8000);
	login_case_clear(&none);
	login_case_clear(&slow);
}

static void
the_deadline_of_the_settings_rules(void **state)
{
	struct login_case helper = { .connect_timeout = "1s",
	    .deadline = "1s", .on_secret = login_case_no_answer },
	    service = { .service_extra = "[service su]\ndeadline = 1s\n",
	    .on_secret = login_case_no_answer };

	(void)state;
	login_case_fails(&helper, MTLS_E_TIMEOUT);
	assert_true(helper.ms < 8000);
	login_case_fails(&service, MTLS_E_TIMEOUT);
	assert_true(service.ms < 8000);
	login_case_clear(&helper);
	login_case_clear(&service);
}

/* --- the machine --- */

static void
machine_is_refused(const char *name, const struct pki_cert *cert,
    const char *words)
{
	struct login_case c = { .machine = name };

	login_rig_write(cert, name);
	login_case_fails(&c, MTLS_E_CONFIG);
	assert_int_equal(c.record[0]->connections[0], 0);
	if (strstr(c.result.u.result.reason, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words,
		    c.result.u.result.reason);
	login_case_clear(&c);
}

static const struct pki_cert *
machine(const char *san, const char *eku, int64_t from_s, int64_t to_s)
{
	struct pki_options o = { .san = san, .eku = eku, .starts_s = from_s,
	    .ends_s = to_s };

	return pki_machine(login_rig.pki, login_rig.ca, "ws1.acme.example",
	    &o);
}

static void
a_machine_that_no_verifier_would_take(void **state)
{
	(void)state;
	machine_is_refused("m1", machine(NULL, NULL, -7200, -3600),
	    "expired");
	machine_is_refused("m2", machine(NULL, NULL, 3600, 7200),
	    "not valid yet");
	machine_is_refused("m3", machine("", NULL, 0, 0), "0 DNS names");
	machine_is_refused("m4", machine("DNS:a.example,DNS:b.example", NULL,
	    0, 0), "2 DNS names");
	machine_is_refused("m5", machine("DNS:*.example", NULL, 0, 0),
	    "not a host name");
	machine_is_refused("m6", machine(NULL, "serverAuth", 0, 0),
	    "client authentication");
	machine_is_refused("m7", machine(NULL, "", 0, 0),
	    "client authentication");
	machine_is_refused("m8", login_rig.ca, "CA");
}

static void
T089_files_without_what_they_must_have(void **state)
{
	static const char *const names[] = { "no-cert", "no-key", "mixed" };
	size_t i;

	(void)state;
	(void)pki_file_bytes(login_rig.pki, "no-cert.pem", "", 0);
	(void)pki_file_key(login_rig.pki, "no-cert.key", login_rig.machine);
	login_rig_write(login_rig.machine, "no-key");
	(void)pki_file_bytes(login_rig.pki, "no-key.key", "x\n", 2);
	login_rig_write(login_rig.machine, "mixed");
	(void)pki_file_key(login_rig.pki, "mixed.key", login_rig.person);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct login_case c = { .machine = names[i] };

		refused_at_once(&c, MTLS_E_CONFIG);
	}
}

static void
T080_a_key_that_others_can_read(void **state)
{
	struct login_case c = { .machine = "open" };
	char path[256];

	(void)state;
	login_rig_write(login_rig.machine, "open");
	(void)snprintf(path, sizeof(path), "%s/open.key",
	    pki_dir0(login_rig.pki));
	assert_int_equal(chmod(path, 0644), 0);
	refused_at_once(&c, MTLS_E_CONFIG);
}

/* --- the helper itself --- */

static void
T137_no_account_no_login(void **state)
{
	struct login_case c = { .helper_user = "_no-such-account" };

	(void)state;
	needs_root();
	login_case_fails(&c, MTLS_E_CONFIG);
	assert_non_null(strstr(c.result.u.result.reason,
	    "_no-such-account"));
	assert_non_null(strstr(c.result.u.result.reason, "systemd-sysusers"));
	assert_int_equal(c.record[0]->connections[0], 0);
	login_case_clear(&c);
}

static char status_text[8192];
static int n_open_files;

/* /proc of the helper while it waits for the PIN. */
static void
look_at_helper(struct login_case *c)
{
	char path[64];
	DIR *fds;
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/status",
	    (int)c->helper);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(status_text, 1, sizeof(status_text) - 1, f);
	status_text[n] = '\0';
	(void)fclose(f);
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)c->helper);
	fds = opendir(path);
	assert_non_null(fds);
	for (n_open_files = -2; readdir(fds) != NULL; n_open_files++)
		continue;
	(void)closedir(fds);
	login_case_answer_secret(c);
}

static void
status_has(const char *line)
{
	if (strstr(status_text, line) == NULL)
		fail_msg("%s is not in:\n%s", line, status_text);
}

static void
T137_the_helper_has_no_rights_left(void **state)
{
	struct login_case c = { .on_secret = look_at_helper };
	const struct passwd *pw = getpwnam("nobody");
	char line[128];

	(void)state;
	needs_root();
	assert_non_null(pw);
	login_case_is_granted(&c);
	(void)snprintf(line, sizeof(line), "\nUid:\t%u\t%u\t%u\t%u\n",
	    pw->pw_uid, pw->pw_uid, pw->pw_uid, pw->pw_uid);
	status_has(line);
	(void)snprintf(line, sizeof(line), "\nGid:\t%u\t%u\t%u\t%u\n",
	    pw->pw_gid, pw->pw_gid, pw->pw_gid, pw->pw_gid);
	status_has(line);
	(void)snprintf(line, sizeof(line), "\nGroups:\t%u \n", pw->pw_gid);
	status_has(line);
	status_has("\nCapInh:\t0000000000000000\n");
	status_has("\nCapPrm:\t0000000000000000\n");
	status_has("\nCapEff:\t0000000000000000\n");
	status_has("\nCapAmb:\t0000000000000000\n");
	status_has("\nNoNewPrivs:\t1\n");
	/* 0-2, timer, epoll and its own, token, leash, pidfd, two of DNS,
	 * device channel. */
	assert_true(n_open_files <= 16);
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T073_another_account_asks_for_root),
		cmocka_unit_test(T073_an_account_asks_for_itself),
		cmocka_unit_test(T073_a_listed_account_asks_for_anybody),
		cmocka_unit_test(T073_another_account_names_a_configuration),
		cmocka_unit_test(T080_root_names_a_bad_configuration),
		cmocka_unit_test(T114_names_that_are_none),
		cmocka_unit_test(T072_an_answer_before_the_question),
		cmocka_unit_test(T072_two_logins),
		cmocka_unit_test(T072_two_answers),
		cmocka_unit_test(T072_a_secret_in_the_answer),
		cmocka_unit_test(T072_a_result_from_the_module),
		cmocka_unit_test(T139_it_goes_away_at_once),
		cmocka_unit_test(the_deadline_of_the_module_rules),
		cmocka_unit_test(the_deadline_of_the_settings_rules),
		cmocka_unit_test(a_machine_that_no_verifier_would_take),
		cmocka_unit_test(T089_files_without_what_they_must_have),
		cmocka_unit_test(T080_a_key_that_others_can_read),
		cmocka_unit_test(T137_no_account_no_login),
		cmocka_unit_test(T137_the_helper_has_no_rights_left),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}
