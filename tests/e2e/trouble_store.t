#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-trouble(7), a store that is away or turns people away: MariaDB, with
# a fetcher and a host; the mails go to a sendmail that keeps them.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/trouble.sh"

NAME=www.example.test DIR=$T/tls
mkdir -p "$DIR" "$T/profiles" "$T/shipped"
cp "$ROOT"/installer-profiles/*.conf "$T/shipped"
trouble_sendmail
host_pki || bail 'no CA of the hosts'
scripted_start || bail 'no CA'
cat "$PEBBLE_ROOT" >>"$T/pki/ca.pem"
# Nobody is told of what has not lasted; here it is told at once.
STAGE_EXTRA="$TROUBLE_NOTIFY store_patience = 0;"
HOST_EXTRA=$STAGE_EXTRA
stage_store mariadb || bail 'no store'
DB=none
nginx_conf "$DIR/current/fullchain.pem" "$T/host.key" || bail 'no host'
host_conf
sed -i "s,^state_dir = .*,state_dir = \"$T/hoststate\";,
	s,^store : .*,store : { $(echo "$_store" | tr -d '\n') };," "$HOST_CONF"
trouble_program certrepo-fetcher "$CONF"
trouble_program certrepo-populate "$CONF"
trouble_program certrepo-installer "$HOST_CONF"
# The client as root, by the socket, and to the right server.
cat >"$T/bin/mariadb" <<END
#!/bin/sh
[ "\$1" != -e ] || set -- --no-defaults --skip-ssl --user=root \\
	--socket="$MARIADB_SOCKET" certrepo "\$@"
exec $(command -v mariadb) "\$@"
END
chmod 755 "$T/bin/mariadb"
hash -r
as "on $(hostname)" 'on centre' only
as host1 web1
as pebble letsencrypt
as example.test example.org
as "$MARIADB_PASSWORD_FILE" /etc/certrepo/db.password
as "$T/mariadb/tls" /etc/mysql/tls
as "127.0.0.1:$MARIADB_PORT" db.example.org:3306 only
as certrepo@127.0.0.1 certrepo@db.example.org only
as "Host '127.0.0.1'" "Host '192.0.2.1'" only

central() { # what the timers start, there and on a host
	trouble_mail certrepo-fetcher --once
}
host() {
	trouble_mail certrepo-installer
}
well() { # both have been told that it is over
	is "$rc" 0 '... the fetcher goes on'
	like "$mail" 'is over \(the store\)' '... and its mail says that it is over'
	host
	is "$rc" 0 '... so does the host'
	like "$mail" 'is over \(the store\)' '... and its mail'
}
systemctl() { # start mariadb
	mariadb_start "$T/mariadb"
}
cp "$T/host.key" "$T/keys/$NAME.key"
make_csr "$T/host.key" "$T/csr/$NAME.csr" $NAME
populate add $NAME --enable --challenge http-01 --webroot "$WEBROOT" \
	>"$T/out" 2>&1 || bail "cannot enrol: $(cat "$T/out")"
placeholder
nginx_run || bail 'nginx does not start'
central
is "$rc$mail" 0 'all is well: nobody is told on the central host'
host
is "$rc$mail" 0 '... nor on the host'

situation 'The store is away'
mariadb_stop
central
is "$rc" 69 '... its exit status'
shows "$mail"
host
is "$rc" 69 "... and the host's"
shows "$mail"
follow 'start mariadb'
follow --once
well

situation 'The store refuses the password'
cp "$MARIADB_PASSWORD_FILE" "$T/password"
echo stale >"$MARIADB_PASSWORD_FILE"
central
is "$rc" 78 '... its exit status'
shows "$mail"
host
is "$rc" 78 "... and the host's"
like "$mail" 'the store: refused' "... whose mail calls it that as well"
cp "$T/password" "$MARIADB_PASSWORD_FILE"
mariadb -e "DROP USER root@'127.0.0.1';
	RENAME USER certrepo@'%' TO certrepo@'192.0.2.9';
	FLUSH PRIVILEGES"
central
is "$rc" 69 '... as long as there is no account for this machine'
shows "$err"
mariadb -e "RENAME USER certrepo@'192.0.2.9' TO certrepo@'%'"
follow --once
well

situation 'The certificate of the database server has expired'
cp "$T/mariadb/tls/cert.pem" "$T/new.pem"
UNTIL=$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)
FROM=$(date -u -d '90 days ago' +%Y%m%d%H%M%SZ)
KEY=$T/mariadb/tls/key.pem SIGNER=$T/mariadb/tls
issue "$T/old" 127.0.0.1 localhost
UNTIL='' FROM='' KEY='' SIGNER=''
cat "$T/old.crt" >"$T/mariadb/tls/cert.pem"
mariadb -e 'FLUSH SSL'
central
is "$rc" 78 '... its exit status'
shows "$mail"
host
is "$rc" 78 "... and the host's"
like "$mail" 'the store: refused' "... whose mail calls it that as well"
follow 'openssl x509'
like "$out" 'notAfter=' '... its end'
cat "$T/new.pem" >"$T/mariadb/tls/cert.pem"
follow 'FLUSH SSL'
follow --once
well

situation 'The schema of the store does not fit'
mariadb_sql certrepo -e 'UPDATE schema_version SET version = 999,
	min_reader = 999, min_writer = 999 ORDER BY version DESC LIMIT 1'
central
is "$rc" 78 '... its exit status'
shows "$mail"
mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo
	CHARACTER SET ascii COLLATE ascii_bin'
mariadb_sql certrepo <"$ROOT/tests/data/schema2/mariadb.sql"
central
is "$rc" 78 '... its exit status'
shows "$mail"
follow 'populate init'
is "$rc" 0 '... upgraded'
mariadb_sql certrepo -e 'DELETE FROM certs' # of another CA
follow --once
is "$rc" 0 '... the fetcher goes on'
like "$mail" 'is over \(the store\)' '... and its mail says that it is over'

trouble_end
