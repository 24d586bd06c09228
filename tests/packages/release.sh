#!/bin/sh
# SPDX-License-Identifier: MIT
# release.sh CHROOT: Debian 12 with the packages becomes Debian 13, then these
# are upgraded to those in CHROOT/next.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

must apt install $(debs certrepo-common certrepo certrepo-installer \
	certrepo-status) openssl
lay_host
kept='var/lib/certrepo var/lib/certrepo-installer var/lib/certrepo-status
	etc/certrepo etc/ssl/private'
state=$(state_of $kept)
sed -i s/bookworm/trixie/ "$R/etc/apt/sources.list"
must apt update
must apt dist-upgrade
is "$(. "$R/etc/os-release" && echo "$VERSION_ID")" 13 "Debian is 13"
is "$(c certrepo-populate list | sed -n '2s/ .*//p')" www.example.org \
	"the packages of 12 go on there"
must apt install $(cd "$R" && echo ./next/*.deb)
like "$(c certrepo-populate --version)" '\+deb13u' "those of 13 follow"
is "$(state_of $kept)" "$state" "state, configuration and keys are as before"
is "$(c dpkg --verify certrepo certrepo-installer certrepo-status \
	certrepo-common)" '' \
	"all files are there"
is "$(systemctl --root="$R" is-enabled certrepo-fetcher.timer \
	certrepo-installer.timer certrepo-status.timer 2>&1 | sort -u)" enabled "timers are enabled"
ok "nothing of ours is broken" c dpkg --audit
finish
