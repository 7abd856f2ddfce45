/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a PKCS#11 module can do from inside mtls-token: the faulty module
 * tries, and writes down what came of it. And what mtls-token can be told to
 * load.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <pwd.h>
#include <unistd.h>
#include <cmocka.h>

#include "token_rig.h"

#define CARD	"Alice's card"

static struct token_rig *rig;
static char probed[16384];

/* What the module found, one line each, in probed. */
static void
probe(void)
{
	char path[128], fault[160];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/probed", rig->card);
	snprintf(fault, sizeof(fault), "act C_Initialize probe %s", path);
	token_rig_fault(rig, fault);
	token_rig_begin(rig);
	token_rig_issuers(rig, -1);
	assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, NULL), MTLS_OK);
	token_rig_end(rig);
	f = fopen(path, "r");
	assert_non_null(f);
	probed[0] = '\n';
	n = fread(probed + 1, 1, sizeof(probed) - 2, f);
	probed[n + 1] = '\0';
	fclose(f);
	remove(path);
	token_rig_fault(rig, "");
}

static void has_line(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void
has_line(const char *format, ...)
{
	char line[256] = "\n";
	va_list args;

	va_start(args, format);
	vsnprintf(line + 1, sizeof(line) - 2, format, args);
	va_end(args);
	strcat(line, "\n");
	if (strstr(probed, line) == NULL)
		fail_msg("not there: %s\nbut:%s", line, probed);
}

/* What the kernel says; 444 is landlock_create_ruleset everywhere. */
static int
landlock_is_there(void)
{
	return syscall(444, NULL, 0, 1) > 0;
}

static void
T069_no_programs_no_network_no_other_processes(void **state)
{
	static const char *const refused[] = { "fork", "execve", "ptrace",
		"process_vm_readv", "kill-parent", "kill-all", "setuid",
		"setgroups", "dumpable", "keyctl", "io_uring", "bpf", "mount",
		"socket-inet", "socket-inet6", "socket-netlink",
		"socket-packet", "bind", "listen" };
	static const char *const allowed[] = { "thread", "kill-self",
		"socket-unix", "read-usr" };

	(void)state;
	probe();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		has_line("%s EPERM", refused[i]);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		has_line("%s ok", allowed[i]);
}

static void
T069_files_are_confined(void **state)
{
	(void)state;
	probe();
	if (!landlock_is_there()) {
		print_message("SKIP: no Landlock in this kernel\n");
		skip();
	}
	has_line("write-usr EACCES");
	has_line("read-shadow EACCES");
	has_line("read-var EACCES");
	has_line("write-tmp EACCES");
	has_line("read-proc EACCES");
}

static void
T069_a_forged_result_is_no_message_of_ours(void **state)
{
	struct mtls_message m;
	struct mtls_err err;
	int fd = -1;

	(void)state;
	token_rig_fault(rig, "act C_Initialize forge");
	token_rig_begin(rig);
	mtls_err_clear(&err);
	/* It does arrive, as what it is: from mtls-token nobody takes it. */
	assert_int_equal(mtls_message_recv(rig->fd, &m, &fd,
	    mtls_deadline_in_ms(60000), &err), MTLS_OK);
	assert_int_equal(m.type, MTLS_MSG_RESULT);
	mtls_message_clear(&m);
	/* And only there: nothing else is open. */
	token_rig_issuers(rig, -1);
	assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, NULL), MTLS_OK);
	token_rig_end(rig);
	token_rig_fault(rig, "");
}

static void
T137_account_groups_capabilities_and_dumps(void **state)
{
	const struct passwd *pw;

	(void)state;
	probe();
	if (geteuid() == 0) {
		pw = getpwnam(rig->account);
		assert_non_null(pw);
		has_line("uids %u %u %u", pw->pw_uid, pw->pw_uid, pw->pw_uid);
		has_line("gids %u %u %u", pw->pw_gid, pw->pw_gid, pw->pw_gid);
		has_line("groups 1");
		has_line("CapInh:\t0000000000000000");
		has_line("CapPrm:\t0000000000000000");
		has_line("CapEff:\t0000000000000000");
		has_line("CapAmb:\t0000000000000000");
	} else {
		has_line("uids %u %u %u", getuid(), geteuid(), getuid());
	}
	has_line("core 0");
	has_line("dumpable 0");
	has_line("NoNewPrivs:\t1");
	has_line("Seccomp:\t2");
}

static void
T137_an_account_that_does_not_exist_ends_it(void **state)
{
	char reason[501];

	(void)state;
	if (geteuid() != 0)
		skip();
	rig->account = "no-such-account";
	token_rig_begin(rig);
	rig->account = "nobody";
	assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, reason),
	    MTLS_E_NOT_FOUND);
	assert_int_equal(token_rig_calls(rig, "C_GetFunctionList"), 0);
	token_rig_end(rig);
}

static void
T121_the_environment_is_what_the_helper_gave(void **state)
{
	const char *at = probed;
	int n = 0;

	(void)state;
	setenv("OPENSSL_CONF", "/tmp/evil.cnf", 1);
	setenv("LD_LIBRARY_PATH", "/tmp", 1);
	probe();
	unsetenv("OPENSSL_CONF");
	unsetenv("LD_LIBRARY_PATH");
	has_line("env PATH=/usr/bin:/bin");
	has_line("env LANG=C");
	has_line("env SOFTHSM2_CONF=%s", rig->softhsm_conf);
	has_line("env FAULT_TOKEN_CONF=%s", rig->conf);
	while ((at = strstr(at, "\nenv ")) != NULL) {
		at++;
		n++;
	}
	assert_int_equal(n, 4);
}

static void
T136_three_descriptors_and_nothing_else(void **state)
{
	(void)state;
	probe();
	has_line("descriptors 3");
}

/* Whether mtls-token refuses to load path, before anything of it runs. */
static void
refuses_module(const char *path)
{
	char reason[501];

	token_rig_forget_calls(rig);
	token_rig_start(rig);
	token_rig_open(rig, path, "");
	if (token_rig_ready(rig, NULL, 0, NULL, reason) != MTLS_E_CONFIG)
		fail_msg("%s: %s", path, reason);
	assert_int_equal(token_rig_calls(rig, "C_GetFunctionList"), 0);
	token_rig_end(rig);
}

static void
copy(const char *from, const char *to)
{
	char command[320];

	snprintf(command, sizeof(command), "cat %s >%s", from, to);
	assert_int_equal(system(command), 0);
}

static void
T063_modules_that_are_not_loaded(void **state)
{
	char dir[80], path[128], link[128];
	FILE *f;

	(void)state;
	refuses_module("fault_token.so");
	refuses_module("./fault_token.so");
	snprintf(path, sizeof(path), "%s/../%s", rig->card, "fault_token.so");
	refuses_module(path);
	refuses_module(rig->dir);
	refuses_module("/nonexistent/module.so");
	snprintf(dir, sizeof(dir), "%s/bad", rig->dir);
	snprintf(path, sizeof(path), "%s/module.so", dir);
	snprintf(link, sizeof(link), "%s/link.so", dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	chmod(path, 0755);
	refuses_module(path);		/* empty */
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("#!/bin/sh\nexit 0\n", f);
	fclose(f);
	refuses_module(path);		/* not ELF */
	refuses_module("/usr/lib/os-release");
	assert_int_equal(symlink(rig->module, link), 0);
	refuses_module(link);
	remove(link);
	copy(rig->module, path);
	chmod(path, 0775);
	refuses_module(path);		/* the group may write */
	chmod(path, 0755);
	chmod(dir, 0777);
	refuses_module(path);		/* anybody may replace it */
	chmod(dir, 0755);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		refuses_module(path);	/* somebody else's */
	}
	remove(path);
	remove(dir);
}

static void
T064_uris_are_refused_before_the_module_is_loaded(void **state)
{
	char reason[501];

	(void)state;
	token_rig_forget_calls(rig);
	token_rig_start(rig);
	token_rig_open(rig, rig->module,
	    "pkcs11:token=a?module-path=/tmp/evil.so");
	assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, reason),
	    MTLS_E_CONFIG);
	assert_int_equal(token_rig_calls(rig, "C_GetFunctionList"), 0);
	token_rig_end(rig);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert mine = { .name = "alice",
		.kind = MTLS_PKCS11_P256, .id = 1 };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	token_rig_add(rig, CARD, &mine, NULL, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_rig_free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    T069_no_programs_no_network_no_other_processes),
		cmocka_unit_test(T069_files_are_confined),
		cmocka_unit_test(T069_a_forged_result_is_no_message_of_ours),
		cmocka_unit_test(T137_account_groups_capabilities_and_dumps),
		cmocka_unit_test(T137_an_account_that_does_not_exist_ends_it),
		cmocka_unit_test(T121_the_environment_is_what_the_helper_gave),
		cmocka_unit_test(T136_three_descriptors_and_nothing_else),
		cmocka_unit_test(T063_modules_that_are_not_loaded),
		cmocka_unit_test(
		    T064_uris_are_refused_before_the_module_is_loaded)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
