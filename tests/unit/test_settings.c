/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * pam_mtls.conf: what is taken, what is refused and with which words, and
 * that table, man page and example say the same.
 */
#include "config.h"

#include "../../helper/settings.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtls/file.h"
#include "mtls/tls.h"

/* Everything that is required, and nothing else. */
#define MINIMAL \
	"[verifier]\n" \
	"servers = login.acme.example\n" \
	"ca = /etc/pam_mtls/ca.pem\n" \
	"[device]\n" \
	"certificate = /etc/pam_mtls/machine.pem\n" \
	"key = /etc/pam_mtls/machine.key\n" \
	"[token]\n" \
	"module = /usr/lib/opensc-pkcs11.so\n"

static char dir[] = "/tmp/mtls-settings.XXXXXX";
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/pam_mtls.conf", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(dir);
	return 0;
}

static void
write_file(const char *text, size_t len)
{
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static struct settings *
read_good(const char *text)
{
	struct settings *s = NULL;
	struct mtls_err err;

	write_file(text, strlen(text));
	mtls_err_clear(&err);
	if (settings_read(path, &s, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_non_null(s);
	return s;
}

/* The text is refused, and the error has these words in it. */
static void
refuse(const char *text, const char *words)
{
	struct settings *s = NULL;
	struct mtls_err err;

	write_file(text, strlen(text));
	mtls_err_clear(&err);
	assert_int_equal(settings_read(path, &s, &err), MTLS_E_CONFIG);
	assert_null(s);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, err.text);
	if (strstr(err.text, path) == NULL)
		fail_msg("no file in: %s", err.text);
}

static void
minimal_has_the_defaults(void **state)
{
	struct settings *s = read_good(MINIMAL);
	const struct settings_service *service;

	(void)state;
	assert_int_equal(s->n_servers, 1);
	assert_string_equal(s->servers[0].name, "login.acme.example");
	assert_int_equal(s->servers[0].device_port, 7443);
	assert_int_equal(s->servers[0].user_port, 7444);
	assert_int_equal(s->connect_timeout_s, 4);
	assert_int_equal(s->tls_min, MTLS_TLS_13);
	assert_string_equal(s->uri, "");
	assert_string_equal(s->token_user, "_mtls-token");
	assert_string_equal(s->helper_user, "_pam-mtls");
	assert_int_equal(s->environment.n, 0);
	assert_int_equal(s->callers.n, 0);
	assert_int_equal(s->pin_tries, 0);
	assert_int_equal(s->deadline_s, 60);
	service = settings_for_service(s, "sshd");
	assert_null(service->methods);
	assert_string_equal(settings_methods(s, service), "token");
	assert_int_equal(service->deadline_s, 0);
	assert_int_equal(service->prompt, SETTINGS_PROMPT_NORMAL);
	settings_free(s);
}

static void
everything_can_be_set(void **state)
{
	struct settings *s = read_good(
	    "# comment\n; comment\n\n"
	    "[verifier]\n"
	    "servers = a.example, b.example:1 c.example:2:3\n"
	    "ca = /ca\nconnect-timeout = 1m\ntls-min = 1.2-insecure\n"
	    "[device]\ncertificate = /c\nkey = /k\n"
	    "[token]\nmodule = /m\nuri = pkcs11:token=Alice%27s%20card\n"
	    "user = tok\nenvironment = SOFTHSM2_CONF=/s.conf, A_1=b=c\n"
	    "writable = /var/lib/tokens\npin-tries = 3\n"
	    "[helper]\nuser = hlp\n"
	    "callers = postgres:postgresql, freerad:radiusd\n"
	    "deadline = 2m\n"
	    "[service sshd]\nmethod = token\ndeadline = 30\n"
	    "prompt = single\n"
	    "[service openvpn]\nprompt = single");
	const struct settings_service *service;

	(void)state;
	assert_int_equal(s->n_servers, 3);
	assert_int_equal(s->servers[1].device_port, 1);
	assert_int_equal(s->servers[1].user_port, 7444);
	assert_int_equal(s->servers[2].user_port, 3);
	assert_int_equal(s->tls_min, MTLS_TLS_12_INSECURE);
	assert_int_equal(s->environment.n, 2);
	assert_string_equal(s->environment.words[1], "A_1=b=c");
	assert_int_equal(s->callers.n, 2);
	assert_int_equal(s->deadline_s, 120);
	assert_int_equal(s->n_services, 2);
	service = settings_for_service(s, "sshd");
	assert_int_equal(service->deadline_s, 30);
	assert_int_equal(service->prompt, SETTINGS_PROMPT_SINGLE);
	service = settings_for_service(s, "openvpn");
	assert_int_equal(service->deadline_s, 0);
	assert_int_equal(settings_for_service(s, "su")->prompt,
	    SETTINGS_PROMPT_NORMAL);
	settings_free(s);
}

static void
T080_unknown_doubled_and_missing(void **state)
{
	(void)state;
	refuse(MINIMAL "[token]\nslot = 1\n", ":10: ");
	refuse(MINIMAL "[tokens]\nmodule = /m\n", "unknown section");
	refuse(MINIMAL "[service]\nmethod = token\n", "unknown section");
	refuse(MINIMAL "[service ../x]\nmethod = token\n", "PAM service");
	refuse(MINIMAL "[service su]\ndeadlin = 1s\n", "deadlin");
	refuse(MINIMAL "module = /m\n", "given twice");
	refuse(MINIMAL "[service su]\nprompt = normal\n[service su]\n"
	    "prompt = single\n", "given twice");
	refuse("[verifier]\nservers = a.example\n", "missing");
	refuse("", "");
	refuse("# nothing\n", "");
	refuse("servers = a.example\n" MINIMAL, ":1: ");
}

static void
T080_malformed_values(void **state)
{
	static const struct {
		const char *section, *line, *words;
	} bad[] = {
		{ "verifier", "connect-timeout = 0s", "connect-timeout" },
		{ "verifier", "connect-timeout = 121s", "connect-timeout" },
		{ "verifier", "connect-timeout = 4 s", "connect-timeout" },
		{ "verifier", "tls-min = 1.2", "tls-min" },
		{ "token", "uri = /usr/lib/x.so", "pkcs11:" },
		{ "token", "user = root", "unprivileged" },
		{ "token", "user = a b", "unprivileged" },
		{ "token", "environment = lower=1", "NAME=VALUE" },
		{ "token", "environment = NOVALUE", "NAME=VALUE" },
		{ "token", "environment = 1A=1", "NAME=VALUE" },
		{ "token", "environment = A=1, LD_PRELOAD=/x.so",
		    "may not be set" },
		{ "token", "environment = OPENSSL_CONF=/x", "may not be set" },
		{ "token", "writable = tokens", "absolute" },
		{ "token", "writable = /", "absolute" },
		{ "token", "writable = /var/../etc", ".." },
		{ "token", "writable = /var/lib/..", ".." },
		{ "token", "pin-tries = 16", "pin-tries" },
		{ "helper", "user = root", "unprivileged" },
		{ "helper", "user = _mtls-token", "two accounts" },
		{ "helper", "callers = postgres", "ACCOUNT:SERVICE" },
		{ "helper", "callers = :su", "ACCOUNT:SERVICE" },
		{ "helper", "callers = a:b/c", "ACCOUNT:SERVICE" },
		{ "helper", "deadline = 601s", "deadline" },
		{ "helper", "deadline = 0", "deadline" },
		{ "helper", "deadline = 3s", "longer than" },
		{ "helper", "method = none", "not available" },
		{ "helper", "method = ,", "no method" },
		{ "service su", "method = none", "not available" },
		{ "service su", "method = token, none", "not available" },
		{ "service su", "method = token token", "listed twice" },
		{ "service su", "method = tokentokentokento",
		    "not available" },
		{ "service su", "method = , ", "no method" },
		{ "service su", "prompt = both", "prompt" },
		{ "service su", "deadline = 0s", "deadline" },
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s[%s]\n%s\n", MINIMAL,
		    bad[i].section, bad[i].line);
		refuse(text, bad[i].words);
	}
}

static void
T080_malformed_servers(void **state)
{
	static const char *const bad[] = { "", ",", "10.0.0.1", "::1",
	    "*.acme.example", "a.example:0", "a.example:65536", "a.example:",
	    "a.example:1:", "a.example:1:1", "a.example:1:2:3",
	    "a.example:+1", "a.example:7444", "a_b.example", "a..example",
	    "a.example,a.example", "https://a.example" };
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "[verifier]\nservers = %s\nca = /ca\n[device]\n"
		    "certificate = /c\nkey = /k\n[token]\nmodule = /m\n",
		    bad[i]);
		refuse(text, "");
	}
}

static void
T080_more_services_than_fit(void **state)
{
	char *text = malloc(16384);
	size_t used;
	int i;

	(void)state;
	assert_non_null(text);
	used = (size_t)snprintf(text, 16384, "%s", MINIMAL);
	for (i = 0; i <= (int)SETTINGS_MAX_SERVICES; i++)
		used += (size_t)snprintf(text + used, 16384 - used,
		    "[service s%d]\nprompt = single\n", i);
	refuse(text, "more than 64 services");
	free(text);
}

static void
T080_bytes_that_no_text_has(void **state)
{
	static const char nul[] = MINIMAL "[helper]\nuser = a\0b\n";
	struct settings *s = NULL;
	struct mtls_err err;

	(void)state;
	write_file(nul, sizeof(nul) - 1);
	mtls_err_clear(&err);
	assert_int_equal(settings_read(path, &s, &err), MTLS_E_CONFIG);
	refuse(MINIMAL "[helper]\r\nuser = a\r\n", "");
	refuse(MINIMAL "[helper]\nuser = a\033b\n", "");
}

static enum mtls_status
read_status(const char *file)
{
	struct settings *s = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	(void)settings_read(file, &s, &err);
	assert_null(s);
	return err.status;
}

static void
T080_files_that_are_not_ours(void **state)
{
	char other[64], big[64];
	FILE *f;

	(void)state;
	write_file(MINIMAL, strlen(MINIMAL));
	(void)snprintf(other, sizeof(other), "%s/link", dir);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(read_status(other), MTLS_E_CONFIG);
	(void)unlink(other);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(read_status(other), MTLS_E_CONFIG);
	(void)unlink(other);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(read_status(other), MTLS_E_CONFIG);
	(void)rmdir(other);
	assert_int_equal(read_status(other), MTLS_E_NOT_FOUND);
	assert_int_equal(read_status("/dev/null"), MTLS_E_CONFIG);
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(read_status(path), MTLS_E_CONFIG);
	assert_int_equal(chmod(path, 0602), 0);
	assert_int_equal(read_status(path), MTLS_E_CONFIG);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(read_status(path), MTLS_E_CONFIG);
	assert_int_equal(chmod(dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(read_status(path), MTLS_E_CONFIG);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	(void)snprintf(big, sizeof(big), "%s/big", dir);
	f = fopen(big, "w");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), 1 << 30), 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(read_status(big), MTLS_E_CONFIG);
	(void)unlink(big);
}

static void
write_other(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, 0600), 0);
}

/* Puts two files in turn in place of the one that is read, for ever. */
static void
swap_for_ever(const char *a, const char *b)
{
	char spare[64];

	(void)snprintf(spare, sizeof(spare), "%s/spare", dir);
	for (;;) {
		if (link(a, spare) != 0 || rename(spare, path) != 0 ||
		    link(b, spare) != 0 || rename(spare, path) != 0)
			_exit(1);
	}
}

/* What is read is one of the two, whole, whenever it is swapped. */
static void
T081_swapped_while_it_is_read(void **state)
{
	struct settings *s;
	struct mtls_err err;
	char a[64], b[64];
	int seen[2] = { 0, 0 };
	pid_t pid;
	int i;

	(void)state;
	(void)snprintf(a, sizeof(a), "%s/a", dir);
	(void)snprintf(b, sizeof(b), "%s/b", dir);
	write_other(a, MINIMAL "[helper]\nuser = aaa\ndeadline = 10s\n");
	write_other(b, "[helper]\nuser = bbb\ndeadline = 20s\n" MINIMAL);
	write_file(MINIMAL "[helper]\nuser = aaa\ndeadline = 10s\n",
	    strlen(MINIMAL "[helper]\nuser = aaa\ndeadline = 10s\n"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		swap_for_ever(a, b);
	for (i = 0; i < 20000 && (i < 1000 || !seen[0] || !seen[1]); i++) {
		s = NULL;
		mtls_err_clear(&err);
		if (settings_read(path, &s, &err) != MTLS_OK)
			fail_msg("%s", err.text);
		assert_true((s->deadline_s == 10 &&
		    strcmp(s->helper_user, "aaa") == 0) ||
		    (s->deadline_s == 20 &&
		    strcmp(s->helper_user, "bbb") == 0));
		seen[s->deadline_s == 20] = 1;
		settings_free(s);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(seen[0] && seen[1]);
	(void)unlink(a);
	(void)unlink(b);
	(void)snprintf(a, sizeof(a), "%s/spare", dir);
	(void)unlink(a);
}

/* No setting names a file that is written, whatever is debugged. */
static void
T083_no_setting_names_a_log_file(void **state)
{
	const struct mtls_conf_option *o;

	(void)state;
	for (o = settings_table; o->name != NULL; o++) {
		assert_null(strstr(o->name, "debug"));
		assert_null(strstr(o->name, "log"));
		assert_null(strstr(o->name, "trace"));
	}
}

static char *
slurp(const char *name)
{
	char full[1024];
	char *text;
	FILE *f;
	size_t n;

	(void)snprintf(full, sizeof(full), "%s/%s", TEST_SRCDIR, name);
	f = fopen(full, "r");
	if (f == NULL)
		fail_msg("cannot open %s", full);
	text = calloc(1, 65536);
	assert_non_null(text);
	n = fread(text, 1, 65535, f);
	assert_true(n > 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* The part of the man page or example that is about one section. */
static char *
section_of(const char *text, const char *head, const char *next)
{
	const char *begin, *end;

	begin = strstr(text, head);
	if (begin == NULL)
		fail_msg("no section %s", head);
	end = strstr(begin + strlen(head), next);
	return end == NULL ? strdup(begin) :
	    strndup(begin, (size_t)(end - begin));
}

static void
table_and_man_page_agree(void **state)
{
	char *page = slurp("doc/pam_mtls.conf.5");
	const struct mtls_conf_option *o;
	char head[64], item[64], want[64];
	char *section, *entry;

	(void)state;
	for (o = settings_table; o->name != NULL; o++) {
		(void)snprintf(head, sizeof(head), ".Ss [%s%s]\n", o->section,
		    strcmp(o->section, "service") == 0 ? " NAME" : "");
		section = section_of(page, head, ".Ss ");
		(void)snprintf(item, sizeof(item), ".It Cm %s\n", o->name);
		entry = section_of(section, item, ".It Cm ");
		if (o->flags & MTLS_CONF_REQUIRED)
			(void)snprintf(want, sizeof(want), "\nRequired.\n");
		else if (o->value == NULL)
			(void)snprintf(want, sizeof(want),
			    "\nDefault: that of\n.Cm [helper]\n");
		else
			(void)snprintf(want, sizeof(want),
			    "\nDefault:\n.Ql %s\n", *o->value == '\0' ?
			    "\\&" : o->value);
		if (strstr(entry, want) == NULL)
			fail_msg("[%s] %s: the man page does not say%s",
			    o->section, o->name, want);
		free(entry);
		free(section);
	}
	free(page);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
man_page_has_nothing_else(void **state)
{
	char *page = slurp("doc/pam_mtls.conf.5");
	const struct mtls_conf_option *o;
	size_t n = 0;

	(void)state;
	for (o = settings_table; o->name != NULL; o++)
		n++;
	assert_int_equal(count(page, ".It Cm "), n);
	free(page);
}

/* The default; where a service has none, that of [helper]. */
static const char *
value_of(const struct mtls_conf_option *o)
{
	const struct mtls_conf_option *h;

	if (o->value != NULL)
		return o->value;
	for (h = settings_table; h->name != NULL; h++) {
		if (strcmp(h->section, "helper") == 0 &&
		    strcmp(h->name, o->name) == 0)
			return h->value;
	}
	fail_msg("%s has no default", o->name);
	return NULL;
}

static void
table_and_example_agree(void **state)
{
	char *example = slurp("examples/pam_mtls.conf");
	const struct mtls_conf_option *o;
	char head[64], want[128];
	char *section;

	(void)state;
	for (o = settings_table; o->name != NULL; o++) {
		(void)snprintf(head, sizeof(head), "[%s", o->section);
		section = section_of(example, head, "\n[");
		if (o->flags & MTLS_CONF_REQUIRED)
			(void)snprintf(want, sizeof(want), "\n%s = ", o->name);
		else
			(void)snprintf(want, sizeof(want), "\n#%s =%s%s\n",
			    o->name, *value_of(o) == '\0' ? "" : " ",
			    value_of(o));
		if (strstr(section, want) == NULL)
			fail_msg("[%s]: the example does not say%s",
			    o->section, want);
		free(section);
	}
	free(example);
}

/* As it is, and with every setting that is commented out in it. */
static void
example_is_taken(void **state)
{
	char *example = slurp("examples/pam_mtls.conf");
	const struct mtls_conf_option *o;
	char line[64];
	char *at;

	(void)state;
	settings_free(read_good(example));
	for (o = settings_table; o->name != NULL; o++) {
		(void)snprintf(line, sizeof(line), "\n#%s =", o->name);
		while ((at = strstr(example, line)) != NULL)
			at[1] = ' ';
	}
	at = strstr(example, "\n#[service sshd]");
	assert_non_null(at);
	at[1] = ' ';
	/* A line does not begin with white space: take it out again. */
	for (at = example; (at = strstr(at, "\n ")) != NULL; at++)
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
	settings_free(read_good(example));
	free(example);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal_has_the_defaults),
		cmocka_unit_test(everything_can_be_set),
		cmocka_unit_test(T080_unknown_doubled_and_missing),
		cmocka_unit_test(T080_malformed_values),
		cmocka_unit_test(T080_malformed_servers),
		cmocka_unit_test(T080_more_services_than_fit),
		cmocka_unit_test(T080_bytes_that_no_text_has),
		cmocka_unit_test(T080_files_that_are_not_ours),
		cmocka_unit_test(T081_swapped_while_it_is_read),
		cmocka_unit_test(T083_no_setting_names_a_log_file),
		cmocka_unit_test(table_and_man_page_agree),
		cmocka_unit_test(man_page_has_nothing_else),
		cmocka_unit_test(table_and_example_agree),
		cmocka_unit_test(example_is_taken),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
