/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What was in a message, a datagram or a file is gone before its memory goes
 * back to the heap: every block that our objects free is searched.
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/body.h"
#include "mtls/file.h"
#include "mtls/message.h"

#include "../lib/scratch.h"
#include "../lib/unit.h"

#define CANARY "CANARY-649153"

static int leaks;
static int watching;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (watching && p != NULL && memmem(p, malloc_usable_size(p),
	    CANARY, strlen(CANARY)) != NULL)
		leaks++;
	__real_free(p);
}

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	leaks = 0;
	return scratch_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	watching = 0;
	return scratch_end();
}

static void
T109_messages_and_datagrams(void **state)
{
	struct mtls_message m = { .type = MTLS_MSG_ANSWER };
	struct mtls_message again;
	struct mtls_deadline soon = mtls_deadline_in_ms(20000);
	int fds[2], fd;

	(void)state;
	/* It has an opinion on searching freed blocks. */
	if (under_valgrind())
		skip();
	assert_int_equal(mtls_message_socketpair(fds, NULL), MTLS_OK);
	assert_int_equal(mtls_text_dup(&m.u.answer.text, CANARY, NULL),
	    MTLS_OK);
	watching = 1;
	assert_int_equal(mtls_message_send(fds[0], &m, -1, soon, NULL),
	    MTLS_OK);
	assert_int_equal(mtls_message_recv(fds[1], &again, &fd, soon, NULL),
	    MTLS_OK);
	assert_string_equal(again.u.answer.text, CANARY);
	mtls_message_clear(&again);
	mtls_message_clear(&m);
	/* One that is refused after its text was read. */
	assert_int_equal(send(fds[0], "\1\5\0\0\0\0\15" CANARY "x", 21, 0),
	    21);
	assert_int_equal(mtls_message_recv(fds[1], &again, &fd, soon, NULL),
	    MTLS_E_PROTOCOL);
	assert_int_equal(leaks, 0);
	close(fds[0]);
	close(fds[1]);
}

static void
T109_bytes(void **state)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };
	uint8_t *data;
	size_t len;

	(void)state;
	/* It has an opinion on searching freed blocks. */
	if (under_valgrind())
		skip();
	watching = 1;
	m.u.token_sign.scheme = 1;
	assert_int_equal(mtls_bytes_dup(&m.u.token_sign.message, CANARY,
	    strlen(CANARY), NULL), MTLS_OK);
	assert_int_equal(mtls_message_encode(&m, &data, &len, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	mtls_message_data_free(data, len);
	assert_int_equal(leaks, 0);
}

static void
T109_files(void **state)
{
	char *data;
	size_t len;

	(void)state;
	/* It has an opinion on searching freed blocks. */
	if (under_valgrind())
		skip();
	scratch_file("key", CANARY, strlen(CANARY), 0600);
	watching = 1;
	assert_int_equal(mtls_file_read(scratch_path("key"),
	    MTLS_FILE_PRIVATE, 100, &data, &len, NULL), MTLS_OK);
	mtls_file_data_free(data, len);
	assert_int_equal(leaks, 0);
	/* The search finds what there is to find. */
	data = strdup(CANARY);
	free(data);
	assert_int_equal(leaks, 1);
}

#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(T109_messages_and_datagrams),
		IN_SCRATCH(T109_bytes),
		IN_SCRATCH(T109_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
