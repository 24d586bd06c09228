#!/bin/sh
# SPDX-License-Identifier: MIT
# The packages, on bare chroots: packages.sh [SUITE...], by default bookworm and
# trixie. Needs root and what packaging/deb.sh needs.
#
#	STEPS	which of build cut same lintian install byhand upgrade release
#		remove systemd host fleet (all, in this order); without build,
#		the packages of the run before
#	BEFORE	a folder with SUITE/*.deb to upgrade from; without, see
#		tests/packages/upgrade.sh
#
# A step goes on after one that fails. build/packages/SUITE.STEP.log has what
# they printed.
set -eu
cd "$(dirname "$0")/.."
me=packages
. tests/chroot.sh
work=$PWD/build/packages/work
logs=$PWD/build/packages
steps=${STEPS:-build cut same lintian install byhand upgrade release remove
	systemd host fleet}

if [ "${1-}" != --inside ]; then
	need_root
	[ $# -gt 0 ] || set -- bookworm trixie
	mkdir -p "$logs"
	exec 9>"$logs/.lock"
	flock -n 9 || {
		echo "packages: another one is at work in $logs" >&2
		exit 75
	}
	trap 'rm -rf --one-file-system "$work"' EXIT
	rm -rf --one-file-system "$work"
	in_namespaces tests/packages.sh "$@"
	exit
fi
shift

# --- inside ---

debs() { # SUITE
	(cd "build/deb/$1" && echo *.deb)
}
# A build elsewhere, at another time, by another hand, gives the same bytes.
same() { # SUITE
	OTHER=1 OUT=$work/other sh packaging/deb.sh "$1" || return
	for f in $(debs "$1"); do
		cmp "build/deb/$1/$f" "$work/other/$1/$f" || return
		echo "ok - the same again: $f"
	done
}
# A build that is ended leaves neither mounts nor processes nor a lock, and no
# half of a result.
cut() { # SUITE
	OUT=$work/cut sh packaging/deb.sh "$1" &
	pid=$!
	i=0
	until [ -s "$work/cut/.work/$1.log" ] || [ $i = 600 ]; do
		i=$((i + 1))
		sleep 0.1
	done
	kill -TERM $pid
	! wait $pid || return
	i=0
	while left=$(find /proc/[0-9]*/root -prune -lname "$work/cut/*" \
		2>/dev/null) && [ -n "$left" ] && [ $i -lt 50 ]; do
		i=$((i + 1))
		sleep 0.1
	done
	left="$left$(findmnt -rno TARGET | grep "$work/cut")"
	left="$left$(find "$work/cut" -mindepth 1 ! -name .lock)"
	[ -z "$left" ] || {
		echo "left: $left"
		return 1
	}
	flock -n "$work/cut/.lock" echo "ok - nothing is left"
}
# A copy of the suite's chroot, in which `apt-get update` has been.
fresh() { # SUITE STEP
	base=$work/$1
	if [ ! -d "$base" ]; then
		copy_chroot "$1" "$base"
		mount_chroot "$base"
		tame_chroot "$base"
		mkdir "$base/debs"
	fi
	root=$work/$1.$2
	copy_chroot "$base" "$root"
	mount_chroot "$root"
	cp "build/deb/$1"/*.deb "build/deb/$1"/*.changes \
		"build/deb/$1"/*.buildinfo "$root/debs/"
}
lint() { # of $root
	in_chroot "$root" apt-get -y -q --no-install-recommends install lintian &&
		in_chroot "$root" setpriv --reuid nobody --regid nogroup \
			--clear-groups env HOME=/nonexistent sh -c \
			'lintian --fail-on error,warning --tag-display-limit 0 \
			/debs/*.changes'
}
step() { # SUITE STEP
	case $2 in
	build) sh packaging/deb.sh "$1" ;;
	cut) cut "$1" ;;
	same) same "$1" ;;
	lintian) fresh "$@" && lint ;;
	release)
		fresh bookworm release && mkdir "$root/next" &&
			cp build/deb/trixie/*.deb "$root/next/" &&
			sh tests/packages/release.sh "$root"
		;;
	*)
		fresh "$@" &&
			BEFORE=${BEFORE:+$BEFORE/$1} \
				sh "tests/packages/$2.sh" "$root"
		;;
	esac
}
summary='' rc=0
for suite; do
	for s in $steps; do
		case $s in
		# from the one to the other: once there are both
		release)
			[ "$suite.$(cd build/deb && echo bookworm*)" = \
				trixie.bookworm ] || continue
			;;
		build | cut | same | lintian) ;;
		*) [ -e "tests/packages/$s.sh" ] || continue ;;
		esac
		echo "packages: $suite: $s"
		log=$logs/$suite.$s.log
		came=passed
		# a function that `set -e` would not end, were it asked about
		(set +e; step "$suite" "$s") >"$log" 2>&1 || came=FAILED rc=1
		case $came in
		passed) grep -c '^ok' "$log" | sed '/^0$/d; s/^/  tests: /' ;;
		*) grep -v '^ok ' "$log" | tail -40 ;;
		esac
		summary="${summary}packages: $suite: $s: $came
"
	done
done
printf '\n%s' "$summary"
exit $rc
