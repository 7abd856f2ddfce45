/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A table of those that have a connection now, under one lock that is held
 * for a few comparisons.
 */
#include "config.h"

#include "room.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096u		/* a power of 2 */

struct client {
	struct network_address address;
	uint32_t n;
	struct client *next;
};

struct room {
	pthread_mutex_t lock;
	struct client *clients[BUCKETS];
};

enum mtls_status
room_new(struct room **ret, struct mtls_err *err)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL || pthread_mutex_init(&room->lock, NULL) != 0) {
		free(room);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	*ret = room;
	return MTLS_OK;
}

void
room_free(struct room *room)
{
	struct client *client;

	if (room == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((client = room->clients[i]) != NULL) {
			room->clients[i] = client->next;
			free(client);
		}
	}
	(void)pthread_mutex_destroy(&room->lock);
	free(room);
}

/* Of what network_same_client() compares: 4 bytes of IPv4, 8 of IPv6. */
static size_t
bucket_of(const struct network_address *address)
{
	size_t n = address->family == AF_INET ? 4 : 8;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ address->bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

/* Where the client is, or where it would be. */
static struct client **
find(struct room *room, const struct network_address *address)
{
	struct client **at = &room->clients[bucket_of(address)];

	while (*at != NULL &&
	    !network_same_client(&(*at)->address, address))
		at = &(*at)->next;
	return at;
}

static int
enter(struct room *room, const struct network_address *address, uint32_t max)
{
	struct client **at = find(room, address);
	struct client *client = *at;

	if (client == NULL) {
		if (max == 0)
			return 0;
		client = calloc(1, sizeof(*client));
		if (client == NULL)
			return 0;
		client->address = *address;
		*at = client;
	}
	if (client->n >= max)
		return 0;
	client->n++;
	return 1;
}

int
room_enter(struct room *room, const struct network_address *address,
    uint32_t max)
{
	int has_room;

	(void)pthread_mutex_lock(&room->lock);
	has_room = enter(room, address, max);
	(void)pthread_mutex_unlock(&room->lock);
	return has_room;
}

void
room_leave(struct room *room, const struct network_address *address)
{
	struct client **at, *client;

	(void)pthread_mutex_lock(&room->lock);
	at = find(room, address);
	client = *at;
	if (client != NULL && --client->n == 0) {
		*at = client->next;
		free(client);
	}
	(void)pthread_mutex_unlock(&room->lock);
}
