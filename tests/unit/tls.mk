# tls/: one program per unit.
TLS_TEST_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) -I$(top_srcdir)/tests/lib
TLS_TEST_LIBS = libmtls_tls.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_profile
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c \
	tests/unit/tls_rig.c tests/unit/tls_rig.h \
	$(pki_sources) $(tls_pair_sources)
tests_unit_test_profile_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_profile_LDADD = $(TLS_TEST_LIBS)
