/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every subcommand, in the order in which "mtlsctl help" shows them.
 */
#include "config.h"

#include "mtlsctl/admin_commands.h"
#include "mtlsctl/ca_commands.h"
#include "mtlsctl/command.h"
#include "mtlsctl/device_commands.h"
#include "mtlsctl/policy_commands.h"
#include "mtlsctl/ssh_command.h"
#include "mtlsctl/token_commands.h"
#include "mtlsctl/try.h"

const struct ctl_command ctl_commands[] = {
	{ "try", "[USER] [--service NAME] [OPTION ...]",
	    "Does a login by itself and shows how it went",
	    try_options, try_command },
	{ "ssh", "[OPTION ...] [--] SSH-ARGUMENT ...",
	    "Logs in somewhere else with the card at this machine",
	    ssh_options, ssh_command },
	{ "token list", "[--module PATH] [--token LABEL|--uri URI]",
	    "Lists cards and certificates, and whether they could be used",
	    token_list_options, token_list_command },
	{ "token show", "[--module PATH] [--token LABEL|--uri URI] [--pem]",
	    "Shows all there is about the certificates on cards",
	    token_show_options, token_show_command },
	{ "token enroll",
	    "[--module PATH] [--token LABEL|--uri URI] [--key KIND] "
	    "--out FILE",
	    "Makes a key on a card and a signing request for it",
	    token_enroll_options, token_enroll_command },
	{ "token import",
	    "[--module PATH] [--token LABEL|--uri URI] CERTIFICATE",
	    "Stores a certificate beside its key on a card",
	    token_import_options, token_import_command },
	{ "device enroll", "--name HOST --out DIR [--key KIND]",
	    "Makes the key of a machine and a signing request for it",
	    device_enroll_options, device_enroll_command },
	{ "ca init", "DIR --org NAME [--key KIND]",
	    "Makes a root, a users CA and a machines CA in a new directory",
	    ca_init_options, ca_init_command },
	{ "ca issue user", "--ca DIR --csr FILE --upn USER@REALM [OPTION ...]",
	    "Issues a certificate for a person's card",
	    ca_user_options, ca_user_command },
	{ "ca issue machine",
	    "--ca DIR --csr FILE|--key-out FILE --name HOST [OPTION ...]",
	    "Issues a certificate for a machine that people log in to",
	    ca_host_options, ca_machine_command },
	{ "ca issue verifier",
	    "--ca DIR --csr FILE|--key-out FILE --name HOST [OPTION ...]",
	    "Issues a certificate for a login verifier",
	    ca_host_options, ca_verifier_command },
	{ "ca revoke", "--ca DIR SERIAL|FILE [--reason WORD]",
	    "Revokes a certificate and writes the CRL",
	    ca_revoke_options, ca_revoke_command },
	{ "ca crl", "--ca DIR [--days N] [--out DIR]",
	    "Renews the CRLs",
	    ca_crl_options, ca_crl_command },
	{ "ca list", "--ca DIR [--state WORD]",
	    "Lists what was issued",
	    ca_list_options, ca_list_command },
	{ "policy check", "FILE [--ca FILE]",
	    "Finds mistakes in a policy",
	    policy_check_options, policy_check_command },
	{ "policy explain",
	    "--user NAME --machine HOST --service NAME [OPTION ...]",
	    "Says what a policy decides about a login, and why",
	    policy_explain_options, policy_explain_command },
	{ "bind", "USER CERTIFICATE [--socket PATH]",
	    "Makes a certificate mean a user",
	    bind_options, bind_command },
	{ "unbind", "USER CERTIFICATE|SHA256|--all [--socket PATH]",
	    "Takes that back",
	    unbind_options, unbind_command },
	{ "bindings", "[USER] [--socket PATH]",
	    "Lists the certificates that are bound to users",
	    bindings_options, bindings_command },
	{ "revoke", "USER | --cert FILE|SHA256 [--key] [--undo] [OPTION ...]",
	    "Makes verifiers refuse certificates from now on",
	    revoke_options, revoke_command },
	{ "revocations", "[USER] [--socket PATH]",
	    "Lists what was revoked so",
	    revocations_options, revocations_command },
	{ "unlock", "USER [--socket PATH]",
	    "Forgets what a user's failed logins have cost",
	    unlock_options, unlock_command },
	{ "users", "[--since WHEN] [--socket PATH]",
	    "Lists who has bindings, and who came and failed lately",
	    users_options, users_command },
	{ "sessions", "[USER] [--since WHEN] [OPTION ...]",
	    "Lists logins that were granted lately",
	    sessions_options, sessions_command },
	{ "audit", "[--user NAME] [--since WHEN] [--follow] [OPTION ...]",
	    "Shows what the verifier has decided, and why",
	    audit_options, audit_command },
	{ "status", "[--socket PATH]",
	    "Shows how the verifier is",
	    status_options, status_command },
	{ NULL, NULL, NULL, NULL, NULL }
};
