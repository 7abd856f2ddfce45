# The module: units of its own, and the module through the real libpam with
# a scripted helper (tests/lib/pam_rig.h). No root needed.
pam_rig_defines = -I$(top_srcdir)/tests/lib \
	-DMODULE_PATH=\"$(abs_top_builddir)/.libs/pam_mtls.so\"

check_LTLIBRARIES += libpam_rig.la
libpam_rig_la_SOURCES = \
	tests/lib/fake_helper.c tests/lib/fake_helper.h \
	tests/lib/fake_helper_bad.c \
	tests/lib/fake_helper_internal.h \
	tests/lib/fake_helper_play.c \
	tests/lib/fake_words.c \
	tests/lib/pam_rig.c tests/lib/pam_rig.h \
	tests/lib/pam_rig_log.c \
	tests/lib/pam_rig_state.c
libpam_rig_la_CPPFLAGS = $(AM_CPPFLAGS) $(pam_rig_defines)
libpam_rig_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
libpam_rig_la_LIBADD = libmtls_core.la

pam_test_cppflags = $(AM_CPPFLAGS) $(pam_rig_defines)
pam_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
pam_test_ldadd = libpam_rig.la $(PAM_LIBS) $(CMOCKA_LIBS)
pam_test_depends = libpam_rig.la pam_mtls.la

unit_tests += tests/pam/test_stack
tests_pam_test_stack_SOURCES = tests/pam/test_stack.c
tests_pam_test_stack_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_stack_CFLAGS = $(pam_test_cflags)
tests_pam_test_stack_LDADD = $(pam_test_ldadd)
tests_pam_test_stack_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_conversation
tests_pam_test_conversation_SOURCES = tests/pam/test_conversation.c
tests_pam_test_conversation_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_conversation_CFLAGS = $(pam_test_cflags)
tests_pam_test_conversation_LDADD = $(pam_test_ldadd)
tests_pam_test_conversation_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_helper_bad
tests_pam_test_helper_bad_SOURCES = tests/pam/test_helper_bad.c
tests_pam_test_helper_bad_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_helper_bad_CFLAGS = $(pam_test_cflags)
tests_pam_test_helper_bad_LDADD = $(pam_test_ldadd)
tests_pam_test_helper_bad_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_items
tests_pam_test_items_SOURCES = tests/pam/test_items.c
tests_pam_test_items_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_items_CFLAGS = $(pam_test_cflags)
tests_pam_test_items_LDADD = $(pam_test_ldadd)
tests_pam_test_items_DEPENDENCIES = $(pam_test_depends)
