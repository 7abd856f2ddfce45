# The state: one interface, two engines.
libmtls_verifier_la_SOURCES += \
	verifier/store/store.c verifier/store/store.h \
	verifier/store/store_backend.h verifier/store/store_code.h \
	verifier/store/store_internal.h \
	verifier/store/store_op.c \
	verifier/store/store_open.c \
	verifier/store/store_port.c \
	verifier/store/store_sqlite.c verifier/store/store_sqlite.h \
	verifier/store/store_sqlite_admin.c \
	verifier/store/store_sqlite_audit.c \
	verifier/store/store_sqlite_challenge.c \
	verifier/store/store_sqlite_checkpoint.c \
	verifier/store/store_sqlite_checkpoint.h \
	verifier/store/store_sqlite_code.c \
	verifier/store/store_sqlite_floor.c \
	verifier/store/store_sqlite_limit.c \
	verifier/store/store_sqlite_revoked.c \
	verifier/store/store_sqlite_schema.c \
	verifier/store/store_sqlite_text.c
if HAVE_POSTGRESQL
libmtls_verifier_la_SOURCES += \
	verifier/store/store_postgres.c verifier/store/store_postgres.h \
	verifier/store/store_postgres_call.c \
	verifier/store/store_postgres_code.c \
	verifier/store/store_postgres_connect.c \
	verifier/store/store_postgres_rows.c \
	verifier/store/store_postgres_statement.c \
	verifier/store/store_postgres_steps.c \
	verifier/store/store_postgres_take.c \
	verifier/store/store_postgres_target.c \
	verifier/store/store_postgres_value.c
else
libmtls_verifier_la_SOURCES += verifier/store/store_postgres_none.c
endif
# The steps of the schema as string literals.
store_literal = $(MKDIR_P) verifier/store && sed -e 's/[\\"]/\\&/g' \
	-e 's/^/"/' -e 's/$$/\\n"/'
verifier/store/postgres.sql.h: $(top_srcdir)/verifier/store/postgres.sql
	$(AM_V_GEN)$(store_literal) $(top_srcdir)/verifier/store/postgres.sql \
	    >$@.new && mv $@.new $@
verifier/store/postgres_2.sql.h: $(top_srcdir)/verifier/store/postgres_2.sql
	$(AM_V_GEN)$(store_literal) \
	    $(top_srcdir)/verifier/store/postgres_2.sql >$@.new && \
	    mv $@.new $@
verifier/store/postgres_3.sql.h: $(top_srcdir)/verifier/store/postgres_3.sql
	$(AM_V_GEN)$(store_literal) \
	    $(top_srcdir)/verifier/store/postgres_3.sql >$@.new && \
	    mv $@.new $@
store_steps = verifier/store/postgres.sql.h \
	verifier/store/postgres_2.sql.h verifier/store/postgres_3.sql.h
BUILT_SOURCES += $(store_steps)
CLEANFILES += $(store_steps)
EXTRA_DIST += verifier/store/postgres.sql verifier/store/postgres_2.sql \
	verifier/store/postgres_3.sql
