#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh CHROOT: what is where, whose it is, what comes with it.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

before=$(installed)
must apt install $(debs certrepo-installer certrepo-common)
installed >"$R/after"
new=$(echo "$before" | comm -13 - "$R/after" | tr '\n' ' ')
no "the host's package brings nothing of the centre's: $new" \
	grep -Eqw 'libcurl.*|libjansson.*|libldns.*|libpsl.*|libunbound.*' \
	<<-END
	$(echo "$new" | tr ' ' '\n')
	END
needed() { objdump -p "$R/usr/sbin/$1" | sed -n 's/ *NEEDED *lib\([^.]*\).*/\1/p' |
	sort | tr '\n' ' '; }
is "$(needed certrepo-installer)" "c config crypto mariadb sqlite3 ssl " \
	"its program links what HACKING says"
is "$(owner_mode /var/lib/certrepo-installer)" "root:root 700" "its state"
is "$(owner_mode /etc/certrepo/profiles)" "root:root 755" "its profiles"
is "$(c certrepo-installer --version)" \
	"certrepo-installer $(c dpkg-query -W -f '${Version}' certrepo-installer)" \
	"the version is the package's"
wants=etc/systemd/system/timers.target.wants
timer_on() { # PROGRAM: the link is there, and the unit it is for
	[ -h "$R/$wants/certrepo-$1.timer" ] &&
		[ -e "$R/lib/systemd/system/certrepo-$1.timer" ]
}
ok "its timer is enabled" timer_on installer
c certrepo-installer >"$R/out" 2>&1
is "$?" 78 "without a configuration it is one that is missing"

must apt install $(debs certrepo)
is "$(c getent passwd certrepo | cut -d: -f6-)" \
	"/nonexistent:/usr/sbin/nologin" "a user without a shell"
is "$(c id -Gn certrepo)" certrepo "... of no other group"
is "$(owner_mode /var/lib/certrepo)" "certrepo:certrepo 750" "its state"
is "$(owner_mode /etc/certrepo)" "root:root 755" "/etc/certrepo"
is "$(owner_mode /etc/certrepo/csr)" "root:root 755" "/etc/certrepo/csr"
ok "the fetcher's timer is enabled" timer_on fetcher

must apt install $(debs certrepo-status)
# (The Connector of Debian 13 has to be asked how far a connection is trusted.)
is "$(needed certrepo-status | sed 's/ssl $//')" \
	"c config crypto mariadb sqlite3 " "the status links no more than the installer"
is "$(c getent passwd certrepo-status | cut -d: -f6-)" \
	"/nonexistent:/usr/sbin/nologin" "a user without a shell"
is "$(c id -Gn certrepo-status)" certrepo-status "... of no other group"
is "$(owner_mode /var/lib/certrepo-status)" \
	"certrepo-status:certrepo-status 755" "what it writes others may read"
ok "its timer is enabled" timer_on status
ok "the hook for certspotter can be run" \
	test -x "$R/usr/share/certrepo/monitoring/certrepo-certspotter"

files() {
	c dpkg -L certrepo certrepo-installer certrepo-status certrepo-common |
		sort -u
}
for f in /usr/share/certrepo/grants.sql \
	/usr/share/certrepo/installer-profiles/nginx.conf \
	/usr/share/certrepo/cas/letsencrypt.conf \
	/usr/share/bash-completion/completions/certrepo-populate \
	/usr/share/bash-completion/completions/certrepo-fetcher \
	/usr/share/bash-completion/completions/certrepo-installer \
	/usr/share/bash-completion/completions/certrepo-status \
	/usr/share/certrepo/monitoring/certrepo.rules.yml \
	/usr/share/certrepo/monitoring/certrepo-grafana.json \
	/usr/share/man/man8/certrepo-status.8.gz \
	/usr/share/man/man8/certrepo-fetcher.8.gz \
	/usr/share/man/man7/certrepo.7.gz \
	/etc/cron.d/certrepo-fetcher /etc/cron.d/certrepo-installer \
	/etc/cron.d/certrepo-status \
	/usr/share/doc/certrepo/examples/certrepo.conf \
	/usr/share/doc/certrepo-installer/examples/installer.conf \
	/usr/share/doc/certrepo-status/examples/status.conf \
	/usr/share/doc/certrepo/copyright; do
	ok "$f" test -f "$R$f"
done
is "$(files | sed "s|^|$R|" | xargs stat -c '%U:%G %A %n' |
	grep -v '^root:root \(l\|.....-..-.\)' | sed "s|$R||")" '' \
	"all is root's, and nobody else may write there"
is "$(cd "$R" && files | sed 's/^/./' | while read -r f; do
	[ -d "$f" ] || zcat -f "$f" | grep -a -o '.\{20\}/usr/local/.\{0,40\}' |
		sed "s|^|$f: |"
done)" '' "nothing speaks of /usr/local"
is "$(c dpkg --verify certrepo certrepo-installer certrepo-status \
	certrepo-common)" '' \
	"nothing differs from what was packed"
sed -n 's/^Exec[A-Za-z]*=[-+!@:]*\([^ ]*\).*/\1/p' \
	"$R"/lib/systemd/system/certrepo-* | sort -u >"$R/execs"
while read -r f; do
	ok "$f, which a unit runs" test -x "$R$f"
done <"$R/execs"
is "$(cd "$R/lib/systemd/system" && grep -L '^ConditionPathExists=/etc/certrepo' \
	certrepo-[fimps]*.service)" '' "no unit runs without a configuration"
# as cron would, without the PATH of ours
for f in fetcher installer status; do
	cron_line "$f"
	ok "cron's line of $f" test -s "$R/line"
	is "$(c sh /line 2>&1)$?" 0 "... without a configuration does nothing"
done

# --- what is there, and cannot stay so, is told of ---
configure() { # by hand, of which deb-systemd-helper has a word to say
	c /var/lib/dpkg/info/certrepo.postinst configure 2>&1 |
		grep -v '^/usr/bin/deb-systemd-helper was not called'
}
is "$(configure)" '' "a user and a folder as they should be: silent"
c usermod -s /bin/bash certrepo
like "$(configure)" 'the user certrepo has a login shell; run: usermod -s /usr/sbin/nologin certrepo$' \
	"a login shell"
uid=$(c id -u certrepo)
c usermod -s /usr/sbin/nologin certrepo
c sed -i 's/^certrepo:x:[0-9]*:/certrepo:x:0:/' /etc/passwd
like "$(configure)" 'the user certrepo is root' "uid 0"
c sed -i "s/^certrepo:x:0:/certrepo:x:$uid:/" /etc/passwd
c mv /var/lib/certrepo /srv/certrepo
c ln -s /srv/certrepo /var/lib/certrepo
like "$(configure)" '/var/lib/certrepo is a link, .*mount /srv/certrepo there instead' \
	"a link in the folder's place"
c rm /var/lib/certrepo
c mv /srv/certrepo /var/lib/certrepo

lay_host
like "$(owner_mode /var/lib/certrepo/certrepo.db)" '^certrepo:certrepo .*0$' \
	"a store that root made is the fetcher's"
is "$(c certrepo-populate list | sed -n '2s/ .*//p')" www.example.org "a row"
ok "the fetcher takes the configuration" c setpriv --reuid certrepo \
	--regid certrepo --clear-groups certrepo-fetcher --dry-run
like "$(c certrepo-installer --status)" 'web: www.example.org' \
	"the installer takes its own"
finish
