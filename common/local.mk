# libmtls_core: libc only, the one library that goes into pam_mtls.so.
# libmtls_common: what needs jansson and inih as well.
noinst_LTLIBRARIES += libmtls_core.la libmtls_common.la
libmtls_core_la_SOURCES = \
	common/conf.c \
	common/deadline.c \
	common/helper_channel.c \
	common/log.c \
	common/message.c \
	common/message_socket.c \
	common/peer.c \
	common/random.c \
	common/secret.c \
	common/spawn.c \
	common/status.c \
	common/text.c
libmtls_common_la_SOURCES = \
	common/body.c \
	common/conf_file.c \
	common/file.c \
	common/process.c
libmtls_common_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(INIH_CFLAGS)
libmtls_common_la_LIBADD = libmtls_core.la $(JANSSON_LIBS) $(INIH_LIBS)
