#!/bin/sh
# SPDX-License-Identifier: MIT
# Stores of older schema versions, from the dumps in tests/data: upgraded, no
# value is lost, and the programs of that version go on.
# shellcheck disable=SC1091,SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/mariadb.sh"

mariadb=
if command -v mariadb-install-db >/dev/null; then
	mariadb_start "$T/db" || bail "MariaDB does not start"
	echo "$MARIADB_PID" >"$T/pid/mariadb"
	mariadb=mariadb
fi

conf() { # STORE
	{
		echo "store : { $1 };"
		echo "csr_dir = \"$T\"; state_dir = \"$T\";"
		echo "ca = ( { name = \"le\"; account_key = \"$T/account.pem\";"
		echo "directory = \"https://127.0.0.1:1/dir\"; agree_tos = true; } );"
	} >"$T/certrepo.conf"
}
populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
sql() { # STATEMENTS: rows on stdout, columns by tabs
	if [ "$dialect" = sqlite ]; then
		sqlite3 -tabs "$T/s.db" "$1"
	else
		mariadb_sql -N certrepo -e "$1"
	fi
}
restore() { # VERSION
	if [ "$dialect" = sqlite ]; then
		rm -f "$T/s.db"*
		sqlite3 "$T/s.db" <"$ROOT/tests/data/schema$1/sqlite.sql"
	else
		mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo'
		mariadb_sql certrepo <"$ROOT/tests/data/schema$1/mariadb.sql"
	fi
}

# Every column that version 1 had.
values1() {
	sql "SELECT name, enable, comment, certbot, HEX(csr), HEX(ca), HEX(crt),
		md5_modulus, md5_ca, ts_expire, ts_last_update,
		count_fail_update, HEX(old_ca), HEX(old_crt), webroot_path,
		ca_name, challenge, key_sha256, crt_sha256, ts_not_before,
		ts_expire_seen, ts_due, ts_next_attempt, renew, held,
		fail_class, fail_detail, lease_owner, lease_until
		FROM certs ORDER BY name"
	sql "SELECT name, slot, ca_name, account, key_sha256, url, state,
		ts_created FROM orders"
	sql "SELECT id, name, slot, lease_owner, type, zone, server, owner,
		value, ts_created FROM proofs"
	sql "SELECT id, name, ca_name, account, order_url, outcome, detail,
		ts_start, ts_end FROM attempts ORDER BY id"
	sql "SELECT name, directory, account, account_key, backoff_until,
		count_fail, fail_class, fail_detail FROM cas"
	sql "SELECT host, name, service, endpoint, protocol, state,
		fingerprint, serial, ts_expire, depth, ts, detail, version
		FROM installs"
}
# What hosts see, under the names they ask for.
views1() {
	sql "SELECT name, enable, crt, ca, md5_ca, ts_expire, min_reader
		FROM host_certs WHERE name IN ('a.example.org', 'c.example.org')
		ORDER BY name"
	sql "SELECT * FROM host_certs WHERE name = 'a.example.org'"
	sql "SELECT * FROM host_installs WHERE host = 'web1'
		ORDER BY service, ts"
}
# ... and that version 2 brought.
values2() {
	[ "$version" = 1 ] || sql "SELECT name, ts_state, ts_expires FROM orders"
}

upgrade_from() { # VERSION ROWS, of $dialect
	version=$1
	said="$dialect, from $version"
	restore "$version"
	{ values1; values2; } >"$T/values"
	views1 >"$T/views"
	ok "$said: the dump holds rows" test "$(wc -l <"$T/values")" -eq "$2"
	populate list
	is "$rc" 78 "$said: an older schema"
	like "$err" 'run certrepo-populate .*init' "$said: says what to do"
	populate init
	is "$rc" 0 "$said: upgraded"
	like "$out" "from schema version $version to [3-9]" "$said: says so"
	{ values1; values2; } >"$T/values.now"
	ok "$said: every value is as it was" cmp "$T/values" "$T/values.now"
	views1 >"$T/views.now"
	ok "$said: so is what hosts see" cmp "$T/views" "$T/views.now"
	populate init
	like "$out" 'nothing to do' "$said: init again"
	populate show a.example.org
	is "$rc" 0 "$said: a row is shown"
	like "$out" '192\.0\.2\.1:443' "$said: with its receipts"

	# Programs of version 1.
	is "$(sql 'SELECT min_reader, min_writer FROM schema_version
		ORDER BY version DESC LIMIT 1')" "1	1" \
		"$said: programs of version 1 go on"
	ok "$said: its fetcher writes an order" sql "REPLACE INTO orders
		(name, slot, ca_name, account, key_sha256, url, state,
		ts_created) VALUES ('b.example.org', 0, 'le', 'a', 'k', 'u',
		'new', 5)"
	is "$(sql "SELECT COALESCE(ts_state, -1) FROM orders
		WHERE name = 'b.example.org'")" -1 \
		"$said: of which it is not known since when"
	ok "$said: its installer reports" sql "REPLACE INTO host_installs
		(host, name, service, endpoint, protocol, state, fingerprint,
		serial, ts_expire, depth, ts, detail, version)
		VALUES ('web1', 'a.example.org', 'web', '192.0.2.1:443', 'tls',
		'failed', NULL, NULL, 0, 0, 1896000200, NULL, '0.1.0')"
	is "$(sql "SELECT state, ts FROM host_installs")" \
		"failed	1896000200" "$said: in place of what it said before"
	ok "$said: and takes it back" sql "DELETE FROM host_installs WHERE
		host = 'web1' AND name = 'a.example.org' AND service = 'web'
		AND endpoint = '192.0.2.1:443'"
	is "$(sql 'SELECT COUNT(*) FROM installs')" 0 "$said: for good"

	# What version 3 brought is not known of anything yet.
	is "$(sql "SELECT COUNT(*) FROM certs WHERE ari_crt IS NULL AND
		ts_ari = 0 AND ts_ari_poll = 0 AND ca_profile IS NULL")" \
		"$(sql 'SELECT COUNT(*) FROM certs')" \
		"$said: nobody was asked about a certificate"

	# Instants too far ahead are found without a scan.
	explain=EXPLAIN
	[ "$dialect" != sqlite ] || explain='EXPLAIN QUERY PLAN'
	plan=$(sql "$explain SELECT name FROM certs WHERE enable = 'Y' AND
		ts_next_attempt > 1999999999 AND ts_next_attempt < 99999999999")
	like "$plan" 'certs_next' "$said: the index is used"
}

for dialect in sqlite $mariadb; do
	if [ "$dialect" = sqlite ]; then
		conf "driver = \"sqlite\"; path = \"$T/s.db\";"
	else
		conf "driver = \"mariadb\"; host = \"127.0.0.1\";
			port = $MARIADB_PORT; user = \"certrepo\";
			password_file = \"$MARIADB_PASSWORD_FILE\";
			ca_file = \"$MARIADB_CA\"; database = \"certrepo\";"
	fi
	upgrade_from 1 9
	upgrade_from 2 13
done
[ -z "$mariadb" ] || mariadb_stop
done_testing
