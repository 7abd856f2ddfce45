EXTRA_DIST += examples/quickstart
EXTRA_DIST += examples/pam_mtls.conf
EXTRA_DIST += \
	examples/pam.d/README \
	examples/pam.d/card-or-password \
	examples/pam.d/gdm-password \
	examples/pam.d/lightdm \
	examples/pam.d/login \
	examples/pam.d/mtls-test \
	examples/pam.d/polkit-1 \
	examples/pam.d/sshd \
	examples/pam.d/su \
	examples/pam.d/sudo \
	examples/pam.d/swaylock \
	examples/pam.d/two-factor
EXTRA_DIST += \
	examples/systemd/README \
	examples/systemd/mtls-verifier-admin.socket \
	examples/systemd/mtls-verifier-device.socket \
	examples/systemd/mtls-verifier-metrics.socket \
	examples/systemd/mtls-verifier-user.socket \
	examples/systemd/mtls-verifier.service.d/unprivileged.conf
EXTRA_DIST += examples/grafana/mtls-verifier.json \
	examples/prometheus/README \
	examples/prometheus/mtls-verifier.rules.yml
EXTRA_DIST += examples/policy.conf examples/verifier.conf \
	examples/verifier-postgresql.conf
EXTRA_DIST += \
	examples/policies/small-office.conf \
	examples/policies/sshd.conf \
	examples/policies/university.conf \
	examples/policies/vpn.conf
EXTRA_DIST += \
	examples/openvpn \
	examples/ocserv \
	examples/strongswan \
	examples/freeradius \
	examples/sshd \
	examples/sudo-over-ssh
