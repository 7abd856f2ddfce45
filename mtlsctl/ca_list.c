/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ca list: what the CA has issued, and whether its CRLs last.
 */
#include "config.h"

#include <stdio.h>

#include "mtlsctl/ca_commands.h"
#include "mtlsctl/ca_crl.h"
#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

#define CRL_WARNING_S	(INT64_C(7) * 86400)

enum state { STATE_VALID, STATE_EXPIRED, STATE_REVOKED };
static const char *const states[] = { "valid", "expired", "revoked", NULL };

struct settings {
	const char *ca;
	int state;
	int json;
};

const struct ctl_option ca_list_options[] = {
	{ "ca", CTL_TEXT, offsetof(struct settings, ca), 0, 0, NULL, "DIR",
	    "the directory of the CA", 1 },
	{ "state", CTL_CHOICE, offsetof(struct settings, state), 0, 0, states,
	    "WORD", "only those that are valid, expired or revoked", 0 },
	{ "json", CTL_FLAG, offsetof(struct settings, json), 0, 0, NULL, NULL,
	    "one JSON object for each certificate", 0 },
	CTL_OPTIONS_END
};

static enum state
state_of(const struct ca_entry *e, int64_t now)
{
	if (e->revoked)
		return STATE_REVOKED;
	return now > e->not_after_s ? STATE_EXPIRED : STATE_VALID;
}

static void
add_row(struct output *o, const struct ca_entry *e, enum state state,
    int json)
{
	output_text(o, "state", states[state]);
	output_text(o, "serial", e->serial);
	output_text(o, "kind", ca_kind_names[e->kind]);
	if (json) {
		output_text(o, "ca", ca_names[e->issuer]);
		output_time(o, "not_before", e->not_before_s);
	}
	output_time(o, "not_after", e->not_after_s);
	if (json) {
		output_text(o, "key_sha256", e->key);
		output_time(o, "revoked_at", e->revoked ? e->revoked_at_s : 0);
		output_text(o, "reason", e->revoked ?
		    ca_reason_names[e->reason] : NULL);
	}
	output_text(o, "name", e->name);
	output_row(o);
}

/* An expired CRL locks everybody out of a strict verifier. */
static enum mtls_status
check_crls(struct ctl *ctl, const struct ca_dir *dir, int64_t now,
    struct mtls_err *err)
{
	char until[TIMESTAMP_SIZE];
	enum mtls_status status;
	struct ca_crl crl;

	for (int id = 0; id < CA_COUNT; id++) {
		status = ca_crl_read(dir, (enum ca_id)id, &crl, err);
		if (status != MTLS_OK)
			return status;
		if (now > crl.next_update_s - CRL_WARNING_S)
			ctl_warn(ctl, "%s.crl.pem is valid until %s only; "
			    "renew it with \"mtlsctl ca crl\"", ca_names[id],
			    timestamp_format(crl.next_update_s, until));
	}
	return MTLS_OK;
}

CTL_COMMAND(ca_list_command)
{
	struct settings set = { NULL, -1, 0 };
	struct ca_index index = CA_INDEX_NONE;
	struct ca_dir dir = CA_DIR_NONE;
	int64_t now = timestamp_now();
	enum mtls_status status;
	struct ctl_words words;
	struct output *o;

	status = ctl_options(ca_list_options, argc, argv, &set, &words, err);
	if (status == MTLS_OK)
		status = ctl_words_check(&words, 0, 0, "", err);
	if (status == MTLS_OK)
		status = ca_dir_open(ctl->tls, set.ca, &dir, err);
	if (status == MTLS_OK)
		status = ca_index_read(&dir, &index, err);
	o = output_new(set.json ? OUTPUT_JSON : OUTPUT_TABLE);
	for (size_t i = 0; status == MTLS_OK && i < index.n; i++) {
		enum state state = state_of(&index.entries[i], now);

		if (set.state < 0 || (int)state == set.state)
			add_row(o, &index.entries[i], state, set.json);
	}
	if (status == MTLS_OK)
		status = check_crls(ctl, &dir, now, err);
	if (status == MTLS_OK && output_n_rows(o) == 0)
		ctl_nothing(ctl);
	if (status == MTLS_OK)
		status = output_write(o, stdout, err);
	output_free(o);
	ca_index_clear(&index);
	ca_dir_close(&dir);
	return status;
}
