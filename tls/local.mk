# What every program with OpenSSL shares: the profile, identities, signers.
noinst_LTLIBRARIES += libmtls_tls.la
libmtls_tls_la_SOURCES = \
	tls/audit_chain.c \
	tls/chain_cache.c \
	tls/chain_cache.h \
	tls/chain_upper.c \
	tls/chain_upper.h \
	tls/context.c \
	tls/context.h \
	tls/failure.c \
	tls/few_types.c \
	tls/few_types.h \
	tls/identity.c \
	tls/identity_names.c \
	tls/identity_names.h \
	tls/identity_purposes.c \
	tls/leaf.c \
	tls/leaf.h \
	tls/openssl_error.c \
	tls/peer.c \
	tls/pem.c \
	tls/pem_key.c \
	tls/present.c \
	tls/profile.c \
	tls/signer.c \
	tls/signer_key.c \
	tls/signer_provider.h \
	tls/signer_sign.c \
	tls/trust.c \
	tls/verify.c
libmtls_tls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
libmtls_tls_la_LIBADD = libmtls_common.la $(OPENSSL_LIBS)
