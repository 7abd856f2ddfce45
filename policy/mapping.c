/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Map lines against one certificate. A line takes from one place only, and
 * that place must hold at most one name: the second of two would be chosen
 * by who wrote the certificate. Names are compared byte by byte.
 */
#include "config.h"

#include "mapping.h"

#include <string.h>

#include "pattern.h"

#define DN_MAX 1024

/* One more answer: the first rules, and a different one spoils it. */
static void
take_answer(struct mapping *m, const char *user, size_t len)
{
	switch (m->mapped) {
	case POLICY_MAPPED_NONE:
		memcpy(m->user, user, len);
		m->user[len] = '\0';
		m->mapped = POLICY_MAPPED_ONE;
		break;
	case POLICY_MAPPED_ONE:
		if (strlen(m->user) != len || memcmp(m->user, user, len) != 0)
			m->mapped = POLICY_MAPPED_DISAGREE;
		break;
	case POLICY_MAPPED_DISAGREE:
	case POLICY_MAPPED_MALFORMED:
	case POLICY_MAPPED_NO_BINDINGS:
	case POLICY_MAPPED_NOT_BOUND:
	case POLICY_MAPPED_COUNT:
		break;
	}
}

static void
spoil(struct mapping *m, enum policy_mapped how)
{
	if (m->mapped == POLICY_MAPPED_NONE || m->mapped == POLICY_MAPPED_ONE)
		m->mapped = how;
}

static const struct mtls_texts *
names_at(const struct mtls_identity *id, enum policy_take take)
{
	switch (take) {
	case POLICY_TAKE_UPN:
		return &id->upn;
	case POLICY_TAKE_EMAIL:
		return &id->email;
	case POLICY_TAKE_URI:
		return &id->uri;
	case POLICY_TAKE_CN:
		return &id->cn;
	case POLICY_TAKE_UID:
		return &id->uid;
	case POLICY_TAKE_SERIAL_NUMBER:
		return &id->subject_serial;
	}
	return NULL;
}

/*
 * Whether the name has the head and the tail that the line asks for; what is
 * between them is the user's.
 */
static int
cut_name(const struct policy_map *map, const char *name, char *user,
    size_t size)
{
	size_t head = map->head == NULL ? 0 : strlen(map->head);
	size_t tail = map->tail == NULL ? 0 : strlen(map->tail);
	size_t len = strlen(name);

	if (len < head + tail ||
	    (head > 0 && strncmp(name, map->head, head) != 0) ||
	    (tail > 0 && strcmp(name + len - tail, map->tail) != 0))
		return 0;
	len -= head + tail;
	/* Too long for a user: kept too long, so that it is refused. */
	if (len >= size)
		len = size - 1;
	memcpy(user, name + head, len);
	user[len] = '\0';
	return 1;
}

static void
ask_binding(struct mapping *m, const struct mapping_binding *binding)
{
	switch (binding->known) {
	case POLICY_NO:
		return;
	case POLICY_YES:
		if (binding->user != NULL &&
		    mtls_text_is_user(binding->user)) {
			take_answer(m, binding->user, strlen(binding->user));
			return;
		}
		break;
	case POLICY_CANNOT_TELL:
		break;
	}
	spoil(m, POLICY_MAPPED_NO_BINDINGS);
}

static void
ask_name(struct mapping *m, const struct policy_map *map,
    const struct mtls_identity *id, const struct mapping_binding *binding)
{
	const struct mtls_texts *names = names_at(id, map->take);
	char user[MTLS_USER_MAX + 2];

	if (names == NULL || names->n == 0)
		return;
	if (names->n > 1) {
		spoil(m, POLICY_MAPPED_DISAGREE);
		return;
	}
	if (!cut_name(map, names->text[0], user, sizeof(user)))
		return;
	/* user@other@realm: two ways to read it. */
	if (!mtls_text_is_user(user) ||
	    (map->tail != NULL && strchr(user, '@') != NULL)) {
		spoil(m, POLICY_MAPPED_MALFORMED);
		return;
	}
	if (map->and_bound && binding->known == POLICY_NO) {
		spoil(m, POLICY_MAPPED_NOT_BOUND);
		return;
	}
	take_answer(m, user, strlen(user));
	/* The second control: it must be known, and say the same. */
	if (map->and_bound)
		ask_binding(m, binding);
}

/* Both in hexadecimal; all of it or nothing. */
static void
ask_certificate(struct mapping *m, const struct policy_map *map,
    const struct mtls_identity *id)
{
	char key_id[2 * sizeof(id->key_id) + 1];
	const char *hex = id->serial;

	if (map->kind == POLICY_MAP_KEY_ID) {
		if (id->key_id_len != sizeof(id->key_id))
			return;
		hex = mtls_hex_encode(key_id, id->key_id,
		    sizeof(id->key_id));
	}
	if (strcmp(map->id, hex) == 0)
		take_answer(m, map->user, strlen(map->user));
}

static void
ask_line(struct mapping *m, const struct policy_map *map,
    const struct mtls_identity *id, const struct mapping_binding *binding)
{
	switch (map->kind) {
	case POLICY_MAP_BOUND:
		ask_binding(m, binding);
		break;
	case POLICY_MAP_NAME:
		ask_name(m, map, id, binding);
		break;
	case POLICY_MAP_SERIAL:
	case POLICY_MAP_KEY_ID:
		ask_certificate(m, map, id);
		break;
	}
}

int
mapping_wants_binding(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_maps; i++) {
		if (policy->maps[i].kind == POLICY_MAP_BOUND ||
		    policy->maps[i].and_bound)
			return 1;
	}
	return 0;
}

struct mapping
mapping_find(const struct policy *policy, const struct mtls_identity *id,
    const struct mapping_binding *binding)
{
	const struct policy_map *map;
	char issuer[DN_MAX];
	struct mapping m;

	memset(&m, 0, sizeof(m));
	if (pattern_normalise_dn(issuer, sizeof(issuer), id->issuer) != 0)
		m.mapped = POLICY_MAPPED_MALFORMED;
	for (size_t i = 0; i < policy->n_maps; i++) {
		map = &policy->maps[i];
		if (map->issuer == NULL || strcmp(map->issuer, issuer) == 0)
			ask_line(&m, map, id, binding);
	}
	if (m.mapped != POLICY_MAPPED_ONE)
		m.user[0] = '\0';
	return m;
}

struct policy_certificate
mapping_certificate(const struct mtls_identity *id)
{
	struct policy_certificate c = {
		.eku = id->eku,
		.policies = id->policies,
		.key = POLICY_KEY_OTHER,
		.bits = id->key_bits,
		.not_before_s = id->not_before_s,
		.not_after_s = id->not_after_s,
	};

	switch (id->key_type) {
	case MTLS_KEY_TYPE_RSA:
		c.key = POLICY_KEY_RSA;
		break;
	case MTLS_KEY_TYPE_EC:
	case MTLS_KEY_TYPE_ED25519:
		c.key = POLICY_KEY_EC;
		break;
	case MTLS_KEY_TYPE_OTHER:
		break;
	}
	return c;
}
