noinst_LTLIBRARIES += libmtls_helper.la
libmtls_helper_la_SOURCES = \
	helper/settings.c
libmtls_helper_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(LIBEVENT_OPENSSL_CFLAGS)
libmtls_helper_la_LIBADD = libmtls_tls.la $(LIBEVENT_OPENSSL_LIBS) \
	$(LIBEVENT_LIBS)

pkglibexec_PROGRAMS += mtls-helper
mtls_helper_SOURCES = helper/main.c
mtls_helper_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS)
mtls_helper_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_helper_LDADD = libmtls_helper.la
