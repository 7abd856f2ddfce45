# The system tests, what they share, and the virtual smart card.
EXTRA_DIST += tests/cases tests/cases.list \
	tests/lib/mtls_test/__init__.py tests/lib/mtls_test/card.py \
	tests/lib/mtls_test/machine.py tests/lib/mtls_test/organisation.py \
	tests/lib/mtls_test/pam.py tests/lib/mtls_test/process.py \
	tests/lib/mtls_test/syslog.py

if HAVE_CACARD
check_PROGRAMS += tests/lib/virtual_card
tests_lib_virtual_card_SOURCES = tests/lib/virtual_card.c
tests_lib_virtual_card_CFLAGS = $(CFLAGS_PROGRAM) $(CACARD_CFLAGS)
tests_lib_virtual_card_LDFLAGS = $(LDFLAGS_PROGRAM)
tests_lib_virtual_card_LDADD = $(CACARD_LIBS)
endif
