noinst_LTLIBRARIES += libmtls_verifier.la
libmtls_verifier_la_SOURCES = \
	verifier/admin.c verifier/admin.h \
	verifier/admin_request.c verifier/admin_request.h \
	verifier/admin_revoke.c \
	verifier/admin_status.c \
	verifier/audit.c verifier/audit.h \
	verifier/challenge.c \
	verifier/connection.c verifier/connection.h \
	verifier/handshake.c verifier/handshake.h \
	verifier/handshake_log.c verifier/handshake_log.h \
	verifier/crl.c verifier/crl.h \
	verifier/crl_batch.c verifier/crl_batch.h \
	verifier/crl_fetch.c verifier/crl_fetch.h \
	verifier/crl_floors.c verifier/crl_floors.h \
	verifier/crl_files.c verifier/crl_files.h \
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
	verifier/grant.c \
	verifier/http_fetch.c verifier/http_fetch.h \
	verifier/keeper.c verifier/keeper.h \
	verifier/limit.c verifier/limit.h \
	verifier/listener.c verifier/listener.h \
	verifier/loop.c verifier/loop.h \
	verifier/loops.c verifier/loops.h \
	verifier/room.c verifier/room.h \
	verifier/own_name.c verifier/own_name.h \
	verifier/name_service.c verifier/name_service.h \
	verifier/peer.c verifier/peer.h \
	verifier/proof.c \
	verifier/exchange_settle.c \
	verifier/ocsp.c verifier/ocsp.h verifier/ocsp_internal.h \
	verifier/ocsp_answer.c verifier/ocsp_answer.h verifier/ocsp_question.c \
	verifier/ocsp_fetch.c verifier/ocsp_fetch.h \
	verifier/ocsp_cache.c verifier/ocsp_cache.h \
	verifier/revocation.c verifier/revocation.h \
	verifier/revocation_internal.h \
	verifier/revocation_cas.c verifier/revocation_load.c \
	verifier/revocation_sources.c \
	verifier/revocation_watch.c verifier/revocation_watch.h \
	verifier/revocation_worker.c verifier/revocation_worker.h \
	verifier/retention.c verifier/retention.h \
	verifier/routes.c \
	verifier/server.c verifier/server.h \
	verifier/service.c verifier/service.h \
	verifier/settings.c verifier/settings.h \
	verifier/settings_ca.c verifier/settings_ca.h \
	verifier/store.c verifier/store.h \
	verifier/store_internal.h \
	verifier/store_op.c \
	verifier/store_open.c \
	verifier/store_port.c \
	verifier/store_sqlite.c verifier/store_sqlite.h \
	verifier/store_sqlite_admin.c \
	verifier/store_sqlite_audit.c \
	verifier/store_sqlite_revoked.c \
	verifier/store_sqlite_text.c \
	verifier/store_sqlite_schema.c \
	verifier/store_sqlite_challenge.c verifier/store_sqlite_floor.c \
	verifier/store_sqlite_limit.c \
	verifier/throttle.c verifier/throttle.h
if HAVE_POSTGRESQL
libmtls_verifier_la_SOURCES += \
	verifier/store_postgres.c verifier/store_postgres.h \
	verifier/store_postgres_call.c \
	verifier/store_postgres_connect.c \
	verifier/store_postgres_statement.c \
	verifier/store_postgres_steps.c \
	verifier/store_postgres_take.c \
	verifier/store_postgres_target.c
else
libmtls_verifier_la_SOURCES += verifier/store_postgres_none.c
endif
# The steps of the schema as string literals.
verifier/postgres.sql.h: $(top_srcdir)/verifier/postgres.sql
	$(AM_V_GEN)$(MKDIR_P) verifier && sed -e 's/[\\"]/\\&/g' \
	    -e 's/^/"/' -e 's/$$/\\n"/' $(top_srcdir)/verifier/postgres.sql \
	    >$@.new && mv $@.new $@
BUILT_SOURCES += verifier/postgres.sql.h
CLEANFILES += verifier/postgres.sql.h
EXTRA_DIST += verifier/postgres.sql
libmtls_verifier_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/policy \
	-I$(top_builddir)/verifier
libmtls_verifier_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	$(LIBEVENT_CFLAGS) $(LIBEVENT_OPENSSL_CFLAGS) $(SQLITE_CFLAGS) \
	$(POSTGRESQL_CFLAGS) $(SYSTEMD_CFLAGS)
libmtls_verifier_la_LIBADD = libmtls_policy.la libmtls_tls.la $(LIBEVENT_OPENSSL_LIBS) \
	$(LIBEVENT_LIBS) $(SQLITE_LIBS) $(POSTGRESQL_LIBS) \
	$(SYSTEMD_LIBS)

sbin_PROGRAMS += mtls-verifier
mtls_verifier_SOURCES = verifier/main.c
mtls_verifier_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/policy
mtls_verifier_CFLAGS = $(CFLAGS_PROGRAM) $(OPENSSL_CFLAGS) $(LIBEVENT_CFLAGS) \
	$(SYSTEMD_CFLAGS)
mtls_verifier_LDFLAGS = $(LDFLAGS_PROGRAM)
mtls_verifier_LDADD = libmtls_verifier.la
