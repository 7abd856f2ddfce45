# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests share: a throw-away organisation, cards, a machine.

Everything here expects to be root of tests/lib/own-machine: it writes to
/etc, /run and /dev of that machine and to nothing else.
"""

PREFIX = "/opt/pam_mtls"
MODULE = f"{PREFIX}/lib/security/pam_mtls.so"
HELPER = f"{PREFIX}/libexec/pam_mtls/mtls-helper"
TOKEN = f"{PREFIX}/libexec/pam_mtls/mtls-token"
MTLSCTL = f"{PREFIX}/bin/mtlsctl"
VERIFIER = f"{PREFIX}/sbin/mtls-verifier"
SOCKET = "/run/pam_mtls/helper.sock"
CONFIG = "/etc/pam_mtls/pam_mtls.conf"
SOFTHSM = "/opt/pkcs11/libsofthsm2.so"

# A generous end for everything that is waited for: a test that is right
# never gets near it.
DEADLINE_S = 30
