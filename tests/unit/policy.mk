# policy/: one program per unit.
POLICY_TEST_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) -I$(top_srcdir)/policy \
	-I$(top_srcdir)/tests/lib
POLICY_TEST_LIBS = libmtls_policy.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += \
	tests/unit/test_mapping \
	tests/unit/test_network \
	tests/unit/test_pattern \
	tests/unit/test_policy \
	tests/unit/test_policy_check \
	tests/unit/test_policy_explain \
	tests/unit/test_policy_faults \
	tests/unit/test_policy_file \
	tests/unit/test_within \
	tests/unit/test_zone

tests_unit_test_mapping_SOURCES = tests/unit/test_mapping.c
tests_unit_test_mapping_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_mapping_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_network_SOURCES = tests/unit/test_network.c
tests_unit_test_network_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_network_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_pattern_SOURCES = tests/unit/test_pattern.c
tests_unit_test_pattern_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_pattern_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_policy_SOURCES = tests/unit/test_policy.c
tests_unit_test_policy_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_policy_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_policy_check_SOURCES = tests/unit/test_policy_check.c
tests_unit_test_policy_check_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_policy_check_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_policy_explain_SOURCES = tests/unit/test_policy_explain.c
tests_unit_test_policy_explain_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_policy_explain_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_policy_faults_SOURCES = tests/unit/test_policy_faults.c \
	$(fail_nth_sources)
tests_unit_test_policy_faults_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_policy_faults_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_policy_faults_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
tests_unit_test_policy_file_SOURCES = tests/unit/test_policy_file.c \
	$(scratch_sources)
tests_unit_test_policy_file_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_policy_file_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_within_SOURCES = tests/unit/test_within.c
tests_unit_test_within_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_within_LDADD = $(POLICY_TEST_LIBS)
tests_unit_test_zone_SOURCES = tests/unit/test_zone.c $(scratch_sources)
tests_unit_test_zone_CFLAGS = $(POLICY_TEST_CFLAGS)
tests_unit_test_zone_LDADD = $(POLICY_TEST_LIBS)

# Policies in a running verifier.
unit_tests += tests/unit/test_verifier_policy
tests_unit_test_verifier_policy_SOURCES = tests/unit/test_verifier_policy.c \
	$(verifier_rig_sources)
tests_unit_test_verifier_policy_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_verifier_policy_LDADD = $(VERIFIER_TEST_LIBS)
tests_unit_test_verifier_policy_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getpwnam_r
unit_tests += tests/unit/test_name_service
tests_unit_test_name_service_SOURCES = tests/unit/test_name_service.c
tests_unit_test_name_service_CFLAGS = $(VERIFIER_TEST_CFLAGS)
tests_unit_test_name_service_LDADD = $(VERIFIER_TEST_LIBS)
