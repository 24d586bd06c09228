# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# A real systemd on an overlay of this machine, with the programs, the units and
# the profiles of `make install` in it. Source after lib.sh.
#
#	systemd_can || skip_all "$why"
#	systemd_lay                  IN: what is written there is in it as well,
#	                             now and, as another path, afterwards
#	systemd_boot
#	inside systemctl start x     a command in it
#	unit_runs certrepo-fetcher   a oneshot: what came of it is rc, out, err
#
# T is the same folder there as here, but for units with PrivateTmp=.

systemd_can() {
	why=
	[ "$(id -u)" = 0 ] || why="needs root"
	[ -x /lib/systemd/systemd ] || why="no systemd is installed"
	grep -q overlay /proc/filesystems || why="no overlayfs"
	[ -n "$why" ] || unshare --mount --pid --cgroup --fork sh -c \
		"mount -t cgroup2 none '$T/pid'" 2>/dev/null ||
		why="no namespaces, or no cgroup2, may be had here"
	[ -z "$why" ]
}
systemd_lay() {
	mkdir "$T/up" "$T/sd" && mount -t tmpfs -o mode=755 up "$T/up" || return 1
	IN=$T/up/u
	mkdir -p "$IN/etc/systemd/system" "$IN/var/log/journal" "$IN/usr/sbin"
	cp /etc/passwd /etc/group "$IN/etc"
	grep -q '^certrepo:' "$IN/etc/passwd" || {
		echo 'certrepo:x:988:988::/var/lib/certrepo:/usr/sbin/nologin' \
			>>"$IN/etc/passwd"
		echo 'certrepo:x:988:' >>"$IN/etc/group"
	}
	grep -q '^certrepo-status:' "$IN/etc/passwd" || {
		echo 'certrepo-status:x:987:987::/nonexistent:/usr/sbin/nologin' \
			>>"$IN/etc/passwd"
		echo 'certrepo-status:x:987:' >>"$IN/etc/group"
	}
	rm -f "$IN/etc/machine-id"
	echo centre >"$IN/etc/hostname"
	# what `make install` does, without building
	_lay=
	for _f in "$BUILD"/certrepo-populate "$BUILD"/certrepo-fetcher \
		"$BUILD"/certrepo-installer "$BUILD"/certrepo-status; do
		_lay="$_lay program:/usr/local/sbin:$_f"
	done
	for _f in "$ROOT"/packaging/systemd/*; do
		_lay="$_lay text:/usr/local/lib/systemd/system:$_f"
	done
	for _f in "$ROOT"/installer-profiles/*.conf; do
		_lay="$_lay text:/usr/local/share/certrepo/installer-profiles:$_f"
	done
	# shellcheck disable=SC2086 # words
	PREFIX=/usr/local SYSCONFDIR=/etc LOCALSTATEDIR=/var VERSION=0 \
		DESTDIR=$IN sh "$ROOT/packaging/lay.sh" install $_lay \
		"script:/usr/local/libexec/certrepo:$ROOT/packaging/certrepo-alert" \
		>"$T/log/install" 2>&1
}
# A line or more of a unit, as systemctl edit adds them.
drop_in() { # UNIT LINE...
	mkdir -p "$IN/etc/systemd/system/$1.d"
	_file=$IN/etc/systemd/system/$1.d/$(ls "$IN/etc/systemd/system/$1.d" | wc -l).conf
	shift
	printf '%s\n' "$@" >"$_file"
}
systemd_boot() {
	BOOT_BIND="$T ${BOOT_BIND-}" start systemd sh "$ROOT/tests/lib/boot.sh" \
		"$T/sd/root" "$T/sd/ready" "$T/up"
	wait_for 20 test -s "$T/sd/ready" || return 1
	SYSTEMD=$(cat "$T/sd/ready")
	# what lies under an overlay is not to be changed any more
	IN=/proc/$SYSTEMD/root
	wait_for 20 inside systemctl is-active boot.target
}
# Its root is not that of its mounts, where this runs in a chroot.
inside() { # COMMAND...
	nsenter -t "$SYSTEMD" -m -p -u -r -w -- env -i \
		PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
# One start to its end, and to that of what it starts when it ends: rc is the
# exit status, err what it printed, result what systemd calls it.
unit_runs() { # UNIT
	_from=$(date +@%s.%6N)
	inside systemctl start "$1" >"$T/log/start" 2>&1
	wait_for 20 idle || diag "still at it: $(inside systemctl list-jobs)"
	result=$(inside systemctl show -P Result "$1")
	rc=$(inside systemctl show -P ExecMainStatus "$1")
	inside journalctl --sync
	# what journald comes to when the run has ended has no invocation's ID
	err=$(inside journalctl -q -o cat --since "$_from" _TRANSPORT=stdout \
		_SYSTEMD_UNIT="$1")
	out=
	_last="$1: $result"
}
idle() {
	[ "$(inside systemctl list-jobs | head -1)" = 'No jobs running.' ]
}
