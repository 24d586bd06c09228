#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests on Debian 13, in a chroot: tests/trixie.sh [TARGET...], by default
# demo, check and check-services, which go on after one that fails. Needs root
# and debootstrap.
#
#	CHROOT	the folder (build/trixie): made if it is not there, and kept
#	MIRROR	where Debian comes from, see tests/chroot.sh
#	JOBS	as ever
#
# The tree is copied as it is. Mounts, processes and, during the tests, the
# network (loopback, no more) are in namespaces of their own, and end with this.
set -eu
cd "$(dirname "$0")/.."
me=trixie
. tests/chroot.sh

if [ "${1-}" != --inside ]; then
	[ $# -gt 0 ] || set -- demo check check-services
	in_namespaces tests/trixie.sh "$@"
	exit
fi
shift

# --- inside ---

root=$(realpath -m "${CHROOT:-build/trixie}")
[ -d "$root" ] || make_chroot trixie "$root"
# Nothing of a run that was ended is built on.
rm -rf "$root/src"
copy_tree "$root/src"
mount_chroot "$root"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
in_chroot "$root" sh /src/packaging/deps.sh all
# a name that nobody knows is one that does not exist
echo 'hosts: files' >"$root/etc/nsswitch.conf"
summary='' rc=0
for target in "$@"; do
	came=passed
	alone_in_chroot "$root" make -C /src "$target" ||
		came=FAILED rc=1
	summary="${summary}trixie: make $target: $came
"
done
printf '\n%s' "$summary"
exit $rc
