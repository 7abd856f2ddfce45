# PKCS#11 and mtls-token. They use a SoftHSM card (tests/lib/token_rig.h) and
# skip where there is none.
check_LTLIBRARIES += fault_token.la libtoken_rig.la
fault_token_la_SOURCES = \
	tests/lib/fault_token.c tests/lib/fault_token.h \
	tests/lib/fault_token_act.c \
	tests/lib/fault_token_data.c
fault_token_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
fault_token_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere
fault_token_la_LIBADD = libmtls_core.la

libtoken_rig_la_SOURCES = \
	tests/lib/token_rig.c tests/lib/token_rig.h \
	tests/lib/token_rig_cert.c \
	tests/lib/token_rig_lib.c \
	tests/lib/token_rig_talk.c
libtoken_rig_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib \
	-DFAULT_TOKEN=\"$(abs_top_builddir)/.libs/fault_token.so\" \
	-DMTLS_TOKEN_BUILT=\"$(abs_top_builddir)/mtls-token\"
libtoken_rig_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(P11KIT_CFLAGS) \
	$(LIBP11_CFLAGS) $(CMOCKA_CFLAGS)
libtoken_rig_la_LIBADD = libmtls_token.la

token_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
token_test_cflags = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(P11KIT_CFLAGS) \
	$(LIBP11_CFLAGS) $(CMOCKA_CFLAGS)
token_test_ldadd = libtoken_rig.la $(CMOCKA_LIBS)
token_test_depends = libtoken_rig.la fault_token.la mtls-token

unit_tests += tests/unit/test_pkcs11_uri
tests_unit_test_pkcs11_uri_SOURCES = tests/unit/test_pkcs11_uri.c
tests_unit_test_pkcs11_uri_CFLAGS = $(token_test_cflags)
tests_unit_test_pkcs11_uri_LDADD = libmtls_pkcs11.la $(CMOCKA_LIBS)

unit_tests += tests/unit/test_pkcs11_login
tests_unit_test_pkcs11_login_SOURCES = tests/unit/test_pkcs11_login.c
tests_unit_test_pkcs11_login_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_pkcs11_login_CFLAGS = $(token_test_cflags)
tests_unit_test_pkcs11_login_LDADD = $(token_test_ldadd)
tests_unit_test_pkcs11_login_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token
tests_unit_test_token_SOURCES = tests/unit/test_token.c
tests_unit_test_token_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_CFLAGS = $(token_test_cflags)
tests_unit_test_token_LDADD = $(token_test_ldadd)
tests_unit_test_token_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_offer
tests_unit_test_token_offer_SOURCES = tests/unit/test_token_offer.c
tests_unit_test_token_offer_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_offer_CFLAGS = $(token_test_cflags)
tests_unit_test_token_offer_LDADD = $(token_test_ldadd)
tests_unit_test_token_offer_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_bad
tests_unit_test_token_bad_SOURCES = tests/unit/test_token_bad.c
tests_unit_test_token_bad_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_bad_CFLAGS = $(token_test_cflags)
tests_unit_test_token_bad_LDADD = $(token_test_ldadd)
tests_unit_test_token_bad_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_sandbox
tests_unit_test_token_sandbox_SOURCES = tests/unit/test_token_sandbox.c
tests_unit_test_token_sandbox_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_sandbox_CFLAGS = $(token_test_cflags)
tests_unit_test_token_sandbox_LDADD = $(token_test_ldadd)
tests_unit_test_token_sandbox_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_pin
tests_unit_test_token_pin_SOURCES = tests/unit/test_token_pin.c
tests_unit_test_token_pin_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_pin_CFLAGS = $(token_test_cflags)
tests_unit_test_token_pin_LDADD = $(token_test_ldadd)
tests_unit_test_token_pin_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_tls
tests_unit_test_token_tls_SOURCES = tests/unit/test_token_tls.c \
	$(tls_rig_sources)
tests_unit_test_token_tls_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_tls_CFLAGS = $(token_test_cflags)
tests_unit_test_token_tls_LDADD = $(token_test_ldadd)
tests_unit_test_token_tls_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_pkcs11_encode
tests_unit_test_pkcs11_encode_SOURCES = tests/unit/test_pkcs11_encode.c
tests_unit_test_pkcs11_encode_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_pkcs11_encode_CFLAGS = $(token_test_cflags)
tests_unit_test_pkcs11_encode_LDADD = $(token_test_ldadd)
tests_unit_test_pkcs11_encode_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_pkcs11_sign
tests_unit_test_pkcs11_sign_SOURCES = tests/unit/test_pkcs11_sign.c
tests_unit_test_pkcs11_sign_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_pkcs11_sign_CFLAGS = $(token_test_cflags)
tests_unit_test_pkcs11_sign_LDADD = $(token_test_ldadd)
tests_unit_test_pkcs11_sign_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_pkcs11_card
tests_unit_test_pkcs11_card_SOURCES = tests/unit/test_pkcs11_card.c
tests_unit_test_pkcs11_card_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_pkcs11_card_CFLAGS = $(token_test_cflags)
tests_unit_test_pkcs11_card_LDADD = $(token_test_ldadd)
tests_unit_test_pkcs11_card_DEPENDENCIES = $(token_test_depends)

unit_tests += tests/unit/test_token_faults
tests_unit_test_token_faults_SOURCES = tests/unit/test_token_faults.c \
	$(fail_nth_sources)
tests_unit_test_token_faults_CPPFLAGS = $(token_test_cppflags)
tests_unit_test_token_faults_CFLAGS = $(token_test_cflags)
tests_unit_test_token_faults_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
tests_unit_test_token_faults_LDADD = $(token_test_ldadd)
tests_unit_test_token_faults_DEPENDENCIES = $(token_test_depends)
