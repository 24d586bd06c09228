#!/bin/sh
# SPDX-License-Identifier: MIT
# upgrade.sh CHROOT: from the version before, with all that was there. BEFORE is
# a folder with its packages; without, it is ours under a lower number, with
# another profile, another unit and another cron file, and units where Debian 12
# has them.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

older() { # PACKAGE: made from ours
	d=$R/before/$1
	mkdir -p "$R/before"
	dpkg-deb -R "$R/$(debs "$1")" "$d" || return
	sed -i 's/0\.[0-9.]*+deb/0.0.1+deb/' "$d/DEBIAN/control" || return
	if [ -d "$d/usr/lib/systemd" ]; then
		mkdir -p "$d/lib"
		mv "$d/usr/lib/systemd" "$d/lib/" || return
	fi
	case $1 in
	certrepo-common)
		p=$d/usr/share/certrepo/installer-profiles
		mv "$p/nginx.conf" "$p/of-before.conf"
		;;
	*)
		for f in "$d"/lib/systemd/system/*.timer "$d"/etc/cron.d/*; do
			echo '# of before' >>"$f"
		done
		;;
	esac
	(cd "$d" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' |
		sort | xargs md5sum >DEBIAN/md5sums) &&
		dpkg-deb --root-owner-group -b "$d" "$R/before/" >/dev/null
}
if [ -n "${BEFORE-}" ]; then
	mkdir "$R/before"
	cp "$BEFORE"/*.deb "$R/before/"
else
	for p in certrepo-common certrepo certrepo-installer certrepo-status; do
		must older "$p"
	done
fi
must apt install $(cd "$R" && echo ./before/*.deb)
was=$(c dpkg-query -W -f '${Version}' certrepo)
like "$(ls "$R/etc/systemd/system/timers.target.wants")" fetcher \
	"$was is there"
lay_host
systemctl --root="$R" --quiet disable certrepo-installer.timer
state=$(state_of var/lib/certrepo var/lib/certrepo-installer \
	var/lib/certrepo-status etc/certrepo etc/ssl/private)

# as certrepo-fleet(7) says it, for the centre and for hosts
no "one of two on a machine is not upgraded alone" \
	apt install --no-remove $(debs certrepo-common certrepo)
is "$(c dpkg-query -W -f '${Version} ' certrepo certrepo-common \
	certrepo-installer)" "$was $was $was " "... and nothing is removed"
line=$(sed -n 's/^apt-get \(.*--only-upgrade .*\)/\1/p' \
	man/certrepo-fleet.7 | sort -u)
out=$(c sh -c "cd /debs && apt-get -q --no-install-recommends \
	-o Dpkg::Use-Pty=0 $line" 2>&1 </dev/null)
is $? 0 "the upgrade, with nobody to answer a question"
no "nobody was asked" grep -i 'conffile\|configuration file' <<END
$out
END
now=$(c dpkg-query -W -f '${Version}' certrepo)
ok "$was to $now" dpkg --compare-versions "$was" lt "$now"
is "$(state_of var/lib/certrepo var/lib/certrepo-installer \
	var/lib/certrepo-status etc/certrepo etc/ssl/private)" "$state" \
	"state, configuration and keys are as before"
is "$(c dpkg --verify certrepo certrepo-installer certrepo-status \
	certrepo-common)" '' \
	"all files are there, and the new ones"
ok "... units as well" test -f "$R/lib/systemd/system/certrepo-fetcher.timer"
no "nothing of before is left" grep -rl 'of before' "$R/etc/cron.d" \
	"$R/lib/systemd/system"
no "... no profile either" \
	test -e "$R/usr/share/certrepo/installer-profiles/of-before.conf"
is "$(cd "$R/etc/cron.d" && echo certrepo*)" \
	"certrepo-fetcher certrepo-installer certrepo-populate certrepo-status" \
	"... nor a copy of a cron file"
on() { systemctl --root="$R" is-enabled "$1" 2>&1; }
is "$(on certrepo-fetcher.timer)" enabled "the fetcher's timer is enabled"
is "$(on certrepo-installer.timer)" disabled "one that was disabled stays so"
is "$(c certrepo-populate list | sed -n '2s/ .*//p')" www.example.org \
	"the store is read"
ok "Debian's next release is an upgrade" dpkg --compare-versions "$now" lt \
	"${now%+deb*}+deb99u1"

# an administrator's own cron file is kept, with nobody to ask
echo '# mine' >>"$R/etc/cron.d/certrepo-fetcher"
must apt install --reinstall $(debs certrepo)
like "$(cat "$R/etc/cron.d/certrepo-fetcher")" '^# mine' \
	"a cron file that was changed stays"
finish
