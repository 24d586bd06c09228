#!/bin/sh
# SPDX-License-Identifier: MIT
# pebble 2.6 for the tests of renewal information (RFC 9773), which Debian 12's
# does not know: Debian 13's package, one program without further needs, is
# unpacked into a folder. On Debian 13 the installed one is it.
#
#	MIRROR	where Debian comes from; by default from where this machine has
#		it, as far as that is Debian, else from deb.debian.org
set -eu

dir=/usr/local/lib/certrepo-tests/pebble
keys=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_ID-}")
[ "$release" = 12 ] && [ ! -x $dir/usr/bin/pebble ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "pebble: run $0 as root to unpack Debian 13's pebble" >&2
	exit 1
fi

new=$dir.new
mirror() {
	{ apt-get indextargets --format "\$(LABEL) \$(SITE)" \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' &&
		echo http://deb.debian.org/debian; } | sed 1q
}
# That of Debian 13, which the machine's own is not to hear of.
apt_13() { # COMMAND...
	apt-get -qq -o "Dir::Etc::SourceList=$new/list" \
		-o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$new/apt" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o APT::Sandbox::User=root "$@"
}
unpack() {
	rm -rf $new && mkdir -p $new/apt && cd $new &&
		echo "deb [signed-by=$keys] ${MIRROR:-$(mirror)} trixie main" \
			>list &&
		# an index that cannot be had is but a warning to apt
		apt_13 -o APT::Update::Error-Mode=any update &&
		apt_13 download pebble &&
		dpkg-deb -f ./*.deb Package Version | sed 's/.*: //' |
		xargs >version &&
		dpkg-deb -x ./*.deb . && usr/bin/pebble -version >/dev/null &&
		rm -rf ./*.deb apt list $dir && mv $new $dir
}
echo "deps: unpacking Debian 13's pebble into $dir, for the tests"
unpack || {
	rm -rf $new
	echo "pebble: cannot unpack Debian 13's pebble from" \
		"${MIRROR:-$(mirror)}" >&2
	exit 1
}
