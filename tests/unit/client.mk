# Tests of client/ and of what mtlsctl makes of it.
client_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir) \
	-I$(top_srcdir)/tests/lib
client_test_cflags = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(CMOCKA_CFLAGS)

unit_tests += tests/unit/test_http_text
tests_unit_test_http_text_SOURCES = tests/unit/test_http_text.c
tests_unit_test_http_text_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_http_text_CFLAGS = $(client_test_cflags)
tests_unit_test_http_text_LDADD = libmtls_client.la $(CMOCKA_LIBS)

# The user's side with the helper's, and with gateways that are hostile.
unit_tests += tests/unit/test_relay_session
tests_unit_test_relay_session_SOURCES = tests/unit/test_relay_session.c \
	$(helper_rig_sources)
tests_unit_test_relay_session_CFLAGS = $(helper_rig_cflags)
tests_unit_test_relay_session_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_relay_session_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_ctl_askpass
tests_unit_test_ctl_askpass_SOURCES = tests/unit/test_ctl_askpass.c
tests_unit_test_ctl_askpass_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_askpass_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_askpass_LDADD = $(ctl_test_ldadd)
