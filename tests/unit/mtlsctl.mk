# mtlsctl: most of its tests run the program, in tests/system.
EXTRA_DIST += tests/lib/mtls_test/ctl.py \
	tests/system/test_mtlsctl_ca.py \
	tests/system/test_mtlsctl_ca_bad.py \
	tests/system/test_mtlsctl_login.py \
	tests/system/test_mtlsctl_policy.py \
	tests/system/test_mtlsctl_token.py

ctl_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/tests/lib
ctl_test_cflags = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
ctl_test_ldadd = libmtls_ctl.la $(CMOCKA_LIBS)

unit_tests += \
	tests/unit/test_ctl_admin \
	tests/unit/test_ctl_index \
	tests/unit/test_ctl_key \
	tests/unit/test_ctl_new_file \
	tests/unit/test_ctl_options \
	tests/unit/test_ctl_output
tests_unit_test_ctl_admin_SOURCES = tests/unit/test_ctl_admin.c \
	$(scratch_sources)
tests_unit_test_ctl_admin_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_admin_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_admin_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_index_SOURCES = tests/unit/test_ctl_index.c \
	$(scratch_sources)
tests_unit_test_ctl_index_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_index_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_index_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_key_SOURCES = tests/unit/test_ctl_key.c
tests_unit_test_ctl_key_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_key_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_key_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_new_file_SOURCES = tests/unit/test_ctl_new_file.c \
	$(scratch_sources) $(fail_nth_sources)
tests_unit_test_ctl_new_file_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_new_file_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_new_file_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_new_file_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
tests_unit_test_ctl_options_SOURCES = tests/unit/test_ctl_options.c
tests_unit_test_ctl_options_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_options_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_options_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_output_SOURCES = tests/unit/test_ctl_output.c
tests_unit_test_ctl_output_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_output_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_output_LDADD = $(ctl_test_ldadd)

unit_tests += tests/unit/test_ctl_try
tests_unit_test_ctl_try_SOURCES = tests/unit/test_ctl_try.c \
	$(scratch_sources)
tests_unit_test_ctl_try_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_try_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_try_LDADD = libpam_rig_fake.la $(ctl_test_ldadd)

unit_tests += tests/unit/test_ctl_terminal
tests_unit_test_ctl_terminal_SOURCES = tests/unit/test_ctl_terminal.c
tests_unit_test_ctl_terminal_CPPFLAGS = $(ctl_test_cppflags)
tests_unit_test_ctl_terminal_CFLAGS = $(ctl_test_cflags)
tests_unit_test_ctl_terminal_LDADD = $(ctl_test_ldadd)
tests_unit_test_ctl_terminal_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=read,--wrap=poll
