# PKCS#11 through libp11, for mtls-token and for mtlsctl token.
noinst_LTLIBRARIES += libmtls_pkcs11.la
noinst_HEADERS += pkcs11/internal.h
libmtls_pkcs11_la_SOURCES = \
	pkcs11/attribute.c \
	pkcs11/cert.c \
	pkcs11/ckr.c \
	pkcs11/encode.c \
	pkcs11/generate.c \
	pkcs11/key.c \
	pkcs11/list.c \
	pkcs11/login.c \
	pkcs11/mechanism.c \
	pkcs11/module.c \
	pkcs11/scheme.c \
	pkcs11/session.c \
	pkcs11/sign.c \
	pkcs11/store.c \
	pkcs11/uri.c
libmtls_pkcs11_la_CFLAGS = $(AM_CFLAGS) $(LIBP11_CFLAGS) $(P11KIT_CFLAGS) \
	$(OPENSSL_CFLAGS)
libmtls_pkcs11_la_LIBADD = libmtls_tls.la $(LIBP11_LIBS) $(P11KIT_LIBS) \
	$(OPENSSL_LIBS)
