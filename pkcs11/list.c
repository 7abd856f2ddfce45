/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What can be seen without a PIN: readers and tokens through libp11, what
 * libp11 does not tell about a token from the module itself.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <openssl/err.h>

#include "pkcs11/internal.h"

#define PCSCD_SOCKET "/run/pcscd/pcscd.comm"

uint32_t
pkcs11_pin_flags(CK_FLAGS token)
{
	uint32_t flags = 0;

	if ((token & CKF_USER_PIN_COUNT_LOW) != 0)
		flags |= MTLS_PIN_COUNT_LOW;
	if ((token & CKF_USER_PIN_FINAL_TRY) != 0)
		flags |= MTLS_PIN_FINAL_TRY;
	if ((token & CKF_USER_PIN_LOCKED) != 0)
		flags |= MTLS_PIN_LOCKED;
	if ((token & CKF_USER_PIN_TO_BE_CHANGED) != 0)
		flags |= MTLS_PIN_TO_BE_CHANGED;
	if ((token & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		flags |= MTLS_PIN_PAD;
	if ((token & CKF_LOGIN_REQUIRED) == 0)
		flags |= MTLS_PIN_NOT_NEEDED;
	return flags;
}

static void
token_clear(struct mtls_pkcs11_token *token)
{
	free(token->reader);
	free(token->label);
	free(token->serial);
	free(token->manufacturer);
	free(token->model);
	memset(token, 0, sizeof(*token));
}

void
mtls_pkcs11_list_clear(struct mtls_pkcs11_list *list)
{
	for (size_t i = 0; i < list->n_tokens; i++)
		token_clear(&list->tokens[i]);
	for (size_t i = 0; i < list->n_certs; i++) {
		X509_free(list->certs[i].x509);
		free(list->certs[i].label);
	}
	free(list->tokens);
	free(list->certs);
	memset(list, 0, sizeof(*list));
}

static uint32_t
pin_len(CK_ULONG len)
{
	return len > 4096 ? 0 : (uint32_t)len;
}

static enum mtls_status
add_token(struct mtls_pkcs11 *p, CK_SLOT_ID slot,
    const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *info,
    struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	struct mtls_pkcs11_token *token;

	if (list->n_tokens == MTLS_PKCS11_TOKENS_MAX)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "more than %u tokens", MTLS_PKCS11_TOKENS_MAX);
	token = &list->tokens[list->n_tokens++];
	token->slot_id = slot;
	token->reader = pkcs11_text(slot_info->slotDescription,
	    sizeof(slot_info->slotDescription));
	token->label = pkcs11_text(info->label, sizeof(info->label));
	token->serial = pkcs11_text(info->serialNumber,
	    sizeof(info->serialNumber));
	token->manufacturer = pkcs11_text(info->manufacturerID,
	    sizeof(info->manufacturerID));
	token->model = pkcs11_text(info->model, sizeof(info->model));
	if (token->reader == NULL || token->label == NULL ||
	    token->serial == NULL || token->manufacturer == NULL ||
	    token->model == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "list of tokens");
	token->initialized = (info->flags & CKF_TOKEN_INITIALIZED) != 0;
	token->read_only = (info->flags & CKF_WRITE_PROTECTED) != 0;
	token->pin_flags = pkcs11_pin_flags(info->flags);
	token->pin_min = pin_len(info->ulMinPinLen);
	token->pin_max = pin_len(info->ulMaxPinLen);
	token->mechanisms = pkcs11_mechanisms(p, slot);
	return MTLS_OK;
}

/*
 * One slot of libp11's list. A token that went away meanwhile is not there;
 * *ret_failed counts those that did not answer.
 */
static enum mtls_status
look_at_slot(struct mtls_pkcs11 *p, PKCS11_SLOT *slot, P11KitUri *uri,
    struct mtls_pkcs11_list *list, struct mtls_err *failure)
{
	CK_SLOT_ID id = PKCS11_get_slotid_from_slot(slot);
	struct mtls_err err;
	enum mtls_status status;
	CK_TOKEN_INFO token_info;
	CK_SLOT_INFO slot_info;
	CK_RV rv;

	if (slot->token == NULL)
		return MTLS_OK;
	memset(&slot_info, 0, sizeof(slot_info));
	memset(&token_info, 0, sizeof(token_info));
	rv = p->f->C_GetSlotInfo(id, &slot_info);
	if (rv == CKR_OK)
		rv = p->f->C_GetTokenInfo(id, &token_info);
	if (rv != CKR_OK) {
		if (pkcs11_status(rv) != MTLS_E_TOKEN_ABSENT)
			(void)pkcs11_fail(failure, "C_GetTokenInfo", rv);
		return MTLS_OK;
	}
	if ((token_info.flags & CKF_TOKEN_INITIALIZED) == 0 && uri != NULL)
		return MTLS_OK;
	if (!pkcs11_uri_takes_token(uri, id, &slot_info, &token_info))
		return MTLS_OK;
	mtls_err_clear(&err);
	status = add_token(p, id, &slot_info, &token_info, list, &err);
	if (status == MTLS_OK &&
	    (token_info.flags & CKF_TOKEN_INITIALIZED) != 0)
		status = pkcs11_certs(p, list->n_tokens - 1, uri, list, &err);
	if (status == MTLS_OK)
		return MTLS_OK;
	/* One card that fails does not hide the others. */
	(void)mtls_fail(failure, status, "%s", err.text);
	return status == MTLS_E_MEMORY ? status : MTLS_OK;
}

static int
pcscd_answers(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = PCSCD_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ok;

	if (fd == -1)
		return 1;	/* not known */
	ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return ok;
}

static enum mtls_status
nothing_there(struct mtls_pkcs11 *p, size_t n_present, struct mtls_err *err)
{
	if (n_present > 0)
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT,
		    "no card that the configured URI names");
	if (p->n_slots > 0)
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT,
		    "no card in the reader");
	if (!pcscd_answers())
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT, "no reader: "
		    "the smart card service pcscd is not running");
	return mtls_fail(err, MTLS_E_TOKEN_ABSENT, "no reader");
}

static enum mtls_status
update_slots(struct mtls_pkcs11 *p, struct mtls_err *err)
{
	unsigned long code;

	ERR_clear_error();
	if (PKCS11_update_slots(p->ctx, &p->slots, &p->n_slots) == 0)
		return MTLS_OK;
	code = ERR_peek_last_error();
	if (!pcscd_answers())
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT, "no reader: "
		    "the smart card service pcscd is not running");
	return mtls_fail(err, MTLS_E_TOKEN_FAILED, "readers: %s",
	    code == 0 ? "the module failed" :
	    mtls_pkcs11_ckr_name((unsigned long)ERR_GET_REASON(code)));
}

static enum mtls_status
look_at_slots(struct mtls_pkcs11 *p, P11KitUri *uri,
    struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	struct mtls_err failure;
	size_t n_present = 0;

	mtls_err_clear(&failure);
	list->n_readers = p->n_slots;
	list->tokens = calloc(MTLS_PKCS11_TOKENS_MAX, sizeof(*list->tokens));
	list->certs = calloc(MTLS_PKCS11_CERTS_MAX, sizeof(*list->certs));
	if (list->tokens == NULL || list->certs == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "list of tokens");
	for (unsigned int i = 0; i < p->n_slots; i++) {
		n_present += p->slots[i].token != NULL;
		if (look_at_slot(p, &p->slots[i], uri, list, &failure) !=
		    MTLS_OK)
			return mtls_fail(err, failure.status, "%s",
			    failure.text);
	}
	if (failure.status != MTLS_OK && list->n_certs == 0)
		return mtls_fail(err, failure.status, "%s", failure.text);
	if (list->n_tokens == 0)
		return nothing_there(p, n_present, err);
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_list(struct mtls_pkcs11 *p, const char *uri,
    struct mtls_pkcs11_list *ret, struct mtls_err *err)
{
	struct mtls_pkcs11_list list = { 0 };
	P11KitUri *parsed = NULL;
	enum mtls_status status;

	if (uri != NULL && *uri != '\0') {
		status = pkcs11_uri_parse(uri, &parsed, err);
		if (status != MTLS_OK)
			return status;
	}
	status = update_slots(p, err);
	if (status == MTLS_OK)
		status = look_at_slots(p, parsed, &list, err);
	p11_kit_uri_free(parsed);
	if (status == MTLS_OK)
		*ret = list;
	else
		mtls_pkcs11_list_clear(&list);
	return status;
}
