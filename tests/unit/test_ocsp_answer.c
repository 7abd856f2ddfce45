/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which answers of an OCSP responder are believed: each check of
 * ocsp_answer.c has an answer here that fails it alone.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "mtls/tls.h"

#include "ocsp_reply.h"
#include "pki.h"
#include "revocation/ocsp_answer.h"

#include "../lib/unit.h"

#define HOUR_S 3600

static struct mtls_tls *tls;
static struct pki *pki;
static const struct pki_cert *root, *users, *twin, *alice, *bob;
static const struct pki_cert *responder, *no_purpose, *by_root, *unchecked;
static const struct pki_cert *expired, *no_usage, *by_twin;
static struct mtls_err err;
static int64_t now_s;
static struct ocsp_result result;
static int is_good_answer;

static int
is_good(void *arg, X509 *certificate)
{
	(void)arg;
	(void)certificate;
	return is_good_answer;
}

/* The answer to a question about alice, as o says. */
static enum mtls_status
read_reply(const struct ocsp_reply_options *o)
{
	struct ocsp_terms terms = { .now_s = now_s, .max_age_s = 10 * HOUR_S,
	    .is_good = is_good };
	struct ocsp_question *q;
	enum mtls_status status;
	const uint8_t *der;
	uint8_t *data;
	size_t der_len, len;

	mtls_err_clear(&err);
	memset(&result, 0, sizeof(result));
	assert_int_equal(ocsp_question_new(alice->x509, users->x509, &q,
	    &err), MTLS_OK);
	der = ocsp_question_der0(q, &der_len);
	data = ocsp_reply_make(o, der, der_len, &len);
	status = ocsp_answer_read(q, &terms, data, len, &result, &err);
	free(data);
	ocsp_question_free(q);
	if (status != MTLS_OK)
		assert_int_equal(result.answer, OCSP_ANSWER_NONE);
	return status;
}

static struct ocsp_reply_options
good(void)
{
	struct ocsp_reply_options o = { .signer = users, .ca = users,
	    .certificate = alice, .next_s = HOUR_S };

	return o;
}

static void
expect(const struct ocsp_reply_options *o, enum mtls_status status,
    const char *why)
{
	enum mtls_status got = read_reply(o);

	if (got != status || (why != NULL && strstr(err.text, why) == NULL))
		fail_msg("%d: %s, not %s", (int)got, err.text, why);
}

static void
from_the_ca_itself(void **state)
{
	struct ocsp_reply_options o = good();

	(void)state;
	expect(&o, MTLS_OK, NULL);
	assert_int_equal(result.answer, OCSP_ANSWER_GOOD);
	assert_true(result.until_s > now_s + HOUR_S - 60 &&
	    result.until_s <= now_s + HOUR_S + 60);
	/* Not longer than we want, however long it says. */
	o.next_s = 1000 * HOUR_S;
	expect(&o, MTLS_OK, NULL);
	assert_int_equal(result.until_s, now_s + 10 * HOUR_S);
	o.status = V_OCSP_CERTSTATUS_REVOKED;
	expect(&o, MTLS_OK, NULL);
	assert_int_equal(result.answer, OCSP_ANSWER_REVOKED);
}

static void
from_a_delegate(void **state)
{
	struct ocsp_reply_options o = good();

	(void)state;
	o.signer = responder;
	expect(&o, MTLS_OK, NULL);
	assert_int_equal(result.answer, OCSP_ANSWER_GOOD);
	/* One that says nothing of checks is to be checked. */
	o.signer = unchecked;
	is_good_answer = 0;
	expect(&o, MTLS_E_PEER, "not known whether the responder's");
	is_good_answer = 1;
	expect(&o, MTLS_OK, NULL);
	is_good_answer = 0;
}

static void
T036_who_signed(void **state)
{
	static const char purpose[] = "not for OCSP signing";
	struct ocsp_reply_options o = good();
	const struct {
		const struct pki_cert *signer;
		const char *why;
	} bad[] = {
		{ bob, purpose },
		{ root, "not one of the CA itself" },
		{ by_root, "not one of the CA itself" },
		{ twin, "signature" },
		/* The right name, and nothing that tells whose key. */
		{ by_twin, "not one of the CA itself" },
		{ no_purpose, purpose },
		{ no_usage, purpose },
		{ expired, "not valid now" },
	};

	(void)state;
	is_good_answer = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.signer = bad[i].signer;
		expect(&o, MTLS_E_PEER, bad[i].why);
	}
	is_good_answer = 0;
	/* The right certificate, the right name, and another key. */
	o = good();
	o.signer = by_root;
	o.shown = responder;
	expect(&o, MTLS_E_PEER, "signature");
	o = good();
	o.signer = responder;
	o.without_certificate = 1;
	expect(&o, MTLS_E_PEER, "does not say who");
	o = good();
	o.digest = "SHA1";
	expect(&o, MTLS_E_PEER, "signature");
	o = good();
	o.is_altered = 1;
	expect(&o, MTLS_E_PEER, "signature");
}

static void
T036_about_what(void **state)
{
	static const char about[] = "not about this certificate";
	struct ocsp_reply_options o = good();

	(void)state;
	o.certificate = bob;
	expect(&o, MTLS_E_PROTOCOL, about);
	/* The same number, and the same name, of another CA. */
	o = good();
	o.id_ca = root;
	expect(&o, MTLS_E_PROTOCOL, about);
	o.id_ca = twin;
	expect(&o, MTLS_E_PROTOCOL, about);
	o = good();
	o.n_singles = 2;
	expect(&o, MTLS_E_PROTOCOL, about);
	o.n_singles = -1;
	expect(&o, MTLS_E_PROTOCOL, about);
	/* Others beside it are no harm. */
	o = good();
	o.beside = bob;
	expect(&o, MTLS_OK, NULL);
}

static void
T036_no_answer(void **state)
{
	static const int statuses[] = {
		OCSP_RESPONSE_STATUS_MALFORMEDREQUEST,
		OCSP_RESPONSE_STATUS_INTERNALERROR,
		OCSP_RESPONSE_STATUS_TRYLATER,
		OCSP_RESPONSE_STATUS_SIGREQUIRED,
		OCSP_RESPONSE_STATUS_UNAUTHORIZED,
	};
	struct ocsp_reply_options o = good();

	(void)state;
	o.status = V_OCSP_CERTSTATUS_UNKNOWN;
	expect(&o, MTLS_E_UNAVAILABLE, "does not know");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		o = good();
		o.response_status = statuses[i];
		expect(&o, MTLS_E_UNAVAILABLE, "");
		/* A good answer inside does not make it one. */
		o.with_body = 1;
		expect(&o, MTLS_E_UNAVAILABLE, "");
	}
}

static void
T035_garbage(void **state)
{
	static const uint8_t bytes[] = "not an answer";
	struct ocsp_terms terms = { .now_s = now_s, .max_age_s = HOUR_S };
	struct ocsp_reply_options o = good();
	struct ocsp_question *q;
	const uint8_t *der;
	uint8_t *data;
	size_t der_len, len;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(ocsp_question_new(alice->x509, users->x509, &q,
	    &err), MTLS_OK);
	assert_int_equal(ocsp_answer_read(q, &terms, bytes, 0, &result,
	    &err), MTLS_E_PROTOCOL);
	assert_int_equal(ocsp_answer_read(q, &terms, bytes, sizeof(bytes),
	    &result, &err), MTLS_E_PROTOCOL);
	der = ocsp_question_der0(q, &der_len);
	data = ocsp_reply_make(&o, der, der_len, &len);
	for (size_t cut = 1; cut < len; cut++)
		assert_int_not_equal(ocsp_answer_read(q, &terms, data, cut,
		    &result, &err), MTLS_OK);
	data = realloc(data, len + 1);
	assert_non_null(data);
	data[len] = 0;
	assert_int_equal(ocsp_answer_read(q, &terms, data, len + 1, &result,
	    &err), MTLS_E_PROTOCOL);
	assert_int_equal(ocsp_answer_read(q, &terms, data, len, &result,
	    &err), MTLS_OK);
	/* Every single bit: refused, or the same. */
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct ocsp_result other = { OCSP_ANSWER_NONE, 0 };

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (ocsp_answer_read(q, &terms, data, len, &other,
		    &err) == MTLS_OK) {
			assert_int_equal(other.answer, result.answer);
			assert_int_equal(other.until_s, result.until_s);
		}
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(data);
	ocsp_question_free(q);
}

static void
T037_old_ones(void **state)
{
	struct ocsp_reply_options o = good();

	(void)state;
	/* With our nonce, an answer is of now; what it says may be older. */
	o.this_s = -20 * HOUR_S;
	expect(&o, MTLS_OK, NULL);
	o.next_s = -HOUR_S;
	expect(&o, MTLS_E_PROTOCOL, "expired");
	/* Without an end, only what is new, and not for long. */
	o.next_s = 0;
	expect(&o, MTLS_E_PROTOCOL, "an old one");
	o.this_s = -60;
	expect(&o, MTLS_OK, NULL);
	assert_int_equal(result.until_s, now_s + 60);
	/* Somebody else's nonce. */
	o = good();
	o.nonce = OCSP_REPLY_NONCE_WRONG;
	expect(&o, MTLS_E_PROTOCOL, "another nonce");
	/* None: it may be what was said to anybody, but not long ago. */
	o.nonce = OCSP_REPLY_NONCE_NONE;
	expect(&o, MTLS_OK, NULL);
	o.this_s = -599;
	expect(&o, MTLS_OK, NULL);
	o.this_s = -620;
	expect(&o, MTLS_E_PROTOCOL, "an old one");
	o.this_s = -60;
	o.next_s = 0;
	expect(&o, MTLS_E_PROTOCOL, "an old one");
	o = good();
	o.this_s = 60;
	expect(&o, MTLS_OK, NULL);
	o.this_s = HOUR_S / 2;
	expect(&o, MTLS_E_PROTOCOL, "future");
}

static void
critical_extensions(void **state)
{
	struct ocsp_reply_options o = good();

	(void)state;
	o.critical = OCSP_REPLY_CRITICAL_BASIC;
	expect(&o, MTLS_E_PROTOCOL, "critical");
	o.critical = OCSP_REPLY_CRITICAL_SINGLE;
	expect(&o, MTLS_E_PROTOCOL, "critical");
}

static void
questions_are_new(void **state)
{
	struct ocsp_question *a, *b;
	const uint8_t *der_a, *der_b;
	size_t len_a, len_b;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(ocsp_question_new(alice->x509, users->x509, &a,
	    &err), MTLS_OK);
	assert_int_equal(ocsp_question_new(alice->x509, users->x509, &b,
	    &err), MTLS_OK);
	der_a = ocsp_question_der0(a, &len_a);
	der_b = ocsp_question_der0(b, &len_b);
	assert_int_equal(len_a, len_b);
	assert_memory_not_equal(der_a, der_b, len_a);
	ocsp_question_free(a);
	ocsp_question_free(b);
}

/* Good ends, revoked does not; each CA has numbers of its own. */
static void
T034_what_is_remembered(void **state)
{
	const ASN1_INTEGER *number = X509_get0_serialNumber(alice->x509);
	const uint8_t ca[OCSP_CACHE_CA_BYTES] = { 1 };
	const uint8_t other[OCSP_CACHE_CA_BYTES] = { 2 };
	struct ocsp_cache *cache = ocsp_cache_new();

	(void)state;
	assert_non_null(cache);
	ocsp_cache_put(cache, ca, number, OCSP_ANSWER_GOOD, now_s + 10);
	assert_int_equal(ocsp_cache_find(cache, ca, number, now_s + 10),
	    OCSP_ANSWER_GOOD);
	assert_int_equal(ocsp_cache_find(cache, ca, number, now_s + 11),
	    OCSP_ANSWER_NONE);
	assert_int_equal(ocsp_cache_find(cache, other, number, now_s),
	    OCSP_ANSWER_NONE);
	assert_int_equal(ocsp_cache_find(cache, ca,
	    X509_get0_serialNumber(bob->x509), now_s), OCSP_ANSWER_NONE);
	ocsp_cache_put(cache, ca, number, OCSP_ANSWER_REVOKED, now_s);
	assert_int_equal(ocsp_cache_find(cache, ca, number, now_s + 1000),
	    OCSP_ANSWER_REVOKED);
	ocsp_cache_put(cache, ca, number, OCSP_ANSWER_GOOD, now_s + 10);
	assert_int_equal(ocsp_cache_find(cache, ca, number, now_s),
	    OCSP_ANSWER_REVOKED);
	ocsp_cache_free(cache);
}

static const struct pki_cert *
delegate(const struct pki_cert *ca, const char *eku, const char *usage,
    int with_nocheck, int64_t ends_s)
{
	static const uint8_t null[] = { 0x05, 0x00 };
	static const struct pki_extension nocheck[] = {
		{ "1.3.6.1.5.5.7.48.1.5", 0, null, sizeof(null) },
		{ NULL, 0, NULL, 0 }
	};
	struct pki_options o = { .eku = eku, .key_usage = usage,
	    .ends_s = ends_s, .extra = with_nocheck ? nocheck : NULL };

	return pki_server(pki, ca, "ocsp.acme.example", &o);
}

static int
group_set_up(void **state)
{
	static const char usage[] = "critical,digitalSignature";

	(void)state;
	mtls_err_clear(&err);
	if (mtls_tls_new(&tls, &err) != MTLS_OK)
		return -1;
	now_s = time(NULL);
	pki = pki_new(mtls_tls_libctx0(tls));
	root = pki_ca(pki, NULL, "Acme Root CA", NULL);
	users = pki_ca(pki, root, "Acme Users CA", NULL);
	twin = pki_ca(pki, root, "Acme Users CA", NULL);
	alice = pki_user(pki, users, "alice", NULL);
	bob = pki_user(pki, users, "bob", NULL);
	responder = delegate(users, "OCSPSigning", usage, 1, 0);
	unchecked = delegate(users, "OCSPSigning", usage, 0, 0);
	no_purpose = delegate(users, "serverAuth", usage, 1, 0);
	no_usage = delegate(users, "OCSPSigning",
	    "critical,keyEncipherment", 1, 0);
	by_root = delegate(root, "OCSPSigning", usage, 1, 0);
	{
		struct pki_options o = { .eku = "OCSPSigning", .aki = "",
		    .key_usage = usage };

		by_twin = pki_server(pki, twin, "ocsp.acme.example", &o);
	}
	expired = delegate(users, "OCSPSigning", usage, 1, -HOUR_S);
	return 0;
}

static int
group_tear_down(void **state)
{
	(void)state;
	pki_free(pki);
	mtls_tls_free(tls);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_ca_itself),
		cmocka_unit_test(from_a_delegate),
		cmocka_unit_test(T035_garbage),
		cmocka_unit_test(T036_who_signed),
		cmocka_unit_test(T036_about_what),
		cmocka_unit_test(T036_no_answer),
		cmocka_unit_test(T037_old_ones),
		cmocka_unit_test(critical_extensions),
		cmocka_unit_test(questions_are_new),
		cmocka_unit_test(T034_what_is_remembered),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
