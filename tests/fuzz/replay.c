/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A main for a fuzzer where there is no libFuzzer: feeds it every file that
 * is named, and the same few hundred mutations of each at every run.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX 65536u
#define MUTATIONS 400

static uint32_t seed = 1;

/* Numerical Recipes' generator: the same everywhere. */
static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* In a block of exactly its size, so that ASan sees a read behind it. */
static void
feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* One to four changes: a bit, a byte, a piece moved, the end cut off. */
static size_t
mutate(uint8_t *data, size_t len)
{
	uint32_t at, n;

	for (uint32_t i = next_random(4) + 1; i > 0 && len > 1; i--) {
		at = next_random((uint32_t)len);
		n = next_random((uint32_t)len - at) + 1;
		switch (next_random(4)) {
		case 0:
			data[at] ^= (uint8_t)(1u << next_random(8));
			break;
		case 1:
			data[at] = (uint8_t)next_random(256);
			break;
		case 2:
			memmove(data + next_random((uint32_t)len - n + 1),
			    data + at, n);
			break;
		default:
			len = at + 1;
			break;
		}
	}
	return len;
}

static int
replay(const char *path)
{
	static uint8_t data[INPUT_MAX], copy[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	feed(data, len);
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(copy, data, len);
		feed(copy, mutate(copy, len));
	}
	return 0;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) != 0)
			return 1;
	}
	printf("%d inputs, %d mutations of each\n", argc - 1, MUTATIONS);
	return argc > 1 ? 0 : 1;
}
