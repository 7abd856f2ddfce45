# Every unit test is tests/unit/test_<unit>.c, one cmocka program; each part
# of the tree lists its own in tests/unit/<part>.mk.
include tests/lib/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/system/local.mk
include tests/unit/common.mk
include tests/unit/tls.mk
include tests/unit/pam_mtls.mk
include tests/unit/helper.mk
include tests/unit/token.mk
include tests/unit/policy.mk
include tests/unit/verifier.mk
include tests/unit/mtlsctl.mk
include tests/unit/client.mk

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif

# PROTOCOL.md says what the code does.
check_PROGRAMS += tests/lib/protocol_tables
tests_lib_protocol_tables_SOURCES = tests/lib/protocol_tables.c
TESTS += tests/protocol-tables
EXTRA_DIST += tests/protocol-tables PROTOCOL.md README.md DESIGN.md \
	SECURITY.md CONTRIBUTING.md NEWS LICENSE

# The whole run, and the machine of its own that it uses.
EXTRA_DIST += tests/run tests/lib/own-machine tests/lib/packages.sh \
	tests/lib/build.sh tests/lib/count.py \
	tests/lib/under-valgrind .ci/run
