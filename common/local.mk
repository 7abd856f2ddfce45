# libmtls_core: libc only, the one library that goes into pam_mtls.so; it may
# run on a coroutine's stack.
# libmtls_common: what needs jansson as well, or is not for the module.
noinst_LTLIBRARIES += libmtls_core.la libmtls_common.la
libmtls_core_la_SOURCES = \
	common/conf.c \
	common/conf_value.c \
	common/conf_value.h \
	common/deadline.c \
	common/fd.c \
	common/helper_channel.c \
	common/interrupt.c \
	common/log.c \
	common/message.c \
	common/message_fields.c \
	common/message_fields.h \
	common/message_shape.h \
	common/message_socket.c \
	common/peer.c \
	common/random.c \
	common/secret.c \
	common/spawn.c \
	common/spawn_child.c \
	common/spawn_child.h \
	common/status.c \
	common/text.c
libmtls_core_la_CFLAGS = $(AM_CFLAGS) $(STACK_CFLAGS)
libmtls_common_la_SOURCES = \
	common/base64.c \
	common/body.c \
	common/conf_file.c \
	common/conf_file.h \
	common/file.c \
	common/process.c \
	common/relay.c
libmtls_common_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
libmtls_common_la_LIBADD = libmtls_core.la $(JANSSON_LIBS)
