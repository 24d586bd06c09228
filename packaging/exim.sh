#!/bin/sh
# SPDX-License-Identifier: MIT
# Exim for the tests. Debian installs one mail server only, and that is
# Postfix: Exim's one program is unpacked into a folder, without its setuid
# bit, and gets the user that it insists on.
set -eu

dir=/usr/local/lib/certrepo-tests/exim
user=Debian-exim
if getent passwd $user >/dev/null &&
	{ [ -x $dir/usr/sbin/exim4 ] || command -v exim4 >/dev/null; }; then
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "exim: run $0 as root to unpack exim4-daemon-light" >&2
	exit 1
fi
getent passwd $user >/dev/null ||
	adduser --system --group --quiet --allow-bad-names \
		--home /nonexistent --no-create-home $user
echo "deps: unpacking exim4-daemon-light into $dir, for the tests"
rm -rf $dir
mkdir -p $dir
cd $dir
apt-get -qq -o APT::Sandbox::User=root download exim4-daemon-light
dpkg-deb -f ./*.deb Package Version | sed 's/.*: //' | xargs >version
dpkg-deb -x ./*.deb .
rm -f ./*.deb
chmod 755 usr/sbin/exim4
