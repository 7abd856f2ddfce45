/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ca init: a root, a users CA and a machines CA in a new directory.
 * It is filled under another name and renamed when it is complete, so that
 * there is all of a CA or nothing.
 */
#include "config.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/file.h"
#include "mtls/text.h"
#include "mtlsctl/ca_commands.h"
#include "mtlsctl/ca_crl.h"
#include "mtlsctl/key.h"
#include "mtlsctl/new_file.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

#define YEAR_S		(INT64_C(86400) * 365)
#define ROOT_YEARS	20
#define CA_YEARS	10
#define BACKDATED_S	3600	/* clocks of machines differ */

struct settings {
	const char *org;
	int key;
	int json;
};

const struct ctl_option ca_init_options[] = {
	{ "org", CTL_TEXT, offsetof(struct settings, org), 0, 0, NULL, "NAME",
	    "the organisation, as it stands in certificates", 1 },
	{ "key", CTL_CHOICE, offsetof(struct settings, key), 0, 0, key_kinds,
	    "KIND", "p256 (the default), p384 or rsa3072", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "say as JSON what was made", 0 },
	CTL_OPTIONS_END
};

/* A new CA on its way. */
struct setup {
	struct ca_dir dir;
	struct settings set;
	struct ca_index index;
	struct ca cas[CA_COUNT];
};

static enum mtls_status
write_key(const struct ca_dir *dir, const struct ca *ca, struct mtls_err *err)
{
	char *path = ca_dir_path(dir, "%s.key", ca_names[ca->id]);
	struct key_pem pem = { NULL, 0 };
	enum mtls_status status;

	if (path == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = key_to_pem(ca->key, &pem, err);
	if (status == MTLS_OK)
		status = new_file_write(path, NEW_FILE_ONLY, 0600, pem.data,
		    pem.len, err);
	key_pem_free(&pem);
	free(path);
	return status;
}

static enum mtls_status
write_bundle(const struct ca_dir *dir, const char *name, X509 *first,
    X509 *second0, struct mtls_err *err)
{
	char *path = ca_dir_path(dir, "%s", name);
	enum mtls_status status;

	if (path == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = ca_write_certificates(path, first, second0, err);
	free(path);
	return status;
}

/* The CAs below the root are in the index: they can be revoked as well. */
static enum mtls_status
add_to_index(struct setup *s, const struct ca *ca,
    const struct ca_subject *dates, struct mtls_err *err)
{
	char name[CA_CN_MAX + 1];
	enum mtls_status status;
	struct ca_entry e;

	if (ca->id == CA_ROOT)
		return MTLS_OK;
	memset(&e, 0, sizeof(e));
	snprintf(name, sizeof(name), "%s CA", ca_names[ca->id]);
	memcpy(e.serial, dates->serial, sizeof(e.serial));
	e.issuer = CA_ROOT;
	e.kind = CA_KIND_CA;
	e.not_before_s = dates->not_before_s;
	e.not_after_s = dates->not_after_s;
	e.name = name;
	status = key_fingerprint(ca->key, e.key, err);
	if (status == MTLS_OK)
		status = ca_index_add(&s->index, &e, err);
	return status;
}

static enum mtls_status
make_ca(struct setup *s, enum ca_id id, struct mtls_err *err)
{
	char serial[2 * CA_SERIAL_BYTES + 1];
	struct ca_subject dates = { CA_KIND_CA, NULL, NULL, NULL, serial,
		0, 0 };
	struct ca *ca = &s->cas[id];
	enum mtls_status status;
	char name[16];

	ca->id = id;
	dates.not_before_s = timestamp_now() - BACKDATED_S;
	dates.not_after_s = dates.not_before_s + BACKDATED_S +
	    (id == CA_ROOT ? ROOT_YEARS : CA_YEARS) * YEAR_S;
	status = ca_index_serial(&s->index, serial, err);
	if (status == MTLS_OK)
		status = key_generate(s->dir.tls, (enum key_kind)s->set.key,
		    &ca->key, err);
	if (status == MTLS_OK && id == CA_ROOT)
		status = ca_make_root(s->dir.tls, s->set.org, &dates, ca->key,
		    &ca->certificate, err);
	else if (status == MTLS_OK)
		status = ca_make_intermediate(s->dir.tls, id,
		    &s->cas[CA_ROOT], s->set.org, &dates, ca->key,
		    &ca->certificate, err);
	if (status == MTLS_OK)
		status = add_to_index(s, ca, &dates, err);
	if (status == MTLS_OK)
		status = write_key(&s->dir, ca, err);
	snprintf(name, sizeof(name), "%s.pem", ca_names[id]);
	if (status == MTLS_OK)
		status = write_bundle(&s->dir, name, ca->certificate, NULL,
		    err);
	return status;
}

/* Everything that is in the directory of a CA. */
static enum mtls_status
fill(struct setup *s, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	struct ca_crl crl;
	X509 *root;

	if (mkdirat(s->dir.fd, "issued", 0700) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s/issued",
		    s->dir.path);
	for (int id = 0; id < CA_COUNT && status == MTLS_OK; id++)
		status = make_ca(s, (enum ca_id)id, err);
	if (status != MTLS_OK)
		return status;
	root = s->cas[CA_ROOT].certificate;
	status = write_bundle(&s->dir, "users-ca.pem",
	    s->cas[CA_USERS].certificate, root, err);
	if (status == MTLS_OK)
		status = write_bundle(&s->dir, "machines-ca.pem",
		    s->cas[CA_MACHINES].certificate, root, err);
	if (status == MTLS_OK)
		status = write_bundle(&s->dir, "verifier-ca.pem",
		    s->cas[CA_MACHINES].certificate, root, err);
	if (status == MTLS_OK)
		status = ca_index_write(&s->dir, &s->index, err);
	for (int id = 0; id < CA_COUNT && status == MTLS_OK; id++)
		status = ca_crl_write(&s->dir, &s->cas[id], &s->index, 0,
		    &crl, err);
	return status;
}

/* Removes a directory that was not finished. */
static void
remove_directory(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) != 0)
			(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		closedir(dir);
	(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/*
 * Opens the directory in which path is to be, and gives its real name and
 * the last component of path. It must be as safe as the CA will be.
 */
static enum mtls_status
open_parent(const char *path, int *ret_fd, char **ret_parent,
    char **ret_name, struct mtls_err *err)
{
	char *for_dirname = strdup(path);
	char *for_basename = strdup(path);
	enum mtls_status status = MTLS_OK;
	char *parent = NULL;
	char *name = NULL;

	if (for_dirname == NULL || for_basename == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	parent = realpath(dirname(for_dirname), NULL);
	if (parent == NULL)
		status = mtls_fail_errno(err, MTLS_E_CONFIG, errno,
		    "the directory of %s", path);
	name = strdup(basename(for_basename));
	if (status == MTLS_OK && (name == NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strcmp(name, "/") == 0))
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s is no name for a new directory", path);
	if (status == MTLS_OK)
		status = mtls_file_open_dir(parent, ret_fd, err);
out:
	free(for_dirname);
	free(for_basename);
	if (status == MTLS_OK) {
		*ret_parent = parent;
		*ret_name = name;
	} else {
		free(parent);
		free(name);
	}
	return status;
}

/* Makes the CA under a name of its own beside name, then renames it. */
static enum mtls_status
make(struct setup *s, struct mtls_tls *tls, int parent_fd, const char *parent,
    const char *name, struct mtls_err *err)
{
	enum mtls_status status;
	char *temporary;
	char *final;

	if (asprintf(&temporary, "%s/.mtlsctl-XXXXXX", parent) < 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mkdtemp(temporary) == NULL) {
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    parent);
		free(temporary);
		return status;
	}
	status = ca_dir_open(tls, temporary, &s->dir, err);
	if (status == MTLS_OK)
		status = fill(s, err);
	/* An empty directory gives way, everything else stays. */
	if (status == MTLS_OK &&
	    renameat(parent_fd, strrchr(temporary, '/') + 1, parent_fd,
	    name) != 0)
		status = mtls_fail_errno(err, MTLS_E_CONFIG, errno,
		    "%s/%s", parent, name);
	if (status == MTLS_OK)
		(void)fsync(parent_fd);
	else
		remove_directory(parent_fd, strrchr(temporary, '/') + 1);
	if (status == MTLS_OK && asprintf(&final, "%s/%s", parent, name) > 0) {
		free(s->dir.path);
		s->dir.path = final;
	}
	free(temporary);
	return status;
}

static enum mtls_status
show(const struct setup *s, struct mtls_err *err)
{
	struct output *o = output_new(s->set.json ? OUTPUT_JSON :
	    OUTPUT_RECORD);
	enum mtls_status status;
	char key[65];

	output_text(o, "directory", s->dir.path);
	output_text(o, "organisation", s->set.org);
	output_time(o, "root_until", ca_seconds(X509_get0_notAfter(
	    s->cas[CA_ROOT].certificate)));
	output_time(o, "cas_until", ca_seconds(X509_get0_notAfter(
	    s->cas[CA_USERS].certificate)));
	status = key_fingerprint(s->cas[CA_ROOT].key, key, err);
	output_text(o, "root_key_sha256", status == MTLS_OK ? key : NULL);
	output_row(o);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
check_org(const char *org, struct mtls_err *err)
{
	if (strlen(org) > CA_ORG_MAX || !mtls_text_is_printable(org) ||
	    org[0] == ' ' || org[strlen(org) - 1] == ' ')
		return mtls_fail(err, MTLS_E_USAGE, "--org is to be at most "
		    "%d bytes, without a space at either end or a backslash",
		    CA_ORG_MAX);
	return MTLS_OK;
}

CTL_COMMAND(ca_init_command)
{
	struct setup s = { CA_DIR_NONE, { NULL, KEY_P256, 0 }, CA_INDEX_NONE,
		{ CA_NONE, CA_NONE, CA_NONE } };
	enum mtls_status status;
	struct ctl_words words;
	char *parent = NULL;
	char *name = NULL;
	int parent_fd = -1;

	status = ctl_options(ca_init_options, argc, argv, &s.set, &words,
	    err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 1, 1, "DIR", err);
	if (status == MTLS_OK)
		status = check_org(s.set.org, err);
	if (status == MTLS_OK)
		status = open_parent(words.word[0], &parent_fd, &parent, &name,
		    err);
	if (status == MTLS_OK)
		status = make(&s, ctl->tls, parent_fd, parent, name, err);
	if (status == MTLS_OK)
		status = show(&s, err);
	if (status == MTLS_OK)
		ctl_note("Keep %s to yourself; root.key is wanted again only "
		    "for the root's CRL, once a year.", s.dir.path);
	for (int id = 0; id < CA_COUNT; id++)
		ca_clear(&s.cas[id]);
	ca_index_clear(&s.index);
	ca_dir_close(&s.dir);
	if (parent_fd >= 0)
		close(parent_fd);
	free(parent);
	free(name);
	return status;
}
