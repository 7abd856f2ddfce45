# The state: one interface, two engines.
libmtls_verifier_la_SOURCES += \
	verifier/store/store.c verifier/store/store.h \
	verifier/store/store_internal.h \
	verifier/store/store_op.c \
	verifier/store/store_open.c \
	verifier/store/store_port.c \
	verifier/store/store_sqlite.c verifier/store/store_sqlite.h \
	verifier/store/store_sqlite_admin.c \
	verifier/store/store_sqlite_audit.c \
	verifier/store/store_sqlite_challenge.c \
	verifier/store/store_sqlite_floor.c \
	verifier/store/store_sqlite_limit.c \
	verifier/store/store_sqlite_revoked.c \
	verifier/store/store_sqlite_schema.c \
	verifier/store/store_sqlite_text.c
if HAVE_POSTGRESQL
libmtls_verifier_la_SOURCES += \
	verifier/store/store_postgres.c verifier/store/store_postgres.h \
	verifier/store/store_postgres_call.c \
	verifier/store/store_postgres_connect.c \
	verifier/store/store_postgres_statement.c \
	verifier/store/store_postgres_steps.c \
	verifier/store/store_postgres_take.c \
	verifier/store/store_postgres_target.c
else
libmtls_verifier_la_SOURCES += verifier/store/store_postgres_none.c
endif
# The steps of the schema as string literals.
verifier/store/postgres.sql.h: $(top_srcdir)/verifier/store/postgres.sql
	$(AM_V_GEN)$(MKDIR_P) verifier/store && sed -e 's/[\\"]/\\&/g' \
	    -e 's/^/"/' -e 's/$$/\\n"/' $(top_srcdir)/verifier/store/postgres.sql \
	    >$@.new && mv $@.new $@
BUILT_SOURCES += verifier/store/postgres.sql.h
CLEANFILES += verifier/store/postgres.sql.h
EXTRA_DIST += verifier/store/postgres.sql
