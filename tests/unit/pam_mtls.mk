# The module: units of its own, and the module through the real libpam with
# a scripted helper (tests/lib/pam_rig.h). No root needed.
pam_rig_defines = -I$(top_srcdir)/tests/lib \
	-DMODULE_PATH=\"$(abs_top_builddir)/.libs/pam_mtls.so\" \
	-DSET_AUTHTOK_PATH=\"$(abs_top_builddir)/.libs/pam_set_authtok.so\" \
	-DSTACK_PROBE_PATH=\"$(abs_top_builddir)/.libs/pam_stack_probe.so\" \
	-DSOURCE_DIR=\"$(abs_top_srcdir)\" \
	-DFAULTS_MODULE_PATH=\"$(abs_top_builddir)/.libs/pam_mtls_faults.so\" \
	-DSPAWN_MODULE_PATH=\"$(abs_top_builddir)/.libs/pam_mtls_spawn.so\"

check_LTLIBRARIES += libpam_rig_fake.la libpam_rig.la
libpam_rig_fake_la_SOURCES = \
	tests/lib/fake_helper.c tests/lib/fake_helper.h \
	tests/lib/fake_helper_agent.c \
	tests/lib/fake_helper_bad.c \
	tests/lib/fake_helper_internal.h \
	tests/lib/fake_helper_play.c \
	tests/lib/fake_words.c
libpam_rig_fake_la_LIBADD = libmtls_core.la
libpam_rig_la_SOURCES = \
	tests/lib/pam_rig.c tests/lib/pam_rig.h \
	tests/lib/pam_rig_log.c \
	tests/lib/pam_rig_state.c
libpam_rig_la_CPPFLAGS = $(AM_CPPFLAGS) $(pam_rig_defines)
libpam_rig_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
libpam_rig_la_LIBADD = libpam_rig_fake.la

# The module with another program to spawn, see tests/lib/spawn_fake.c.
check_LTLIBRARIES += pam_mtls_spawn.la
pam_mtls_spawn_la_SOURCES = pam_mtls/module.c tests/lib/spawn_fake.c
pam_mtls_spawn_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFAKE_HELPER_PATH=\"$(abs_top_builddir)/tests/lib/fake_helper\"
pam_mtls_spawn_la_CFLAGS = $(AM_CFLAGS)
pam_mtls_spawn_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere -Wl,--wrap=mtls_spawn
pam_mtls_spawn_la_LIBADD = libmtls_module.la $(PAM_LIBS)

# The module with calls that can be made to fail; it spawns as that one does.
check_LTLIBRARIES += pam_mtls_faults.la
pam_mtls_faults_la_SOURCES = pam_mtls/module.c tests/lib/spawn_fake.c \
	tests/lib/fail_pam.c tests/lib/fail_pam.h $(fail_nth_sources)
pam_mtls_faults_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFAKE_HELPER_PATH=\"$(abs_top_builddir)/tests/lib/fake_helper\"
pam_mtls_faults_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) \
	-fvisibility=default
pam_mtls_faults_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere -Wl,--wrap=mtls_spawn $(fail_nth_ldflags) \
	-Wl,--wrap=pam_get_item,--wrap=pam_get_user,--wrap=pam_set_data \
	-Wl,--wrap=pam_get_data,--wrap=pam_fail_delay
pam_mtls_faults_la_LIBADD = libmtls_module.la $(PAM_LIBS) $(CMOCKA_LIBS)

check_LTLIBRARIES += pam_set_authtok.la
pam_set_authtok_la_SOURCES = tests/lib/pam_set_authtok.c
pam_set_authtok_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere
pam_set_authtok_la_LIBADD = $(PAM_LIBS)

check_LTLIBRARIES += pam_stack_probe.la
pam_stack_probe_la_SOURCES = tests/lib/pam_stack_probe.c
pam_stack_probe_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere
pam_stack_probe_la_LIBADD = $(PAM_LIBS)

check_PROGRAMS += tests/lib/fake_helper
tests_lib_fake_helper_SOURCES = tests/lib/fake_helper_main.c
tests_lib_fake_helper_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
tests_lib_fake_helper_LDADD = libpam_rig_fake.la

pam_test_cppflags = $(AM_CPPFLAGS) $(pam_rig_defines)
pam_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
pam_test_ldadd = libpam_rig.la $(PAM_LIBS) $(CMOCKA_LIBS)
pam_test_depends = libpam_rig.la pam_mtls.la pam_mtls_spawn.la \
	pam_mtls_faults.la pam_set_authtok.la pam_stack_probe.la tests/lib/fake_helper

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

unit_tests += tests/pam/test_sshd
tests_pam_test_sshd_SOURCES = tests/pam/test_sshd.c
tests_pam_test_sshd_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_sshd_CFLAGS = $(pam_test_cflags)
tests_pam_test_sshd_LDADD = $(pam_test_ldadd)
tests_pam_test_sshd_DEPENDENCIES = $(pam_test_depends)
unit_tests += tests/pam/test_relay
tests_pam_test_relay_SOURCES = tests/pam/test_relay.c
tests_pam_test_relay_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_relay_CFLAGS = $(pam_test_cflags)
tests_pam_test_relay_LDADD = $(pam_test_ldadd)
tests_pam_test_relay_DEPENDENCIES = $(pam_test_depends)

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

unit_tests += tests/pam/test_agent
tests_pam_test_agent_SOURCES = tests/pam/test_agent.c
tests_pam_test_agent_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_agent_CFLAGS = $(pam_test_cflags)
tests_pam_test_agent_LDADD = $(pam_test_ldadd)
tests_pam_test_agent_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/unit/test_invoker
tests_unit_test_invoker_SOURCES = tests/unit/test_invoker.c
tests_unit_test_invoker_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_invoker_LDADD = libmtls_module.la $(CMOCKA_LIBS)

unit_tests += tests/pam/test_spawn
tests_pam_test_spawn_SOURCES = tests/pam/test_spawn.c
tests_pam_test_spawn_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_spawn_CFLAGS = $(pam_test_cflags)
tests_pam_test_spawn_LDADD = $(pam_test_ldadd)
tests_pam_test_spawn_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_interrupt
tests_pam_test_interrupt_SOURCES = tests/pam/test_interrupt.c
tests_pam_test_interrupt_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_interrupt_CFLAGS = $(pam_test_cflags)
tests_pam_test_interrupt_LDADD = $(pam_test_ldadd)
tests_pam_test_interrupt_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_host
tests_pam_test_host_SOURCES = tests/pam/test_host.c
tests_pam_test_host_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_host_CFLAGS = $(pam_test_cflags)
tests_pam_test_host_LDADD = $(pam_test_ldadd)
tests_pam_test_host_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_leak
tests_pam_test_leak_SOURCES = tests/pam/test_leak.c
tests_pam_test_leak_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_leak_CFLAGS = $(pam_test_cflags)
tests_pam_test_leak_LDADD = $(pam_test_ldadd)
tests_pam_test_leak_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_stack_use
tests_pam_test_stack_use_SOURCES = tests/pam/test_stack_use.c
tests_pam_test_stack_use_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_stack_use_CFLAGS = $(pam_test_cflags)
tests_pam_test_stack_use_LDADD = $(pam_test_ldadd)
tests_pam_test_stack_use_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_shape
tests_pam_test_shape_SOURCES = tests/pam/test_shape.c
tests_pam_test_shape_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_shape_CFLAGS = $(pam_test_cflags)
tests_pam_test_shape_LDADD = $(pam_test_ldadd)
tests_pam_test_shape_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_examples
tests_pam_test_examples_SOURCES = tests/pam/test_examples.c
tests_pam_test_examples_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_examples_CFLAGS = $(pam_test_cflags)
tests_pam_test_examples_LDADD = $(pam_test_ldadd)
tests_pam_test_examples_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/unit/test_pam_code
tests_unit_test_pam_code_SOURCES = tests/unit/test_pam_code.c
tests_unit_test_pam_code_CPPFLAGS = $(pam_test_cppflags) -I$(top_srcdir)
tests_unit_test_pam_code_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_code_LDADD = libmtls_module.la $(PAM_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_options
tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_options_CPPFLAGS = $(pam_test_cppflags) -I$(top_srcdir)
tests_unit_test_options_CFLAGS = $(pam_test_cflags)
tests_unit_test_options_LDADD = libmtls_module.la $(PAM_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/pam/test_sweep
tests_pam_test_sweep_SOURCES = tests/pam/test_sweep.c
tests_pam_test_sweep_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_sweep_CFLAGS = $(pam_test_cflags)
tests_pam_test_sweep_LDADD = $(pam_test_ldadd)
tests_pam_test_sweep_DEPENDENCIES = $(pam_test_depends)

unit_tests += tests/pam/test_scripts
tests_pam_test_scripts_SOURCES = tests/pam/test_scripts.c
tests_pam_test_scripts_CPPFLAGS = $(pam_test_cppflags)
tests_pam_test_scripts_CFLAGS = $(pam_test_cflags)
tests_pam_test_scripts_LDADD = $(pam_test_ldadd)
tests_pam_test_scripts_DEPENDENCIES = $(pam_test_depends)
EXTRA_DIST += \
	tests/pam/again.pamt \
	tests/pam/arguments.pamt \
	tests/pam/choose.pamt \
	tests/pam/early-result.pamt \
	tests/pam/expiring.pamt \
	tests/pam/expiring-single.pamt \
	tests/pam/granted.pamt \
	tests/pam/helper-settings.pamt \
	tests/pam/last-try.pamt \
	tests/pam/misspelt.pamt \
	tests/pam/no-answer.pamt \
	tests/pam/no-card.pamt \
	tests/pam/not-yours.pamt \
	tests/pam/pin-locked.pamt \
	tests/pam/pin-pad.pamt \
	tests/pam/quiet.pamt \
	tests/pam/silent.pamt \
	tests/pam/single.pamt \
	tests/pam/wrong-pin.pamt
