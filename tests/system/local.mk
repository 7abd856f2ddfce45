# The system tests, what they share, and the virtual smart card.
EXTRA_DIST += tests/cases tests/cases.list tests/system \
	tests/lib/mtls_test tests/bench

if HAVE_CACARD
check_PROGRAMS += tests/lib/virtual_card
tests_lib_virtual_card_SOURCES = tests/lib/virtual_card.c
tests_lib_virtual_card_CFLAGS = $(CFLAGS_PROGRAM) $(CACARD_CFLAGS)
tests_lib_virtual_card_LDFLAGS = $(LDFLAGS_PROGRAM)
tests_lib_virtual_card_LDADD = $(CACARD_LIBS)
endif

# A gateway's module that says whatever a test wants it to.
check_LTLIBRARIES += pam_say.la
pam_say_la_SOURCES = tests/lib/pam_say.c
pam_say_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere
pam_say_la_LIBADD = $(PAM_LIBS)
