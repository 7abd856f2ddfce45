# Fuzzers. Here they are built with a plain main that replays a corpus;
# tests/fuzz/run builds them with libFuzzer.
check_PROGRAMS += tests/fuzz/fuzz_body tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_message tests/fuzz/make_corpus
tests_fuzz_fuzz_body_SOURCES = tests/fuzz/fuzz_body.c tests/fuzz/fuzz.h \
	tests/fuzz/replay.c
tests_fuzz_fuzz_body_LDADD = libmtls_common.la
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/fuzz.h \
	tests/fuzz/replay.c
tests_fuzz_fuzz_conf_LDADD = libmtls_common.la
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c \
	tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_message_LDADD = libmtls_core.la
tests_fuzz_make_corpus_SOURCES = tests/fuzz/make_corpus.c $(sample_sources)
tests_fuzz_make_corpus_LDADD = libmtls_common.la
check_PROGRAMS += tests/fuzz/fuzz_identity tests/fuzz/make_certificates
tests_fuzz_fuzz_identity_SOURCES = tests/fuzz/fuzz_identity.c \
	tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_identity_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	-I$(top_srcdir)/policy
tests_fuzz_fuzz_identity_LDADD = libmtls_policy.la $(OPENSSL_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_policy
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c \
	tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_policy_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	-I$(top_srcdir)/policy
tests_fuzz_fuzz_policy_LDADD = libmtls_policy.la $(OPENSSL_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_sshkey
tests_fuzz_fuzz_sshkey_SOURCES = tests/fuzz/fuzz_sshkey.c \
	tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_sshkey_CFLAGS = $(helper_test_cflags)
tests_fuzz_fuzz_sshkey_LDADD = $(helper_test_ldadd)
tests_fuzz_make_certificates_SOURCES = tests/fuzz/make_certificates.c \
	$(pki_sources)
tests_fuzz_make_certificates_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_fuzz_make_certificates_LDADD = $(OPENSSL_LIBS)
TESTS += tests/fuzz/replay
EXTRA_DIST += tests/fuzz/replay tests/fuzz/run tests/fuzz/found \
	tests/fuzz/keep tests/fuzz/corpus/found/message \
	tests/fuzz/corpus/found/body tests/fuzz/corpus/found/conf \
	tests/fuzz/corpus/policy/everything tests/fuzz/corpus/policy/zones \
	tests/fuzz/corpus/sshkey
