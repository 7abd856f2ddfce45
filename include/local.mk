noinst_HEADERS += \
	include/mtls/audit_chain.h \
	include/mtls/bodies.def \
	include/mtls/base64.h \
	include/mtls/body.h \
	include/mtls/conf.h \
	include/mtls/deadline.h \
	include/mtls/fd.h \
	include/mtls/file.h \
	include/mtls/helper_channel.h \
	include/mtls/identity.h \
	include/mtls/log.h \
	include/mtls/login.h \
	include/mtls/message.h \
	include/mtls/messages.def \
	include/mtls/pem.h \
	include/mtls/pkcs11.h \
	include/mtls/process.h \
	include/mtls/random.h \
	include/mtls/secret.h \
	include/mtls/signer.h \
	include/mtls/spawn.h \
	include/mtls/status.h \
	include/mtls/text.h \
	include/mtls/tls.h \
	include/mtls/verdict.h
