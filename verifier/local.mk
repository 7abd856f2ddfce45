noinst_LTLIBRARIES += libmtls_verifier.la
libmtls_verifier_la_SOURCES = \
	verifier/account.c verifier/account.h \
	verifier/mapping.c verifier/mapping.h \
	verifier/network.c verifier/network.h \
	verifier/pattern.c verifier/pattern.h \
	verifier/policy.c verifier/policy.h \
	verifier/policy_file.c verifier/policy_file.h \
	verifier/policy_lexer.c verifier/policy_lexer.h \
	verifier/policy_map.c \
	verifier/policy_parser.c verifier/policy_parser.h \
	verifier/policy_rule.c \
	verifier/settings.c verifier/settings.h
libmtls_verifier_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	$(LIBEVENT_CFLAGS) $(LIBEVENT_OPENSSL_CFLAGS) $(SQLITE_CFLAGS) \
	$(SYSTEMD_CFLAGS)
libmtls_verifier_la_LIBADD = libmtls_tls.la $(LIBEVENT_OPENSSL_LIBS) \
	$(LIBEVENT_LIBS) $(SQLITE_LIBS) $(SYSTEMD_LIBS)

sbin_PROGRAMS += mtls-verifier
mtls_verifier_SOURCES = verifier/main.c
mtls_verifier_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS)
mtls_verifier_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_verifier_LDADD = libmtls_verifier.la
