/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sshd asks for all methods of a list, so that every key here has signed in
 * this connection; which of them is meant is not said, and the first that
 * fits is taken.
 */
#include "config.h"

#include "ssh_auth_info.h"

#include <string.h>

#include "mtls/base64.h"

/* A part of the text. */
struct view {
	const char *text;
	size_t len;
};

/* What is in front of the separator, which goes as well. */
static struct view
cut(struct view *rest, char separator)
{
	const char *end = rest->len == 0 ? NULL :
	    memchr(rest->text, separator, rest->len);
	struct view word = { rest->text, end == NULL ? rest->len :
	    (size_t)(end - rest->text) };
	size_t gone = word.len + (end == NULL ? 0 : 1);

	rest->text += gone;
	rest->len -= gone;
	return word;
}

static int
is_word(struct view v, const char *word)
{
	return v.len == strlen(word) && memcmp(v.text, word, v.len) == 0;
}

static enum mtls_status
malformed(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "sshd's SSH_AUTH_INFO_0 is malformed");
}

/*
 * The names of sshd's own, of keys that are longer than any key here and are
 * never decoded.
 */
static int
is_certificate(struct view type)
{
	static const char tail[] = "-cert-v01@openssh.com";
	size_t len = sizeof(tail) - 1;

	return type.len > len &&
	    memcmp(type.text + type.len - len, tail, len) == 0;
}

/* "TYPE BASE64", all of it. */
static enum mtls_status
read_key(struct view line, struct ssh_key *ret, struct mtls_err *err)
{
	uint8_t blob[SSH_AUTH_INFO_KEY_MAX];
	struct view type = cut(&line, ' ');
	size_t n;

	memset(ret, 0, sizeof(*ret));
	if (type.len == 0 || type.len > SSH_KEY_TYPE_MAX || line.len == 0)
		return malformed(err);
	if (is_certificate(type)) {
		ret->kind = SSH_KEY_CERTIFICATE;
		memcpy(ret->type, type.text, type.len);
		return MTLS_OK;
	}
	if (mtls_base64_decode(blob, sizeof(blob), line.text, line.len,
	    &n) == -1)
		return malformed(err);
	if (ssh_key_read(blob, n, ret, err) != MTLS_OK)
		return err->status;
	return is_word(type, ret->type) ? MTLS_OK : malformed(err);
}

/* Of the first key that is of no use. */
struct other {
	enum ssh_key_kind kind;
	char type[SSH_KEY_TYPE_MAX + 1];	/* "": there is none */
};

static enum mtls_status
unusable(const struct other *other, struct mtls_err *err)
{
	if (other->type[0] == '\0')
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "sshd has verified no public key");
	if (other->kind == SSH_KEY_CERTIFICATE)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE, "sshd has "
		    "verified an OpenSSH certificate (%s): the plain key of "
		    "a card is wanted", other->type);
	if (other->kind == SSH_KEY_SECURITY)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE, "sshd has "
		    "verified a security key (%s), which has no X.509 "
		    "certificate", other->type);
	return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE, "sshd has verified a "
	    "key of a type that is of no use here (%s)", other->type);
}

static void
note_other(struct other *other, const struct ssh_key *key)
{
	if (other->type[0] != '\0')
		return;
	other->kind = key->kind;
	memcpy(other->type, key->type, sizeof(other->type));
}

enum mtls_status
ssh_auth_info_read(const uint8_t *data, size_t len, struct ssh_key *ret,
    struct mtls_err *err)
{
	struct view rest = { (const char *)data, len };
	struct view line, first = { NULL, 0 };
	struct other other = { SSH_KEY_OTHER, "" };
	struct ssh_key key;

	/* All of them are looked at, whichever is taken. */
	while (rest.len > 0) {
		line = cut(&rest, '\n');
		if (!is_word(cut(&line, ' '), "publickey"))
			continue;
		if (read_key(line, &key, err) != MTLS_OK)
			return err->status;
		if (key.spki_len == 0)
			note_other(&other, &key);
		else if (first.text == NULL)
			first = line;
	}
	return first.text != NULL ? read_key(first, ret, err) :
	    unusable(&other, err);
}
