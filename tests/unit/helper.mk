# Tests of mtls-helper: single units, then logins against a verifier that
# misbehaves on request (tests/lib/fake_verifier.c).
helper_test_cflags = -I$(top_srcdir) $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(CMOCKA_CFLAGS) -DTEST_SRCDIR=\"$(abs_top_srcdir)\"
helper_test_ldadd = libmtls_helper.la $(CMOCKA_LIBS)

unit_tests += tests/unit/test_settings
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c
tests_unit_test_settings_CFLAGS = $(helper_test_cflags)
tests_unit_test_settings_LDADD = $(helper_test_ldadd)

unit_tests += tests/unit/test_verdict
tests_unit_test_verdict_SOURCES = tests/unit/test_verdict.c
tests_unit_test_verdict_CFLAGS = $(helper_test_cflags)
tests_unit_test_verdict_LDADD = $(helper_test_ldadd)

unit_tests += tests/unit/test_caller
tests_unit_test_caller_SOURCES = tests/unit/test_caller.c
tests_unit_test_caller_CFLAGS = $(helper_test_cflags)
tests_unit_test_caller_LDADD = $(helper_test_ldadd)

unit_tests += tests/unit/test_sentence
tests_unit_test_sentence_SOURCES = tests/unit/test_sentence.c
tests_unit_test_sentence_CFLAGS = $(helper_test_cflags)
tests_unit_test_sentence_LDADD = $(helper_test_ldadd)

# An ssh-agent that lies.
fake_agent_sources = tests/lib/fake_agent.c tests/lib/fake_agent.h

unit_tests += tests/unit/test_ssh_auth_info
tests_unit_test_ssh_auth_info_SOURCES = tests/unit/test_ssh_auth_info.c
tests_unit_test_ssh_auth_info_CFLAGS = $(helper_test_cflags)
tests_unit_test_ssh_auth_info_LDADD = $(helper_test_ldadd)
unit_tests += tests/unit/test_ssh_key
tests_unit_test_ssh_key_SOURCES = tests/unit/test_ssh_key.c \
	$(fake_agent_sources)
tests_unit_test_ssh_key_CFLAGS = $(helper_test_cflags)
tests_unit_test_ssh_key_LDADD = $(helper_test_ldadd)

unit_tests += tests/unit/test_ssh_agent
tests_unit_test_ssh_agent_SOURCES = tests/unit/test_ssh_agent.c \
	$(fake_agent_sources)
tests_unit_test_ssh_agent_CFLAGS = $(helper_test_cflags)
tests_unit_test_ssh_agent_LDADD = $(helper_test_ldadd)

unit_tests += tests/unit/test_agent_signer
tests_unit_test_agent_signer_SOURCES = tests/unit/test_agent_signer.c \
	$(fake_agent_sources)
tests_unit_test_agent_signer_CFLAGS = $(helper_test_cflags)
tests_unit_test_agent_signer_LDADD = $(helper_test_ldadd)

# Whole logins.
helper_rig_sources = tests/lib/login_rig.c tests/lib/login_rig.h \
	tests/lib/login_rig_module.c \
	tests/lib/fake_verifier.c tests/lib/fake_verifier.h \
	tests/lib/fake_verifier_http.c tests/lib/fake_verifier_internal.h \
	tests/lib/fake_flood.c $(tls_records_sources) $(pki_sources)
helper_rig_cflags = $(helper_test_cflags) -I$(top_srcdir)/tests/lib \
	-DFAKE_TOKEN=\"$(abs_top_builddir)/tests/lib/fake_token\"

check_PROGRAMS += tests/lib/fake_token
tests_lib_fake_token_SOURCES = tests/lib/fake_token.c
tests_lib_fake_token_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_lib_fake_token_LDADD = libmtls_core.la $(OPENSSL_LIBS)

unit_tests += tests/unit/test_login
tests_unit_test_login_SOURCES = tests/unit/test_login.c $(helper_rig_sources)
tests_unit_test_login_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_agent
tests_unit_test_login_agent_SOURCES = tests/unit/test_login_agent.c \
	$(fake_agent_sources) $(helper_rig_sources)
tests_unit_test_login_agent_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_agent_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_agent_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_verifier
tests_unit_test_login_verifier_SOURCES = tests/unit/test_login_verifier.c \
	$(helper_rig_sources)
tests_unit_test_login_verifier_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_verifier_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_verifier_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_token
tests_unit_test_login_token_SOURCES = tests/unit/test_login_token.c \
	$(helper_rig_sources)
tests_unit_test_login_token_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_token_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_token_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_overlap
tests_unit_test_login_overlap_SOURCES = tests/unit/test_login_overlap.c \
	$(helper_rig_sources)
tests_unit_test_login_overlap_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_overlap_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_overlap_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_caller
tests_unit_test_login_caller_SOURCES = tests/unit/test_login_caller.c \
	$(helper_rig_sources)
tests_unit_test_login_caller_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_caller_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_caller_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_faults
tests_unit_test_login_faults_SOURCES = tests/unit/test_login_faults.c \
	$(helper_rig_sources) $(fail_nth_sources)
tests_unit_test_login_faults_CFLAGS = $(helper_rig_cflags) $(JANSSON_CFLAGS)
tests_unit_test_login_faults_LDADD = $(helper_test_ldadd) $(JANSSON_LIBS)
tests_unit_test_login_faults_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
EXTRA_tests_unit_test_login_faults_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_peer
tests_unit_test_login_peer_SOURCES = tests/unit/test_login_peer.c \
	$(helper_rig_sources)
tests_unit_test_login_peer_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_peer_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_peer_DEPENDENCIES = tests/lib/fake_token

unit_tests += tests/unit/test_login_flood
tests_unit_test_login_flood_SOURCES = tests/unit/test_login_flood.c \
	$(helper_rig_sources)
tests_unit_test_login_flood_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_flood_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_flood_DEPENDENCIES = tests/lib/fake_token

# With the real mtls-token; skips where there is no SoftHSM.
unit_tests += tests/unit/test_login_card
tests_unit_test_login_card_SOURCES = tests/unit/test_login_card.c \
	$(helper_rig_sources)
tests_unit_test_login_card_CFLAGS = $(helper_rig_cflags) $(P11KIT_CFLAGS) \
	-DMTLS_TOKEN_BUILT=\"$(abs_top_builddir)/mtls-token\"
tests_unit_test_login_card_LDADD = libmtls_helper.la libtoken_rig.la \
	$(CMOCKA_LIBS)
tests_unit_test_login_card_DEPENDENCIES = libmtls_helper.la \
	$(token_test_depends)

unit_tests += tests/unit/test_login_relay
tests_unit_test_login_relay_SOURCES = tests/unit/test_login_relay.c \
	tests/lib/relay_person.c tests/lib/relay_person.h \
	$(helper_rig_sources)
tests_unit_test_login_relay_CFLAGS = $(helper_rig_cflags)
tests_unit_test_login_relay_LDADD = $(helper_test_ldadd)
EXTRA_tests_unit_test_login_relay_DEPENDENCIES = tests/lib/fake_token
