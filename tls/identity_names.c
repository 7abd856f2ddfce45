/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names out of subjectAltName and the subject. One value that is not exactly
 * what it must be spoils the certificate: a name that one program reads to
 * the NUL and another to the end, or that looks like its neighbour on a
 * screen, has been the way in elsewhere.
 */
#include "config.h"

#include "identity_names.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "context.h"
#include "mtls/text.h"

static enum mtls_status
no_memory(struct mtls_err *err)
{
	return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
}

static enum mtls_status
refuse(struct mtls_err *err, const char *what, const char *why)
{
	return mtls_fail(err, MTLS_E_PROTOCOL, "certificate: %s %s", what,
	    why);
}

/* Every character that Unicode calls white space and that is visible. */
static const char *const spaces[] = {
	" ", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
	"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
	"\xe2\x80\x8a", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"
};

static int
has_outer_space(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t len = strlen(spaces[i]);

		if (n >= len && (memcmp(s, spaces[i], len) == 0 ||
		    memcmp(s + n - len, spaces[i], len) == 0))
			return 1;
	}
	return 0;
}

/* Why the n bytes at s are not a name, or NULL. */
static const char *
name_problem(const char *s, size_t n)
{
	if (n == 0)
		return "is empty";
	if (n > MTLS_NAME_MAX)
		return "is too long";
	if (!mtls_text_is_utf8(s, n))
		return "has a NUL or is not UTF-8";
	if (!mtls_text_is_line(s, n))
		return "has a control or format character";
	if (has_outer_space(s, n))
		return "begins or ends with white space";
	return NULL;
}

static char *
copy_bytes(const char *s, size_t n)
{
	char *copy = malloc(n + 1);

	if (copy == NULL)
		return NULL;
	if (n > 0)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

/* Copies one value, already known to be of the right ASN.1 type. */
static enum mtls_status
add_name(struct mtls_texts *names, const char *what, const char *s, size_t n,
    struct mtls_err *err)
{
	const char *problem = name_problem(s, n);
	char **text;

	if (problem != NULL)
		return refuse(err, what, problem);
	if (names->n >= MTLS_NAMES_MAX)
		return refuse(err, what, "occurs too often");
	text = realloc(names->text, (names->n + 1) * sizeof(*text));
	if (text == NULL)
		return no_memory(err);
	names->text = text;
	text[names->n] = copy_bytes(s, n);
	if (text[names->n] == NULL)
		return no_memory(err);
	names->n++;
	return MTLS_OK;
}

static enum mtls_status
add_string(struct mtls_texts *names, const char *what,
    const ASN1_STRING *string, struct mtls_err *err)
{
	return add_name(names, what,
	    (const char *)ASN1_STRING_get0_data(string),
	    (size_t)ASN1_STRING_length(string), err);
}

/* IA5String is ASCII; libcrypto does not look. */
static enum mtls_status
add_ia5(struct mtls_texts *names, const char *what, const ASN1_STRING *string,
    struct mtls_err *err)
{
	const unsigned char *p = ASN1_STRING_get0_data(string);

	if (ASN1_STRING_type(string) != V_ASN1_IA5STRING)
		return refuse(err, what, "is not an IA5String");
	for (int i = 0; i < ASN1_STRING_length(string); i++) {
		if (p[i] >= 0x80)
			return refuse(err, what, "is not ASCII");
	}
	return add_string(names, what, string, err);
}

static enum mtls_status
add_other(struct mtls_identity *id, const OTHERNAME *other,
    struct mtls_err *err)
{
	if (OBJ_obj2nid(other->type_id) != NID_ms_upn)
		return MTLS_OK;
	if (other->value == NULL ||
	    ASN1_TYPE_get(other->value) != V_ASN1_UTF8STRING)
		return refuse(err, "UPN", "is not a UTF8String");
	return add_string(&id->upn, "UPN", other->value->value.utf8string,
	    err);
}

/* Kinds that nothing maps (addresses, directory names) are not read. */
static enum mtls_status
add_general_name(struct mtls_identity *id, const GENERAL_NAME *name,
    struct mtls_err *err)
{
	switch (name->type) {
	case GEN_OTHERNAME:
		return add_other(id, name->d.otherName, err);
	case GEN_EMAIL:
		return add_ia5(&id->email, "rfc822Name", name->d.rfc822Name,
		    err);
	case GEN_DNS:
		return add_ia5(&id->dns, "dNSName", name->d.dNSName, err);
	case GEN_URI:
		return add_ia5(&id->uri, "URI",
		    name->d.uniformResourceIdentifier, err);
	default:
		return MTLS_OK;
	}
}

/*
 * Decodes the value and insists on DER: a string in pieces, a length in more
 * bytes than it needs, or something behind the end would not come back the
 * same.
 */
static enum mtls_status
parse_san(const ASN1_OCTET_STRING *value, GENERAL_NAMES **ret,
    struct mtls_err *err)
{
	const unsigned char *der = ASN1_STRING_get0_data(value);
	const unsigned char *p = der;
	int len = ASN1_STRING_length(value);
	unsigned char *again = NULL;
	GENERAL_NAMES *names;
	int again_len;

	ERR_clear_error();
	names = d2i_GENERAL_NAMES(NULL, &p, len);
	if (names == NULL)
		return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
		    "certificate: subjectAltName is malformed");
	again_len = i2d_GENERAL_NAMES(names, &again);
	if (again_len != len || memcmp(again, der, (size_t)len) != 0) {
		OPENSSL_free(again);
		GENERAL_NAMES_free(names);
		if (again_len < 0)
			return no_memory(err);
		return refuse(err, "subjectAltName", "is not DER");
	}
	OPENSSL_free(again);
	*ret = names;
	return MTLS_OK;
}

enum mtls_status
mtls_identity_san(const X509 *certificate, struct mtls_identity *id,
    struct mtls_err *err)
{
	GENERAL_NAMES *names = NULL;
	enum mtls_status s;
	int at;

	at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
	if (at < 0)
		return MTLS_OK;
	s = parse_san(X509_EXTENSION_get_data(X509_get_ext(certificate, at)),
	    &names, err);
	for (int i = 0; s == MTLS_OK && i < sk_GENERAL_NAME_num(names); i++)
		s = add_general_name(id, sk_GENERAL_NAME_value(names, i),
		    err);
	GENERAL_NAMES_free(names);
	return s;
}

static enum mtls_status
add_attribute(struct mtls_texts *names, const char *what,
    const ASN1_STRING *value, struct mtls_err *err)
{
	int type = ASN1_STRING_type(value);

	if (type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING)
		return refuse(err, what,
		    "is neither UTF8String nor PrintableString");
	return add_string(names, what, value, err);
}

enum mtls_status
mtls_identity_subject(const X509_NAME *subject, struct mtls_identity *id,
    struct mtls_err *err)
{
	enum mtls_status s = MTLS_OK;

	for (int i = 0; s == MTLS_OK && i < X509_NAME_entry_count(subject);
	    i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(subject, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(e);

		switch (OBJ_obj2nid(X509_NAME_ENTRY_get_object(e))) {
		case NID_commonName:
			s = add_attribute(&id->cn, "CN", value, err);
			break;
		case NID_userId:
			s = add_attribute(&id->uid, "UID", value, err);
			break;
		case NID_serialNumber:
			s = add_attribute(&id->subject_serial,
			    "serialNumber", value, err);
			break;
		default:
			break;
		}
	}
	return s;
}

/* Attributes of other types are only shown, but nothing may hide in them. */
static enum mtls_status
check_attributes(const X509_NAME *name, const char *what,
    struct mtls_err *err)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		unsigned char *utf8 = NULL;
		int ok;
		int len;

		len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(name, i)));
		ok = len >= 0 && mtls_text_is_utf8((char *)utf8,
		    (size_t)len) && mtls_text_is_line((char *)utf8,
		    (size_t)len);
		OPENSSL_free(utf8);
		if (len < 0)
			return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
			    "certificate: %s is malformed", what);
		if (!ok)
			return refuse(err, what, "has an attribute with a "
			    "NUL, control or format character");
	}
	return MTLS_OK;
}

enum mtls_status
mtls_identity_name(const X509_NAME *name, const char *what, char **ret,
    struct mtls_err *err)
{
	unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)
	    ASN1_STRFLGS_ESC_MSB;
	BIO *bio = NULL;
	char *text;
	long len;
	enum mtls_status s;

	ERR_clear_error();
	s = check_attributes(name, what, err);
	if (s != MTLS_OK)
		return s;
	bio = BIO_new(BIO_s_mem());
	if (bio == NULL || X509_NAME_print_ex(bio, name, 0, flags) < 0) {
		s = no_memory(err);
		goto out;
	}
	len = BIO_get_mem_data(bio, &text);
	if (len < 0 || len > MTLS_NAME_MAX ||
	    !mtls_text_is_line(text, (size_t)len)) {
		s = refuse(err, what, "is too long or not printable");
		goto out;
	}
	text = copy_bytes(text, (size_t)len);
	if (text == NULL)
		s = no_memory(err);
	else
		*ret = text;
out:
	BIO_free(bio);
	return s;
}
