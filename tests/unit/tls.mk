# tls/: one program per unit; handshakes are split by what is judged.
TLS_TEST_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
TLS_TEST_LIBS = libmtls_tls.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_profile tests/unit/test_resumption \
	tests/unit/test_server_certificate \
	tests/unit/test_client_certificate tests/unit/test_client_proof \
	tests/unit/test_peer \
	tests/unit/test_trust tests/unit/test_trust_limits
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c \
	$(tls_rig_sources)
tests_unit_test_profile_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_profile_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_resumption_SOURCES = tests/unit/test_resumption.c \
	$(tls_rig_sources)
tests_unit_test_resumption_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_resumption_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_server_certificate_SOURCES = \
	tests/unit/test_server_certificate.c $(tls_rig_sources)
tests_unit_test_server_certificate_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_server_certificate_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_client_certificate_SOURCES = \
	tests/unit/test_client_certificate.c $(tls_rig_sources)
tests_unit_test_client_certificate_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_client_certificate_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_client_proof_SOURCES = tests/unit/test_client_proof.c \
	$(tls_rig_sources) $(tls_forger_sources)
tests_unit_test_client_proof_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_client_proof_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_peer_SOURCES = tests/unit/test_peer.c $(tls_rig_sources)
tests_unit_test_peer_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_peer_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_trust_SOURCES = tests/unit/test_trust.c $(tls_rig_sources)
tests_unit_test_trust_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_trust_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_trust_limits_SOURCES = tests/unit/test_trust_limits.c \
	$(tls_rig_sources)
tests_unit_test_trust_limits_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_trust_limits_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_chain_cache
tests_unit_test_chain_cache_SOURCES = tests/unit/test_chain_cache.c \
	$(tls_rig_sources) $(tls_forger_sources)
tests_unit_test_chain_cache_CFLAGS = $(TLS_TEST_CFLAGS) -I$(top_srcdir)/tls
tests_unit_test_chain_cache_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_chain_cache_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=time

unit_tests += tests/unit/test_chain_upper
tests_unit_test_chain_upper_SOURCES = tests/unit/test_chain_upper.c \
	$(tls_rig_sources)
tests_unit_test_chain_upper_CFLAGS = $(TLS_TEST_CFLAGS) -I$(top_srcdir)/tls
tests_unit_test_chain_upper_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_chain_upper_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=time

unit_tests += tests/unit/test_few_types
tests_unit_test_few_types_SOURCES = tests/unit/test_few_types.c
tests_unit_test_few_types_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_few_types_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_signer
tests_unit_test_signer_SOURCES = tests/unit/test_signer.c $(tls_rig_sources)
tests_unit_test_signer_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_signer_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_identity tests/unit/test_identity_names
tests_unit_test_identity_SOURCES = tests/unit/test_identity.c \
	$(tls_rig_sources)
tests_unit_test_identity_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_identity_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_identity_names_SOURCES = tests/unit/test_identity_names.c \
	$(tls_rig_sources)
tests_unit_test_identity_names_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_identity_names_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_pem
tests_unit_test_pem_SOURCES = tests/unit/test_pem.c $(tls_rig_sources)
tests_unit_test_pem_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_pem_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_environment
tests_unit_test_environment_SOURCES = tests/unit/test_environment.c \
	$(tls_rig_sources) $(scratch_sources)
tests_unit_test_environment_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_environment_LDADD = $(TLS_TEST_LIBS)

unit_tests += tests/unit/test_tls_faults
tests_unit_test_tls_faults_SOURCES = tests/unit/test_tls_faults.c \
	$(fail_nth_sources) $(tls_rig_sources)
tests_unit_test_tls_faults_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_tls_faults_LDADD = $(TLS_TEST_LIBS)
tests_unit_test_tls_faults_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)

unit_tests += tests/unit/test_audit_chain
tests_unit_test_audit_chain_SOURCES = tests/unit/test_audit_chain.c
tests_unit_test_audit_chain_CFLAGS = $(TLS_TEST_CFLAGS)
tests_unit_test_audit_chain_LDADD = $(TLS_TEST_LIBS)
