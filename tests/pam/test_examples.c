/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * examples/pam.d: every file says what its comments say. The module's lines
 * are run as they are; of the other modules, pam_unix.so stands for "the
 * password was right" or "was wrong", and the rest for what they usually say.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define EXAMPLES SOURCE_DIR "/examples/pam.d"
#define GRANT "login\nsecret PIN: => " RIG_PIN "\nresult allow\n"
#define DENY "login\nresult deny\n"
#define UNREACHABLE "login\nresult none\n"

enum password { PASSWORD_WRONG, PASSWORD_RIGHT };

static const char *
stand_in(const char *module, enum password password)
{
	if (strcmp(module, "pam_unix.so") == 0)
		return password == PASSWORD_RIGHT ? "pam_permit.so" :
		    "pam_deny.so";
	if (strcmp(module, "pam_rootok.so") == 0)
		return "pam_deny.so";
	if (strcmp(module, "pam_deny.so") == 0)
		return module;
	return "pam_permit.so";
}

/* Cuts the next field off: a word, or what stands in brackets. */
static char *
field(char **rest)
{
	char *start = *rest + strspn(*rest, " \t");
	size_t len = start[0] == '[' ? strcspn(start, "]") + 1 :
	    strcspn(start, " \t");

	*rest = start + len;
	if (start[len] != '\0') {
		start[len] = '\0';
		(*rest)++;
	}
	return start;
}

/* One line of a PAM file to what takes its place; "" for what is left out. */
static void
convert(char *line, enum password password, char *out, size_t size)
{
	char *rest = line;
	const char *type = field(&rest);
	const char *control;
	const char *module;

	out[0] = '\0';
	if (strcmp(type, "auth") != 0 && strcmp(type, "account") != 0)
		return;
	control = field(&rest);
	module = field(&rest);
	if (strcmp(module, "pam_mtls.so") == 0)
		snprintf(out, size, "%s %s @M @S %s\n", type, control, rest);
	else
		snprintf(out, size, "%s %s %s\n", type, control,
		    stand_in(module, password));
}

static void
read_stack(const char *name, enum password password, char *stack,
    size_t size)
{
	char path[512];
	char line[256];
	FILE *f;

	snprintf(path, sizeof(path), EXAMPLES "/%s", name);
	f = fopen(path, "re");
	assert_non_null(f);
	stack[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		convert(line, password, stack + strlen(stack),
		    size - strlen(stack));
	}
	fclose(f);
	assert_non_null(strstr(stack, "@M"));
}

/* What pam_authenticate() and then pam_acct_mgmt() say: 1 is in. */
static int
is_in(const char *name, enum password password, const char *script)
{
	static char stack[4096];
	struct rig *r = rig_new();
	int code;

	read_stack(name, password, stack, sizeof(stack));
	r->stack = stack;
	rig_helper(r, script);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	code = pam_authenticate(r->pamh, 0);
	if (code == PAM_SUCCESS && strstr(stack, "\naccount") != NULL)
		code = pam_acct_mgmt(r->pamh, 0);
	/* Not every stack comes to the helper. */
	kill(r->helper_pid, SIGKILL);
	while (waitpid(r->helper_pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	close(r->report_fd);
	r->helper_pid = 0;
	if (strstr(rig_log(), "PAM ") != NULL)
		fail_msg("%s: %s", name, rig_log());
	rig_done(r);
	return code == PAM_SUCCESS;
}

static void
check_example(const char *name)
{
	int needs_card = strcmp(name, "card-or-password") != 0;
	int needs_password = strcmp(name, "two-factor") == 0;

	print_message("%s\n", name);
	assert_int_equal(is_in(name, PASSWORD_RIGHT, GRANT), 1);
	assert_int_equal(is_in(name, PASSWORD_WRONG, GRANT), !needs_password);
	assert_int_equal(is_in(name, PASSWORD_RIGHT, DENY), !needs_card);
	assert_int_equal(is_in(name, PASSWORD_RIGHT, UNREACHABLE),
	    !needs_card);
	assert_int_equal(is_in(name, PASSWORD_WRONG, DENY), 0);
	assert_int_equal(is_in(name, PASSWORD_WRONG, UNREACHABLE), 0);
}

static void
T001_stacks_that_we_recommend(void **state)
{
	DIR *dir = opendir(EXAMPLES);
	struct dirent *e;
	int n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && strcmp(e->d_name, "README") != 0) {
			check_example(e->d_name);
			n++;
		}
	closedir(dir);
	assert_true(n >= 10);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T001_stacks_that_we_recommend),
	};

	return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
