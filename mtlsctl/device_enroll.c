/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl device enroll: the key of a machine and a signing request for it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "mtlsctl/ca_names.h"
#include "mtlsctl/csr.h"
#include "mtlsctl/device_commands.h"
#include "mtlsctl/key.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/output.h"

struct settings {
	const char *name, *out;
	int key;
	int json;
};

const struct ctl_option device_enroll_options[] = {
	{ "name", CTL_TEXT, offsetof(struct settings, name), 0, 0, NULL,
	    "HOST", "the machine's name, as verifiers will know it", 1 },
	{ "out", CTL_TEXT, offsetof(struct settings, out), 0, 0, NULL, "DIR",
	    "where machine.key and machine.csr go", 1 },
	{ "key", CTL_CHOICE, offsetof(struct settings, key), 0, 0, key_kinds,
	    "KIND", "p256 (the default), p384 or rsa3072", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say as JSON what was made", 0 },
	CTL_OPTIONS_END
};

struct enroll {
	struct settings set;
	char *key_path, *csr_path;
	EVP_PKEY *key;
	struct new_file key_file, csr_file;
};

/* Both files, complete and on the disk, but not under their names yet. */
static enum mtls_status
prepare(struct enroll *e, struct mtls_tls *tls, struct mtls_err *err)
{
	struct key_pem pem = { NULL, 0 };
	enum mtls_status status;
	char *csr = NULL;
	size_t len;

	if (asprintf(&e->key_path, "%s/machine.key", e->set.out) < 0 ||
	    asprintf(&e->csr_path, "%s/machine.csr", e->set.out) < 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = key_generate(tls, (enum key_kind)e->set.key, &e->key, err);
	if (status == MTLS_OK)
		status = key_to_pem(e->key, &pem, err);
	if (status == MTLS_OK)
		status = new_file_prepare(&e->key_file, e->key_path,
		    NEW_FILE_ONLY, 0600, pem.data, pem.len, err);
	key_pem_free(&pem);
	if (status == MTLS_OK)
		status = csr_make(tls, e->key, e->set.name, &csr, &len, err);
	if (status == MTLS_OK)
		status = new_file_prepare(&e->csr_file, e->csr_path,
		    NEW_FILE_ONLY, 0644, csr, len, err);
	free(csr);
	return status;
}

static enum mtls_status
show(const struct enroll *e, struct mtls_err *err)
{
	struct output *o = output_new(e->set.json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	char fingerprint[65] = "";
	enum mtls_status status;

	status = key_fingerprint(e->key, fingerprint, err);
	output_text(o, "name", e->set.name);
	output_text(o, "key_file", e->key_path);
	output_text(o, "file", e->csr_path);
	output_text(o, "key_sha256", fingerprint);
	output_row(o);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

CTL_COMMAND(device_enroll_command)
{
	struct enroll e = { .set = { NULL, NULL, KEY_P256, 0 },
		.key_file = NEW_FILE_NONE, .csr_file = NEW_FILE_NONE };
	enum mtls_status status;
	struct ctl_words words;

	status = ctl_options(device_enroll_options, argc, argv, &e.set,
	    &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = ca_check_host(e.set.name, err);
	if (status == MTLS_OK)
		status = prepare(&e, ctl->tls, err);
	if (status == MTLS_OK)
		status = new_file_commit(&e.key_file, err);
	if (status == MTLS_OK)
		status = new_file_commit(&e.csr_file, err);
	if (status == MTLS_OK)
		status = show(&e, err);
	if (status == MTLS_OK)
		ctl_note("Next, where the CA is: mtlsctl ca issue machine "
		    "--name %s --csr machine.csr --out machine.pem ...",
		    e.set.name);
	new_file_abandon(&e.key_file);
	new_file_abandon(&e.csr_file);
	EVP_PKEY_free(e.key);
	free(e.key_path);
	free(e.csr_path);
	return status;
}
