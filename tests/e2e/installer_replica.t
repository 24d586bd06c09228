#!/bin/sh
# SPDX-License-Identifier: MIT
# A host that reads its certificates from a replica that takes no writes, and
# sends what it has to say to the primary: receipts, and requests. The primary
# away; receipts that a server lost after it took them.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/replica.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
replica_start || bail "no primary with a replica"
group() { # USER PASSWORD_FILE
	echo "{ driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; connect_timeout = 3; timeout = 5; };"
}
my_host_conf() { # [MORE]
	replica_use replica
	host_conf
	sed -i "s|^store : .*|store : $(group certrepo-host-host1 \
		"$T/host.password") $*|" "$HOST_CONF"
	replica_use primary
}
hex() { # FILE
	od -An -v -tx1 "$1" | tr -d ' \n'
}
store_put() { # NAME BASE
	mariadb_sql certrepo -e "UPDATE certs SET
		crt = UNHEX('$(hex "$2.crt")'),
		ca = UNHEX('$(hex "$2.ca")')
		WHERE name = '$1'" && replica_level
}
receipts() { # of the endpoint: state and certificate
	mariadb_sql -NB certrepo -e "SELECT state, fingerprint FROM installs
		WHERE host = 'host1' AND endpoint = '$at'" | tr '\t' ' '
}
watch() {
	for _w in replica primary; do
		replica_use $_w
		mariadb_sql -e "SET GLOBAL general_log = OFF"
		rm -f "$T/$_w/data/general.log"
		mariadb_sql -e "SET GLOBAL general_log_file =
			'$T/$_w/data/general.log'; SET GLOBAL general_log = ON"
	done
}
# Who was asked what since, once connected.
asked() { # WHICH
	replica_use "$1"
	mariadb_sql -e "SET GLOBAL general_log = OFF"
	grep -E ' (Query|Execute)' "$T/$1/data/general.log" |
		grep -Ev 'general_log|SET SESSION' |
		sed -n 's/.*CALL \([a-z_]*\).*/\1/p' | xargs
	replica_use primary
}

replica_use primary
(umask 077 && echo admin-secret >"$T/admin.password")
mariadb_sql -e "CREATE USER admin@'%' IDENTIFIED BY 'admin-secret' REQUIRE SSL;
	GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION"
sed -i "s|^store : .*|store : $(group admin "$T/admin.password")|" \
	"$T/certrepo.conf"
populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
populate init
is "$rc" 0 "init" || bail "$err"
store_row $NAME || bail "cannot enrol"
populate host add host1 $NAME
is "$rc" 0 "an account for the host" || bail "$err"
printf '%s\n' "$out" | sed -n 's/^  password *\([A-Za-z0-9]*\)$/\1/p' \
	>"$T/host.password"
chmod 600 "$T/host.password"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
is $? 0 "... which the replica has, too"
placeholder
nginx_run || bail "nginx does not start"

# --- the replica takes nothing ---
my_host_conf
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "installed from a replica"
like "$err" 'the store did not take the receipts.*read-only' \
	"... which takes no receipts, and that is said"
ok "... they wait" test -s "$T/state/receipts"

# --- the primary does ---
my_host_conf "receipts : $(group certrepo-host-host1 "$T/host.password")"
run host
is "$rc $err" "0 " "with a group receipts"
is "$(receipts)" "served $(cert_fp "$T/one.crt")" "... they are at the primary"
ok "... and wait no more" test ! -e "$T/state/receipts"
watch
run host
is "$rc $err $(asked replica)" "0  host_certs_get" "the next run asks the replica"
is "$(asked primary)" host_receipts_mine "... and the primary what has arrived"
watch
run host
is "$rc $err $(asked replica)" "0  host_certs_get" "the next one asks once"
is "$(grep -c 'Connect.*certrepo-host' "$T/primary/data/general.log")" 0 \
	"... and does not connect to the primary"

# --- a server lost what it had taken ---
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(receipts)" "0 served $(cert_fp "$T/two.crt")" "a renewal"
mariadb_sql certrepo -e "DELETE FROM installs WHERE endpoint = '$at'"
run host -n
is "$rc $(receipts)" "0 " "lost; --dry-run sends nothing"
watch
run host
is "$rc $err $(asked primary)" "0  host_receipts_mine host_receipts_put" \
	"the next run sends it again"
is "$(receipts)" "served $(cert_fp "$T/two.crt")" "... and it is there"
is "$(mariadb_sql -NB certrepo -e "SELECT COUNT(*) FROM installs")" 3 \
	"... once, with those of the files and the host"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
mariadb_sql certrepo -e "CREATE TABLE was AS SELECT * FROM installs"
run host
mariadb_sql certrepo -e "REPLACE INTO installs SELECT * FROM was;
	DROP TABLE was"
run host
is "$rc $(receipts)" "0 served $(cert_fp "$T/three.crt")" \
	"an older one in its place is no arrival"
run host
ok "once read back it is forgotten" test ! -e "$T/state/sent"
mariadb_sql certrepo -e "DELETE FROM installs WHERE endpoint = '$at'"
run host
is "$rc $(receipts)" "0 " "what is removed later stays so"

# --- the primary is away ---
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
replica_stop primary
run host
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "without the primary: installed"
like "$err" "the store that receipts go to did not take them, they are kept for the next run: MariaDB at .*$MARIADB_PORT" \
	"... and which store it is"
run host -n
is "$rc $err" "0 " "--dry-run asks it nothing"
replica_again primary || bail "the primary does not start"
run host
is "$rc $err $(receipts)" "0  served $(cert_fp "$T/four.crt")" \
	"it is back: they arrive"

# --- requests go there, too ---
run host --request --new-key $NAME
is "$rc" 0 "a request" || diag "$err"
is "$(mariadb_sql -NB certrepo -e "SELECT host, name, state FROM host_requests" |
	tr '\t' ' ')" "host1 $NAME pending" "... is at the primary"
# a server that lost it
mariadb_sql certrepo -e "DELETE FROM host_requests"
run host
is "$rc $err $(mariadb_sql -NB certrepo -e "SELECT host, state FROM
	host_requests" | tr '\t' ' ')" "0  host1 pending" \
	"lost there, it is sent again"
populate reject "$(mariadb_sql -NB certrepo -e "SELECT id FROM host_requests")" \
	--reason "not today"
is "$rc" 0 "rejected" || diag "$err"
run host
like "$err" "rejected.*not today" "the host is told"

# --- the replica is away ---
replica_use replica
port=$MARIADB_PORT
replica_stop replica
run host
is "$rc" 69 "without the replica: exit 69"
like "$err" "127.0.0.1.*$port" "... and it is named"
done_testing
