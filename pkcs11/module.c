/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading and leaving a PKCS#11 module. From dlopen on, foreign code runs in
 * this process: the path is checked before, the function list after.
 */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>

#include "mtls/file.h"
#include "pkcs11/internal.h"

/* Functions that are called without asking; a list may have holes. */
static int
functions_are_there(const CK_FUNCTION_LIST *f)
{
	return f->C_Initialize != NULL && f->C_Finalize != NULL &&
	    f->C_GetInfo != NULL && f->C_GetSlotList != NULL &&
	    f->C_GetSlotInfo != NULL && f->C_GetTokenInfo != NULL &&
	    f->C_GetMechanismInfo != NULL && f->C_OpenSession != NULL &&
	    f->C_CloseSession != NULL && f->C_CloseAllSessions != NULL &&
	    f->C_GetSessionInfo != NULL && f->C_Login != NULL &&
	    f->C_Logout != NULL && f->C_GetAttributeValue != NULL &&
	    f->C_FindObjectsInit != NULL && f->C_FindObjects != NULL &&
	    f->C_FindObjectsFinal != NULL && f->C_SignInit != NULL &&
	    f->C_Sign != NULL && f->C_SetPIN != NULL &&
	    f->C_CreateObject != NULL && f->C_GenerateKeyPair != NULL;
}

static enum mtls_status
get_functions(struct mtls_pkcs11 *p, const char *path, struct mtls_err *err)
{
	CK_C_GetFunctionList get;
	void *symbol;
	CK_RV rv;

	/* libp11 loads it again, and gets the same handle. */
	p->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (p->handle == NULL)
		return mtls_fail(err, MTLS_E_CONFIG, "%s: %s", path,
		    dlerror());
	symbol = dlsym(p->handle, "C_GetFunctionList");
	if (symbol == NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: not a PKCS#11 module", path);
	memcpy(&get, &symbol, sizeof(get));
	rv = get(&p->f);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_GetFunctionList", rv);
	if (p->f == NULL || p->f->version.major < 2 ||
	    p->f->version.major > 3 || !functions_are_there(p->f))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: its function list is not that of PKCS#11 2 or 3",
		    path);
	return MTLS_OK;
}

/* The CKR code in OpenSSL's queue: libp11 puts it there as the reason. */
static CK_RV
libp11_rv(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *library;

	if (code == 0)
		return CKR_GENERAL_ERROR;
	library = ERR_lib_error_string(code);
	if (library == NULL || strcmp(library, "PKCS#11 module") != 0)
		return CKR_GENERAL_ERROR;
	return (CK_RV)ERR_GET_REASON(code);
}

enum mtls_status
mtls_pkcs11_module_check(const char *path, struct mtls_err *err)
{
	struct mtls_err why;
	int fd;

	mtls_err_clear(&why);
	if (mtls_file_open(path, MTLS_FILE_PROGRAM, &fd, &why) != MTLS_OK)
		return mtls_fail(err, MTLS_E_CONFIG, "PKCS#11 module: %s",
		    why.text);
	close(fd);
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_open(const char *path, struct mtls_pkcs11 **ret,
    struct mtls_err *err)
{
	struct mtls_pkcs11 *p = NULL;
	enum mtls_status status;

	status = mtls_pkcs11_module_check(path, err);
	if (status != MTLS_OK)
		return status;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "PKCS#11 module");
	status = get_functions(p, path, err);
	if (status != MTLS_OK)
		goto out;
	p->ctx = PKCS11_CTX_new();
	if (p->ctx == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "libp11");
		goto out;
	}
	ERR_clear_error();
	if (PKCS11_CTX_load(p->ctx, path) != 0) {
		status = pkcs11_fail(err, "C_Initialize", libp11_rv());
		goto out;
	}
	p->loaded = 1;
	*ret = p;
	p = NULL;
	status = MTLS_OK;
out:
	mtls_pkcs11_close(p);
	return status;
}

void
mtls_pkcs11_close(struct mtls_pkcs11 *p)
{
	if (p == NULL)
		return;
	/* libp11 crashes in any other order, and when it unloads what it
	 * could not load. */
	if (p->slots != NULL)
		PKCS11_release_all_slots(p->ctx, p->slots, p->n_slots);
	if (p->loaded)
		PKCS11_CTX_unload(p->ctx);
	if (p->ctx != NULL)
		PKCS11_CTX_free(p->ctx);
	if (p->handle != NULL)
		dlclose(p->handle);
	free(p);
}
