#!/bin/sh
# SPDX-License-Identifier: MIT
# A host of a fleet: the account that grants.sql gives to hosts, one query
# when there is nothing to do, and what a person is told when the store is
# away or does not let the host in.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
mariadb_start "$T/mariadb" || bail "MariaDB does not start"
my_store() { # USER PASSWORD_FILE
	echo "store : { driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; connect_timeout = 3; timeout = 5; };"
}
my_host_conf() {
	host_conf
	sed -i "s|^store : .*|$(my_store certrepo-host "$T/host.password")|" \
		"$HOST_CONF"
}
hex() { # FILE
	od -An -v -tx1 "$1" | tr -d ' \n'
}
store_put() { # NAME BASE
	mariadb_sql certrepo -e "UPDATE certs SET
		crt = UNHEX('$(hex "$2.crt")'),
		ca = UNHEX('$(hex "$2.ca")')
		WHERE name = '$1'"
}
my_receipt() { # ENDPOINT
	mariadb_sql -NB certrepo -e "SELECT state FROM installs
		WHERE host = 'host1' AND name = '$NAME' AND endpoint = '$1'"
}

sed -i "s|^store : .*|$(my_store "$MARIADB_USER" "$MARIADB_PASSWORD_FILE")|" \
	"$T/certrepo.conf"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
is "$rc" 0 "init" || bail "$err"
store_row $NAME || bail "cannot enrol"
(umask 077 && echo "host-$$" >"$T/host.password")
sed "s/@PASSWORD@/'host-$$'/g" "$ROOT/schema/grants.sql" | mariadb_sql certrepo
is $? 0 "grants.sql"
my_host_conf
placeholder
nginx_run || bail "nginx does not start"

# --- it works with the host's account ---
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "installed and served"
is "$(my_receipt "$at")" served "... and the receipt is there"

# --- nothing to do, once receipts were read back ---
run host
mariadb_sql -e "SET GLOBAL general_log_file = '$T/mariadb/data/general.log';
	SET GLOBAL general_log = ON"
run host
mariadb_sql -e "SET GLOBAL general_log = OFF"
is "$rc $err" "0 " "nothing to do"
# setting up the session is a part of connecting
grep -E ' (Query|Execute)' "$T/mariadb/data/general.log" |
	grep -Ev 'general_log = OFF|SET SESSION' >"$T/queries"
is "$(wc -l <"$T/queries")" 1 "... one query, once connected"
like "$(cat "$T/queries")" "CALL host_certs_get\(.*$NAME" "... by name"
diag "all of it: $(sed 's/^/	/' "$T/mariadb/data/general.log" | cut -c 1-100)"

# --- receipts: a new one replaces the old one ---
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(served)" "0 $(cert_fp "$T/two.crt")" "a renewal"
is "$(mariadb_sql -NB certrepo -e "SELECT COUNT(*), MAX(fingerprint) FROM
	installs WHERE endpoint = '$at'" | xargs)" \
	"1 $(cert_fp "$T/two.crt")" "... its receipt is in place of the other's"

# --- the store says no ---
echo wrong >"$T/host.password"
run host
is "$rc" 78 "a wrong password"
like "$err" "Access denied|password" "... says so"
echo "host-$$" >"$T/host.password"
mariadb_sql -e "REVOKE ALL ON certrepo.host_installs FROM 'certrepo-host'@'%';
	REVOKE EXECUTE ON PROCEDURE certrepo.host_receipts_put
	FROM 'certrepo-host'@'%'"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(served)" "2 $(cert_fp "$T/three.crt")" \
	"an account that may not write receipts: installed all the same"
like "$err" "kept for the next run" "... and said"
mariadb_sql -e "GRANT SELECT, INSERT, UPDATE, DELETE
	ON certrepo.host_installs TO 'certrepo-host'@'%';
	GRANT EXECUTE ON PROCEDURE certrepo.host_receipts_put
	TO 'certrepo-host'@'%'"
run host
is "$(mariadb_sql -NB certrepo -e "SELECT fingerprint FROM installs
	WHERE endpoint = '$at'")" "$(cert_fp "$T/three.crt")" \
	"... the receipt comes with the next run"

# --- the server hangs, then is gone ---
kill -STOP "$MARIADB_PID"
run host
kill -CONT "$MARIADB_PID"
is "$rc" 69 "a server that hangs: exit 69, within its time limit"
mariadb_stop
rm -f "$T/pid/mariadb"
issue_nth "$T/four" 4
run host
is "$rc $(served)" "69 $(cert_fp "$T/three.crt")" "no server: nothing is touched"
like "$err" "127.0.0.1" "... and it is named"
done_testing
