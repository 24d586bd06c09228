#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd.sh CHROOT: the packages' timers, services and mail on a real systemd, in
# namespaces of its own, with a real mail server: each way out of the fetcher's
# sandbox to a person's mailbox.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

must apt install systemd systemd-sysv postfix sqlite3
must apt install $(debs certrepo certrepo-installer certrepo-status certrepo-common)

# Mail for root and this host goes to a mailbox; nothing leaves it.
echo centre >"$R/etc/hostname"
echo '127.0.0.1 localhost centre' >"$R/etc/hosts"
c postconf -e 'inet_interfaces = loopback-only' 'mydestination = centre, localhost' \
	'myhostname = centre' 'myorigin = centre' 'alias_maps =' 'mailbox_command =' \
	'default_transport = error:nothing leaves this test'
# deliver to root by the name of another, as postfix does not by root's
c postconf -e 'virtual_alias_maps = inline:{root=box, root@centre=box}'
c useradd -m box
rm -f "$R/usr/sbin/policy-rc.d"
BOOT_NET=none sh tests/lib/boot.sh "$R" "$R.ready" &
boot=$!
trap 'kill $boot; wait $boot' EXIT
for _ in $(seq 100); do
	[ ! -s "$R.ready" ] || break
	sleep 0.1
done
s() {
	nsenter -t "$(cat "$R.ready")" -m -p -n -u -- env -i \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
settle() {
	for _ in $(seq 200); do
		[ "$(s systemctl list-jobs 2>/dev/null | head -1)" != 'No jobs running.' ] ||
			break
		sleep 0.1
	done
}
# A mail to come, with that; all that came so far goes.
mailed() { # REGEX WORDS
	for _ in $(seq 100); do
		s cat /var/mail/box 2>/dev/null | tr -s ' \n' ' ' >"$R/mail"
		! grep -Eq -- "$1" "$R/mail" || break
		sleep 0.1
	done
	like "$(cat "$R/mail")" "$1" "$2"
	s truncate -s 0 /var/mail/box
}
settle
ok "systemd runs" s systemctl is-active boot.target
s systemctl start postfix
ok "the timer of the fetcher is enabled" s systemctl is-enabled certrepo-fetcher.timer
ok "... that of the installer" s systemctl is-enabled certrepo-installer.timer
ok "... and that of the status" s systemctl is-enabled certrepo-status.timer
timers='certrepo-fetcher.timer certrepo-installer.timer certrepo-status.timer'
s systemctl start timers.target
is "$(for t in $timers; do s systemctl show -P ActiveState -P NextElapseUSecRealtime $t |
	sed 's/^active$/on/; /^on$/!s/..*/next/' | tr '\n' ' '; done)" \
	"next on next on next on " "... and all know when they start something next"
# not in the middle of this
s systemctl stop $timers
is "$(s systemctl --failed --plain --no-legend | grep certrepo)" "" "nothing has failed"
is "$(s systemd-analyze verify --man=no certrepo-fetcher.service certrepo-fetcher.timer \
	certrepo-installer.service certrepo-installer.timer certrepo-mail.service \
	certrepo-status.service certrepo-status.timer \
	certrepo-alert@certrepo-fetcher.service 2>&1 | grep certrepo)" "" \
	"systemd-analyze verify has nothing to say"
ok "the fetcher's exposure is at most 2.5" s systemd-analyze security \
	--threshold=25 certrepo-fetcher.service
ok "that of the status at most 1.5" s systemd-analyze security \
	--threshold=15 certrepo-status.service

# --- to root, whatever is printed ---
s systemctl start certrepo-alert@test
mailed 'To: root.*certrepo on centre: test was started' "a test reaches root's mailbox"
echo 'store : { driver = "sqlite"; path = "/var/lib/certrepo/certrepo.db"; };
colour = "red";' >"$R/etc/certrepo/certrepo.conf"
s systemctl start certrepo-fetcher 2>/dev/null
settle
mailed 'certrepo-fetcher printed something.*colour' "a configuration that is refused"
ok "... is a failed service" s systemctl is-failed certrepo-fetcher

# --- to those in notify, by the outbox ---
cat >"$R/etc/certrepo/certrepo.conf" <<END
store : { driver = "sqlite"; path = "/var/lib/certrepo/certrepo.db"; };
ca = ( { name = "none"; directory = "https://127.0.0.1:1/dir"; agree_tos = true; } );
default_ca = "none";
webroot_prefixes = [ "/var/www" ];
dns : { resolvers = [ "127.0.0.1:1" ]; };
notify : { mail = "box"; };
END
must s runuser -u certrepo -- certrepo-populate init
mkdir -p "$R/var/www/acme"
c openssl req -new -newkey rsa:2048 -nodes -keyout /root/key -subj /CN=www.example.org \
	-addext subjectAltName=DNS:www.example.org -out /etc/certrepo/csr/www.example.org.csr \
	2>/dev/null
must s runuser -u certrepo -- certrepo-populate add www.example.org \
	--webroot /var/www/acme --enable
s runuser -u certrepo -- sqlite3 /var/lib/certrepo/certrepo.db \
	"UPDATE certs SET held = 1, ts_due = 9223372036854775807,
	ts_next_attempt = 9223372036854775807"
s systemctl start certrepo-fetcher
settle
is "$(s systemctl show -P Result certrepo-fetcher)" success "a run"
mailed 'certrepo on centre.*1 new matter \(www\.example\.org\)' "what is held reaches its mailbox"
is "$(s find /var/lib/certrepo/outbox -name '*.mail')" "" "... and nothing waits"
s systemctl stop postfix
s mv /usr/sbin/sendmail /usr/sbin/sendmail.off
s runuser -u certrepo -- certrepo-populate enable www.example.org
s runuser -u certrepo -- certrepo-populate disable www.example.org
s systemctl start certrepo-fetcher
settle
ok "without sendmail it waits, and the service has failed" \
	s systemctl is-failed certrepo-mail
s mv /usr/sbin/sendmail.off /usr/sbin/sendmail
s systemctl start postfix certrepo-fetcher
settle
mailed '1 matter is over \(www\.example\.org\)' "... and is sent by the next run"

# --- the installer: its mail is its own ---
cat >"$R/etc/certrepo/installer.conf" <<END
store : { driver = "sqlite"; path = "/var/lib/certrepo/none.db"; };
notify : { mail = "box"; };
store_patience = 0;
services = ( { name = "web"; profile = "files-only";
	certificates = ( { name = "www.example.org"; key = "/root/key";
		dir = "/etc/ssl/web"; } ); } );
END
s systemctl start certrepo-installer 2>/dev/null
settle
mailed 'certrepo on centre.*the store' "root's sendmail works without new privileges"
finish
