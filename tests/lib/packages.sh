# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
#
# Debian packages: what building and what testing needs, and how they are
# installed when they are not there. Sourced. Nothing else here ever uses sudo.

packages_build="autoconf automake libtool pkg-config gcc libc6-dev make xz-utils
libpam0g-dev libssl-dev libp11-dev libp11-kit-dev libevent-dev libjansson-dev
libinih-dev libsqlite3-dev libpq-dev libseccomp-dev libsystemd-dev"

packages_login="openssl softhsm2 opensc pamtester iproute2 util-linux uidmap"

packages_test="libcmocka-dev libcacard-dev python3 python3-pytest
python3-pexpect sudo login passwd tzdata openssh-server openssh-client systemd strace
gdb valgrind clang curl postgresql pcscd vsmartcard-vpcd libnss3-tools mandoc shellcheck
openvpn ocserv openconnect charon-systemd strongswan-swanctl
libstrongswan-standard-plugins libcharon-extra-plugins freeradius
freeradius-utils iputils-ping tcpdump rsync git"

# packages_missing NAME...: those of the names that are not installed.
packages_missing() {
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
		    grep -qx installed || printf '%s ' "$p"
	done
}

# packages_need NAME...: installs those that are missing; asks nothing.
# A service that comes with a package is not started (SYSTEMD_OFFLINE).
packages_need() {
	if ! command -v dpkg-query >/dev/null; then
		echo "not a Debian machine: taking it that these are here: $*"
		return 0
	fi
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "missing packages, and no sudo to install them:" \
			    "$missing" >&2
			return 1
		}
		as_root=sudo
	fi
	echo "installing: $missing"
	quiet="env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1"
	# The lists may be old or empty: one update, then the packages.
	# shellcheck disable=SC2086
	{
		$as_root $quiet apt-get -q update &&
		    $as_root $quiet apt-get -q install -y \
			--no-install-recommends $missing
	} </dev/null
}
