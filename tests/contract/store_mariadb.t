#!/bin/sh
# SPDX-License-Identifier: MIT
# The store on MariaDB: the same suites as on SQLite; the upgrade of a table
# that the real client filled; answers that get lost; and what a person reads
# when the server is down, the password wrong, and so on.
# shellcheck disable=SC1091,SC2154,SC2034,SC2016 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"

export CERTREPO_TEST_STORE=mariadb CERTREPO_TEST_HOST="$MARIADB_HOST"
export CERTREPO_TEST_PORT="$MARIADB_PORT" CERTREPO_TEST_USER="$MARIADB_USER"
export CERTREPO_TEST_PASSWORD_FILE="$MARIADB_PASSWORD_FILE"
export CERTREPO_TEST_CA_FILE="$MARIADB_CA"
export CERTREPO_TEST_DATABASE="$MARIADB_DATABASE"

# --- the suites ---

RUN_TIMEOUT=300
for t in test_db test_fleet_read test_load test_store test_store_fetch \
	test_store_ca test_store_host test_store_ari test_store_due test_store_offer \
	test_store_schema test_store_trouble test_store_clock test_store_pin \
	test_store_facts test_store_csr test_store_attempt \
	test_fleet_requests test_fleet_fetchers test_fleet_owners test_alive \
	test_notify_owners test_why_idle test_prune test_pages test_ca_queue \
	test_wrong_clock; do
	run "$BUILD/tests/unit/$t"
	is "$rc" 0 "$t on MariaDB"
done
CERTREPO_TEST_CUT=$T/cut CERTREPO_TEST_CUT_PORT=$(free_port)
export CERTREPO_TEST_CUT CERTREPO_TEST_CUT_PORT
echo pass >"$T/cut"
start cutproxy "$PYTHON" "$ROOT/tests/lib/cutproxy.py" \
	"$CERTREPO_TEST_CUT_PORT" "$MARIADB_PORT" "$T/cut"
wait_port "$CERTREPO_TEST_CUT_PORT" || bail "no proxy"
run "$BUILD/tests/unit/test_store_lost"
is "$rc" 0 "answers lost at any point"
RUN_TIMEOUT=60

# --- what a person reads ---

umask 077
conf() { # SETTING=VALUE...: of the store group, over the good ones
	host=$MARIADB_HOST port=$MARIADB_PORT user=$MARIADB_USER
	database=$MARIADB_DATABASE password_file=$MARIADB_PASSWORD_FILE
	ca_file=$MARIADB_CA option_file='' socket=''
	for _s; do
		eval "${_s%%=*}=\${_s#*=}"
	done
	{
		echo "store : { driver = \"mariadb\"; connect_timeout = 2; timeout = 2;"
		for _s in host database user password_file ca_file \
			option_file socket; do
			eval "_v=\$$_s"
			[ -z "$_v" ] || echo "$_s = \"$_v\";"
		done
		[ -z "$port" ] || echo "port = $port;"
		echo "}; csr_dir = \"$T\"; state_dir = \"$T\";"
		echo "dns : { zones = ( { zone = \"acme.example.net\"; } ); };"
		echo "ca = ( { name = \"x\"; account_key = \"$T/account.pem\";"
		echo "directory = \"https://127.0.0.1:1/dir\"; agree_tos = true; } );"
	} >"$T/certrepo.conf"
}
says() { # STATUS ERE NAME: of `certrepo-populate list` by that file
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" list
	is "$rc" "$1" "$3: status $1"
	like "$err" "$2" "$3: says so"
	unlike "$err$out" '\(1[0-9][0-9]\)|errno' "$3: no riddles"
}
populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}

mariadb_sql -e 'DROP DATABASE certrepo'
conf
says 78 'has no database "certrepo": make it' 'no database'
ok '... and its statement makes it' mariadb_sql -e \
	"$(printf '%s\n' "$err" | grep -o 'CREATE DATABASE [^;]*')"
is "$(mariadb_sql -N -e "SELECT default_collation_name FROM
	information_schema.schemata WHERE schema_name = 'certrepo'")" \
	ascii_bin '... as certrepo-fleet(7) has it'
says 78 'run certrepo-populate .*init' 'no schema'
populate init
is "$rc" 0 'init'
populate list
is "$rc" 0 'list'
populate init
is "$rc" 0 'init again'
mariadb_sql certrepo -e 'INSERT INTO schema_version VALUES (900, 900, 900, 0)'
says 78 'too new.*upgrade this program' 'schema too new'
mariadb_sql certrepo -e 'DELETE FROM schema_version WHERE version = 900'

conf "port=$(free_port)"
says 69 'does not accept connections: is the server running' 'server down'
# No label has 64 characters: nobody is asked, whatever network there is.
nosuch=$(printf '%064d' 0).invalid
conf "host=$nosuch"
says 69 "$nosuch.* cannot be resolved" 'unknown host'
echo wrong >"$T/wrong.password"
conf "password_file=$T/wrong.password"
says 78 'refuses user "certrepo": wrong password.*wrong.password' \
	'wrong password'
conf "password_file=$T/no.password"
says 78 'password_file .*no.password: cannot be read: No such file' \
	'no password file'
conf database=nosuch
says 78 'no database "nosuch"' 'no database'
make_ca "$T/otherca" 'another CA'
conf "ca_file=$T/otherca/ca.pem"
says 78 'does not come from the CA of ca_file.*otherca' 'wrong CA'
conf "ca_file=$T/nosuch.pem"
says 78 'nosuch.pem: No such file' 'no CA file'
conf ca_file=
says 78 'ca_file' 'no CA at all'
cp "$MARIADB_PASSWORD_FILE" "$T/open.password"
chmod 644 "$T/open.password"
conf "password_file=$T/open.password"
says 78 'open.password.*readable by everyone' 'password for everyone'

# A user who may only see the views.
mariadb_sql -e "CREATE USER web1@'%' IDENTIFIED BY 'w';
	GRANT SELECT ON certrepo.host_certs TO web1@'%'"
echo w >"$T/web1.password"
conf user=web1 "password_file=$T/web1.password"
says 78 'denied.*see /.*/grants.sql' 'missing rights'

# The option file names everything; it cannot turn verification off.
cat >"$T/my.cnf" <<END
[client]
host=127.0.0.1
port=$MARIADB_PORT
user=certrepo
password=$(cat "$MARIADB_PASSWORD_FILE")
ssl-ca=$MARIADB_CA
END
conf host= port= user= password_file= ca_file= "option_file=$T/my.cnf"
populate list
is "$rc" 0 'option file'
echo 'ssl-verify-server-cert=0' >>"$T/my.cnf"
says 78 'not protected by verified TLS' 'option file without verification'
echo 'skip-ssl' >>"$T/my.cnf"
says 78 'not protected by verified TLS' 'option file without TLS'
chmod 644 "$T/my.cnf"
says 78 'my.cnf.*readable by everyone' 'option file for everyone'
conf "socket=$MARIADB_SOCKET" host= port= ca_file=
populate list
is "$rc" 0 'unix socket'

# Ways to log in without a word in the clear.
me=$(id -un)
mariadb_sql -e "CREATE USER IF NOT EXISTS '$me'@localhost;
	GRANT ALL ON *.* TO '$me'@localhost WITH GRANT OPTION;
	ALTER USER '$me'@localhost IDENTIFIED VIA unix_socket"
conf "socket=$MARIADB_SOCKET" host= port= ca_file= "user=$me" password_file=
populate list
is "$rc" 0 'an account by unix_socket'
mariadb_sql -e "INSTALL SONAME 'auth_ed25519';
	CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('e');
	GRANT ALL ON certrepo.* TO ed@'%'"
echo e >"$T/ed.password"
conf user=ed "password_file=$T/ed.password"
populate list
is "$rc" 0 'an account by ed25519'
mariadb_sql -e "INSTALL SONAME 'auth_pam';
	CREATE USER pam@'%' IDENTIFIED VIA pam USING 'mariadb';
	GRANT ALL ON certrepo.* TO pam@'%'" 2>/dev/null
conf user=pam "password_file=$T/ed.password"
says 78 'user "pam".*could give the password away|user "pam": wrong' \
	'an account that asks'

# One that accepts and never answers.
cat >"$T/hung.py" <<'END'
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(9)
time.sleep(60)
END
hung=$(free_port)
start hung "$PYTHON" "$T/hung.py" "$hung"
wait_port "$hung"
conf "port=$hung"
says 69 'accepted the connection, but began no session within 2 s' 'hung server'
stop hung

# A server that hangs in the middle of it all.
conf
kill -STOP "$MARIADB_PID"
says 69 'accepted the connection, but began no session within 2 s' \
	'stopped server'
kill -CONT "$MARIADB_PID"

# --- the same server, otherwise set up ---

restart() { # OPTION...
	mariadb_stop
	mariadb_start "$T/db" "$@" || bail "MariaDB does not start again"
}
make_key "$T/db/tls/name.key" rsa
openssl req -new -key "$T/db/tls/name.key" -subj /CN=other.example.org \
	-addext subjectAltName=DNS:other.example.org -out "$T/name.csr"
openssl x509 -req -in "$T/name.csr" -CA "$T/db/tls/ca.pem" \
	-CAkey "$T/db/tls/ca.key" -CAcreateserial -days 9 \
	-copy_extensions copy -out "$T/db/tls/name.pem" 2>/dev/null
chmod 644 "$T/db/tls/name.key" "$T/db/tls/name.pem"
restart "--ssl-cert=$T/db/tls/name.pem" "--ssl-key=$T/db/tls/name.key"
says 78 'certificate that is not for the name "127.0.0.1"' 'wrong name'
restart --skip-ssl
says 78 'does not offer TLS, and clear text is refused' 'no TLS'
restart --read-only
populate list
is "$rc" 0 'a read-only server serves readers'

# --- a table of 2019, filled by the client ---

restart
mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo'
make_key "$T/ec.key" ec
make_csr "$T/ec.key" "$T/ec.csr" ec.example.org
make_key "$T/rsa.key" rsa
make_csr "$T/rsa.key" "$T/rsa.csr" rsa.example.org
mariadb_sql certrepo <"$ROOT/schema/mariadb/0000-certs-2019.sql"
md5_of() {
	openssl req -in "$1" -noout -modulus 2>&1 | openssl md5 |
		sed 's/.* //'
}
mariadb_sql certrepo -e "
INSERT INTO certs (name, enable, csr, md5_modulus, ts_expire, ts_last_update)
	VALUES ('ec.example.org', 'N', '$(cat "$T/ec.csr")',
		'$(md5_of "$T/ec.csr")', 1, 1);
INSERT INTO certs VALUES ('rsa.example.org', 'Y', 'the mail server', 'Y',
	'$(cat "$T/rsa.csr")', 'CA', 'CRT', '$(md5_of "$T/rsa.csr")', 'm',
	1700000000, 1690000000, 3, 'OLDCA', 'OLDCRT', '/var/www')"
columns='name, enable, comment, certbot, csr, ca, crt, md5_modulus, md5_ca,
	ts_expire, ts_last_update, count_fail_update, old_ca, old_crt,
	webroot_path'
mariadb_sql -N certrepo -e "SELECT $columns FROM certs" >"$T/before"
says 78 'run certrepo-populate .*init' 'a database of 2019'
populate init
is "$rc" 0 'upgraded'
mariadb_sql -N certrepo -e "SELECT $columns FROM certs" >"$T/after"
ok 'every value kept' cmp "$T/before" "$T/after"
for key in ec rsa; do
	want=$(openssl pkey -in "$T/$key.key" -pubout -outform DER | sha256sum)
	is "$(mariadb_sql -N certrepo -e "SELECT key_sha256 FROM certs
		WHERE name = '$key.example.org'")" "${want%% *}" "$key: its key"
done
populate list
is "$rc" 0 'listed'
like "$out" 'ec\.example\.org' 'with its rows'
populate show rsa.example.org
like "$out" 'the mail server' 'and what they hold'
engine=$(mariadb_sql -N certrepo -e "SELECT COUNT(*) FROM
	information_schema.columns WHERE table_schema = 'certrepo' AND
	table_name <> 'host_certs' AND character_set_name <> 'ascii'")
is "$engine" 0 'all of it is ASCII'

# --- grants.sql ---

sed -e "s/@PASSWORD@/'secret'/" "$ROOT/schema/grants.sql" >"$T/grants.sql"
ok 'grants.sql runs' mariadb_sql -e "SOURCE $T/grants.sql"
echo secret >"$T/secret"
conf user=certrepo-populate "password_file=$T/secret"
populate enable ec.example.org
is "$rc" 0 'certrepo-populate may write'
populate remove --yes ec.example.org
is "$rc" 0 'and remove'
as() { # USER SQL
	mariadb --no-defaults --host=127.0.0.1 --port="$MARIADB_PORT" --ssl \
		--ssl-ca="$MARIADB_CA" --user="$1" --password=secret \
		certrepo -e "$2"
}
ok 'a fetcher may write outcomes' as certrepo-fetcher "START TRANSACTION;
	UPDATE certs SET crt = 'x' WHERE name = 'rsa.example.org';
	REPLACE INTO orders (name, slot, ca_name, state, ts_created)
		VALUES ('x', 0, 'c', 'new', 1);
	REPLACE INTO proofs (id, name, slot, lease_owner, type, owner, value,
		ts_created) VALUES ('x', 'x', 0, 'l', 't', 'o', 'v', 1);
	REPLACE INTO cas (name, directory) VALUES ('c', 'd');
	DELETE FROM orders; DELETE FROM proofs;
	INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end)
		VALUES ('x', 'c', 'ok', 1, 1);
	DELETE FROM attempts WHERE id <= 1 AND ts_end < 1;
	SELECT MAX(version) FROM schema_version; ROLLBACK"
not_ok 'but not enrol' as certrepo-fetcher \
	"INSERT INTO certs (name, csr, md5_modulus) VALUES ('x', 'x', 'x')"
not_ok 'or remove' as certrepo-fetcher 'DELETE FROM certs'
ok 'a host reads and writes its views' as certrepo-host "
	SELECT name, enable, crt, ca, min_reader FROM host_certs
		WHERE name IN ('rsa.example.org');
	REPLACE INTO host_installs (host, name, service, endpoint, state, ts)
		VALUES ('h', 'n', 's', 'e', 'alive', 1);
	REPLACE INTO host_installs (host, name, service, endpoint, state, ts)
		VALUES ('h', 'n', 's', 'e', 'alive', 2)"
not_ok 'a host sees no CSR' as certrepo-host 'SELECT csr FROM certs'
not_ok 'a host sees no table' as certrepo-host 'SELECT * FROM installs'

# --- idle over 100,000 rows ---

mariadb_sql certrepo -e "INSERT INTO certs (name, csr, md5_modulus, ts_expire,
	ts_expire_seen, ts_due) SELECT CONCAT('h', seq, '.example.net'),
	REPEAT('x', 800), 'm', 2000000000, 2000000000, 1900000000
	FROM seq_1_to_100000"
plan=$(mariadb_sql -N certrepo -e "EXPLAIN SELECT name FROM certs WHERE
	enable = 'Y' AND ts_due <= 1800000000 AND (lease_owner IS NULL OR
	lease_until < 1800000000) ORDER BY COALESCE(ts_expire, 0), name
	LIMIT 100")
like "$plan" 'certs_due' 'the index is used'
rows=$(printf '%s\n' "$plan" | cut -f 9)
ok 'and few rows are read' test "$rows" -lt 100

mariadb_stop
done_testing
