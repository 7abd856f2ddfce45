# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
#
# How this tree is built for tests and for the quick start: out of tree, for
# the paths of a real installation below /opt/pam_mtls, and installed into a
# stage that tests/lib/own-machine puts there. Sourced with $top set to the top of
# the source tree.

build_jobs=$(nproc 2>/dev/null || echo 2)

# build_configure DIR [CONFIGURE-ARGUMENT...]: makes DIR ready for make.
build_configure() {
	dir=$1
	shift
	if [ ! -f "$top/configure" ] ||
	    [ -n "$(find "$top/configure.ac" "$top/m4" -name '*.[am][c4]' \
		-newer "$top/configure" ! -name 'l*.m4' 2>/dev/null)" ]; then
		(cd "$top" && autoreconf -i) || return 1
	fi
	set -- --prefix=/opt/pam_mtls --sysconfdir=/etc --localstatedir=/var \
	    --with-rundir=/run --enable-werror "$@"
	mkdir -p "$dir"
	if [ -f "$dir/Makefile" ] &&
	    [ "$(cat "$dir/configured.with" 2>/dev/null)" = "$*" ]; then
		return 0
	fi
	(cd "$dir" && "$top/configure" "$@") || return 1
	echo "$*" >"$dir/configured.with"
}

# build_make DIR [TARGET...]
build_make() {
	dir=$1
	shift
	make -C "$dir" -j"$build_jobs" "$@"
}

# build_stage DIR: installs what DIR has built into DIR/stage.
build_stage() {
	rm -rf "$1/stage" &&
	    make -C "$1" install DESTDIR="$(cd "$1" && pwd)/stage"
}
