# Everything but the entry points is a library, so that tests link what ships.
noinst_LTLIBRARIES += libmtls_module.la
libmtls_module_la_SOURCES = \
	pam_mtls/agent.c pam_mtls/agent.h \
	pam_mtls/dialogue.c pam_mtls/dialogue.h \
	pam_mtls/invoker.c pam_mtls/invoker.h \
	pam_mtls/login.c pam_mtls/login.h \
	pam_mtls/options.c pam_mtls/options.h \
	pam_mtls/pam_code.c pam_mtls/pam_code.h \
	pam_mtls/prompt.c pam_mtls/prompt.h \
	pam_mtls/request.c pam_mtls/request.h \
	pam_mtls/sshd.c pam_mtls/sshd.h
libmtls_module_la_LIBADD = libmtls_core.la

pam_LTLIBRARIES += pam_mtls.la
pam_mtls_la_SOURCES = \
	pam_mtls/module.c
pam_mtls_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/pam_mtls/pam_mtls.map \
	-Wl,-z,defs
pam_mtls_la_LIBADD = libmtls_module.la $(PAM_LIBS)
pam_mtls_la_DEPENDENCIES = libmtls_module.la pam_mtls/pam_mtls.map
EXTRA_DIST += pam_mtls/pam_mtls.map
