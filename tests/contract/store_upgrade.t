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
# ... and that versions 2 and 3 brought.
values2() {
	[ "$version" = 1 ] || sql "SELECT name, ts_state, ts_expires FROM orders"
}
values3() {
	[ "$version" -ge 3 ] || return 0
	sql "SELECT name, ca_profile, ari_crt, ts_ari, ari_start, ari_end,
		ari_url, ts_ari_poll FROM certs ORDER BY name"
	sql "SELECT name, directory FROM orders"
	sql "SELECT name, eab_kid, renewal_info, profiles, caa, ts_offer,
		REPLACE(chains, CHAR(10), ';'), discovered, ts_discovered,
		ts_down FROM cas
		ORDER BY name"
}
values() {
	values1
	values2
	values3
}

# What the certificate in COLUMN of NAME is, as openssl says it.
print_of() { # COLUMN NAME
	sql "SELECT HEX($1) FROM certs WHERE name = '$2'" |
		xxd -r -p | openssl x509 -outform DER 2>/dev/null | sha256sum |
		cut -d ' ' -f 1
}
facts() { # COLUMNS NAME
	sql "SELECT $1 FROM cert_facts WHERE name = '$2'"
}
# NAME's are those of the certificates that are there.
facts_ok() { # NAME TEST
	is "$(facts 'fingerprint, COALESCE(old_fingerprint, 0)' "$1")" \
		"$(print_of crt "$1")	$(print_of old_crt "$1" |
			sed "s/^$nothing\$/0/")" "$2"
}
nothing=$(sha256sum </dev/null)
nothing=${nothing%% *}

# A certificate of its own for NAME, in $T/NAME.pem, with an end of its own: by
# that rows are known which another program wrote.
_days=3000
make_crt() { # NAME
	_days=$((_days + 1))
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$T/$1.key" -out "$T/$1.pem" -days $_days -subj "/CN=$1" \
		-addext "subjectAltName=DNS:$1" 2>/dev/null
}
end_of() { # NAME
	date -d "$(openssl x509 -in "$T/$1.pem" -noout -enddate |
		cut -d = -f 2)" +%s
}

# The row is of before; programs that do not know what is new store another
# certificate, and so on.
others() { # NAME, which has a certificate
	make_crt "$1"
	_crt=$(cat "$T/$1.pem") _end=$(end_of "$1")
	# as download_cert.pl of 2019 does
	sql "UPDATE certs SET old_crt = crt, crt = '$_crt', ts_expire = $_end,
		ts_last_update = 1896000300, count_fail_update = 0
		WHERE name = '$1'"
	populate init
	facts_ok "$1" "$said: a script of 2019 stores, init mends"
	make_crt "$1"
	_crt=$(cat "$T/$1.pem") _end=$(end_of "$1")
	_sha=$(printf %s "$_crt" | sha256sum)
	# as a fetcher of version 3 does
	sql "UPDATE certs SET old_crt = CASE WHEN crt IS NULL OR crt = '$_crt'
		THEN old_crt ELSE crt END, crt = '$_crt',
		crt_sha256 = '${_sha%% *}', ts_expire = $_end,
		ts_expire_seen = $_end, ts_not_before = 5, ts_due = 9,
		renew = 0 WHERE name = '$1';
	INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end)
		VALUES ('$1', 'le', 'ok', 1, 2)"
	populate init
	facts_ok "$1" "$said: a fetcher of version 3 stores, init mends"
	sql "DELETE FROM certs WHERE name = '$1'"
	populate init
	is "$(facts name "$1")" '' "$said: and what was removed goes"
}

upgrade_from() { # VERSION ROWS, of $dialect
	version=$1
	said="$dialect, from $version"
	restore "$version"
	values >"$T/values"
	views1 >"$T/views"
	ok "$said: the dump holds rows" test "$(wc -l <"$T/values")" -eq "$2"
	populate list
	is "$rc" 78 "$said: an older schema"
	like "$err" 'run certrepo-populate .*init' "$said: says what to do"
	populate init
	is "$rc" 0 "$said: upgraded"
	like "$out" "from schema version $version to [4-9]" "$said: says so"
	values >"$T/values.now"
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
	[ "$version" -ge 3 ] ||
		is "$(sql "SELECT COUNT(*) FROM certs WHERE ari_crt IS NULL AND
		ts_ari = 0 AND ts_ari_poll = 0 AND ca_profile IS NULL")" \
		"$(sql 'SELECT COUNT(*) FROM certs')" \
		"$said: nobody was asked about a certificate"

	# What version 4 brought is made of what is there.
	is "$(sql "SELECT COUNT(*) FROM certs WHERE owner IS NULL AND
		old_csr IS NULL")" "$(sql 'SELECT COUNT(*) FROM certs')" \
		"$said: nobody's, and no CSR before"
	is "$(sql "SELECT name FROM cert_facts")" \
		"$([ "$version" -lt 3 ] || echo e.example.org)" \
		"$said: facts of each that is a certificate"
	is "$(sql 'SELECT SUM(n) FROM attempt_totals')" \
		"$(sql 'SELECT COUNT(*) FROM attempts')" \
		"$said: every attempt is counted"
	[ "$version" -lt 3 ] || facts3

	# Instants too far ahead are found without a scan.
	explain=EXPLAIN
	[ "$dialect" != sqlite ] || explain='EXPLAIN QUERY PLAN'
	plan=$(sql "$explain SELECT name FROM certs WHERE enable = 'Y' AND
		ts_next_attempt > 1999999999 AND ts_next_attempt < 99999999999")
	like "$plan" 'certs_next' "$said: the index is used"
	[ "$version" -lt 3 ] || others e.example.org
}

facts3() {
	facts_ok e.example.org "$said: by openssl"
	is "$(facts 'key_certs, key_type, ts_stored, n_names' e.example.org)" \
		"2	P-256	0	2" "$said: both on one key"
	is "$(facts key_sha256 e.example.org)" \
		"$(sql "SELECT key_sha256 FROM certs
			WHERE name = 'e.example.org'")" "$said: the CSR's"
	is "$(sql "SELECT outcome, SUM(n) FROM attempt_totals WHERE
		ca_name = 'pebble' GROUP BY outcome")" "ok	2" \
		"$said: in its place"
}

# The table that the page of 2019 prints.
upgrade_2019() {
	said="$dialect, from 2019"
	if [ "$dialect" = sqlite ]; then
		rm -f "$T/s.db"*
		sqlite3 "$T/s.db" <"$ROOT/schema/sqlite/0000-certs-2019.sql"
	else
		mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo'
		mariadb_sql certrepo <"$ROOT/schema/mariadb/0000-certs-2019.sql"
	fi
	make_crt z.example.org
	make_csr "$T/z.example.org.key" "$T/z.csr" z.example.org
	sql "INSERT INTO certs (name, enable, csr, md5_modulus, crt, ts_expire)
		VALUES ('z.example.org', 'Y', '$(cat "$T/z.csr")', 'm',
		'$(cat "$T/z.example.org.pem")', $(end_of z.example.org));
	INSERT INTO certs (name, enable, csr, md5_modulus, crt, ts_expire)
		VALUES ('y.example.org', 'N', 'x', 'm', 'none', 1900000000)"
	populate init
	is "$rc" 0 "$said: upgraded"
	like "$out" "from .* version 0 to [4-9]" "$said: says so"
	like "$out" "wrote down what 1 certificate says" "$said: and what it read"
	is "$(sql 'SELECT name FROM cert_facts')" z.example.org \
		"$said: facts of each that is a certificate"
	facts_ok z.example.org "$said: by openssl"
	populate init
	unlike "$out" 'wrote down' "$said: init again"
	others z.example.org
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
	upgrade_from 3 26
	upgrade_2019
done
# The rights of before are those that an administrator has given so far.
rights_of_before() {
	said='rights of version 3'
	restore 3
	populate init
	mariadb_sql certrepo -e "CREATE USER fetcher3@'%' IDENTIFIED BY 'b'
		REQUIRE SSL;
	GRANT SELECT, UPDATE ON certs TO fetcher3@'%';
	GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO fetcher3@'%';
	GRANT SELECT, INSERT, UPDATE, DELETE ON proofs TO fetcher3@'%';
	GRANT SELECT, INSERT, UPDATE, DELETE ON cas TO fetcher3@'%';
	GRANT SELECT, INSERT, DELETE ON attempts TO fetcher3@'%';
	GRANT SELECT ON schema_version TO fetcher3@'%';
	INSERT INTO certs (name, csr, md5_modulus) VALUES ('r', 'x', 'x')"
	(umask 077 && echo b >"$T/before.password")
	export CERTREPO_TEST_STORE=mariadb CERTREPO_TEST_HOST=127.0.0.1 \
		CERTREPO_TEST_PORT="$MARIADB_PORT" CERTREPO_TEST_USER=fetcher3 \
		CERTREPO_TEST_PASSWORD_FILE="$T/before.password" \
		CERTREPO_TEST_CA_FILE="$MARIADB_CA" \
		CERTREPO_TEST_DATABASE=certrepo CERTREPO_TEST_RIGHTS=r
	run "$BUILD/tests/unit/test_store_rights"
	is "$rc" 0 "$said: a fetcher goes on"
	is "$(sql "SELECT COUNT(*) FROM cert_facts WHERE name = 'r'")" 0 \
		"$said: and keeps nothing that it may not"
	is "$(sql "SELECT COUNT(*) FROM attempts WHERE name = 'r'")" 3 \
		"$said: what it may, it does"
}
[ -z "$mariadb" ] || {
	rights_of_before
	mariadb_stop
}
done_testing
