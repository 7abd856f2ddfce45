# Programs with a clock in them; run by hand.
check_PROGRAMS += tests/bench/first_handshake
tests_bench_first_handshake_SOURCES = tests/bench/first_handshake.c \
	$(pki_sources) $(tls_pair_sources)
tests_bench_first_handshake_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_first_handshake_LDADD = libmtls_tls.la $(OPENSSL_LIBS)

check_PROGRAMS += tests/bench/issue tests/bench/load
tests_bench_issue_SOURCES = tests/bench/issue.c $(pki_sources)
tests_bench_issue_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_issue_LDADD = $(OPENSSL_LIBS)
tests_bench_load_SOURCES = tests/bench/load.c tests/bench/load.h \
	tests/bench/load_conn.c tests/bench/load_credentials.c \
	tests/bench/load_half.c tests/bench/load_login.c \
	tests/bench/load_report.c tests/bench/load_request.c
tests_bench_load_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_load_LDADD = $(OPENSSL_LIBS) -lm
