# What is known of revoked certificates: lists, OCSP, and who fetches them.
libmtls_verifier_la_SOURCES += \
	verifier/revocation/crl.c verifier/revocation/crl.h \
	verifier/revocation/crl_batch.c verifier/revocation/crl_batch.h \
	verifier/revocation/crl_fetch.c verifier/revocation/crl_fetch.h \
	verifier/revocation/crl_files.c verifier/revocation/crl_files.h \
	verifier/revocation/crl_floors.c verifier/revocation/crl_floors.h \
	verifier/revocation/http_fetch.c verifier/revocation/http_fetch.h \
	verifier/revocation/ocsp.c verifier/revocation/ocsp.h \
	verifier/revocation/ocsp_answer.c verifier/revocation/ocsp_answer.h \
	verifier/revocation/ocsp_cache.c verifier/revocation/ocsp_cache.h \
	verifier/revocation/ocsp_fetch.c verifier/revocation/ocsp_fetch.h \
	verifier/revocation/ocsp_internal.h \
	verifier/revocation/ocsp_question.c \
	verifier/revocation/revocation.c verifier/revocation/revocation.h \
	verifier/revocation/revocation_cas.c \
	verifier/revocation/revocation_internal.h \
	verifier/revocation/revocation_load.c \
	verifier/revocation/revocation_sources.c \
	verifier/revocation/revocation_watch.c \
	verifier/revocation/revocation_watch.h \
	verifier/revocation/revocation_worker.c \
	verifier/revocation/revocation_worker.h
