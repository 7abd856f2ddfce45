# PKCS#11 through libp11, for mtls-token and for mtlsctl token.
noinst_LTLIBRARIES += libmtls_pkcs11.la
libmtls_pkcs11_la_SOURCES = \
	pkcs11/token.c
libmtls_pkcs11_la_CFLAGS = $(AM_CFLAGS) $(LIBP11_CFLAGS) $(P11KIT_CFLAGS) \
	$(OPENSSL_CFLAGS)
libmtls_pkcs11_la_LIBADD = libmtls_tls.la $(LIBP11_LIBS) $(P11KIT_LIBS) \
	$(OPENSSL_LIBS)
