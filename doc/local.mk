dist_man_MANS += doc/mtls-helper.8 doc/pam_mtls.conf.5
dist_man_MANS += doc/mtls-token.8
dist_man_MANS += doc/pam_mtls.8
dist_man_MANS += doc/mtls-verifier.8 doc/policy.conf.5 doc/verifier.conf.5
dist_man_MANS += doc/mtlsctl.1 doc/mtlsctl-admin.1 doc/mtlsctl-ca.1 \
	doc/mtlsctl-code.1 doc/mtlsctl-policy.1 \
	doc/mtlsctl-ssh.1 \
	doc/mtlsctl-token.1
dist_man_MANS += doc/mtls-askpass.1
EXTRA_DIST += doc/benchmarks.md
