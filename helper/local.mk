noinst_LTLIBRARIES += libmtls_helper.la
libmtls_helper_la_SOURCES = \
	helper/agent_certificate.c \
	helper/agent_certificate.h \
	helper/agent_choice.c \
	helper/agent_choice.h \
	helper/agent_signer.c \
	helper/agent_signer.h \
	helper/caller.c \
	helper/caller.h \
	helper/device_channel.c \
	helper/device_channel.h \
	helper/login.c \
	helper/login.h \
	helper/login_challenge.c \
	helper/login_give_up.c \
	helper/login_methods.c \
	helper/login_methods.h \
	helper/login_result.c \
	helper/login_state.h \
	helper/machine.c \
	helper/machine.h \
	helper/method.c \
	helper/method.h \
	helper/method_agent.c \
	helper/method_code.c \
	helper/method_relay.c \
	helper/method_sshkey.c \
	helper/method_token.c \
	helper/module_link.c \
	helper/module_link.h \
	helper/relay_talk.c \
	helper/relay_talk.h \
	helper/relay_wire.c \
	helper/relay_wire.h \
	helper/settings.c \
	helper/settings.h \
	helper/settings_check.c \
	helper/settings_check.h \
	helper/ssh_agent.c \
	helper/ssh_agent.h \
	helper/ssh_auth_info.c \
	helper/ssh_auth_info.h \
	helper/ssh_key.c \
	helper/ssh_key.h \
	helper/ssh_wire.c \
	helper/ssh_wire.h \
	helper/verdict.c \
	helper/verdict.h \
	helper/verifier_client.c \
	helper/verifier_client.h
libmtls_helper_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
libmtls_helper_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(LIBEVENT_OPENSSL_CFLAGS)
libmtls_helper_la_LIBADD = libmtls_client.la

pkglibexec_PROGRAMS += mtls-helper
mtls_helper_SOURCES = helper/main.c
mtls_helper_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS)
mtls_helper_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_helper_LDADD = libmtls_helper.la
