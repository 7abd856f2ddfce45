# mtlsctl: most of its tests run the program, in tests/system.
EXTRA_DIST += tests/lib/mtls_test/ctl.py \
	tests/system/test_mtlsctl_ca.py \
	tests/system/test_mtlsctl_ca_bad.py \
	tests/system/test_mtlsctl_token.py
