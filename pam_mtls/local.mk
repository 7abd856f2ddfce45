pam_LTLIBRARIES += pam_mtls.la
pam_mtls_la_SOURCES = \
	pam_mtls/module.c
pam_mtls_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/pam_mtls/pam_mtls.map \
	-Wl,-z,defs
pam_mtls_la_LIBADD = libmtls_core.la $(PAM_LIBS)
pam_mtls_la_DEPENDENCIES = libmtls_core.la pam_mtls/pam_mtls.map
EXTRA_DIST += pam_mtls/pam_mtls.map
