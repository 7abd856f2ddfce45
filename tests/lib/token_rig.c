/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Cards for tests: the directory, the CAs, keys and certificates. Keys are
 * made by the library under test.
 */
#include "config.h"

#include "token_rig.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>

#include "pkcs11/internal.h"

/* Of the leak sanitizer, where the build has it. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

#define MUST(status) assert_int_equal((status), MTLS_OK)

static void
write_file(const char *path, const char *mode, const char *text)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static void
find_softhsm(struct token_rig *rig)
{
	static const char *const places[] = {
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib/pkcs11/libsofthsm2.so" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], R_OK) == 0) {
			strcpy(rig->softhsm, places[i]);
			return;
		}
	}
	print_message("SKIP: no SoftHSM (Debian: softhsm2)\n");
	exit(77);
}

static void
make_cas(struct token_rig *rig)
{
	static const struct token_rig_cert cas[2] = {
		{ .name = "Staff CA", .is_ca = 1 },
		{ .name = "Other CA", .is_ca = 1 } };

	for (int i = 0; i < 2; i++) {
		rig->ca_key[i] = EVP_EC_gen("P-256");
		assert_non_null(rig->ca_key[i]);
		rig->ca[i] = token_rig_issue(&cas[i], rig->ca_key[i], NULL,
		    rig->ca_key[i]);
	}
}

struct token_rig *
token_rig_new(void)
{
	struct token_rig *rig = calloc(1, sizeof(*rig));
	char text[512];

	assert_non_null(rig);
	rig->fd = -1;
	rig->child = (struct mtls_child)MTLS_CHILD_NONE;
	rig->account = "nobody";
	find_softhsm(rig);
	strcpy(rig->dir, "/tmp/mtls-token.XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	chmod(rig->dir, 0755);
	snprintf(rig->card, sizeof(rig->card), "%s/card", rig->dir);
	snprintf(rig->module, sizeof(rig->module), "%s/fault_token.so",
	    rig->dir);
	snprintf(rig->conf, sizeof(rig->conf), "%s/fault", rig->card);
	snprintf(rig->log, sizeof(rig->log), "%s/calls", rig->card);
	snprintf(rig->softhsm_conf, sizeof(rig->softhsm_conf),
	    "%s/softhsm2.conf", rig->card);
	snprintf(text, sizeof(text), "mkdir -p %s/tokens && install -m 755 "
	    "%s %s", rig->card, FAULT_TOKEN, rig->module);
	run(text);
	snprintf(text, sizeof(text), "directories.tokendir = %s/tokens\n"
	    "objectstore.backend = file\nlog.level = ERROR\n", rig->card);
	write_file(rig->softhsm_conf, "w", text);
	setenv("SOFTHSM2_CONF", rig->softhsm_conf, 1);
	setenv("FAULT_TOKEN_CONF", rig->conf, 1);
	token_rig_fault(rig, "");
	make_cas(rig);
	return rig;
}

static int
remove_one(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
token_rig_free(struct token_rig *rig)
{
	token_rig_end(rig);
	nftw(rig->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (int i = 0; i < 2; i++) {
		X509_free(rig->ca[i]);
		EVP_PKEY_free(rig->ca_key[i]);
	}
	free(rig);
}

/* The card belongs to the account that mtls-token becomes. */
static void
give_away(struct token_rig *rig)
{
	char command[256];

	if (geteuid() != 0)
		return;
	snprintf(command, sizeof(command), "chown -R %s %s", rig->account,
	    rig->card);
	run(command);
}

void
token_rig_card(struct token_rig *rig, const char *label)
{
	char command[512];

	snprintf(command, sizeof(command), "softhsm2-util --init-token "
	    "--free --label \"%s\" --pin " TOKEN_RIG_PIN " --so-pin "
	    TOKEN_RIG_SO_PIN " >/dev/null", label);
	run(command);
	give_away(rig);
}

/* A session to write on that card. */
static struct mtls_pkcs11_session *
open_card(struct mtls_pkcs11 *p, const char *label)
{
	struct mtls_pkcs11_session *session = NULL;
	struct mtls_pkcs11_list list = { 0 };
	struct mtls_secret *pin = mtls_secret_new(64);
	struct mtls_err err;
	uint32_t flags;
	int fds[2];

	mtls_err_clear(&err);
	MUST(mtls_pkcs11_list(p, "", &list, &err));
	for (size_t i = 0; i < list.n_tokens; i++) {
		if (strcmp(list.tokens[i].label, label) == 0)
			MUST(mtls_pkcs11_session_open(p, &list.tokens[i],
			    MTLS_PKCS11_WRITE, &session, &err));
	}
	assert_non_null(session);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], TOKEN_RIG_PIN, 6), 6);
	MUST(mtls_secret_read(pin, fds[0], 1000, &err));
	close(fds[0]);
	close(fds[1]);
	MUST(mtls_pkcs11_login(session, pin, MTLS_PKCS11_KEEP_LAST_TRY,
	    &flags, &err));
	pkcs11_forget_pin(session);
	mtls_secret_free(pin);
	mtls_pkcs11_list_clear(&list);
	return session;
}

/* A certificate as it is, whether or not it fits a key on the card. */
static void
store_raw(struct mtls_pkcs11_session *s, X509 *x509,
    const struct token_rig_cert *as)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char *der = NULL, *subject = NULL;
	CK_ULONG der_len = (CK_ULONG)i2d_X509(x509, &der);
	CK_ULONG subject_len = (CK_ULONG)i2d_X509_NAME(
	    X509_get_subject_name(x509), &subject);
	uint8_t id = as->id;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &no, 1 },
		{ CKA_ID, &id, 1 },
		{ CKA_LABEL, (void *)(uintptr_t)as->name, strlen(as->name) },
		{ CKA_SUBJECT, subject, subject_len },
		{ CKA_VALUE, der, der_len } };
	CK_OBJECT_HANDLE object;

	assert_int_equal(s->p->f->C_CreateObject(s->handle, template,
	    sizeof(template) / sizeof(template[0]), &object), CKR_OK);
	OPENSSL_free(der);
	OPENSSL_free(subject);
}

/* Everything with that CKA_ID gets another one. */
static void
change_id(struct mtls_pkcs11_session *s, uint8_t from, uint8_t to)
{
	CK_ATTRIBUTE id = { CKA_ID, &from, 1 };
	CK_OBJECT_HANDLE found[8];
	struct mtls_err err;
	size_t n = 0;

	mtls_err_clear(&err);
	MUST(pkcs11_find(s->p, s->handle, &id, 1, found, 8, &n, &err));
	id.pValue = &to;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(s->p->f->C_SetAttributeValue(s->handle,
		    found[i], &id, 1), CKR_OK);
}

static EVP_PKEY *
new_key(enum mtls_pkcs11_key_kind kind)
{
	return kind == MTLS_PKCS11_RSA2048 ? EVP_RSA_gen(2048) :
	    EVP_EC_gen(kind == MTLS_PKCS11_P384 ? "P-384" : "P-256");
}

void
token_rig_add(struct token_rig *rig, const char *card,
    const struct token_rig_cert *as, X509 **ret_x509, EVP_PKEY **ret_key)
{
	X509 *issuer = as->issued_by != NULL ? as->issued_by :
	    rig->ca[as->issuer];
	EVP_PKEY *issuer_key = as->issued_by != NULL ? as->issuer_key :
	    rig->ca_key[as->issuer];
	struct mtls_pkcs11_new_key new = { .kind = as->kind,
		.label = as->name, .id = { as->id }, .id_len = 1 };
	struct mtls_pkcs11_session *session;
	struct mtls_pkcs11 *p = NULL;
	EVP_PKEY *key = NULL;
	struct mtls_err err;
	int is_new = 0;
	X509 *x509;

	mtls_err_clear(&err);
	MUST(mtls_pkcs11_open(rig->softhsm, &p, &err));
	session = open_card(p, card);
	if (!as->no_key) {
		/* SoftHSM itself leaks with Ed25519. */
		if (__lsan_disable != NULL)
			__lsan_disable();
		MUST(mtls_pkcs11_generate(session, &new, &key, &err));
		if (__lsan_enable != NULL)
			__lsan_enable();
	}
	if (as->foreign_key || as->no_key) {
		EVP_PKEY_free(key);
		key = new_key(as->kind);
	}
	x509 = token_rig_issue(as, key, issuer, issuer_key);
	if (as->foreign_key || as->no_key) {
		store_raw(session, x509, as);
	} else {
		MUST(mtls_pkcs11_store_certificate(session, x509, &is_new,
		    &err));
		assert_int_equal(is_new, 1);
	}
	if (as->then_id != 0)
		change_id(session, as->id, as->then_id);
	mtls_pkcs11_session_close(session);
	mtls_pkcs11_close(p);
	give_away(rig);
	if (ret_key != NULL)
		*ret_key = key;
	else
		EVP_PKEY_free(key);
	if (ret_x509 != NULL)
		*ret_x509 = x509;
	else
		X509_free(x509);
}

void
token_rig_fault(struct token_rig *rig, const char *lines)
{
	char text[2048], new[128];

	snprintf(new, sizeof(new), "%s.new", rig->conf);
	snprintf(text, sizeof(text), "%s%s\nlog %s\n%s\n",
	    strstr(lines, "standalone") != NULL ? "#" : "forward ",
	    rig->softhsm, rig->log, lines);
	write_file(new, "w", text);
	chmod(new, 0644);
	assert_int_equal(rename(new, rig->conf), 0);
}

int
token_rig_calls(struct token_rig *rig, const char *line)
{
	FILE *f = fopen(rig->log, "r");
	char text[256];
	int n = 0;

	while (f != NULL && fgets(text, sizeof(text), f) != NULL)
		n += strncmp(text, line, strlen(line)) == 0 &&
		    (text[strlen(line)] == '\n' ||
		    text[strlen(line)] == ' ');
	if (f != NULL)
		fclose(f);
	return n;
}

void
token_rig_forget_calls(struct token_rig *rig)
{
	unlink(rig->log);
}

pid_t
token_rig_pid(struct token_rig *rig)
{
	char text[256];
	int pid = 0;
	FILE *f;

	while (pid == 0) {
		f = fopen(rig->log, "r");
		while (f != NULL && fgets(text, sizeof(text), f) != NULL)
			(void)sscanf(text, "pid %d", &pid);
		if (f != NULL)
			fclose(f);
		usleep(1000);
	}
	return (pid_t)pid;
}
