/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The checks of single values of [verifier] and [token], and the list of
 * verifiers.
 */
#include "config.h"

#include "client/client_settings.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"
#include "mtls/text.h"

/* A whole word of digits, 1..65535. */
static int
parse_port(const char *s, size_t len, uint16_t *ret)
{
	uint32_t port = 0;
	size_t i;

	if (len == 0 || len > 5)
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		port = port * 10 + (uint32_t)(s[i] - '0');
	}
	if (port == 0 || port > 65535)
		return -1;
	*ret = (uint16_t)port;
	return 0;
}

static enum mtls_status
parse_server(const char *word, struct settings_server *ret,
    struct mtls_err *err)
{
	struct settings_server server = { NULL, SETTINGS_DEVICE_PORT,
	    SETTINGS_USER_PORT };
	const char *port, *port2;
	char name[254];
	size_t len;

	len = strcspn(word, ":");
	if (len >= sizeof(name))
		return mtls_fail(err, MTLS_E_CONFIG, "server name too long");
	memcpy(name, word, len);
	name[len] = '\0';
	if (!mtls_text_is_hostname(name))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not the DNS name of a server", name);
	if (word[len] == ':') {
		port = word + len + 1;
		port2 = strchr(port, ':');
		len = port2 != NULL ? (size_t)(port2 - port) : strlen(port);
		if (parse_port(port, len, &server.device_port) == -1 ||
		    (port2 != NULL && parse_port(port2 + 1,
		    strlen(port2 + 1), &server.user_port) == -1))
			return mtls_fail(err, MTLS_E_CONFIG,
			    "\"%s\": ports are 1 to 65535", word);
	}
	if (server.device_port == server.user_port)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\": both listeners cannot have one port", word);
	if (mtls_text_dup(&server.name, name, err) != MTLS_OK)
		return err->status;
	*ret = server;
	return MTLS_OK;
}

enum mtls_status
client_settings_each_word(const char *list,
    enum mtls_status (*check)(const char *word, struct mtls_err *err),
    struct mtls_err *err)
{
	static const char separators[] = ", \t";
	char word[1024];
	size_t len;

	for (;;) {
		list += strspn(list, separators);
		if (*list == '\0')
			return MTLS_OK;
		len = strcspn(list, separators);
		if (len >= sizeof(word))
			return mtls_fail(err, MTLS_E_CONFIG,
			    "a word of the list is too long");
		memcpy(word, list, len);
		word[len] = '\0';
		if (check(word, err) != MTLS_OK)
			return err->status;
		list += len;
	}
}

static enum mtls_status
check_server(const char *word, struct mtls_err *err)
{
	struct settings_server server = { NULL, 0, 0 };

	if (parse_server(word, &server, err) != MTLS_OK)
		return err->status;
	free(server.name);
	return MTLS_OK;
}

/* NAME=VALUE; nothing that tells the dynamic linker or libc what to do. */
static enum mtls_status
check_environment(const char *word, struct mtls_err *err)
{
	static const char *const forbidden[] = { "LD_", "GCONV_", "GLIBC_",
	    "MALLOC_", "OPENSSL_", "SSL_", "PATH=", "HOME=", "IFS=" };
	size_t i, len;

	len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (len == 0 || len > 64 || word[len] != '=' ||
	    (word[0] >= '0' && word[0] <= '9'))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not NAME=VALUE with a NAME of A-Z, 0-9 and _",
		    word);
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (strncmp(word, forbidden[i], strlen(forbidden[i])) == 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "\"%.*s\" may not be set", (int)len, word);
	}
	return MTLS_OK;
}

static enum mtls_status
check_directory(const char *word, struct mtls_err *err)
{
	const char *p;

	if (word[0] != '/' || word[1] == '\0' || strlen(word) > 1000)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not an absolute directory", word);
	for (p = word; *p != '\0'; p++) {
		if (strncmp(p, "/./", 3) == 0 || strncmp(p, "/../", 4) == 0 ||
		    strcmp(p, "/.") == 0 || strcmp(p, "/..") == 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "\"%s\" has \".\" or \"..\" in it", word);
	}
	return MTLS_OK;
}

enum mtls_status
client_settings_check_account(const char *value, struct mtls_err *err)
{
	if (!mtls_text_is_user(value) || strcmp(value, "root") == 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not an unprivileged account", value);
	return MTLS_OK;
}

static enum mtls_status
check_uri(const char *value, struct mtls_err *err)
{
	if (value[0] != '\0' && strncmp(value, "pkcs11:", 7) != 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "a PKCS#11 URI starts with \"pkcs11:\"");
	return MTLS_OK;
}

enum mtls_status
client_settings_check_value(const char *section, const char *name,
    const char *value, struct mtls_err *err)
{
	if (strcmp(section, "verifier") == 0)
		return strcmp(name, "servers") != 0 ? MTLS_OK :
		    client_settings_each_word(value, check_server, err);
	if (strcmp(section, "token") != 0)
		return MTLS_OK;
	if (strcmp(name, "uri") == 0)
		return check_uri(value, err);
	if (strcmp(name, "user") == 0)
		return client_settings_check_account(value, err);
	if (strcmp(name, "environment") == 0)
		return client_settings_each_word(value, check_environment,
		    err);
	if (strcmp(name, "writable") == 0)
		return client_settings_each_word(value, check_directory,
		    err);
	return MTLS_OK;
}

static enum mtls_status
check_doubles(const struct settings_server *servers, size_t n,
    struct mtls_err *err)
{
	const struct settings_server *a, *b;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++) {
			a = &servers[i];
			b = &servers[j];
			if (strcmp(a->name, b->name) == 0 &&
			    a->device_port == b->device_port)
				return mtls_fail(err, MTLS_E_CONFIG,
				    "server %s:%u is listed twice", a->name,
				    (unsigned)a->device_port);
		}
	}
	return MTLS_OK;
}

enum mtls_status
client_settings_servers(const struct mtls_conf_list *words,
    struct settings_server **ret, size_t *ret_n, struct mtls_err *err)
{
	struct settings_server *servers;
	size_t i;

	servers = calloc(words->n, sizeof(*servers));
	if (servers == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (i = 0; i < words->n; i++) {
		if (parse_server(words->words[i], &servers[i], err) !=
		    MTLS_OK)
			goto out;
	}
	if (check_doubles(servers, words->n, err) != MTLS_OK)
		goto out;
	*ret = servers;
	*ret_n = words->n;
	servers = NULL;
out:
	client_settings_servers_free(servers, words->n);
	return err->status;
}

void
client_settings_servers_free(struct settings_server *servers, size_t n)
{
	size_t i;

	if (servers == NULL)
		return;
	for (i = 0; i < n; i++)
		free(servers[i].name);
	free(servers);
}
