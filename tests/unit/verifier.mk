# verifier/: one program per unit.
VERIFIER_TEST_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(LIBEVENT_OPENSSL_CFLAGS) $(SQLITE_CFLAGS) -I$(top_srcdir)/verifier \
	-I$(top_srcdir)/policy -I$(top_srcdir)/tests/lib
VERIFIER_TEST_LIBS = libmtls_verifier.la $(OPENSSL_LIBS) $(SQLITE_LIBS) \
	$(CMOCKA_LIBS)

unit_tests += \
	tests/unit/test_verifier_ocsp \
	tests/unit/test_ocsp_answer \
	tests/unit/test_crl_fetch \
	tests/unit/test_alarms \
	tests/unit/test_log_queue \
	tests/unit/test_verifier_clock \
	tests/unit/test_metrics \
	tests/unit/test_revocation \
	tests/unit/test_store \
	tests/unit/test_store_binding \
	tests/unit/test_store_checkpoint \
	tests/unit/test_store_sqlite \
	tests/unit/test_store_thread \
	tests/unit/test_store_limit \
	tests/unit/test_store_code \
	tests/unit/test_throttle \
	tests/unit/test_limit \
	tests/unit/test_verifier_flood \
	tests/unit/test_verifier_http \
	tests/unit/test_verifier_life \
	tests/unit/test_verifier_loops \
	tests/unit/test_verifier_reload \
	tests/unit/test_verifier_settings \
	tests/unit/test_verifier_tls

tests_unit_test_alarms_SOURCES = tests/unit/test_alarms.c
tests_unit_test_alarms_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_alarms_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_clock_SOURCES = tests/unit/test_verifier_clock.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_clock_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_clock_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_clock_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime -Wl,--wrap=time
tests_unit_test_log_queue_SOURCES = tests/unit/test_log_queue.c
tests_unit_test_log_queue_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_log_queue_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c
tests_unit_test_metrics_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_metrics_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_settings_SOURCES = \
	tests/unit/test_verifier_settings.c $(scratch_sources)
tests_unit_test_verifier_settings_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_settings_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_revocation_SOURCES = tests/unit/test_revocation.c \
	$(scratch_sources) $(pki_sources)
tests_unit_test_revocation_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_revocation_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_ocsp_answer_SOURCES = tests/unit/test_ocsp_answer.c \
	$(ocsp_reply_sources) $(pki_sources)
tests_unit_test_ocsp_answer_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_ocsp_answer_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_crl_fetch_SOURCES = tests/unit/test_crl_fetch.c \
	$(http_stub_sources) $(scratch_sources) $(pki_sources)
tests_unit_test_crl_fetch_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_crl_fetch_LDADD = $(VERIFIER_TEST_LIBS)
store_rig_sources = tests/unit/store_rig.c tests/unit/store_rig.h \
	$(scratch_sources)
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_rig_sources)
tests_unit_test_store_CFLAGS = $(VERIFIER_TEST_CFLAGS) $(POSTGRESQL_CFLAGS)
tests_unit_test_store_LDADD = $(VERIFIER_TEST_LIBS) $(POSTGRESQL_LIBS)
tests_unit_test_store_binding_SOURCES = tests/unit/test_store_binding.c \
	$(store_rig_sources)
tests_unit_test_store_binding_CFLAGS = $(VERIFIER_TEST_CFLAGS) $(POSTGRESQL_CFLAGS)
tests_unit_test_store_binding_LDADD = $(VERIFIER_TEST_LIBS) $(POSTGRESQL_LIBS)
tests_unit_test_store_checkpoint_SOURCES = \
	tests/unit/test_store_checkpoint.c $(scratch_sources)
tests_unit_test_store_checkpoint_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_store_checkpoint_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_store_sqlite_SOURCES = tests/unit/test_store_sqlite.c \
	$(store_rig_sources)
tests_unit_test_store_sqlite_CFLAGS = $(VERIFIER_TEST_CFLAGS) \
	$(POSTGRESQL_CFLAGS)
tests_unit_test_store_sqlite_LDADD = $(VERIFIER_TEST_LIBS) $(POSTGRESQL_LIBS)
tests_unit_test_store_sqlite_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_step
if HAVE_POSTGRESQL
unit_tests += tests/unit/test_store_postgresql
tests_unit_test_store_postgresql_SOURCES = \
	tests/unit/test_store_postgresql.c $(store_rig_sources)
tests_unit_test_store_postgresql_CFLAGS = $(VERIFIER_TEST_CFLAGS) \
	$(POSTGRESQL_CFLAGS)
tests_unit_test_store_postgresql_LDADD = $(VERIFIER_TEST_LIBS) \
	$(POSTGRESQL_LIBS)
tests_unit_test_store_postgresql_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mtls_clock_ms
endif
tests_unit_test_store_thread_SOURCES = tests/unit/test_store_thread.c
tests_unit_test_store_thread_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_store_thread_LDADD = $(VERIFIER_TEST_LIBS)

tests_unit_test_store_code_SOURCES = tests/unit/test_store_code.c \
	$(store_rig_sources)
tests_unit_test_store_code_CFLAGS = $(VERIFIER_TEST_CFLAGS) \
	$(POSTGRESQL_CFLAGS)
tests_unit_test_store_code_LDADD = $(VERIFIER_TEST_LIBS) $(POSTGRESQL_LIBS)
tests_unit_test_store_limit_SOURCES = tests/unit/test_store_limit.c \
	$(store_rig_sources)
tests_unit_test_store_limit_CFLAGS = $(VERIFIER_TEST_CFLAGS) \
	$(POSTGRESQL_CFLAGS)
tests_unit_test_store_limit_LDADD = $(VERIFIER_TEST_LIBS) $(POSTGRESQL_LIBS)
tests_unit_test_store_limit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c
tests_unit_test_throttle_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_throttle_LDADD = $(VERIFIER_TEST_LIBS)

# A running verifier with files and clients.
# Keys in a running verifier.
unit_tests += tests/unit/test_verifier_given_up
tests_unit_test_verifier_given_up_SOURCES = \
	tests/unit/test_verifier_given_up.c $(verifier_rig_sources)
tests_unit_test_verifier_given_up_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_given_up_LDADD = $(VERIFIER_TEST_LIBS)

unit_tests += tests/unit/test_verifier_keys
tests_unit_test_verifier_keys_SOURCES = tests/unit/test_verifier_keys.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_keys_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_keys_LDADD = $(VERIFIER_TEST_LIBS)

verifier_rig_sources = tests/unit/verifier_rig.c tests/unit/verifier_rig.h \
	tests/unit/verifier_rig_http.c $(pki_sources) $(tls_records_sources)
tests_unit_test_verifier_tls_SOURCES = tests/unit/test_verifier_tls.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_tls_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_tls_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_ocsp_SOURCES = tests/unit/test_verifier_ocsp.c \
	$(verifier_rig_sources) $(http_stub_sources) $(ocsp_reply_sources)
tests_unit_test_verifier_ocsp_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_ocsp_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_limit_SOURCES = tests/unit/test_limit.c \
	$(verifier_rig_sources)
tests_unit_test_limit_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_limit_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_flood_SOURCES = tests/unit/test_verifier_flood.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_flood_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_flood_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_http_SOURCES = tests/unit/test_verifier_http.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_http_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_http_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_loops_SOURCES = tests/unit/test_verifier_loops.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_loops_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_loops_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_reload_SOURCES = \
	tests/unit/test_verifier_reload.c $(verifier_rig_sources)
tests_unit_test_verifier_reload_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_reload_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_reload_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getgrnam_r
tests_unit_test_verifier_life_SOURCES = tests/unit/test_verifier_life.c \
	$(verifier_rig_sources) $(fail_nth_sources)
tests_unit_test_verifier_life_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_life_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_life_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags) \
	-Wl,--wrap=bufferevent_openssl_socket_new

unit_tests += tests/unit/test_code tests/unit/test_verifier_codes
tests_unit_test_code_SOURCES = tests/unit/test_code.c $(scratch_sources)
tests_unit_test_code_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_code_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_codes_SOURCES = tests/unit/test_verifier_codes.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_codes_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_codes_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_codes_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mtls_clock_ms
