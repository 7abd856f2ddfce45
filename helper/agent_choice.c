/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An agent can sign with RSA, but as PKCS#1 v1.5 only, which TLS 1.3 does
 * not know; a security key (sk-) signs a structure of its own.
 */
#include "config.h"

#include "agent_choice.h"

#include <stdio.h>
#include <string.h>

/* Whether the key that was read can sign; counted where it cannot. */
static int
is_usable(struct agent_choice *c)
{
	switch (c->key.kind) {
	case SSH_KEY_P256:
	case SSH_KEY_P384:
	case SSH_KEY_ED25519:
		return 1;
	case SSH_KEY_RSA:
		c->n_rsa++;
		return 0;
	case SSH_KEY_SECURITY:
		c->n_security++;
		return 0;
	case SSH_KEY_CERTIFICATE:
		c->n_certificates++;
		return 0;
	case SSH_KEY_OTHER:
		break;
	}
	c->n_other++;
	return 0;
}

int
agent_choice_next(struct agent_choice *c, unsigned max)
{
	const struct ssh_agent_key *k;
	struct mtls_err err;

	while (c->next < c->keys.n && c->n_tried < max) {
		k = &c->keys.key[c->next++];
		mtls_err_clear(&err);
		if (ssh_key_read(k->blob, k->blob_len, &c->key, &err) !=
		    MTLS_OK) {
			c->n_other++;
		} else if (is_usable(c)) {
			c->n_tried++;
			c->chosen = k;
			return 1;
		}
	}
	return 0;
}

static void
add(char *text, size_t size, unsigned n, const char *what)
{
	size_t used = strlen(text);

	if (n > 0)
		(void)snprintf(text + used, size - used, "%s%u %s",
		    used > 0 ? ", " : "", n, what);
}

enum mtls_status
agent_choice_none(const struct agent_choice *c, const char *user,
    struct mtls_err *err)
{
	char text[300] = "";

	add(text, sizeof(text), c->n_invalid,
	    "with a certificate that is not valid any more");
	add(text, sizeof(text), c->n_tried - c->n_invalid,
	    "without a bound certificate");
	add(text, sizeof(text), (unsigned)(c->keys.n - c->next),
	    "not looked at");
	add(text, sizeof(text), c->n_rsa, "RSA (agents do not sign as TLS "
	    "1.3 wants it)");
	add(text, sizeof(text), c->n_security, "security keys (sk-)");
	add(text, sizeof(text), c->n_certificates, "OpenSSH certificates");
	add(text, sizeof(text), c->n_other, "of another kind");
	return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
	    "the ssh-agent has no key for %s: %s", user,
	    text[0] != '\0' ? text : "it is empty");
}

void
agent_choice_clear(struct agent_choice *c)
{
	ssh_agent_keys_clear(&c->keys);
}
