#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages: deb.sh [SUITE...], by default bookworm and trixie. Needs
# root, debootstrap and Debian's mirror; see tests/chroot.sh for CHROOTS, MIRROR.
#
#	OUT	where SUITE/*.deb go (build/deb)
#	OTHER=1	build in another folder, umask, time zone, language and number
#		of processes, to see that it makes no difference
#
# The tree is taken as it is, without .git and build: it need not be a clone,
# and a change can be tried before it is committed. Each suite is built in a
# chroot of its own by a user without rights, and its packages have a version of
# their own, VERSION+debNuN, so that Debian's upgrade is one of theirs, too.
set -eu
cd "$(dirname "$0")/.."
me=deb
. tests/chroot.sh
out=$(realpath -m "${OUT:-build/deb}")
work=$out/.work

if [ "${1-}" != --inside ]; then
	# the name of a folder, too
	for suite; do
		case $suite in
		*[!a-z]* | '')
			echo "deb: $suite: not the name of a suite of Debian" >&2
			exit 64
			;;
		esac
	done
	need_root
	mkdir -p "$out"
	exec 9>"$out/.lock"
	flock -n 9 || {
		echo "deb: another one is at work in $out" >&2
		exit 75
	}
	[ $# -gt 0 ] || set -- bookworm trixie
	[ -z "$(git status --porcelain 2>/dev/null)" ] ||
		echo "deb: with changes that are not committed"
	trap 'rm -rf --one-file-system "$work"' EXIT
	rm -rf --one-file-system "$work"
	in_namespaces packaging/deb.sh "$@" || {
		rc=$?
		echo "deb: not all packages were made, see above; free in $out:" \
			"$(df -h --output=avail "$out" | tail -1)" >&2
		exit $rc
	}
	for suite; do
		echo "deb: $out/$suite:" "$(cd "$out/$suite" && echo ./*.deb)"
	done
	exit
fi
shift

# --- inside ---

# The entry of the changelog is the suite's.
name_version() { # TREE SUITE
	n=$(sed -n 's/^VERSION_ID="\(.*\)"/\1/p' "$root/etc/os-release")
	sed -i "1s/(\([^)]*\)) [^;]*;/(\1+deb${n}u1) $2;/" "$1/debian/changelog"
}
build() { # SUITE
	root=$work/$1
	echo "deb: $1: a chroot and what is needed to build"
	copy_chroot "$1" "$root"
	mount_chroot "$root"
	tame_chroot "$root"
	if [ -z "${OTHER-}" ]; then
		src=/build/certrepo mask=022 env=TZ=UTC
		jobs=$(nproc)
	else
		src=/srv/a/longer/way/of/it mask=077
		env='TZ=Pacific/Kiritimati LC_ALL=C LANG=C'
		jobs=$(($(nproc) + 1))
	fi
	copy_tree "$root$src"
	name_version "$root$src" "$1"
	chmod -R u=rwX,go=rX "$root$src"
	in_chroot "$root" sh -c "apt-get install -y -qq \
		--no-install-recommends dpkg-dev && apt-get build-dep -y -qq \
		--no-install-recommends $src" >"$work/$1.log" 2>&1 || {
		tail -20 "$work/$1.log" >&2
		echo "deb: $1: what is needed cannot be installed" >&2
		return 1
	}
	echo "deb: $1: building"
	chown -R nobody "$root$src/.."
	# shellcheck disable=SC2086 # words
	in_chroot "$root" setpriv --reuid nobody --regid nogroup --clear-groups \
		env HOME=/nonexistent $env sh -c "umask $mask && cd $src && \
		DEB_BUILD_OPTIONS='noautodbgsym parallel=$jobs' \
		dpkg-buildpackage -b -uc" >"$work/$1.log" 2>&1 || {
		tail -40 "$work/$1.log" >&2
		echo "deb: $1: the build failed" >&2
		return 1
	}
	rm -rf "${out:?}/$1"
	mkdir -p "$out/$1"
	# by name, and none that leads elsewhere: the folder was the builder's
	for f in "$root${src%/*}"/*.deb "$root${src%/*}"/*.changes \
		"$root${src%/*}"/*.buildinfo; do
		if [ -h "$f" ] || [ ! -f "$f" ]; then
			echo "deb: $1: not a file: $f" >&2
			return 1
		fi
		cp -P "$f" "$out/$1/"
	done
	cp "$work/$1.log" "$out/$1/build.log"
	chown -R --reference=. "$out/$1"
}
for suite; do
	build "$suite"
done
