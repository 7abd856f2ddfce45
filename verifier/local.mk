noinst_LTLIBRARIES += libmtls_verifier.la
libmtls_verifier_la_SOURCES = \
	verifier/settings.c
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
