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
ask_line(struct mapping *m, const struct policy_map *map,
    const struct mtls_identity *id)
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
	take_answer(m, user, strlen(user));
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

int
mapping_wants_binding(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_maps; i++) {
		if (policy->maps[i].issuer == NULL)
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
		if (map->issuer == NULL)
			ask_binding(&m, binding);
		else if (strcmp(map->issuer, issuer) == 0)
			ask_line(&m, map, id);
	}
	if (m.mapped != POLICY_MAPPED_ONE)
		m.user[0] = '\0';
	return m;
}
