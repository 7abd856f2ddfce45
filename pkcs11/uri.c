/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * PKCS#11 URIs (RFC 7512). p11-kit decodes them; which attributes may stand
 * in one, and how often, is decided here before, because its parser takes
 * unknown ones, repeated ones, a file to read the PIN from and a module to
 * load.
 */
#include "config.h"

#include <string.h>

#include "mtls/text.h"
#include "pkcs11/internal.h"

#define URI_MAX 1024

static const char *const known[] = { "token", "serial", "manufacturer",
	"model", "slot-id", "slot-description", "slot-manufacturer", "object",
	"id", "type" };

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

enum value_kind { VALUE_TEXT, VALUE_BYTES };

static int
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/*
 * Escapes are whole and none of them is a NUL, except in CKA_ID, which is
 * bytes: some cards number their keys 0001, 0002.
 */
static int
value_is_sound(const char *value, size_t len, enum value_kind kind)
{
	if (len == 0)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (value[i] <= ' ' || value[i] == 0x7f)
			return 0;
		if (value[i] != '%')
			continue;
		if (len - i < 3 || !is_hex(value[i + 1]) ||
		    !is_hex(value[i + 2]))
			return 0;
		if (kind == VALUE_TEXT && value[i + 1] == '0' &&
		    value[i + 2] == '0')
			return 0;
		i += 2;
	}
	return 1;
}

/* One "name=value"; seen has a bit for each known name. */
static enum mtls_status
check_attribute(const char *at, size_t len, unsigned *seen,
    struct mtls_err *err)
{
	const char *equals = memchr(at, '=', len);
	size_t name_len = equals == NULL ? len : (size_t)(equals - at);
	const char *value = at + name_len + 1;
	size_t value_len = equals == NULL ? 0 : len - name_len - 1;

	for (size_t i = 0; i < N_KNOWN; i++) {
		if (strlen(known[i]) != name_len ||
		    memcmp(known[i], at, name_len) != 0)
			continue;
		if ((*seen & 1u << i) != 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "PKCS#11 URI: \"%s\" twice", known[i]);
		*seen |= 1u << i;
		if (!value_is_sound(value, value_len,
		    strcmp(known[i], "id") == 0 ? VALUE_BYTES : VALUE_TEXT))
			return mtls_fail(err, MTLS_E_CONFIG,
			    "PKCS#11 URI: bad value of \"%s\"", known[i]);
		if (strcmp(known[i], "type") == 0 &&
		    !(value_len == 4 && memcmp(value, "cert", 4) == 0) &&
		    !(value_len == 7 && memcmp(value, "private", 7) == 0))
			return mtls_fail(err, MTLS_E_CONFIG,
			    "PKCS#11 URI: type is neither cert nor private");
		return MTLS_OK;
	}
	return mtls_fail(err, MTLS_E_CONFIG,
	    "PKCS#11 URI: attribute \"%.*s\" is not taken here",
	    (int)(name_len > 40 ? 40 : name_len), at);
}

static enum mtls_status
check_attributes(const char *uri, struct mtls_err *err)
{
	const char *at = uri + strlen("pkcs11:");
	unsigned seen = 0;
	size_t len;

	if (strlen(uri) > URI_MAX)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "PKCS#11 URI: more than %d bytes", URI_MAX);
	if (strncmp(uri, "pkcs11:", 7) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "PKCS#11 URI: does not begin with \"pkcs11:\"");
	if (strchr(uri, '?') != NULL)
		return mtls_fail(err, MTLS_E_CONFIG, "PKCS#11 URI: nothing "
		    "after \"?\" is taken here (module-path, pin-source, ...)");
	while (*at != '\0') {
		len = strcspn(at, ";");
		if (check_attribute(at, len, &seen, err) != MTLS_OK)
			return MTLS_E_CONFIG;
		at += len;
		if (at[0] == ';' && at[1] == '\0')
			return mtls_fail(err, MTLS_E_CONFIG,
			    "PKCS#11 URI: ends in \";\"");
		if (*at == ';')
			at++;
	}
	return MTLS_OK;
}

enum mtls_status
pkcs11_uri_parse(const char *uri, P11KitUri **ret, struct mtls_err *err)
{
	enum mtls_status status;
	P11KitUri *parsed;
	int code;

	status = check_attributes(uri, err);
	if (status != MTLS_OK)
		return status;
	parsed = p11_kit_uri_new();
	if (parsed == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "PKCS#11 URI");
	code = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, parsed);
	if (code != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(parsed)) {
		p11_kit_uri_free(parsed);
		return mtls_fail(err, MTLS_E_CONFIG, "PKCS#11 URI: %s",
		    code == P11_KIT_URI_OK ? "not understood" :
		    p11_kit_uri_message(code));
	}
	*ret = parsed;
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_uri_check(const char *uri, struct mtls_err *err)
{
	enum mtls_status status;
	P11KitUri *parsed = NULL;

	if (*uri == '\0')
		return MTLS_OK;
	status = pkcs11_uri_parse(uri, &parsed, err);
	p11_kit_uri_free(parsed);
	return status;
}

int
pkcs11_uri_takes_token(P11KitUri *uri, CK_SLOT_ID slot,
    const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *token_info)
{
	CK_SLOT_ID wanted;

	if (uri == NULL)
		return 1;
	wanted = p11_kit_uri_get_slot_id(uri);
	return (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
	    p11_kit_uri_match_slot_info(uri, slot_info) == 1 &&
	    p11_kit_uri_match_token_info(uri, token_info) == 1;
}

static int
attribute_is(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, const void *value,
    size_t len)
{
	const CK_ATTRIBUTE *wanted = p11_kit_uri_get_attribute(uri, type);

	return wanted == NULL || (wanted->ulValueLen == len &&
	    (len == 0 || memcmp(wanted->pValue, value, len) == 0));
}

int
pkcs11_uri_takes_cert(P11KitUri *uri, const void *id, size_t id_len,
    const char *label)
{
	return uri == NULL || (attribute_is(uri, CKA_ID, id, id_len) &&
	    attribute_is(uri, CKA_LABEL, label, strlen(label)));
}
