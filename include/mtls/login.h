/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Bits and numbers inside the messages of messages.def.
 */
#ifndef MTLS_LOGIN_H
#define MTLS_LOGIN_H

/* LOGIN.flags */
#define MTLS_LOGIN_SILENT	1u	/* PAM_SILENT or quiet: no TELL */
#define MTLS_LOGIN_NO_NULL	2u	/* PAM_DISALLOW_NULL_AUTHTOK */
#define MTLS_LOGIN_SINGLE	4u	/* one secret prompt and no more */
#define MTLS_LOGIN_DEBUG	8u	/* log at debug level */
#define MTLS_LOGIN_TRACE	16u	/* send PHASE messages */
#define MTLS_LOGIN_ACCOUNT	32u	/* account phase: no question, and
					 * nothing but a key that sshd has
					 * verified */

/* TELL.style */
#define MTLS_TELL_INFO		1u
#define MTLS_TELL_ERROR		2u

/* TOKEN_CERT.mechanisms: how the token can sign with this key */
#define MTLS_MECHANISM_RSA_PSS	1u	/* CKM_RSA_PKCS_PSS */
#define MTLS_MECHANISM_RSA_RAW	2u	/* CKM_RSA_X_509, padded by us */
#define MTLS_MECHANISM_RSA_PKCS1	4u	/* CKM_RSA_PKCS: TLS 1.2 only */
#define MTLS_MECHANISM_ECDSA	8u	/* CKM_ECDSA */
#define MTLS_MECHANISM_EDDSA	16u	/* CKM_EDDSA */

/* TOKEN_CERT.pin_flags, TOKEN_LOGGED_IN.pin_flags */
#define MTLS_PIN_COUNT_LOW	1u	/* a wrong PIN since the last good */
#define MTLS_PIN_FINAL_TRY	2u
#define MTLS_PIN_LOCKED		4u
#define MTLS_PIN_PAD		8u	/* entered at the reader */
#define MTLS_PIN_TO_BE_CHANGED	16u
#define MTLS_PIN_NOT_NEEDED	32u	/* no CKF_LOGIN_REQUIRED */

/* TLS SignatureScheme (RFC 8446, 4.2.3) that our signers know */
#define MTLS_SCHEME_RSA_PKCS1_SHA256	0x0401u	/* CSRs, TLS 1.2 */
#define MTLS_SCHEME_RSA_PKCS1_SHA384	0x0501u
#define MTLS_SCHEME_RSA_PKCS1_SHA512	0x0601u
#define MTLS_SCHEME_ECDSA_P256_SHA256	0x0403u
#define MTLS_SCHEME_ECDSA_P384_SHA384	0x0503u
#define MTLS_SCHEME_RSA_PSS_SHA256	0x0804u	/* rsa_pss_rsae_* */
#define MTLS_SCHEME_RSA_PSS_SHA384	0x0805u
#define MTLS_SCHEME_RSA_PSS_SHA512	0x0806u
#define MTLS_SCHEME_ED25519		0x0807u

#endif
