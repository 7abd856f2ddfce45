EXTRA_DIST += examples/pam_mtls.conf
