/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * In the module for spawning tests, mtls_spawn() is wrapped at link time: the
 * path must be the compiled-in one, and the scripted helper is started in its
 * place. Everything else in that module is what ships. Tests only.
 */
#include <stdio.h>
#include <string.h>

#include "mtls/spawn.h"

/* Where the script is and the report goes; set by the test. */
char fake_spawn_dir[128] __attribute__((visibility("default")));

enum mtls_status __real_mtls_spawn(const char *path, char *const argv[],
    char *const envp[], int child_fd, struct mtls_child *ret,
    struct mtls_err *err);
enum mtls_status __wrap_mtls_spawn(const char *path, char *const argv[],
    char *const envp[], int child_fd, struct mtls_child *ret,
    struct mtls_err *err);

enum mtls_status
__wrap_mtls_spawn(const char *path, char *const argv[], char *const envp[],
    int child_fd, struct mtls_child *ret, struct mtls_err *err)
{
	char script[160];
	char report[160];
	char *args[] = { argv[0], script, report, NULL };

	if (strcmp(path, MTLS_HELPER_PATH) != 0 || argv[1] != NULL)
		return mtls_fail(err, MTLS_E_USAGE, "%s is spawned", path);
	snprintf(script, sizeof(script), "%s/script", fake_spawn_dir);
	snprintf(report, sizeof(report), "%s/report", fake_spawn_dir);
	return __real_mtls_spawn(FAKE_HELPER_PATH, args, envp, child_fd, ret,
	    err);
}
