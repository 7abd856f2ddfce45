/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TLS records out of and into the records of a relay. Tests only.
 */
#include "config.h"

#include "relay_person.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct relay_person {
	struct relay_person_options o;
	SSL_CTX *ctx;
	SSL *ssl;
	unsigned connection, n_prompts;
	struct mtls_body_relay hello;
	int was_asked;			/* the request is out */
	char answer[8192];		/* of the verifier */
	size_t answer_len;
	struct mtls_relay_record in, out;
};

struct relay_person *
relay_person_new(const struct relay_person_options *options)
{
	struct relay_person *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->o = *options;
	p->ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(p->ctx);
	/* The one that the floods of fake_verifier.h can be written for. */
	assert_int_equal(SSL_CTX_set_ciphersuites(p->ctx,
	    "TLS_AES_128_GCM_SHA256"), 1);
	SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER, NULL);
	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(p->ctx),
	    p->o.ca), 1);
	assert_int_equal(SSL_CTX_use_certificate(p->ctx, p->o.cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, p->o.key), 1);
	return p;
}

void
relay_person_free(struct relay_person *p)
{
	if (p == NULL)
		return;
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	mtls_body_clear(MTLS_BODY_RELAY, &p->hello);
	free(p);
}

static void
connect_once_more(struct relay_person *p)
{
	SSL_free(p->ssl);
	p->ssl = SSL_new(p->ctx);
	assert_non_null(p->ssl);
	SSL_set_bio(p->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(p->ssl), -1);
	assert_int_equal(SSL_set1_host(p->ssl, p->o.verifier), 1);
	assert_int_equal(SSL_set_tlsext_host_name(p->ssl, p->o.verifier), 1);
	SSL_set_connect_state(p->ssl);
	p->connection++;
}

static void
take_hello(struct relay_person *p)
{
	assert_int_equal(p->in.flag, MTLS_RELAY_HELLO);
	assert_int_equal(mtls_body_parse(MTLS_BODY_RELAY,
	    (const char *)p->in.data, p->in.len, &p->hello, NULL), MTLS_OK);
	assert_string_equal(p->hello.verifier, p->o.verifier);
	connect_once_more(p);
}

static void
send_proof(struct relay_person *p)
{
	static char method[] = "relay";
	struct mtls_body_proof proof;
	char *json = NULL, head[256];
	size_t len = 0;

	memset(&proof, 0, sizeof(proof));
	proof.version = 1;
	memcpy(proof.challenge, p->hello.challenge, MTLS_ID_BYTES);
	proof.user = (char *)(uintptr_t)p->o.user;
	proof.service = (char *)(uintptr_t)p->o.service;
	proof.host = (char *)(uintptr_t)p->o.host;
	proof.method = method;
	assert_int_equal(mtls_body_format(MTLS_BODY_PROOF, &proof, &json,
	    &len, NULL), MTLS_OK);
	(void)snprintf(head, sizeof(head), "POST /v1/proofs HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n", p->o.verifier, len);
	assert_true(SSL_write(p->ssl, head, (int)strlen(head)) > 0);
	assert_true(SSL_write(p->ssl, json, (int)len) > 0);
	free(json);
	p->was_asked = 1;
}

/* What TLS makes of what has come. 1 once TAKEN is here. */
static int
go_on(struct relay_person *p)
{
	int n;

	if (!SSL_is_init_finished(p->ssl) && SSL_do_handshake(p->ssl) != 1)
		return 0;
	if (!p->was_asked)
		send_proof(p);
	do {
		n = SSL_read(p->ssl, p->answer + p->answer_len,
		    (int)(sizeof(p->answer) - 1 - p->answer_len));
		if (n > 0)
			p->answer_len += (size_t)n;
	} while (n > 0);
	p->answer[p->answer_len] = '\0';
	return strncmp(p->answer, "HTTP/1.1 200", 12) == 0 &&
	    strstr(p->answer, "\"challenge\"") != NULL;
}

static void
write_answer(struct relay_person *p, enum mtls_relay_flag flag,
    const char *reason, char out[MTLS_RELAY_ANSWER_MAX + 1])
{
	BIO *bio = SSL_get_wbio(p->ssl);
	int n;

	memset(&p->out, 0, sizeof(p->out));
	p->out.seq = p->in.seq;
	p->out.connection = p->connection;
	p->out.flag = flag;
	if (flag == MTLS_RELAY_FAIL) {
		p->out.len = strlen(reason);
		memcpy(p->out.data, reason, p->out.len);
	} else if (flag == MTLS_RELAY_IDLE) {
		n = BIO_read(bio, p->out.data, MTLS_RELAY_ANSWER_BYTES);
		p->out.len = n > 0 ? (size_t)n : 0;
		if (BIO_ctrl_pending(bio) > 0)
			p->out.flag = MTLS_RELAY_MORE;
	}
	assert_int_equal(mtls_relay_format_answer(&p->out, out, NULL),
	    MTLS_OK);
}

void
relay_person_answer(struct relay_person *p, const char *prompt,
    char out[MTLS_RELAY_ANSWER_MAX + 1])
{
	assert_int_equal(mtls_relay_parse_prompt(prompt, &p->in, NULL),
	    MTLS_OK);
	assert_int_equal(p->in.seq, p->n_prompts);
	p->n_prompts++;
	if (p->in.seq == 0) {
		take_hello(p);
	} else {
		assert_int_equal(p->in.connection, p->connection);
		if (p->in.len > 0)
			assert_int_equal(BIO_write(SSL_get_rbio(p->ssl),
			    p->in.data, (int)p->in.len), p->in.len);
	}
	/* The flight of the verifier has been seen: that was to look. */
	if (p->o.looks_first && p->connection == 1 && p->in.len > 0 &&
	    p->in.seq > 0)
		connect_once_more(p);
	if (go_on(p))
		write_answer(p, MTLS_RELAY_DONE, NULL, out);
	else if (p->in.flag == MTLS_RELAY_END)
		write_answer(p, MTLS_RELAY_FAIL, "the verifier has closed",
		    out);
	else
		write_answer(p, MTLS_RELAY_IDLE, NULL, out);
}

unsigned
relay_person_prompts(const struct relay_person *p)
{
	return p->n_prompts;
}

const struct mtls_body_relay *
relay_person_hello0(const struct relay_person *p)
{
	return &p->hello;
}
