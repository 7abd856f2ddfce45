# Who may log in where: policy.conf(5) and the decision by it, for
# mtls-verifier and for mtlsctl policy. libc and the headers of OpenSSL.
noinst_LTLIBRARIES += libmtls_policy.la
libmtls_policy_la_SOURCES = \
	policy/account.c policy/account.h \
	policy/mapping.c policy/mapping.h \
	policy/network.c policy/network.h \
	policy/pattern.c policy/pattern.h \
	policy/policy.c policy/policy.h \
	policy/policy_check.c policy/policy_check.h \
	policy/policy_clear.c \
	policy/policy_cover.c \
	policy/policy_explain.c policy/policy_explain.h \
	policy/policy_file.c policy/policy_file.h \
	policy/policy_lexer.c policy/policy_lexer.h \
	policy/policy_map.c \
	policy/policy_match.c policy/policy_match.h \
	policy/policy_parser.c policy/policy_parser.h \
	policy/policy_reason.c \
	policy/policy_require.c \
	policy/policy_requirement.c \
	policy/policy_rule.c \
	policy/within.c policy/within.h \
	policy/zone.c policy/zone.h \
	policy/zone_rule.c policy/zone_rule.h
libmtls_policy_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
libmtls_policy_la_LIBADD = libmtls_tls.la
