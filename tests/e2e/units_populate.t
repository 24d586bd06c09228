#!/bin/sh
# SPDX-License-Identifier: MIT
# The unit that approves by rule, run by a real systemd: it does its work on
# MariaDB within its limits, and prints nothing that is mailed.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/systemd.sh"

systemd_can || skip_all "$why"
systemd_lay || bail "cannot install: $(tail -3 "$T/log/install")"
units=$IN/usr/local/lib/systemd/system
for u in service timer; do
	ok "certrepo-populate.$u is installed" test -s "$units/certrepo-populate.$u"
done
ok "its exposure is at most 2.6" systemd-analyze security --offline=yes \
	--threshold=26 "$units/certrepo-populate.service"
systemd_boot || bail "systemd does not start: $(tail -5 "$T/log/systemd")"
inside systemd-analyze verify --man=no certrepo-populate.service \
	certrepo-populate.timer >"$T/verify" 2>&1
is "$(grep certrepo "$T/verify")" "" "systemd-analyze verify has nothing to say"

mariadb_start "$T/mariadb" || bail "no MariaDB"
mkdir -p "$IN/etc/certrepo"
cat >"$IN/usr/sbin/sendmail" <<'END'
#!/bin/sh
cat >>/var/mailed
END
chmod 755 "$IN/usr/sbin/sendmail"
mailed() {
	[ ! -e "$IN/var/mailed" ] || tr -s ' \n' ' ' <"$IN/var/mailed"
	rm -f "$IN/var/mailed"
}
conf() { # SETTING...: admin.conf
	cat <<END >"$T/admin.conf"
store : { driver = "mariadb"; host = "$MARIADB_HOST"; port = $MARIADB_PORT;
	database = "$MARIADB_DATABASE"; user = "$MARIADB_USER";
	ca_file = "/etc/certrepo/db-ca.pem";
	password_file = "/etc/certrepo/populate.password"; };
dns : { zones = ( { zone = "acme.example.net"; } ); };
ca = ( { name = "x"; directory = "https://127.0.0.1:1/dir"; agree_tos = true; } );
END
	printf '%s\n' "$@" >>"$T/admin.conf"
	install -m 644 "$T/admin.conf" "$IN/etc/certrepo/admin.conf"
}
install -m 644 "$MARIADB_CA" "$IN/etc/certrepo/db-ca.pem"
install -m 600 "$MARIADB_PASSWORD_FILE" "$IN/etc/certrepo/populate.password"
drop_in certrepo-populate.service '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
drop_in certrepo-populate.timer '[Timer]' OnCalendar= OnActiveSec=1w
inside systemctl daemon-reload
inside systemctl start certrepo-populate.timer

unit_runs certrepo-populate.service
is "$(inside systemctl show -P ConditionResult certrepo-populate.service) $(mailed)" \
	"no " "without an admin.conf nothing is started, nor told"
conf
unit_runs certrepo-populate.service
is "$(inside systemctl show -P ConditionResult certrepo-populate.service) $(mailed)" \
	"no " "... nor while there is no certrepo.conf, as in an upgrade"
: >"$IN/etc/certrepo/certrepo.conf"
unit_runs certrepo-populate.service
is "$rc $result $err$(mailed)" "0 success " \
	"without rules it is silent, and asks no database"

rules='rules = ( { host = "web*.example.org"; names = ["{host}"]; } );'
conf "$rules"
inside env ASAN_OPTIONS=detect_leaks=0 certrepo-populate \
	-c /etc/certrepo/admin.conf init >"$T/log/init" 2>&1 ||
	bail "no store: $(cat "$T/log/init")"
ask() { # HOST NAME
	openssl req -new -newkey rsa:2048 -nodes -keyout "$T/key" -subj / \
		-addext "subjectAltName=DNS:$2" -out "$T/csr" 2>/dev/null
	mariadb_sql certrepo -e "INSERT INTO host_requests (account, host,
		name, csr, key_sha256, state, ts) VALUES ('acc-$1', '$1',
		'$2', '$(cat "$T/csr")', SHA2(RAND(), 256), 'pending', 1)"
}
mariadb_sql certrepo -e "INSERT INTO hosts (host, account, ts_added) VALUES
	('web1.example.org', 'acc-web1.example.org', 1),
	('mail.example.org', 'acc-mail.example.org', 1)"
ask web1.example.org web1.example.org
ask web1.example.org bank.example.org
ask mail.example.org mail.example.org
unit_runs certrepo-populate.service
is "$rc $result $err$(mailed)" "0 success " "a run: silent"
is "$(mariadb_sql -NB certrepo -e 'SELECT name, state, as_name FROM host_requests
	ORDER BY id' | tr '\t\n' ' ,')" \
	"web1.example.org approved web1.example.org,bank.example.org pending NULL,mail.example.org pending NULL," \
	"what the rule takes is approved, and nothing else"
is "$(mariadb_sql -NB certrepo -e 'SELECT name, enable FROM certs')" \
	"web1.example.org	Y" "... and is a row, enabled"
is "$(mariadb_sql -NB certrepo -e 'SELECT account, name, host FROM host_names')" \
	"acc-web1.example.org	web1.example.org	web1.example.org" \
	"... that the host may read"
like "$(inside journalctl -q -o cat _TRANSPORT=syslog SYSLOG_IDENTIFIER=certrepo-populate)" \
	"approved name=web1.example.org detail=\"web1.example.org/web1.example.org, new, by a rule\"" \
	"... the log has it"

# --- what it may not ---
drop_in certrepo-populate.service '[Service]' 'ExecStartPre=/bin/sh -c "\
	for d in /etc/certrepo /var /usr /home /boot /run; do \
	! touch $d/x 2>/dev/null || echo may write $d; done; \
	! chown 1 /etc/certrepo 2>/dev/null || echo may chown; \
	! unshare --user true 2>/dev/null || echo may unshare; \
	grep -E \"Cap(Bnd|Amb)|NoNewPrivs|Seccomp:\" /proc/self/status"'
inside systemctl daemon-reload
unit_runs certrepo-populate.service
is "$(echo "$err" | tr -s '\t\n' ' ')" \
	"CapBnd: 00000000000000e0 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 " \
	"no folder, and no privilege but to become another user and to end that one's process"
mailed >"$T/log/mailed"
rm "$IN/etc/systemd/system/certrepo-populate.service.d/1.conf"
inside systemctl daemon-reload

# --- what a person should know ---
conf "$rules" 'colour = "red";'
unit_runs certrepo-populate.service
like "$rc $(mailed)" "^78 .*To: root .*certrepo-populate .*colour.: is unknown" \
	"a configuration that is refused is mailed"
done_testing
