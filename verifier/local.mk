noinst_LTLIBRARIES += libmtls_verifier.la
libmtls_verifier_la_SOURCES = \
	verifier/admin.c verifier/admin.h \
	verifier/admin_request.c verifier/admin_request.h \
	verifier/admin_revoke.c \
	verifier/admin_status.c \
	verifier/alarms.c verifier/alarms.h \
	verifier/audit.c verifier/audit.h \
	verifier/bound.c verifier/bound.h \
	verifier/certificate.c \
	verifier/challenge.c \
	verifier/conclude.c \
	verifier/code.c verifier/code.h \
	verifier/code_person.c verifier/code_take.c \
	verifier/connection.c verifier/connection.h \
	verifier/crowd.c verifier/crowd.h \
	verifier/decide.c verifier/decide.h \
	verifier/handshake.c verifier/handshake.h \
	verifier/handshake_log.c verifier/handshake_log.h \
	verifier/health.c verifier/health.h \
	verifier/hello.c verifier/hello.h \
	verifier/histogram.c verifier/histogram.h \
	verifier/local_socket.c verifier/local_socket.h \
	verifier/metrics.c verifier/metrics.h \
	verifier/metrics_text.c verifier/metrics_text.h \
	verifier/monitor.c verifier/monitor.h \
	verifier/monitor_report.c \
	verifier/exchange.c verifier/exchange.h \
	verifier/generation.c verifier/generation.h \
	verifier/given_up.c \
	verifier/grant.c \
	verifier/key.c \
	verifier/machine_request.c \
	verifier/keeper.c verifier/keeper.h \
	verifier/limit.c verifier/limit.h \
	verifier/listener.c verifier/listener.h \
	verifier/log_queue.c verifier/log_queue.h \
	verifier/loop.c verifier/loop.h \
	verifier/loops.c verifier/loops.h \
	verifier/room.c verifier/room.h \
	verifier/own_name.c verifier/own_name.h \
	verifier/name_service.c verifier/name_service.h \
	verifier/peer.c verifier/peer.h \
	verifier/proof.c \
	verifier/exchange_settle.c \
	verifier/reload.c verifier/reload.h \
	verifier/retention.c verifier/retention.h \
	verifier/routes.c \
	verifier/server.c verifier/server.h \
	verifier/service.c verifier/service.h \
	verifier/settings.c verifier/settings.h \
	verifier/settings_ca.c verifier/settings_ca.h \
	verifier/throttle.c verifier/throttle.h
libmtls_verifier_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/verifier \
	-I$(top_srcdir)/policy -I$(top_builddir)/verifier
libmtls_verifier_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	$(LIBEVENT_CFLAGS) $(LIBEVENT_OPENSSL_CFLAGS) $(SQLITE_CFLAGS) \
	$(POSTGRESQL_CFLAGS) $(SYSTEMD_CFLAGS)
libmtls_verifier_la_LIBADD = libmtls_policy.la libmtls_tls.la $(LIBEVENT_OPENSSL_LIBS) \
	$(LIBEVENT_LIBS) $(SQLITE_LIBS) $(POSTGRESQL_LIBS) \
	$(SYSTEMD_LIBS)

sbin_PROGRAMS += mtls-verifier
mtls_verifier_SOURCES = verifier/main.c
mtls_verifier_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/verifier \
	-I$(top_srcdir)/policy
mtls_verifier_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(SYSTEMD_CFLAGS)
mtls_verifier_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_verifier_LDADD = libmtls_verifier.la
