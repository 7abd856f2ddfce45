/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-120, the part of OpenSSL: nothing in the environment changes whom we
 * trust, what we speak or what is written where. Each case is a process of
 * its own, in which the variable is there before OpenSSL's first call.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "../lib/scratch.h"
#include "../lib/tls_rig.h"
#include "../lib/unit.h"

/* Breaks every OpenSSL that reads it, or makes it agree to anything. */
static const char breaks[] =
    "config_diagnostics = 1\n"
    "openssl_conf = init\n"
    "[init]\nproviders = list\nssl_conf = ssl\nalg_section = evp\n"
    "[list]\nnothing = nothing\ndefault = default\n"
    "[nothing]\nmodule = /nonexistent/evil.so\nactivate = 1\n"
    "[default]\nactivate = 1\n"
    "[evp]\ndefault_properties = provider=nothing\n"
    "[ssl]\nsystem_default = defaults\n"
    "[defaults]\nMinProtocol = TLSv1\nMaxProtocol = TLSv1.1\n"
    "CipherString = NULL@SECLEVEL=0\nVerifyMode = Peer\n";

/* In the child: the good server is accepted, the evil one is not. */
static int
both_servers(struct rig *rig)
{
	const struct pki_cert *evil = pki_ca(rig->pki, NULL, "Evil", NULL);
	struct rig_case good = {0};
	struct rig_case bad = {
		.server = pki_server(rig->pki, evil, RIG_SERVER, NULL),
		.server_chain = PKI_CERTS(evil)
	};
	struct tls_pair pair;
	const char *path = getenv("SSL_CERT_FILE");
	FILE *f;
	int ok;

	/* What SSL_CERT_FILE names does trust the evil one. */
	if (path != NULL) {
		f = fopen(path, "w");
		PEM_write_X509(f, evil->x509);
		fclose(f);
	}
	rig_meet(rig, &good, &pair);
	ok = rig_both_accept(&pair, MTLS_TLS_13) &&
	    SSL_version(pair.client.ssl) == TLS1_3_VERSION;
	tls_pair_free(&pair);
	rig_meet(rig, &bad, &pair);
	ok = ok && !pair.client.is_done &&
	    pair.client.status == MTLS_E_PEER;
	tls_pair_free(&pair);
	return ok;
}

static int
in_child(const char *name, const char *value)
{
	void *state = NULL;
	int ok;

	alarm(120);
	if (name != NULL)
		setenv(name, value, 1);
	if (rig_setup(&state) != 0)
		return 1;
	ok = both_servers(state);
	rig_teardown(&state);
	return ok ? 0 : 2;
}

static void
unchanged_by(const char *name, const char *value)
{
	pid_t pid;
	int status = -1;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(in_child(name, value));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s=%s: %#x", name != NULL ? name : "(none)",
		    value != NULL ? value : "", status);
}

static void
nothing_set(void **state)
{
	(void)state;
	unchanged_by(NULL, NULL);
}

static void
T120_configuration_file(void **state)
{
	const char *path = scratch_text("openssl.cnf", breaks);

	(void)state;
	unchanged_by("OPENSSL_CONF", path);
	unchanged_by("OPENSSL_CONF", "/nonexistent/openssl.cnf");
	unchanged_by("OPENSSL_CONF", "/dev/tty");
}

static void
T120_trust(void **state)
{
	const char *path = scratch_text("evil.pem", "");

	(void)state;
	unchanged_by("SSL_CERT_FILE", path);
	unchanged_by("SSL_CERT_DIR", scratch_path("."));
}

static void
T120_key_log(void **state)
{
	const char *path = scratch_path("keys");

	(void)state;
	unchanged_by("SSLKEYLOGFILE", path);
	assert_int_equal(access(path, F_OK), -1);
}

static void
T120_the_rest(void **state)
{
	static const char *const names[] = {
		"OPENSSL_MODULES", "OPENSSL_ENGINES", "OPENSSL_CONF_INCLUDE",
		"RANDFILE", "CTLOG_FILE", "QLOGDIR", "HOME", "TMPDIR",
		"OPENSSL_TRACE", "OPENSSL_MALLOC_FAILURES", "LANG", "LC_ALL",
		"TZ"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unchanged_by(names[i], "/nonexistent");
		unchanged_by(names[i], ":/etc/shadow");
	}
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_set),
		cmocka_unit_test(T120_configuration_file),
		cmocka_unit_test(T120_trust),
		cmocka_unit_test(T120_key_log),
		cmocka_unit_test(T120_the_rest),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
