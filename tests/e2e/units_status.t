#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status.service, run by a real systemd: both of its files are written
# within its limits, on SQLite as certrepo-status(8) says and on MariaDB by the
# account of grants.sql, for others to read; and what it may not.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/systemd.sh"

systemd_can || skip_all "$why"
systemd_lay || bail "cannot install: $(tail -3 "$T/log/install")"
systemd_boot || bail "systemd does not start: $(tail -5 "$T/log/systemd")"
mkdir -p "$IN/etc/certrepo" "$IN/var/lib/certrepo"
inside chown certrepo:certrepo /var/lib/certrepo
u=certrepo-status.service
drop_in $u '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
inside systemctl daemon-reload

plan 17
unit_runs $u
is "$(inside systemctl show -P ConditionResult $u) $(ls -A "$IN/var/lib/certrepo-status" 2>/dev/null)" \
	"no " "without a configuration nothing is started"

# --- SQLite, whose user is the fetcher's ---
ca='ca = ( { name = "a"; directory = "https://ca.example"; agree_tos = true; contact = [ "mailto:a@example.org" ]; } );
webroot_prefixes = ["/srv"];'
lite='store : { path = "/var/lib/certrepo/certrepo.db"; };'
echo "$lite" >"$IN/etc/certrepo/status.conf"
printf '%s\n' "$lite" "$ca" >"$IN/etc/certrepo/certrepo.conf"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \
	"$T/key" -subj / -addext subjectAltName=DNS:www.example.org \
	-out "$IN/etc/certrepo/csr" 2>/dev/null
chmod 644 "$IN/etc/certrepo"/*
populate() {
	inside runuser -u certrepo -- env ASAN_OPTIONS=detect_leaks=0 \
		certrepo-populate "$@" >>"$T/log/populate" 2>&1
}
{ populate init && populate add www.example.org --csr /etc/certrepo/csr \
	--webroot /srv; } || bail "no store: $(cat "$T/log/populate")"
unit_runs $u
isnt "$rc" 0 "its own user cannot read a store in SQLite"
like "$err" 'certrepo\.db' "... which is said"
# the lines of the manual
drop_in $u "$(sed -n '/^\[Service\]$/,/^\.Ed/{/^\.Ed/d; p;}' \
	"$ROOT/man/certrepo-status.8")"
inside systemctl daemon-reload
unit_runs $u
is "$rc $result $err" "0 success " "with what certrepo-status(8) says it is well"
files=$IN/var/lib/certrepo-status
is "$(stat -c '%a %n' "$files"/* | sed "s|$files/||")" "644 certrepo.prom
644 index.html" "both files are there, for others to read"
is "$(inside runuser -u nobody -- grep -c '^certrepo_certificate_info{name="www.example.org"' \
	/var/lib/certrepo-status/certrepo.prom)" 1 "... the metrics"
like "$(inside runuser -u nobody -- cat /var/lib/certrepo-status/index.html)" \
	'www\.example\.org' "... and the page"
rm "$IN/etc/systemd/system/$u.d/1.conf"

# --- MariaDB, its own account ---
mariadb_start "$T/mariadb" || bail "no MariaDB"
install -m 644 "$MARIADB_CA" "$IN/etc/certrepo/db-ca.pem"
cp "$MARIADB_PASSWORD_FILE" "$IN/etc/certrepo/admin.password"
inside chown certrepo /etc/certrepo/admin.password
chmod 600 "$IN/etc/certrepo/admin.password"
store() { # USER PASSWORD_FILE
	echo "store : { driver = \"mariadb\"; host = \"$MARIADB_HOST\";
	port = $MARIADB_PORT; database = \"$MARIADB_DATABASE\"; user = \"$1\";
	ca_file = \"/etc/certrepo/db-ca.pem\"; password_file = \"/etc/certrepo/$2\"; };"
}
{ store "$MARIADB_USER" admin.password && echo "$ca"; } \
	>"$IN/etc/certrepo/certrepo.conf"
{ populate init && populate add www.example.org+db --csr /etc/certrepo/csr \
	--webroot /srv; } || bail "no store: $(tail -3 "$T/log/populate")"
sed -n "/^CREATE USER .*'certrepo-status'/,/^\$/p" "$ROOT/schema/grants.sql" |
	sed "s/@PASSWORD@/'secret'/; s/certrepo\\./$MARIADB_DATABASE./" \
		>"$T/grants.sql"
mariadb_sql <"$T/grants.sql" >"$T/log/grants" 2>&1 ||
	bail "no account: $(cat "$T/log/grants")"
printf secret >"$IN/etc/certrepo/status.password"
inside chgrp certrepo-status /etc/certrepo/status.password
chmod 640 "$IN/etc/certrepo/status.password"
store certrepo-status status.password >"$IN/etc/certrepo/status.conf"
inside systemctl daemon-reload
unit_runs $u
is "$rc $result $err" "0 success " "on MariaDB, by its account"
is "$(inside stat -c %U /var/lib/certrepo-status/index.html)" certrepo-status \
	"... as its user"
is "$(grep -c '^certrepo_certificate_info{name="www.example.org+db"' \
	"$files/certrepo.prom")" 1 "... of that store"
is "$(grep '^certrepo_status_parts_unread ' "$files/certrepo.prom")" \
	"certrepo_status_parts_unread 0" "... which may read all of it"

# --- what it may not ---
drop_in $u '[Service]' 'ExecStartPre=/bin/sh -c "\
	for d in /etc/certrepo /var/lib /usr /boot /run /run/lock; do \
	! touch $d/x 2>/dev/null || echo may write $d; done; \
	[ -z \"$$(ls /tmp)\" ] || echo sees /tmp; \
	! cat /etc/certrepo/admin.password 2>/dev/null || echo may read secrets; \
	! ls /home/* /root 2>/dev/null || echo sees homes; \
	cp /bin/true /var/lib/certrepo-status/x && chmod 700 /var/lib/certrepo-status/x; \
	! /var/lib/certrepo-status/x 2>/dev/null || echo may run what it wrote; \
	rm -f /var/lib/certrepo-status/x; \
	! kill -0 1 2>/dev/null || echo may kill; \
	! unshare --user true 2>/dev/null || echo may unshare; \
	grep -E \"Cap(Prm|Bnd|Amb)|NoNewPrivs|Seccomp:\" /proc/self/status"'
inside systemctl daemon-reload
unit_runs $u
is "$(echo "$err" | tr -s '\t\n' ' ')" \
	"CapPrm: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 " \
	"no other folder, no process of others, no privilege"
rm "$IN/etc/systemd/system/$u.d/1.conf"

# --- the store is away: what is there stays ---
sum=$(sha256sum "$files"/*)
mv "$IN/etc/certrepo/status.password" "$IN/etc/certrepo/away"
inside systemctl daemon-reload
unit_runs $u
isnt "$rc" 0 "without its password it fails"
is "$(sha256sum "$files"/*)" "$sum" "... and both files stay as they are"
is "$(find "$files" -name '.*' -type f)" "" "... with nothing beside them"
mv "$IN/etc/certrepo/away" "$IN/etc/certrepo/status.password"

# --- the timer ---
drop_in certrepo-status.timer '[Timer]' OnCalendar= OnActiveSec=1ms \
	RandomizedDelaySec=0 AccuracySec=1ms
before=$(inside systemctl show -P InvocationID $u)
inside systemctl daemon-reload
inside systemctl restart certrepo-status.timer
started() {
	[ "$(inside systemctl show -P InvocationID $u)" != "$before" ]
}
ok "the timer starts it" wait_for 20 started
wait_for 20 idle
is "$(inside systemctl show -P ExecMainStatus $u)" 0 "... and all is well again"
