/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PKCS#11 library in the test's own process, on the faulty module.
 */
#include "config.h"

#include "token_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define MUST(status) assert_int_equal((status), MTLS_OK)

void
token_rig_lib_open(struct token_rig *rig, struct token_rig_lib *lib)
{
	memset(lib, 0, sizeof(*lib));
	token_rig_forget_calls(rig);
	mtls_err_clear(&lib->err);
	if (mtls_pkcs11_open(rig->module, &lib->p, &lib->err) != MTLS_OK ||
	    mtls_pkcs11_list(lib->p, "", &lib->list, &lib->err) != MTLS_OK)
		fail_msg("%s", lib->err.text);
	MUST(mtls_pkcs11_session_open(lib->p, &lib->list.tokens[0],
	    MTLS_PKCS11_READ, &lib->s, &lib->err));
	lib->pin = mtls_secret_new(1024);
	assert_non_null(lib->pin);
}

void
token_rig_lib_close(struct token_rig_lib *lib)
{
	mtls_pkcs11_session_close(lib->s);
	mtls_secret_free(lib->pin);
	mtls_pkcs11_list_clear(&lib->list);
	mtls_pkcs11_close(lib->p);
}

enum mtls_status
token_rig_lib_login(struct token_rig_lib *lib, const char *pin,
    enum mtls_pkcs11_last_try last_try, uint32_t *flags)
{
	struct mtls_err err;
	int fds[2];

	mtls_err_clear(&err);
	mtls_secret_clear(lib->pin);
	if (pin != NULL && *pin != '\0') {
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], pin, strlen(pin)),
		    strlen(pin));
		MUST(mtls_secret_read(lib->pin, fds[0], 1000, &err));
		close(fds[0]);
		close(fds[1]);
	}
	mtls_err_clear(&lib->err);
	return mtls_pkcs11_login(lib->s, pin == NULL ? NULL : lib->pin,
	    last_try, flags, &lib->err);
}

const struct mtls_pkcs11_cert *
token_rig_lib_cert(const struct token_rig_lib *lib, const char *label)
{
	for (size_t i = 0; i < lib->list.n_certs; i++) {
		if (strcmp(lib->list.certs[i].label, label) == 0)
			return &lib->list.certs[i];
	}
	fail_msg("no certificate \"%s\"", label);
	return NULL;
}
