# common/: one program per unit. What all of them link:
COMMON_TEST_LIBS = libmtls_common.la $(CMOCKA_LIBS)

unit_tests += \
	tests/unit/test_deadline \
	tests/unit/test_message \
	tests/unit/test_message_fields \
	tests/unit/test_message_socket \
	tests/unit/test_secret \
	tests/unit/test_status \
	tests/unit/test_text

tests_unit_test_deadline_SOURCES = tests/unit/test_deadline.c
tests_unit_test_deadline_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_message_SOURCES = tests/unit/test_message.c $(sample_sources)
tests_unit_test_message_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_message_fields_SOURCES = tests/unit/test_message_fields.c
tests_unit_test_message_fields_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_message_socket_SOURCES = tests/unit/test_message_socket.c \
	$(sample_sources) $(fail_nth_sources)
tests_unit_test_message_socket_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_message_socket_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
tests_unit_test_secret_SOURCES = tests/unit/test_secret.c
tests_unit_test_secret_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_status_SOURCES = tests/unit/test_status.c
tests_unit_test_status_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(COMMON_TEST_LIBS)
unit_tests += tests/unit/test_conf tests/unit/test_conf_file \
	tests/unit/test_file tests/unit/test_log
tests_unit_test_conf_SOURCES = tests/unit/test_conf.c
tests_unit_test_conf_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_conf_file_SOURCES = tests/unit/test_conf_file.c \
	$(scratch_sources)
tests_unit_test_conf_file_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_file_SOURCES = tests/unit/test_file.c $(scratch_sources)
tests_unit_test_file_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(COMMON_TEST_LIBS)
unit_tests += tests/unit/test_body tests/unit/test_spawn
tests_unit_test_body_SOURCES = tests/unit/test_body.c $(sample_sources)
tests_unit_test_body_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_spawn_SOURCES = tests/unit/test_spawn.c $(fail_nth_sources)
tests_unit_test_spawn_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPROBE=\"$(abs_top_builddir)/tests/lib/spawn_probe\"
tests_unit_test_spawn_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_spawn_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
EXTRA_tests_unit_test_spawn_DEPENDENCIES = tests/lib/spawn_probe
unit_tests += tests/unit/test_faults tests/unit/test_helper_channel \
	tests/unit/test_process
tests_unit_test_faults_SOURCES = tests/unit/test_faults.c \
	$(fail_nth_sources) $(sample_sources) $(scratch_sources)
tests_unit_test_faults_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPROBE=\"$(abs_top_builddir)/tests/lib/spawn_probe\"
tests_unit_test_faults_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_faults_LDADD = $(COMMON_TEST_LIBS) $(JANSSON_LIBS)
tests_unit_test_faults_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
EXTRA_tests_unit_test_faults_DEPENDENCIES = tests/lib/spawn_probe
tests_unit_test_helper_channel_SOURCES = tests/unit/test_helper_channel.c \
	$(fail_nth_sources) $(sample_sources) $(scratch_sources)
tests_unit_test_helper_channel_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_helper_channel_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
tests_unit_test_process_SOURCES = tests/unit/test_process.c \
	$(fail_nth_sources)
tests_unit_test_process_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_process_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
unit_tests += tests/unit/test_wipe
tests_unit_test_wipe_SOURCES = tests/unit/test_wipe.c $(scratch_sources)
tests_unit_test_wipe_LDADD = $(COMMON_TEST_LIBS)
tests_unit_test_wipe_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free

TESTS += tests/wipe-refuses
EXTRA_DIST += tests/wipe-refuses
unit_tests += tests/unit/test_relay_record
tests_unit_test_relay_record_SOURCES = tests/unit/test_relay_record.c
tests_unit_test_relay_record_LDADD = $(COMMON_TEST_LIBS)
