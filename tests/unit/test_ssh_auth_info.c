/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What sshd writes into SSH_AUTH_INFO_0, and what it never would.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/ssh_auth_info.h"

#include "../lib/unit.h"

/* As ssh-keygen made them. */
#define ED25519 "ssh-ed25519 " \
	"AAAAC3NzaC1lZDI1NTE5AAAAIDx2ZGKEHLTVXsYMxdBjCQrWVQJX5eGRI9nUAw/Fl4ea"
#define P256 "ecdsa-sha2-nistp256 " \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFExE8mgUb95" \
	"LBP0snT/Q6J6QXH+YjJBD0ZRKuS+s3G5t4L+v8H8ppEm7qKxnmBoxYMStRaxkjkd" \
	"UHFE2eiyoQM="
#define SECURITY "sk-ssh-ed25519@openssh.com " \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIDx2ZGKEHLTVXsYMxdBj" \
	"CQrWVQJX5eGRI9nUAw/Fl4eaAAAABHNzaDo="
#define CERTIFICATE "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1l"

static struct mtls_err err;

static enum mtls_status
read_text(const char *text, struct ssh_key *ret)
{
	size_t len = strlen(text);
	/* Exactly as long, so that a byte too many is seen. */
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	enum mtls_status status;

	assert_non_null(copy);
	memcpy(copy, text, len);
	mtls_err_clear(&err);
	memset(ret, 0x5a, sizeof(*ret));
	status = ssh_auth_info_read(copy, len, ret, &err);
	free(copy);
	return status;
}

static void
one_key_among_methods(void **state)
{
	static const char *const texts[] = {
		"publickey " ED25519 "\n", "publickey " ED25519,
		"password\npublickey " ED25519 "\nkeyboard-interactive/pam\n",
		"\npublickey " ED25519 "\n\n",
		"publickey " CERTIFICATE "\npublickey " ED25519 "\n",
		"publickey " ED25519 "\npublickey " SECURITY "\n",
		"hostbased " P256 "\npublickey " ED25519 "\n",
		"publickey " ED25519 "\npublickey " P256 "\n",
	};
	struct ssh_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i], &key), MTLS_OK);
		assert_int_equal(key.kind, SSH_KEY_ED25519);
		assert_int_equal(key.spki_len, 44);
	}
	assert_int_equal(read_text("publickey " P256 "\npublickey " ED25519,
	    &key), MTLS_OK);
	assert_int_equal(key.kind, SSH_KEY_P256);
	assert_int_equal(key.spki_len, 91);
}

static void
T117_nobodys_key(void **state)
{
	static const char *const texts[] = {
		"", "\n", "password\n", "hostbased " ED25519 "\n",
		"publickey2 " ED25519 "\n", " publickey " ED25519 "\n",
		"gssapi-with-mic publickey " ED25519 "\n", ED25519 "\n",
	};
	struct ssh_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i], &key),
		    MTLS_E_NOT_FOUND);
		assert_int_equal(key.spki_len, (size_t)0x5a5a5a5a5a5a5a5a);
	}
}

static void
of_no_use(void **state)
{
	static const char *const texts[][2] = {
		{ "publickey " CERTIFICATE "\n", "OpenSSH certificate" },
		{ "publickey " SECURITY "\n", "security key" },
		{ "publickey ssh-dss AAAAB3NzaC1kc3MAAAAA\n", "ssh-dss" },
		{ "publickey " CERTIFICATE "\npublickey " SECURITY "\n",
		    "OpenSSH certificate" },
	};
	struct ssh_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i][0], &key),
		    MTLS_E_TOKEN_UNUSABLE);
		assert_non_null(strstr(err.text, texts[i][1]));
	}
}

static void
what_sshd_never_writes(void **state)
{
	static const char *const texts[] = {
		"publickey\n", "publickey \n", "publickey ssh-ed25519\n",
		"publickey ssh-ed25519 \n", "publickey  " ED25519 "\n",
		"publickey " ED25519 " comment\n", "publickey " ED25519 "\r\n",
		"publickey " ED25519 "A\n", "publickey ssh-rsa "
		    "AAAAC3NzaC1lZDI1NTE5AAAAIDx2ZGKEHLTVXsYMxdBjCQrWVQJX5eGR"
		    "I9nUAw/Fl4ea\n",
		"publickey ssh-ed25519 AAAA\n",
		/* A good one in front or behind is no excuse. */
		"publickey " ED25519 "\npublickey ssh-ed25519 AAAA\n",
		"publickey ssh-ed25519 AAAA\npublickey " ED25519 "\n",
		("publickey aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
		    "ffffffffffgggggggggg AAAA\n"),
	};
	struct ssh_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i], &key), MTLS_E_PROTOCOL);
		assert_int_equal(key.spki_len, (size_t)0x5a5a5a5a5a5a5a5a);
	}
}

/* No bit of a key can be another without the key being another. */
static void
every_bit_counts(void **state)
{
	static const char good[] = "publickey " ED25519 "\n";
	static struct ssh_key want, key;
	char text[sizeof(good)];

	(void)state;
	assert_int_equal(read_text(good, &want), MTLS_OK);
	for (size_t i = 0; i < (sizeof(good) - 1) * 8; i++) {
		memcpy(text, good, sizeof(good));
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		if (strlen(text) != sizeof(good) - 1 ||
		    read_text(text, &key) != MTLS_OK)
			continue;
		/* The last character is the line's end, which may be away. */
		if (i / 8 < sizeof(good) - 2)
			assert_memory_not_equal(key.spki, want.spki,
			    want.spki_len);
	}
	for (size_t n = 0; n + 2 < sizeof(good); n++) {
		snprintf(text, sizeof(text), "%.*s", (int)n, good);
		assert_int_not_equal(read_text(text, &key), MTLS_OK);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_among_methods),
		cmocka_unit_test(T117_nobodys_key),
		cmocka_unit_test(of_no_use),
		cmocka_unit_test(what_sshd_never_writes),
		cmocka_unit_test(every_bit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
