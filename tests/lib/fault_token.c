/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A PKCS#11 module for tests: forwards to a real one and does wrong what the
 * file named by FAULT_TOKEN_CONF says. The file is read at every call, so
 * that a test can change the card under a running program. Lines:
 *
 *	forward PATH		the real module; without it there is a reader
 *				with an empty token and nothing else
 *	log PATH		one line per call goes there
 *	rv FUNCTION NUMBER	the function fails with this CKR code
 *	rv-after FUNCTION N NUMBER	from the Nth call on
 *	rv-call N NUMBER	the Nth call of all, whatever it is
 *	act FUNCTION WHAT	crash, hang, probe: fault_token_act.c
 *	null FUNCTION, version MAJOR, no-list	the function list
 *	flags-set BITS, flags-clear BITS, serial TEXT, label TEXT
 *	pin-lengths MIN MAX	what the card says of its PINs
 *	pin TEXT		a PIN pad, on which TEXT is entered
 *	logged-in [always]	CKR_USER_ALREADY_LOGGED_IN (until a logout)
 *	no-mechanism NUMBER, slots N, objects-forever
 *	and those of fault_token_data.c
 */
#include "config.h"

#include "fault_token.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;
static int logged_out;		/* somebody called C_Logout */

const char *
fault_token_get(const char *name, char *out, size_t size)
{
	const char *path = getenv("FAULT_TOKEN_CONF");
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	size_t len = strlen(name);
	const char *found = NULL;
	char line[1024];

	while (f != NULL && found == NULL &&
	    fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, name, len) != 0 ||
		    (line[len] != ' ' && line[len] != '\0'))
			continue;
		snprintf(out, size, "%s",
		    line[len] == '\0' ? "" : line + len + 1);
		found = out;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static int
has(const char *name)
{
	char text[1024];

	return fault_token_get(name, text, sizeof(text)) != NULL;
}

static unsigned long
number(const char *name, unsigned long otherwise)
{
	char text[1024];

	return fault_token_get(name, text, sizeof(text)) == NULL ?
	    otherwise : strtoul(text, NULL, 0);
}

void
fault_token_log(const char *format, ...)
{
	char path[1024];
	va_list args;
	FILE *f;

	if (fault_token_get("log", path, sizeof(path)) == NULL ||
	    (f = fopen(path, "ae")) == NULL)
		return;
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

/* What every function does first; 1: it fails with *rv. */
static int
enter(const char *function, unsigned long *n_calls, CK_RV *rv)
{
	char name[64], text[1024];
	char *end;

	static unsigned long n_all;

	++*n_calls;
	n_all++;
	fault_token_log("%s\n", function);
	snprintf(name, sizeof(name), "act %s", function);
	if (fault_token_get(name, text, sizeof(text)) != NULL)
		fault_token_act(text);
	snprintf(name, sizeof(name), "rv %s", function);
	if (has(name)) {
		*rv = number(name, 0);
		return 1;
	}
	if (fault_token_get("rv-call", text, sizeof(text)) != NULL &&
	    n_all == strtoul(text, &end, 0)) {
		fault_token_log("failed %s\n", function);
		*rv = strtoul(end, NULL, 0);
		return 1;
	}
	snprintf(name, sizeof(name), "rv-after %s", function);
	if (fault_token_get(name, text, sizeof(text)) != NULL &&
	    *n_calls >= strtoul(text, &end, 0)) {
		*rv = strtoul(end, NULL, 0);
		return 1;
	}
	return 0;
}

#define ENTER(name)							\
	static unsigned long n_calls;					\
	CK_RV rv;							\
									\
	if (enter(#name, &n_calls, &rv))				\
		return rv

/* Functions that do nothing but forward. */
#define FORWARD(name, parameters, arguments)				\
static CK_RV								\
fault_##name parameters							\
{									\
	ENTER(name);							\
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :		\
	    real->name arguments;					\
}

FORWARD(C_OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, void *app,
    CK_NOTIFY notify, CK_SESSION_HANDLE *s), (slot, flags, app, notify, s))
FORWARD(C_CloseSession, (CK_SESSION_HANDLE s), (s))
FORWARD(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
FORWARD(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n),
    (s, t, n))
FORWARD(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
FORWARD(C_SetPIN, (CK_SESSION_HANDLE s, unsigned char *o, CK_ULONG ol,
    unsigned char *n, CK_ULONG nl), (s, o, ol, n, nl))
FORWARD(C_CreateObject, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n,
    CK_OBJECT_HANDLE *o), (s, t, n, o))
FORWARD(C_GenerateKeyPair, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_ATTRIBUTE *pt, CK_ULONG pn, CK_ATTRIBUTE *t, CK_ULONG n,
    CK_OBJECT_HANDLE *po, CK_OBJECT_HANDLE *o), (s, m, pt, pn, t, n, po, o))

static CK_RV
fault_C_Initialize(void *args)
{
	ENTER(C_Initialize);
	fault_token_log("pid %d\n", (int)getpid());
	return real == NULL ? CKR_OK : real->C_Initialize(args);
}

static CK_RV
fault_C_Finalize(void *reserved)
{
	ENTER(C_Finalize);
	return real == NULL ? CKR_OK : real->C_Finalize(reserved);
}

static CK_RV
fault_C_GetInfo(CK_INFO *info)
{
	ENTER(C_GetInfo);
	if (real != NULL)
		return real->C_GetInfo(info);
	memset(info, ' ', sizeof(*info));
	info->cryptokiVersion.major = 2;
	return CKR_OK;
}

static CK_RV
fault_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	unsigned long n_slots;
	ENTER(C_GetSlotList);

	n_slots = number("slots", real == NULL ? 1 : (unsigned long)-1);
	if (n_slots == (unsigned long)-1)
		return real->C_GetSlotList(present, slots, n);
	for (unsigned long i = 0; slots != NULL && i < n_slots; i++)
		slots[i] = i;
	*n = n_slots;
	return CKR_OK;
}

static CK_RV
fault_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	ENTER(C_GetSlotInfo);
	if (real != NULL && !has("slots"))
		return real->C_GetSlotInfo(slot, info);
	memset(info, ' ', sizeof(*info));
	info->flags = has("no-card") ? 0 : CKF_TOKEN_PRESENT;
	return CKR_OK;
}

static CK_RV
fault_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	char text[1024];
	char *end;
	ENTER(C_GetTokenInfo);

	if (real == NULL || has("slots")) {
		memset(info, ' ', sizeof(*info));
		info->flags = CKF_TOKEN_INITIALIZED;
		return CKR_OK;
	}
	rv = real->C_GetTokenInfo(slot, info);
	if (rv != CKR_OK)
		return rv;
	info->flags |= number("flags-set", 0);
	info->flags &= ~number("flags-clear", 0);
	if (fault_token_get("pin-lengths", text, sizeof(text)) != NULL) {
		info->ulMinPinLen = strtoul(text, &end, 0);
		info->ulMaxPinLen = strtoul(end, NULL, 0);
	}
	if (has("pin"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (fault_token_get("serial", text, sizeof(text)) != NULL)
		memcpy(info->serialNumber, text, strnlen(text, 16));
	if (fault_token_get("label", text, sizeof(text)) != NULL)
		memcpy(info->label, text, strnlen(text, 32));
	return CKR_OK;
}

static CK_RV
fault_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
    CK_MECHANISM_INFO *info)
{
	ENTER(C_GetMechanismInfo);
	if (real == NULL || number("no-mechanism", CK_UNAVAILABLE_INFORMATION)
	    == type)
		return CKR_MECHANISM_INVALID;
	return real->C_GetMechanismInfo(slot, type, info);
}

static CK_RV
fault_C_GetSessionInfo(CK_SESSION_HANDLE s, CK_SESSION_INFO *info)
{
	ENTER(C_GetSessionInfo);
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :
	    real->C_GetSessionInfo(s, info);
}

static CK_RV
fault_C_Login(CK_SESSION_HANDLE s, CK_USER_TYPE user, unsigned char *pin,
    CK_ULONG len)
{
	static CK_ULONG last_len;
	char text[1024];
	ENTER(C_Login);

	fault_token_log("login user=%lu len=%lu%s\n", user, len,
	    pin == NULL ? " pad" : "");
	if (user == CKU_CONTEXT_SPECIFIC && has("always-authenticate"))
		return len == last_len ? CKR_OK : CKR_PIN_INCORRECT;
	last_len = len;
	if (real == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (fault_token_get("logged-in", text, sizeof(text)) != NULL &&
	    (!logged_out || strcmp(text, "always") == 0))
		return CKR_USER_ALREADY_LOGGED_IN;
	if (pin == NULL && fault_token_get("pin", text, sizeof(text)) != NULL)
		return real->C_Login(s, user, (unsigned char *)text,
		    strlen(text));
	return real->C_Login(s, user, pin, len);
}

static CK_RV
fault_C_Logout(CK_SESSION_HANDLE s)
{
	ENTER(C_Logout);
	if (!logged_out && has("logged-in")) {
		logged_out = 1;
		return CKR_OK;
	}
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :
	    real->C_Logout(s);
}

static CK_RV
fault_C_FindObjects(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *o, CK_ULONG max,
    CK_ULONG *n)
{
	ENTER(C_FindObjects);
	if (has("objects-forever")) {
		for (CK_ULONG i = 0; i < max; i++)
			o[i] = 1;
		*n = number("objects-forever", max);
		return CKR_OK;
	}
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :
	    real->C_FindObjects(s, o, max, n);
}

static CK_RV
fault_C_GetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
    CK_ATTRIBUTE *t, CK_ULONG n)
{
	ENTER(C_GetAttributeValue);
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :
	    fault_token_attributes(real, s, o, t, n);
}

static CK_RV
fault_C_SignInit(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	ENTER(C_SignInit);
	fault_token_log("sign mechanism=0x%lx\n", m->mechanism);
	if (real == NULL || number("no-mechanism", CK_UNAVAILABLE_INFORMATION)
	    == m->mechanism)
		return CKR_MECHANISM_INVALID;
	rv = real->C_SignInit(s, m, key);
	/* A card that forgets an operation when the PIN is not right. */
	return rv == CKR_OPERATION_ACTIVE && has("always-authenticate") ?
	    CKR_OK : rv;
}

static CK_RV
fault_C_Sign(CK_SESSION_HANDLE s, unsigned char *data, CK_ULONG data_len,
    unsigned char *sig, CK_ULONG *sig_len)
{
	ENTER(C_Sign);
	return real == NULL ? CKR_FUNCTION_NOT_SUPPORTED :
	    fault_token_sign(real, s, data, data_len, sig, sig_len);
}

/* Every function of ours, once: for the list, and for "null". */
#define FUNCTIONS(X) \
	X(C_Initialize) X(C_Finalize) X(C_GetInfo) X(C_GetSlotList) \
	X(C_GetSlotInfo) X(C_GetTokenInfo) X(C_GetMechanismInfo) \
	X(C_OpenSession) X(C_CloseSession) X(C_CloseAllSessions) \
	X(C_GetSessionInfo) X(C_Login) X(C_Logout) X(C_GetAttributeValue) \
	X(C_FindObjectsInit) X(C_FindObjects) X(C_FindObjectsFinal) \
	X(C_SignInit) X(C_Sign) X(C_SetPIN) X(C_CreateObject) \
	X(C_GenerateKeyPair)

static int
load_real(void)
{
	char path[1024];
	CK_C_GetFunctionList get;
	void *handle, *symbol;

	if (real != NULL ||
	    fault_token_get("forward", path, sizeof(path)) == NULL)
		return 1;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	symbol = handle == NULL ? NULL : dlsym(handle, "C_GetFunctionList");
	if (symbol == NULL)
		return 0;
	memcpy(&get, &symbol, sizeof(get));
	return get(&real) == CKR_OK;
}

EXPORT CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
	char text[1024];
	ENTER(C_GetFunctionList);

	if (!load_real())
		return CKR_GENERAL_ERROR;
	if (real != NULL)
		ours = *real;
#define SET(name) ours.name = fault_##name;
	FUNCTIONS(SET)
#undef SET
	if (fault_token_get("null", text, sizeof(text)) != NULL) {
#define CLEAR(name) if (strcmp(text, #name) == 0) ours.name = NULL;
		FUNCTIONS(CLEAR)
#undef CLEAR
	}
	ours.version.major = (unsigned char)number("version", 2);
	ours.version.minor = 40;
	*ret = has("no-list") ? NULL : &ours;
	return CKR_OK;
}
