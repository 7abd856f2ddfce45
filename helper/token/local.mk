noinst_LTLIBRARIES += libmtls_token.la
noinst_HEADERS += \
	helper/token/choose.h \
	helper/token/offer.h \
	helper/token/pin.h \
	helper/token/sandbox.h \
	helper/token/worker.h
libmtls_token_la_SOURCES = \
	helper/token/choose.c \
	helper/token/offer.c \
	helper/token/pin.c \
	helper/token/sandbox.c \
	helper/token/syscalls.c \
	helper/token/worker.c
libmtls_token_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(SECCOMP_CFLAGS)
libmtls_token_la_LIBADD = libmtls_pkcs11.la $(SECCOMP_LIBS)

pkglibexec_PROGRAMS += mtls-token
mtls_token_SOURCES = helper/token/main.c
mtls_token_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS)
mtls_token_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_token_LDADD = libmtls_token.la $(OPENSSL_LIBS)
