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

# --- inside: the first process of its namespace ---

mounts() { # CHROOT: itself a mount, or what is in it could make no namespaces
	mount --bind "$1" "$1" &&
		mount -t proc proc "$1/proc" &&
		mount -t sysfs -o ro sysfs "$1/sys" &&
		mount -t tmpfs tmpfs "$1/dev/shm" &&
		mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 \
			devpts "$1/dev/pts"
}
in_chroot() { # CHROOT COMMAND...
	_root=$1
	shift
	chroot "$_root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		JOBS="${JOBS-}" ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}
if [ "${1-}" = --inside ]; then
	root=$2
	shift 2
	mounts "$root"
	echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	in_chroot "$root" sh /src/packaging/deps.sh all
	# a name that nobody knows is one that does not exist
	echo 'hosts: files' >"$root/etc/nsswitch.conf"
	summary='' rc=0
	for target in "$@"; do
		came=passed
		in_chroot "$root" unshare --net sh -c \
			"ip link set lo up && exec make -C /src $target" ||
			came=FAILED rc=1
		summary="${summary}trixie: make $target: $came
"
	done
	printf '\n%s' "$summary"
	exit $rc
fi

# --- outside ---

mirror() {
	{ apt-get indextargets --format "\$(LABEL) \$(SITE)" \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' &&
		echo http://deb.debian.org/debian; } | sed 1q
}
make_root() { # DIR
	command -v debootstrap >/dev/null || {
		echo "trixie: debootstrap is missing, install it" >&2
		return 1
	}
	rm -rf "$1.new"
	mkdir -p "$(dirname "$1")"
	echo "trixie: making $1"
	debootstrap --variant=minbase trixie "$1.new" \
		"${MIRROR:-$(mirror)}" >"$1.log" 2>&1 || {
		tail -5 "$1.log" >&2
		echo "trixie: debootstrap failed, see $1.log" >&2
		return 1
	}
	chroot "$1.new" apt-get update -qq && mv "$1.new" "$1" && rm "$1.log"
}
# What was built there stays, to be built on.
copy_tree() { # DIR
	mkdir -p "$1/src"
	find "$1/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	tar --exclude=./.git --exclude=./build --exclude=./demo-run -cf - . |
		tar -C "$1/src" --no-same-owner -xf -
}

if [ "$(id -u)" != 0 ]; then
	echo "trixie: a chroot needs root" >&2
	exit 1
fi
[ $# -gt 0 ] || set -- demo check check-services
root=${CHROOT:-build/trixie}
[ -d "$root" ] || make_root "$root"
root=$(cd "$root" && pwd)
for f in resolv.conf hosts; do
	cp -L "/etc/$f" "$root/etc/$f"
done
copy_tree "$root"
unshare --mount --pid --fork --kill-child sh tests/trixie.sh --inside \
	"$root" "$@" </dev/null &
pid=$!
# The first process of a namespace hears no signal but this.
trap 'kill -KILL $pid; exit 130' HUP INT TERM
wait $pid
