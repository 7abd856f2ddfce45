/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Prints the tables of PROTOCOL.md from the files that declare the messages
 * and bodies: "protocol_tables messages" or "protocol_tables bodies".
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void
range(const char *kind, uint64_t min, uint64_t max)
{
	if (strcmp(kind, "id") == 0 || strcmp(kind, "nonce") == 0)
		printf(" |\n");
	else if (max == UINT64_MAX)
		printf("%" PRIu64 "... |\n", min);
	else if (min == max)
		printf("%" PRIu64 " |\n", min);
	else
		printf("%" PRIu64 "-%" PRIu64 " |\n", min, max);
}

/* The program behind a direction of messages.def. */
static const char *
from_name(const char *from)
{
	if (strcmp(from, "MODULE") == 0)
		return "pam_mtls.so";
	if (strcmp(from, "HELPER") == 0)
		return "mtls-helper";
	if (strcmp(from, "TOKEN") == 0)
		return "mtls-token";
	if (strcmp(from, "ADMIN") == 0)
		return "mtlsctl";
	if (strcmp(from, "ASKPASS") == 0)
		return "mtls-askpass";
	if (strcmp(from, "KEEPER") == 0)
		return "keeper";
	return "mtls-verifier";
}

static void
messages(void)
{
	printf("| message | no. | from | descriptor | field | kind | range |\n"
	    "|---|---|---|---|---|---|---|\n");
#define MESSAGE(NAME, name, number, from, descriptor) \
	printf("| " #NAME " | " #number " | %s | %s | | | |\n", \
	    from_name(#from), strcmp(#descriptor, "ONE") == 0 ? "yes" : "");
#define FIELD(name, kind, field, min, max) \
	printf("| | | | | `" #field "` | " #kind " | "); \
	range(#kind, (uint64_t)(min), (uint64_t)(max));
#define MESSAGE_END(name)
#include "mtls/messages.def"
}

static void
bodies(void)
{
	printf("| body | member | kind | range |\n|---|---|---|---|\n");
#define BODY(NAME, name) printf("| " #NAME " | | | |\n");
#define ITEM(name, kind, item, min, max) \
	printf("| | `" #item "` | " #kind " | "); \
	range(#kind, (uint64_t)(min), (uint64_t)(max));
#define BODY_END(name)
#include "mtls/bodies.def"
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "messages") == 0)
		messages();
	else if (argc == 2 && strcmp(argv[1], "bodies") == 0)
		bodies();
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
