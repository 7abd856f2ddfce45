noinst_LTLIBRARIES += libmtls_tls.la
libmtls_tls_la_SOURCES = \
	tls/failure.c \
	tls/identity.c \
	tls/pem.c \
	tls/profile.c \
	tls/signer.c
libmtls_tls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
libmtls_tls_la_LIBADD = libmtls_common.la $(OPENSSL_LIBS)
