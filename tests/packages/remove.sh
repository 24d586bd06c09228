#!/bin/sh
# SPDX-License-Identifier: MIT
# remove.sh CHROOT: what a removal leaves, what a purge takes, and says; and what
# the fetcher's user may lay in its folder for root to fall over.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

all='certrepo-common certrepo certrepo-installer certrepo-status'
must apt install $(debs $all) openssl
lay_host
kept='var/lib/certrepo var/lib/certrepo-installer var/lib/certrepo-status
	etc/certrepo etc/ssl/private'
state=$(state_of $kept)
wants=etc/systemd/system/timers.target.wants

# --- removed, and there again ---
exec 8>>"$R/var/lib/certrepo-installer/lock"
flock 8
(exec 8>&- && c dpkg --remove certrepo-installer) >"$R/out" 2>&1 &
pid=$!
i=0
until grep -qsz '^flock$' "$R"/proc/[0-9]*/cmdline || [ $i = 100 ]; do
	i=$((i + 1))
	sleep 0.1
done
ok "a run that goes on is waited for" test -x "$R/usr/sbin/certrepo-installer"
exec 8>&-
wait $pid
is $? 0 "... and when it has ended, the package goes"
out=$(apt remove $all 2>&1)
is $? 0 "all are removed"
like "$out" 'certrepo: certificates are not renewed any more; state and configuration stay until purge' \
	"... which says what that means"
like "$(cat "$R/out")" 'certrepo-installer: certificates are not installed here any more' \
	"... so had the installer's"
is "$(state_of $kept)" "$state" "removed: state, keys, configuration stay"
like "$out" 'certrepo-status: its page and its metrics are not written any more' \
	"... and the status"
no "... no program" ls "$R"/usr/sbin/certrepo-fetcher \
	"$R"/usr/sbin/certrepo-installer "$R"/usr/sbin/certrepo-status
no "... no unit" test -e "$R/lib/systemd/system/certrepo-fetcher.timer"
for f in fetcher installer status; do
	cron_line "$f"
	is "$(c sh /line 2>&1)$?" 0 "... cron's line of $f does nothing"
done
must apt install $(debs $all)
is "$(state_of $kept)" "$state" "installed again: all is there"
is "$(c certrepo-populate list | sed -n '2s/ .*//p')" www.example.org \
	"... and read"
for f in fetcher installer status; do
	ok "... the timer of $f is enabled" \
		test -h "$R/$wants/certrepo-$f.timer"
done

# --- the status alone, whose user may have laid something there, too ---
must c setpriv --reuid certrepo-status --regid certrepo-status --clear-groups \
	sh -c 'cd /var/lib/certrepo-status && ln -s /etc/certrepo x &&
	ln -s /etc/certrepo/certrepo.conf index.html && mkfifo y'
others=$(state_of var/lib/certrepo var/lib/certrepo-installer etc/certrepo \
	etc/ssl/private)
out=$(apt purge certrepo-status 2>&1)
is $? 0 "a purge of certrepo-status"
no "... takes its state" test -e "$R/var/lib/certrepo-status"
is "$(state_of var/lib/certrepo var/lib/certrepo-installer etc/certrepo \
	etc/ssl/private)" "$others" "... and nothing of anybody else's"
like "$out" 'certrepo-status: its page and its metrics are gone' "... and says so"
like "$out" '- the user certrepo-status' "... and what is left"

# --- what a captured fetcher may have laid there ---
mkdir -p "$R/srv/others"
echo precious >"$R/srv/others/file"
must c setpriv --reuid certrepo --regid certrepo --clear-groups sh -c '
	cd /var/lib/certrepo && ln -s /srv/others folder &&
	ln -s /srv/others/file file && ln -s /etc/certrepo accounts/up &&
	ln -s /etc/certrepo/certrepo.conf fetcher.x && mkfifo fifo &&
	mkdir -p a/b/c && ln -s / a/b/c/root && touch -- "-rf" "a b
c" && ln -s /var/lib/certrepo-installer outbox'
mkdir "$R/var/lib/certrepo/mounted"
mount -t tmpfs tmpfs "$R/var/lib/certrepo/mounted"
echo x >"$R/var/lib/certrepo/mounted/file"
others=$(state_of srv/others etc/certrepo etc/ssl/private var/lib/certrepo-installer)

out=$(apt purge certrepo 2>&1)
is $? 0 "a purge of certrepo, with links laid for root"
is "$(state_of srv/others etc/certrepo etc/ssl/private var/lib/certrepo-installer)" \
	"$others" "what the links lead to is as it was"
is "$(cd "$R" && find var/lib/certrepo ! -type d)" \
	var/lib/certrepo/mounted/file "no more is left than what is mounted there"
like "$out" 'could not remove in /var/lib/certrepo' "... and said"
like "$out" 'certrepo: the state is gone' "... as what is gone"
like "$out" 'and the SQLite store' "... the store among it"
like "$out" '- /etc/certrepo' "... and what is left"
ok "certrepo-installer stays" c certrepo-installer --version
is "$(cd "$R/$wants" && echo certrepo*)" certrepo-installer.timer \
	"... with its timer alone"
umount "$R/var/lib/certrepo/mounted"
rm -r "$R/var/lib/certrepo"

# --- the other way round ---
must apt install $(debs certrepo)
must c certrepo-populate init
state=$(state_of var/lib/certrepo etc/certrepo etc/ssl/private etc/tls)
out=$(apt purge certrepo-installer 2>&1)
is $? 0 "a purge of certrepo-installer"
no "... takes its state" test -e "$R/var/lib/certrepo-installer"
is "$(state_of var/lib/certrepo etc/certrepo etc/ssl/private etc/tls)" "$state" \
	"... and nothing of anybody else's"
like "$out" 'certrepo-installer: the state is gone' "... and says so"
like "$out" 'keys and certificates' "... and what is left"
ok "certrepo stays" c certrepo-populate list

# --- a state that is elsewhere ---
mv "$R/var/lib/certrepo" "$R/srv/state"
ln -s /srv/state "$R/var/lib/certrepo"
state=$(state_of srv/state)
out=$(apt purge certrepo 2>&1)
is "$(state_of srv/state)" "$state" "a state behind a link is left"
like "$out" '/srv/state, which /var/lib/certrepo leads to' "... and said"

# --- nothing of anybody's ---
must apt purge certrepo-common
rm -r "$R/var/lib/certrepo" "$R/etc/certrepo"
must apt install $(debs $all)
must mkdir "$R/var/lib/certrepo-alert"
out=$(apt purge $all 2>&1)
is "$(cd "$R" && find etc var usr -name '*certrepo*')" '' \
	"of an installation without configuration nothing is left"
no "... and no folder is said to be" grep /etc/certrepo <<END
$out
END
finish
