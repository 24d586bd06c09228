#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-trouble(7), what hosts ask for and what their accounts may do:
# MariaDB, with an account of the host's own, a fetcher, nginx, and a sendmail
# that keeps its mail.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/trouble.sh"

command -v faketime >/dev/null || skip_all "no faketime"
NAME=www.example.test DIR=$T/tls DB=none
mkdir -p "$DIR" "$T/profiles" "$T/shipped"
cp "$ROOT"/installer-profiles/*.conf "$T/shipped"
trouble_sendmail
host_pki || bail 'no CA of the hosts'
scripted_start || bail 'no CA'
cat "$PEBBLE_ROOT" >>"$T/pki/ca.pem"
STAGE_EXTRA=$TROUBLE_NOTIFY
HOST_EXTRA="$TROUBLE_NOTIFY heartbeat = \"1m\"; recheck = \"0\"; store_patience = 0;"
stage_store mariadb || bail 'no store'
trouble_program certrepo-fetcher "$CONF"
as "certrepo-populate -c $CONF" certrepo-populate only
# root's makes accounts
_over=$_store CONF=$T/root.conf
_store="driver = \"mariadb\"; socket = \"$MARIADB_SOCKET\"; user = \"root\";"
stage_conf
_store="$(echo "$_over" | sed "s|user = \"[^\"]*\"|user = \"certrepo-host-host1\"|
	s|password_file = \"[^\"]*\"|password_file = \"$T/host.password\"|" |
	tr -d '\n')"
trouble_program certrepo-populate "$CONF"
nginx_conf "$DIR/current/fullchain.pem" "$T/host.key" || bail 'no host'
conf() { # [HOST]
	host_conf
	sed -i "s,^state_dir = .*,state_dir = \"$T/hoststate\";,
		s,^host = .*,host = \"${1:-host1}\";,
		s|^store : .*|store : { $_store };|" "$HOST_CONF"
}
conf
trouble_program certrepo-installer "$HOST_CONF"
as "on $(hostname)" 'on centre' only
as certrepo-host-host1 certrepo-host-web1
as host1 web1
as pebble letsencrypt
as example.test example.org
as "$HOST_CONF" /etc/certrepo/installer.conf
as "127.0.0.1:$MARIADB_PORT" db.example.org:3306 only
as "127.0.0.1:$NGINX_PORT" 127.0.0.1:443 only

nightly() { # what the timer starts
	rm -f "$T/hoststate/heartbeat"
	trouble_mail certrepo-installer
}
well() {
	nightly
	is "$rc" 0 '... and the next run has nothing to say'
}
run certrepo-populate host add host1 --password-file "$T/host.password"
is "$rc" 0 'the host has an account' || bail "$err"
run certrepo-installer --placeholder
nginx_run || bail 'nginx does not start'

request() { # its number
	mariadb_sql -NB certrepo -e \
		"SELECT id FROM host_requests WHERE state = 'pending'"
}
forget() { # what was asked for, there and here
	mariadb_sql certrepo -e 'DELETE FROM host_requests'
	rm -f "$T/hoststate/requests"
}

situation 'A request was rejected'
run certrepo-installer --request
is "$rc" 0 '... asked for' || bail "$err"
run certrepo-populate reject "$(request)" --reason 'not before Monday'
is "$rc" 0 '... rejected'
nightly
shows "$mail"
follow --request
well
forget

situation 'A host asks for a certificate, and waits'
nightly
is "$rc" 1 '... what the store does not have is a fault'
shows "$mail"
follow --request
shows "$out"
well
follow --status
shows "$out"
run certrepo-fetcher --once
trouble_mail env ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0" \
	faketime -f +3h certrepo-fetcher --once
shows "$mail"
follow 'populate pending'
id=$(request)
as "first is $id," 'first is 1,' only
as "$id web1/" '1 web1/' only
as "approve $id" 'approve 1'
shows "$out"
follow 'populate approve'
is "$rc" 0 '... approved'
run certrepo-populate set $NAME challenge=http-01 webroot_path="$WEBROOT"
follow 'fetcher --once'
is "$rc" 0 '... and ordered'
follow certrepo-installer
mariadb_sql -NBr certrepo -e 'SELECT crt FROM certs' >"$T/new.pem"
is "$(served)" "$(cert_fp "$T/new.pem")" '... then it is served'
well

situation 'The account of a host may not speak for that host'
conf host2
nightly
is "$rc" 2 '... a fault of the run'
shows "$mail"
follow 'host list'
like "$out" '^host1 .*certrepo-host-host1' '... which account is whose'
conf
follow certrepo-installer
is "$rc" 0 '... mended'
well

situation 'The store takes no receipts of a name from this host'
run certrepo-populate host revoke host1 $NAME
nightly
is "$rc" 1 '... the name is not there either'
shows "$err"
follow 'host show'
unlike "$out" "may read .*$NAME" '... it has no such name'
follow 'host grant'
follow certrepo-installer
well

trouble_end
