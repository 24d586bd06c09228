#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests on Debian 13, in a chroot: tests/trixie.sh [TARGET...], by default
# demo, check and check-services, which go on after one that fails. Needs root
# and debootstrap.
#
#	CHROOT	the folder (build/trixie): made if it is not there, and kept
#	MIRROR	where Debian comes from; by default from where this machine has
#		it, as far as that is Debian, else from deb.debian.org
#	JOBS	as ever
#
# The tree is copied as it is. Mounts, processes and, during the tests, the
# network (loopback, no more) are in namespaces of their own, and end with this.
set -eu
cd "$(dirname "$0")/.."

if [ "${1-}" != --inside ]; then
	[ "$(id -u)" = 0 ] || {
		echo "trixie: a chroot needs root" >&2
		exit 1
	}
	[ $# -gt 0 ] || set -- demo check check-services
	unshare --mount --pid --fork --kill-child sh tests/trixie.sh --inside \
		"$@" </dev/null &
	pid=$!
	# the first process of a namespace hears no signal but this
	trap 'kill -KILL $pid; exit 130' HUP INT TERM
	wait $pid
	exit
fi
shift

# --- inside ---

root=$(realpath -m "${CHROOT:-build/trixie}")
mirror() {
	{ apt-get indextargets --format "\$(LABEL) \$(SITE)" \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' &&
		echo http://deb.debian.org/debian; } | sed 1q
}
make_root() {
	command -v debootstrap >/dev/null || {
		echo "trixie: debootstrap is missing, install it" >&2
		return 1
	}
	rm -rf "$root.new"
	mkdir -p "$(dirname "$root")"
	echo "trixie: making $root"
	debootstrap --variant=minbase trixie "$root.new" \
		"${MIRROR:-$(mirror)}" >"$root.log" 2>&1 || {
		tail -5 "$root.log" >&2
		echo "trixie: debootstrap failed, see $root.log" >&2
		return 1
	}
	chroot "$root.new" apt-get update -qq
	mv "$root.new" "$root"
	rm "$root.log"
}
# Nothing of a run that was ended is built on.
copy_tree() {
	rm -rf "$root/src"
	mkdir "$root/src"
	tar --exclude=./.git --exclude=./build --exclude=./demo-run -cf - . |
		tar -C "$root/src" --no-same-owner -xf -
}
mounts() {
	# itself one, or nothing in there could have namespaces of its own
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t tmpfs tmpfs "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
		"$root/dev/pts"
}
in_chroot() { # COMMAND...
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		JOBS="${JOBS-}" ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}

[ -d "$root" ] || make_root
for f in resolv.conf hosts; do
	cp -L "/etc/$f" "$root/etc/$f"
done
copy_tree
mounts
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
in_chroot sh /src/packaging/deps.sh all
# a name that nobody knows is one that does not exist
echo 'hosts: files' >"$root/etc/nsswitch.conf"
summary='' rc=0
for target in "$@"; do
	came=passed
	in_chroot unshare --net sh -c \
		"ip link set lo up && exec make -C /src $target" ||
		came=FAILED rc=1
	summary="${summary}trixie: make $target: $came
"
done
printf '\n%s' "$summary"
exit $rc
