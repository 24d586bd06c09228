# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Bare Debian chroots, for who sources this at the top of the tree; $me is how
# that one calls itself in messages. They are made by debootstrap as
#
#	CHROOTS	a folder (build/chroot) with one template for each suite, SUITE,
#		which is made if it is not there, and then only copied
#	MIRROR	where Debian comes from; by default from where this machine has
#		it, as far as that is Debian, else from deb.debian.org
#
# Mounts and processes are in namespaces (`in_namespaces`), and end with them,
# whatever ends them.
export CHROOTS="${CHROOTS:-$PWD/build/chroot}"

need_root() {
	[ "$(id -u)" = 0 ] || {
		echo "$me: a chroot needs root: run it as root" >&2
		return 1
	}
}
# SCRIPT --inside WORDS... in namespaces of its own, of which nothing is left
# when it, or this, has ended.
in_namespaces() { # SCRIPT WORD...
	need_root || return
	_script=$1
	shift
	unshare --mount --pid --fork --kill-child sh "$_script" --inside "$@" \
		</dev/null &
	_pid=$!
	# the first process of a namespace hears no signal but this
	trap 'kill -KILL $_pid; wait $_pid; exit 130' HUP INT TERM
	_rc=0
	wait $_pid || _rc=$?
	trap - HUP INT TERM
	return $_rc
}
mirror() {
	{ apt-get indextargets --format "\$(LABEL) \$(SITE)" \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' &&
		echo http://deb.debian.org/debian; } | sed 1q
}
# A bare system, whole or not at all.
make_chroot() { # SUITE FOLDER
	command -v debootstrap >/dev/null || {
		echo "$me: debootstrap is missing: apt-get install debootstrap" >&2
		return 1
	}
	rm -rf --one-file-system "$2.new"
	mkdir -p "$(dirname "$2")"
	echo "$me: making $2"
	debootstrap --variant=minbase "$1" "$2.new" "${MIRROR:-$(mirror)}" \
		>"$2.log" 2>&1 || {
		tail -5 "$2.log" >&2
		echo "$me: debootstrap failed, see $2.log" >&2
		return 1
	}
	chroot "$2.new" apt-get update -qq &&
		mv "$2.new" "$2" && rm "$2.log"
}
# The template of a suite, made if need be; a folder is itself one.
template() { # SUITE|FOLDER
	case $1 in
	/*) ;;
	*) [ -d "$CHROOTS/$1" ] || make_chroot "$1" "$CHROOTS/$1" >&2 ;;
	esac
}
# A copy to be spoilt: an overlay, where there can be one (two deep, in Linux).
# The folder is new; what is written lies in FOLDER.rw.
copy_chroot() { # SUITE|FOLDER COPY
	template "$1" || return
	case $1 in
	/*) _from=$1 ;;
	*) _from=$CHROOTS/$1 ;;
	esac
	mkdir -p "$2" "$2.rw/upper" "$2.rw/work"
	mount -t overlay overlay -o \
		"lowerdir=$_from,upperdir=$2.rw/upper,workdir=$2.rw/work" \
		"$2" 2>/dev/null || cp -a "$_from/." "$2"
}
# What a running system has mounted, and how to ask for names.
mount_chroot() { # FOLDER
	# itself one, or nothing in there could have namespaces of its own
	mountpoint -q "$1" || mount --bind "$1" "$1"
	mount -t proc proc "$1/proc"
	mount -t sysfs -o ro sysfs "$1/sys"
	mount -t tmpfs tmpfs "$1/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
		"$1/dev/pts"
	for _f in resolv.conf hosts; do
		cp -L "/etc/$_f" "$1/etc/$_f"
	done
}
# For packages to be tried: no fsync, no daemon is started, names are known.
tame_chroot() { # FOLDER
	echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	chmod 755 "$1/usr/sbin/policy-rc.d"
	in_chroot "$1" apt-get update -qq
}
in_chroot() { # FOLDER COMMAND...
	_root=$1
	shift
	set -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		JOBS="${JOBS-}" DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+"http_proxy=$http_proxy"} "$@"
	# shellcheck disable=SC2086 # words
	${_alone-} chroot "$_root" "$@"
}
# The same with a network of its own, of loopback alone.
_loopback() {
	# shellcheck disable=SC2016
	unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
}
alone_in_chroot() { # FOLDER COMMAND...
	_alone=_loopback
	in_chroot "$@" && _rc=0 || _rc=$?
	_alone=
	return "$_rc"
}
# The tree as it is, without what was made in it.
copy_tree() { # FOLDER
	mkdir -p "$1"
	tar --exclude=./.git --exclude=./build --exclude=./demo-run -cf - . |
		tar -C "$1" --no-same-owner -xf -
}
