
# fail_nth.h: every error path, once.
fail_nth_sources = tests/lib/fail_nth.c tests/lib/fail_nth.h tests/lib/unit.h
fail_nth_ldflags = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup \
	-Wl,--wrap=reallocarray \
	-Wl,--wrap=strndup,--wrap=free,--wrap=read,--wrap=write,--wrap=send,--wrap=recv \
	-Wl,--wrap=sendmsg,--wrap=recvmsg,--wrap=poll,--wrap=socket \
	-Wl,--wrap=socketpair,--wrap=pipe2,--wrap=connect \
	-Wl,--wrap=getsockopt,--wrap=setsockopt,--wrap=fstat,--wrap=lstat \
	-Wl,--wrap=dup2,--wrap=getrandom,--wrap=clock_gettime \
	-Wl,--wrap=mmap,--wrap=mprotect,--wrap=initgroups \
	-Wl,--wrap=setresuid,--wrap=setresgid,--wrap=chdir,--wrap=setsid \
	-Wl,--wrap=close_range,--wrap=sigprocmask,--wrap=open \
	-Wl,--wrap=openat,--wrap=fcntl,--wrap=prctl,--wrap=syscall

ocsp_reply_sources = tests/lib/ocsp_reply.c tests/lib/ocsp_reply.h
http_stub_sources = tests/lib/http_stub.c tests/lib/http_stub.h

# One valid message and body of each type, from the same declarations.
sample_sources = tests/lib/sample.c tests/lib/sample.h

# A directory of its own for a test.
scratch_sources = tests/lib/scratch.c tests/lib/scratch.h

# Throw-away certificates, and TLS without sockets: need OpenSSL.
pki_sources = tests/lib/pki.c tests/lib/pki.h tests/lib/pki_file.c \
	tests/lib/pki_internal.h
tls_pair_sources = tests/lib/tls_pair.c tests/lib/tls_pair.h
tls_forger_sources = tests/lib/tls_forger.c tests/lib/tls_forger.h
tls_records_sources = tests/lib/tls_records.c tests/lib/tls_records.h
tls_rig_sources = tests/lib/tls_rig.c tests/lib/tls_rig.h tests/lib/unit.h \
	$(pki_sources) $(tls_pair_sources)

# What mtls_spawn() starts in its tests.
check_PROGRAMS += tests/lib/spawn_probe
tests_lib_spawn_probe_SOURCES = tests/lib/spawn_probe.c
