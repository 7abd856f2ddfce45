/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One TOKEN_CERT: the certificate, what tells it from others, and what the
 * helper must know before it asks for a PIN.
 */
#include "config.h"

#include "offer.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtls/message.h"
#include "mtls/pem.h"

#define CHAIN_BYTES_MAX	24576u
#define SUBJECT_MAX	512u

/* Cuts s to max bytes at the beginning of a character. */
static void
cut(char *s, size_t max)
{
	if (strlen(s) <= max)
		return;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	s[max] = '\0';
}

static enum mtls_status
append_chain(const struct mtls_pkcs11_list *list,
    const struct token_choice *choice, struct mtls_bytes *chain,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	uint8_t *der;
	size_t len;

	chain->data = malloc(CHAIN_BYTES_MAX);
	if (chain->data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "chain");
	for (size_t i = 0; status == MTLS_OK && i < choice->n_chain; i++) {
		status = mtls_der_of_certificate(
		    list->certs[choice->chain[i]].x509, &der, &len, err);
		if (status != MTLS_OK)
			break;
		if (len <= CHAIN_BYTES_MAX - chain->len) {
			memcpy(chain->data + chain->len, der, len);
			chain->len += len;
		} else {
			status = mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
			    "the chain on the card is too large");
		}
		free(der);
	}
	return status;
}

static enum mtls_status
fill(const struct mtls_pkcs11_list *list, const struct token_choice *choice,
    const struct mtls_identity *id, struct mtls_msg_token_cert *m,
    struct mtls_err *err)
{
	const struct mtls_pkcs11_cert *cert = &list->certs[choice->cert];
	const struct mtls_pkcs11_token *token = &list->tokens[cert->token];
	enum mtls_status status;

	m->mechanisms = cert->mechanisms;
	m->pin_flags = token->pin_flags;
	m->pin_min = token->pin_min;
	m->pin_max = token->pin_max;
	status = mtls_text_dup(&m->subject, id->subject, err);
	if (status == MTLS_OK) {
		cut(m->subject, SUBJECT_MAX);
		status = mtls_text_dup(&m->label, cert->label, err);
	}
	if (status == MTLS_OK)
		status = mtls_text_dup(&m->token, token->label, err);
	if (status == MTLS_OK)
		status = mtls_text_dup(&m->serial, token->serial, err);
	if (status == MTLS_OK)
		status = mtls_der_of_certificate(cert->x509, &m->der.data,
		    &m->der.len, err);
	if (status == MTLS_OK)
		status = append_chain(list, choice, &m->chain, err);
	return status;
}

enum mtls_status
token_offer_send(int fd, const struct mtls_pkcs11_list *list,
    const struct token_choices *choices, size_t i,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_CERT };
	enum mtls_status status;

	m.u.token_cert.index = (uint32_t)i;
	status = fill(list, &choices->at[i],
	    &choices->ids[choices->at[i].cert], &m.u.token_cert, err);
	if (status == MTLS_OK)
		status = mtls_message_send(fd, &m, -1, deadline, err);
	mtls_message_clear(&m);
	return status;
}
