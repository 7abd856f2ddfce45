# The person's side of a login: a card, a PIN, one request to a verifier. For
# mtls-helper and mtlsctl.
noinst_LTLIBRARIES += libmtls_client.la
libmtls_client_la_SOURCES = \
	client/card_login.c \
	client/card_login.h \
	client/client_settings.c \
	client/client_settings.h \
	client/client_settings_check.c \
	client/http_channel.c \
	client/http_channel.h \
	client/http_headers.c \
	client/http_headers.h \
	client/http_text.c \
	client/http_text.h \
	client/person.c \
	client/person.h \
	client/person_card.c \
	client/person_card.h \
	client/preflight.c \
	client/preflight.h \
	client/problem.c \
	client/problem.h \
	client/relay_meant.c \
	client/relay_meant.h \
	client/relay_session.c \
	client/relay_session.h \
	client/relay_tls.c \
	client/relay_tls.h \
	client/sentence.c \
	client/sentence.h \
	client/taken.c \
	client/taken.h \
	client/tls_reason.c \
	client/tls_reason.h \
	client/token_choice.c \
	client/token_choice.h \
	client/token_process.c \
	client/token_process.h \
	client/token_worker.c \
	client/token_worker.h \
	client/trace.c \
	client/trace.h \
	client/user_channel.c \
	client/user_channel.h
libmtls_client_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
libmtls_client_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	$(LIBEVENT_CFLAGS) $(LIBEVENT_OPENSSL_CFLAGS)
libmtls_client_la_LIBADD = libmtls_tls.la $(LIBEVENT_OPENSSL_LIBS) \
	$(LIBEVENT_LIBS)
