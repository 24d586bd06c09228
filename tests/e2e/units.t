#!/bin/sh
# SPDX-License-Identifier: MIT
# The units, run by a real systemd: both programs do all of their work within
# the limits of their units, what needs a person gets out by mail, and so does
# that a run died, once.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/systemd.sh"

systemd_can || skip_all "$why"
systemd_lay || bail "cannot install: $(tail -3 "$T/log/install")"

# --- what they say, and what that is worth ---
units=$IN/usr/local/lib/systemd/system
for u in fetcher.service fetcher.timer mail.service installer.service \
	installer.timer status.service status.timer alert@.service; do
	ok "certrepo-$u is installed" test -s "$units/certrepo-$u"
done
ok "the fetcher's exposure is at most 2.5" systemd-analyze security \
	--offline=yes --threshold=25 "$units/certrepo-fetcher.service"
ok "the installer's is at most 5.2" systemd-analyze security \
	--offline=yes --threshold=52 "$units/certrepo-installer.service"
ok "that of the status at most 1.5" systemd-analyze security \
	--offline=yes --threshold=15 "$units/certrepo-status.service"

systemd_boot || bail "systemd does not start: $(tail -5 "$T/log/systemd")"
inside systemd-analyze verify --man=no certrepo-fetcher.service certrepo-fetcher.timer \
	certrepo-installer.service certrepo-installer.timer \
	certrepo-status.service certrepo-status.timer \
	certrepo-mail.service certrepo-alert@certrepo-fetcher.service \
	>"$T/verify" 2>&1
is "$(grep certrepo "$T/verify")" "" "systemd-analyze verify has nothing to say"


# --- the other parts: CA, name server, web server, store ---
www=/var/www/acme
make_key "$T/k" && make_self_signed "$T/k" "$T/c" www.example.test
mkdir -p "$IN$www" "$IN/home/site/www"
NGINX_ROOT=$IN$www
stage_dns || bail "no name server"
nginx_start "$T/c" "$T/k" || bail "no web server"
PEBBLE_HTTP_PORT=$NGINX_HTTP_PORT
stage_start PEBBLE_AUTHZREUSE=0 || bail "no CA"

# --- the centre, as the manual has it ---
CONF=$IN/etc/certrepo/certrepo.conf
mkdir -p "$IN/etc/certrepo" "$IN/var/lib/certrepo"
install -m 640 -g 988 "$T"/dns/*.key "$IN/etc/certrepo"
install -m 644 "$PEBBLE_CA" "$IN/etc/certrepo/ca.pem"
centre() { # SETTING...
	stage_conf
	sed -e "s#$T/dns/#/etc/certrepo/#; s#$T/state/#/var/lib/certrepo/#" \
		-e "s#$T/state#/var/lib/certrepo#; s#$PEBBLE_CA#/etc/certrepo/ca.pem#" \
		-e "s#\"$WEBROOT\"#\"/var/www\", \"/home\", \"/opt\"#; s#$IN##" \
		"$CONF" >"$T/centre.conf"
	printf '%s\n' "$@" >>"$T/centre.conf"
	install -m 640 -g 988 "$T/centre.conf" "$CONF"
}
STORE=sqlite
_store="driver = \"sqlite\"; path = \"/var/lib/certrepo/certrepo.db\";"
told='notify : { mail = "ops@example.org"; };'

# sendmail: keeps what it is given, and says whether a bit of its file would
# have had any effect.
mkdir -p "$IN/var/kept"
chmod 1777 "$IN/var/kept"
cat >"$IN/usr/sbin/sendmail" <<'END'
#!/bin/sh
[ ! -e /var/kept/fails ] || { echo "no route"; exit 75; }
{
	echo "from $(id -un), $(grep NoNewPrivs /proc/self/status | tr -d '[:space:]')"
	echo "by sendmail $*"
	cat
} >"/var/kept/$(date +%s%N).mail"
END
chmod 755 "$IN/usr/sbin/sendmail"
# The mails since the last time, as one line, or how many there were.
mails() {
	cat "$IN"/var/kept/*.mail 2>/dev/null | tr -s ' \n' ' '
	rm -f "$IN"/var/kept/*.mail
}
inside chown certrepo:certrepo /var/lib/certrepo $www

unit_runs certrepo-fetcher.service
is "$(inside systemctl show -P ConditionResult certrepo-fetcher.service) $(mails)" \
	"no " "without a configuration nothing is started, nor told"

# A unit that nothing names is forgotten when it ends, with its start limit.
drop_in certrepo-fetcher.timer '[Timer]' OnCalendar= OnActiveSec=1w
inside systemctl daemon-reload
inside systemctl start certrepo-fetcher.timer

# --- it does all of its work: two proofs, the store, the account, the log ---
centre "$told"
drop_in certrepo-fetcher.service '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
drop_in certrepo-mail.service '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
drop_in certrepo-installer.service '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
inside systemctl daemon-reload
populate_in() { # WORD...
	inside runuser -u certrepo -- env ASAN_OPTIONS=detect_leaks=0 \
		certrepo-populate "$@" >"$T/log/populate" 2>&1 || {
		diag "$(cat "$T/log/populate")"
		return 1
	}
}
populate() {
	populate_in "$@"
}
sql() {
	case $STORE in
	sqlite) inside runuser -u certrepo -- sqlite3 /var/lib/certrepo/certrepo.db "$1" ;;
	mariadb) mariadb_sql -NBr certrepo -e "$1" ;;
	esac
}
chmod 755 "$T/csr"
populate_in init || bail "no store"
H=www.web.example.test D=dns.example.test
enrol $H ec $H || bail "cannot enrol"
enrol $D rsa $D || bail "cannot enrol"
populate_in set $H challenge=http-01 webroot_path=$www || bail "no web root"
unit_runs certrepo-fetcher.service
is "$rc $result $err" "0 success " "a run: silent"
cert_ok $H "... by http-01"
cert_ok $D "... by dns-01"
is "$(find "$IN$www" -type f)$(stage_proofs)" '' "... no proof is left"
like "$(inside journalctl -q -o cat _TRANSPORT=syslog SYSLOG_IDENTIFIER=certrepo-fetcher)" \
	"renewed name=$H" "... the log has it"
is "$(mails)" "" "... and nobody is told"
is "$(inside stat -c %U:%a /var/lib/certrepo)" certrepo:750 "its folder is its user's"

# --- what it may not ---
drop_in certrepo-fetcher.service '[Service]' 'ExecStartPre=/bin/sh -c "\
	for d in /etc/certrepo /var/lib /usr /home/site/www /boot /run /run/lock; do \
	! touch $d/x 2>/dev/null || echo may write $d; done; \
	[ -z \"$$(ls /tmp)\" ] || echo sees /tmp; \
	cp /bin/true /var/lib/certrepo/x && chmod 700 /var/lib/certrepo/x; \
	! /var/lib/certrepo/x 2>/dev/null || echo may run what it wrote; \
	rm -f /var/lib/certrepo/x; \
	! kill -0 1 2>/dev/null || echo may kill; \
	! chown 0 /var/lib/certrepo 2>/dev/null || echo may chown; \
	! unshare --user true 2>/dev/null || echo may unshare; \
	grep -E \"Cap(Prm|Bnd|Amb)|NoNewPrivs|Seccomp:\" /proc/self/status"'
chmod 777 "$IN/home/site/www"
inside systemctl daemon-reload
unit_runs certrepo-fetcher.service
is "$(echo "$err" | tr -s '\t\n' ' ')" \
	"CapPrm: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 " \
	"no other folder, no process of others, no privilege"
like "$(mails)" "^from root, NoNewPrivs:0 by sendmail -t -i To: root Subject: certrepo on centre: certrepo-fetcher printed something .* It printed: CapPrm.* journalctl -u certrepo-fetcher.service" \
	"what is printed is mailed to root"
unit_runs certrepo-fetcher.service
is "$(mails)" "" "... once a day"
rm "$IN/etc/systemd/system/certrepo-fetcher.service.d/1.conf"
drop_in certrepo-fetcher.service '[Service]' 'ExecStartPre=/bin/echo too late'
inside systemctl daemon-reload
journald=$(inside systemctl show -P MainPID systemd-journald)
inside kill -STOP "$journald"
{ sleep 2 && inside kill -CONT "$journald"; } &
unit_runs certrepo-fetcher.service
like "$(mails)" "^from root.* It printed: too late " \
	"... also what journald came to when the run had ended"
rm "$IN/etc/systemd/system/certrepo-fetcher.service.d/1.conf"
inside systemctl daemon-reload

# --- a web root that the unit does not name ---
chown 988:988 "$IN/home/site/www"
populate_in set $H webroot_path=/home/site/www
sql "UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0,
	count_fail_update = 20 WHERE name = '$H'"
unit_runs certrepo-fetcher.service
like "$rc $(sql "SELECT fail_detail FROM certs WHERE name = '$H'")" \
	"^1 .*/home/site/www/.well-known: Read-only file system \\(it is mounted read-only, or the unit of systemd does not name it in ReadWritePaths=\\)" \
	"a web root in /home: what keeps the fetcher from it is said"

# --- what needs a person, from the sandbox by way of the outbox ---
mail=$(mails)
like "$mail" "from certrepo, NoNewPrivs:0 by sendmail -i ops@example.org To: ops@example.org Subject: certrepo on centre: .*1 new matter \\($H\\).*run systemctl edit certrepo-fetcher, and add \\[Service\\] and ReadWritePaths= with that folder" \
	"those in notify are told by a mail, with what to do"
unlike "$mail" "To: root" "... and root is not: nothing was printed"
is "$(ls "$IN/var/lib/certrepo/outbox")" lock "... nothing is left of it"
drop_in certrepo-fetcher.service '[Service]' ReadWritePaths=/home/site/www
inside systemctl daemon-reload
# After a reload its old workers answer for a moment, from the old root.
stop nginx
NGINX_ROOT=$IN/home/site/www
nginx_start "$T/c" "$T/k" || bail "no web server"
populate_in enable $H
unit_runs certrepo-fetcher.service
is "$rc" 0 "with the line that the mail says it goes on"
like "$(mails)" "1 matter is over \\($H\\)" "... and that is mailed"

# --- sendmail takes nothing ---
sql "UPDATE certs SET held = 1, ts_due = 9223372036854775807,
	ts_next_attempt = 9223372036854775807 WHERE name = '$H'"
: >"$IN/var/kept/fails"
unit_runs certrepo-fetcher.service
is "$rc $err" "0 " "sendmail fails: the run handed over its mail"
is "$(inside systemctl is-failed certrepo-mail.service) $(find "$IN/var/lib/certrepo/outbox" -name "*.mail" | wc -l)" \
	"failed 1" "... which waits"
like "$(inside journalctl -q -o cat -u certrepo-mail)" 'mail of notify: "sendmail -i ops@example.org" exited with 75: "no route"' \
	"... for a reason"
unit_runs certrepo-fetcher.service
is "$rc $err" "0 " "... for some minutes"
box=$IN/var/lib/certrepo/outbox
mv "$box"/*.mail "$box/$(printf %012d $(($(date +%s) - 700))).1.0.mail"
unit_runs certrepo-fetcher.service
like "$rc $err" "^1 .*1 mail to those in notify waits in /var/lib/certrepo/outbox, the first since [^ ]*, for sendmail takes none: see systemctl status certrepo-mail.service" \
	"... then the next run says so"
like "$(inside journalctl -q -o cat -p err -u certrepo-alert@certrepo-fetcher.service)" \
	"certrepo-fetcher.service printed something, and root could not be told: sendmail failed \\(status 75\\): no route; see journalctl -u certrepo-fetcher.service" \
	"... which nobody can be mailed either: an error in the journal"
is "$(inside systemctl is-failed certrepo-alert@certrepo-fetcher.service)" failed \
	"... that a monitor sees"
rm "$IN/var/kept/fails"
unit_runs certrepo-fetcher.service
mail=$(mails)
like "$mail" "To: ops@example.org .*certificate $H: held" "when it does, the mail goes out"
like "$mail" "To: root .*waits? in /var/lib/certrepo/outbox" "... and so does what root was to be told"
unit_runs certrepo-fetcher.service
is "$rc $err$(mails)$(ls "$box")" "0 lock" "... once"

# --- runs that die ---
reread() { # how often it was started counts from now: newer ones keep that
	inside systemctl daemon-reload
	inside systemctl reset-failed
}
drop_in certrepo-fetcher.service '[Service]' TimeoutStartSec=1 \
	'ExecStartPre=/bin/sleep 60'
reread
unit_runs certrepo-fetcher.service
is "$result" timeout "a run that hangs is ended"
like "$(mails)" "To: root Subject: certrepo on centre: certrepo-fetcher took too long, and was ended" \
	"... which is mailed, though it printed nothing"
unit_runs certrepo-fetcher.service
is "$result $(mails)" "timeout " "... once a day"
drop_in certrepo-fetcher.service '[Service]' 'ExecStartPre=' 'ExecStart=' \
	'ExecStart=/usr/local/sbin/gone'
reread
unit_runs certrepo-fetcher.service
like "$result $(mails)" "^exit-code .*certrepo-fetcher could not be started \\(status 203\\)" \
	"a program that is gone is another matter"
drop_in certrepo-fetcher.service '[Service]' 'ExecStart=' 'ExecStart=/bin/true'
inside systemctl daemon-reload
for _ in 1 2 3 4 5 6 7 8 9 10; do
	inside systemctl start certrepo-fetcher.service 2>"$T/log/start"
done
wait_for 20 idle
unit_runs certrepo-fetcher.service
like "$(inside systemctl show -P Result certrepo-fetcher.service) $(mails)" \
	"^start-limit-hit .*certrepo-fetcher was started too often" "... and so is one that is started over and over"
inside systemctl reset-failed
rm "$IN/etc/systemd/system/certrepo-fetcher.service.d"/[234].conf
inside systemctl start certrepo-alert@test.service
like "$(mails)" "To: root Subject: certrepo on centre: test was started, to see who is told" \
	"a test of who is told"

# --- a configuration that is refused ---
centre "$told" 'colour = "red";'
inside systemctl daemon-reload
unit_runs certrepo-fetcher.service
mail=$(mails)
like "$rc $mail" "^78 .*To: ops@example.org .*the configuration: refused .*colour" \
	"a refused configuration is told, those in notify, too"
like "$mail" "To: root .*colour.: is unknown" "... and root"
centre "$told"

# --- the limits are those of the unit: without a call that is needed it fails ---
drop_in certrepo-fetcher.service '[Service]' 'SystemCallFilter=~renameat rename renameat2'
inside systemctl daemon-reload
due() {
	sql "UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0
		WHERE name = '$D'"
	sql "DELETE FROM cas"
}
due
unit_runs certrepo-fetcher.service
isnt "$rc" 0 "a call that is needed and forbidden is missed"
rm "$IN/etc/systemd/system/certrepo-fetcher.service.d/2.conf"
drop_in certrepo-fetcher.service '[Service]' 'RestrictAddressFamilies=' 'RestrictAddressFamilies=AF_UNIX'
inside systemctl daemon-reload
due
unit_runs certrepo-fetcher.service
isnt "$rc" 0 "... and so is a family of addresses"
rm "$IN/etc/systemd/system/certrepo-fetcher.service.d/2.conf"
mails >"$T/log/mails"

# --- MariaDB, over the net ---
mariadb_start "$T/mariadb" || bail "no MariaDB"
install -m 644 "$MARIADB_CA" "$IN/etc/certrepo/db-ca.pem"
install -m 640 -g 988 "$MARIADB_PASSWORD_FILE" "$IN/etc/certrepo/db.password"
_store="driver = \"mariadb\"; host = \"$MARIADB_HOST\"; port = $MARIADB_PORT;
	database = \"$MARIADB_DATABASE\"; user = \"$MARIADB_USER\";
	ca_file = \"/etc/certrepo/db-ca.pem\"; password_file = \"/etc/certrepo/db.password\";"
STORE=mariadb
centre "$told"
inside systemctl daemon-reload
M=db.example.test
populate_in init || bail "no store"
enrol $M ec $M || bail "cannot enrol"
unit_runs certrepo-fetcher.service
is "$rc $result" "0 success" "with MariaDB"
cert_ok $M "... a certificate"

# --- the timer ---
drop_in certrepo-fetcher.timer '[Timer]' OnCalendar= OnActiveSec=1ms \
	RandomizedDelaySec=0 AccuracySec=1ms
before=$(inside systemctl show -P InvocationID certrepo-fetcher.service)
inside systemctl daemon-reload
inside systemctl restart certrepo-fetcher.timer
started() {
	[ "$(inside systemctl show -P InvocationID certrepo-fetcher.service)" != "$before" ]
}
ok "the timer starts it" wait_for 20 started
wait_for 20 idle
is "$(inside systemctl show -P ExecMainStatus certrepo-fetcher.service)" 0 "... and all is well again"
done_testing
