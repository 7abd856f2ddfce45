# Programs with a clock in them; run by hand.
check_PROGRAMS += tests/bench/first_handshake
tests_bench_first_handshake_SOURCES = tests/bench/first_handshake.c \
	$(pki_sources) $(tls_pair_sources)
tests_bench_first_handshake_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_first_handshake_LDADD = libmtls_tls.la $(OPENSSL_LIBS)
