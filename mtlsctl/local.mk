# mtlsctl/mtlsctl: a program cannot have the name of its folder.
bin_PROGRAMS += mtlsctl/mtlsctl
mtlsctl_mtlsctl_SOURCES = \
	mtlsctl/main.c
mtlsctl_mtlsctl_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
mtlsctl_mtlsctl_LDFLAGS = $(LDFLAGS_PROGRAM)
mtlsctl_mtlsctl_LDADD = libmtls_tls.la $(JANSSON_LIBS) $(OPENSSL_LIBS)
