/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "make_corpus DIR": the inputs that the fuzzers begin with, from the same
 * declarations as the code, in DIR/message, DIR/body and DIR/conf.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/sample.h"

static const char *const confs[] = {
	"[a]\ntext = x\n",
	"# c\n; c\n\n[a]\ntext = J\xc3\xbcrgen \\ x\npath = /etc//x/\n"
	    "number = 70000\nwait = 1d\n[b]\nyesno = yes\nchoice = two\n"
	    "list = a, b c,d\n",
	"[a]\nnumber = 3\nnumber = 4\n",
	"[a]\nnumber = 03\n",
	"[a]\r\ntext = x\r\n",
	"[a]\n text = x\n",
	"[a] ; x\n",
	"text = x\n",
	"[service sshd]\nx = y\n",
	"\xef\xbb\xbf[a]\ntext=x",
	"[b]\nlist = ,\n",
};

static void
write_input(const char *dir, const char *kind, unsigned n, const void *data,
    size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, kind);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%03u", dir, kind, n);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
messages(const char *dir)
{
	struct mtls_message m;
	unsigned n = 0;
	uint8_t *data;
	size_t len;

	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		for (int size = SAMPLE_MIN; size <= SAMPLE_SMALL; size++) {
			sample_message(&m, *t, (enum sample_size)size);
			if (mtls_message_encode(&m, &data, &len, NULL) !=
			    MTLS_OK)
				abort();
			write_input(dir, "message", n++, data, len);
			mtls_message_data_free(data, len);
			mtls_message_clear(&m);
		}
	}
}

static void
bodies(const char *dir)
{
	union sample_any_body body;
	static char input[MTLS_BODY_MAX + 1];
	unsigned n = 0;
	char *json;
	size_t len;

	for (int t = 0; t < MTLS_BODY_COUNT; t++) {
		for (int size = SAMPLE_MIN; size <= SAMPLE_MAX; size++) {
			sample_body(&body, (enum mtls_body_type)t,
			    (enum sample_size)size);
			if (mtls_body_format((enum mtls_body_type)t, &body,
			    &json, &len, NULL) != MTLS_OK)
				abort();
			input[0] = (char)t;
			memcpy(input + 1, json, len);
			write_input(dir, "body", n++, input, len + 1);
			free(json);
			mtls_body_clear((enum mtls_body_type)t, &body);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	(void)mkdir(argv[1], 0755);
	messages(argv[1]);
	bodies(argv[1]);
	for (unsigned i = 0; i < sizeof(confs) / sizeof(confs[0]); i++)
		write_input(argv[1], "conf", i, confs[i], strlen(confs[i]));
	return 0;
}
