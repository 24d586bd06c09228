#!/bin/sh
# SPDX-License-Identifier: MIT
# The news reader server of INN for the tests. Debian's package wants to set
# up a whole news server, and does not install where it cannot: the programs
# and the library, which is in the package of inews, are unpacked into a folder.
set -eu

dir=/usr/local/lib/certrepo-tests/nnrpd
[ ! -x $dir/usr/lib/news/bin/nnrpd ] ||
	[ ! -e $dir/usr/lib/news/libinn.so ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "inn: run $0 as root to unpack inn2" >&2
	exit 1
fi
echo "deps: unpacking inn2 and inn2-inews into $dir, for the tests"
rm -rf $dir
mkdir -p $dir
cd $dir
apt-get -qq -o APT::Sandbox::User=root download inn2 inn2-inews
dpkg-deb -f inn2_*.deb Package Version | sed 's/.*: //' | xargs >version
for deb in ./*.deb; do
	dpkg-deb -x "$deb" .
done
rm -f ./*.deb
find . -perm /6000 -exec chmod a-s {} +
