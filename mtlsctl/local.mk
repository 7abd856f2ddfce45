# libmtls_ctl: everything but main, so that tests link what ships.
noinst_LTLIBRARIES += libmtls_ctl.la
noinst_HEADERS += \
	mtlsctl/admin.h \
	mtlsctl/admin_commands.h \
	mtlsctl/askpass.h \
	mtlsctl/audit_request.h \
	mtlsctl/audit_verify.h \
	mtlsctl/ca_commands.h \
	mtlsctl/ca_crl.h \
	mtlsctl/ca_dir.h \
	mtlsctl/ca_index.h \
	mtlsctl/ca_make.h \
	mtlsctl/ca_names.h \
	mtlsctl/card.h \
	mtlsctl/code_commands.h \
	mtlsctl/code_request.h \
	mtlsctl/command.h \
	mtlsctl/csr.h \
	mtlsctl/device_commands.h \
	mtlsctl/input.h \
	mtlsctl/key.h \
	mtlsctl/new_file.h \
	mtlsctl/options.h \
	mtlsctl/output.h \
	mtlsctl/pin.h \
	mtlsctl/policy_commands.h \
	mtlsctl/policy_facts.h \
	mtlsctl/policy_input.h \
	mtlsctl/ssh_command.h \
	mtlsctl/ssh_keeper.h \
	mtlsctl/ssh_process.h \
	mtlsctl/ssh_socket.h \
	mtlsctl/ssh_target.h \
	mtlsctl/terminal.h \
	mtlsctl/timestamp.h \
	mtlsctl/token_commands.h \
	mtlsctl/try.h \
	mtlsctl/when.h \
	mtlsctl/with_card.h
libmtls_ctl_la_SOURCES = \
	mtlsctl/admin.c \
	mtlsctl/approve.c \
	mtlsctl/askpass.c \
	mtlsctl/audit.c \
	mtlsctl/audit_request.c \
	mtlsctl/audit_verify.c \
	mtlsctl/bind.c \
	mtlsctl/ca_crl.c \
	mtlsctl/ca_dir.c \
	mtlsctl/ca_index.c \
	mtlsctl/ca_init.c \
	mtlsctl/ca_issue.c \
	mtlsctl/ca_list.c \
	mtlsctl/ca_make.c \
	mtlsctl/ca_make_crl.c \
	mtlsctl/ca_names.c \
	mtlsctl/ca_revoke.c \
	mtlsctl/card.c \
	mtlsctl/code.c \
	mtlsctl/code_request.c \
	mtlsctl/command.c \
	mtlsctl/commands.c \
	mtlsctl/csr.c \
	mtlsctl/device_enroll.c \
	mtlsctl/input.c \
	mtlsctl/key.c \
	mtlsctl/new_file.c \
	mtlsctl/options.c \
	mtlsctl/output.c \
	mtlsctl/pin.c \
	mtlsctl/policy_check.c \
	mtlsctl/policy_explain.c \
	mtlsctl/policy_facts.c \
	mtlsctl/policy_input.c \
	mtlsctl/revoke.c \
	mtlsctl/ssh.c \
	mtlsctl/ssh_keeper.c \
	mtlsctl/ssh_process.c \
	mtlsctl/ssh_socket.c \
	mtlsctl/ssh_target.c \
	mtlsctl/status.c \
	mtlsctl/terminal.c \
	mtlsctl/timestamp.c \
	mtlsctl/token_enroll.c \
	mtlsctl/token_import.c \
	mtlsctl/token_list.c \
	mtlsctl/try.c \
	mtlsctl/try_login.c \
	mtlsctl/unlock.c \
	mtlsctl/users.c \
	mtlsctl/when.c \
	mtlsctl/with_card.c
libmtls_ctl_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
libmtls_ctl_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) \
	$(LIBEVENT_CFLAGS)
libmtls_ctl_la_LIBADD = libmtls_client.la libmtls_pkcs11.la libmtls_policy.la libmtls_tls.la \
	$(JANSSON_LIBS) $(OPENSSL_LIBS)

# mtlsctl/mtlsctl: a program cannot have the name of its folder.
bin_PROGRAMS += mtlsctl/mtlsctl
mtlsctl_mtlsctl_SOURCES = mtlsctl/main.c
mtlsctl_mtlsctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
mtlsctl_mtlsctl_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS)
mtlsctl_mtlsctl_LDFLAGS = $(LDFLAGS_PROGRAM)
mtlsctl_mtlsctl_LDADD = libmtls_ctl.la

# Started by ssh.
bin_PROGRAMS += mtls-askpass
mtls_askpass_SOURCES = mtlsctl/askpass_main.c
mtls_askpass_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
mtls_askpass_CFLAGS = $(CFLAGS_PROGRAM)
mtls_askpass_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_askpass_LDADD = libmtls_ctl.la
