#!/bin/sh
# SPDX-License-Identifier: MIT
# A real systemd, as the first process of namespaces of its own, for units:
#
#	boot.sh ROOT READY [UPPER]
#
# ROOT is a system with systemd, which it writes to; with UPPER, a folder of
# another file system than /, this machine's own system under an overlay, which
# has all that is written in UPPER/u, and ROOT is where it is put. READY gets
# the pid of it. Nothing of the machine's services is started, nor are its
# kernel's variables, its devices or its clock touched; its network is shared,
# unless BOOT_NET=none: then there is loopback alone. BOOT_BIND names folders of
# the machine that are there as they are.
#
# It ends by TERM, or with its parent, and leaves nothing. Needs root.
set -eu
root=$1 ready=$2 upper=${3-}

if [ "${BOOT_STAGE-}" = '' ]; then
	exec env BOOT_STAGE=1 unshare --mount sh "$0" "$@"
fi

if [ "$BOOT_STAGE" = 1 ]; then
	# A control group of its own, in the second hierarchy, wherever that is.
	groups=$ready.groups
	mkdir -p "$groups"
	mount -t cgroup2 none "$groups"
	group=$groups/certrepo-$$
	mkdir "$group"
	# shellcheck disable=SC2317 # the trap
	end() {
		trap '' HUP INT TERM EXIT
		kill -KILL "$pid" 2>/dev/null || :
		i=0
		while [ -d "$group" ] && [ "$i" -lt 50 ]; do
			find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
			i=$((i + 1))
			[ ! -d "$group" ] || sleep 0.05
		done
	}
	pid=
	trap end EXIT
	trap 'exit 143' HUP INT TERM
	BOOT_STAGE=2 sh -c "echo \$\$ >'$group/cgroup.procs' && exec unshare \
		--mount --pid --uts --ipc --cgroup ${BOOT_NET:+--net} --fork \
		--kill-child sh '$0' '$root' '$ready' '$upper'" &
	pid=$!
	wait $pid
	exit
fi

# --- the first process ---

mkdir -p "$root"
if [ -n "$upper" ]; then
	mkdir -p "$upper/u" "$upper/w"
	mount -t overlay -o "lowerdir=/,upperdir=$upper/u,workdir=$upper/w" \
		overlay "$root"
else
	mount --bind "$root" "$root"
fi
for d in ${BOOT_BIND-}; do
	mkdir -p "$root$d"
	mount --rbind "$d" "$root$d"
done
mount -t proc proc "$root/proc"
# as containers have them: what is the kernel's is not ours to set
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mkdir -p "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for d in null zero full random urandom tty; do
	: >"$root/dev/$d"
	mount --bind "/dev/$d" "$root/dev/$d"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
: >"$ready.console"
: >"$root/dev/console"
mount --bind "$ready.console" "$root/dev/console"
[ -z "${BOOT_NET-}" ] || ip link set lo up

# What a boot of it would do beyond the journal.
here=$root/etc/systemd/system
mkdir -p "$here"
for d in "$root/lib/systemd/system" "$here"; do
	for u in "$d"/sysinit.target.wants/* "$d"/sockets.target.wants/* \
		"$d"/timers.target.wants/* "$d"/paths.target.wants/* \
		"$d"/local-fs.target.wants/*; do
		case ${u##*/} in
		'*' | systemd-journal* | certrepo-*) ;;
		*) ln -sf /dev/null "$here/${u##*/}" ;;
		esac
	done
done
[ -s "$root/etc/machine-id" ] ||
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
cat >"$here/boot.target" <<-END
	[Unit]
	Requires=sysinit.target
	After=sysinit.target
END
# as those outside see it, whose /proc this still is
read -r pid _ </proc/self/stat
echo "$pid" >"$ready.new"
mv "$ready.new" "$ready"
cd "$root"
mkdir -p mnt
pivot_root . mnt
umount -l /mnt
exec env -i container=certrepo PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --unit=boot.target --log-target=journal </dev/null
