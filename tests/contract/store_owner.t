#!/bin/sh
# SPDX-License-Identifier: MIT
# The views of the hosts on MariaDB belong to an account that stays. Where they
# do not, init says how that is done; where their definer is gone (dropped, or
# left behind by a restore), the installer says so and init mends them.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"
echo "$MARIADB_PID" >"$T/pid/mariadb"
host_setup || bail "cannot set up a host"
(umask 077 && echo secret >"$T/host.password")
cp "$T/certrepo.conf" "$T/template.conf"
remote() { # USER PASSWORD_FILE
	echo "store : { driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; };"
}
as_root() {
	sed "s|^store : .*|store : { driver = \"mariadb\"; socket = \"$MARIADB_SOCKET\"; user = \"$1\"; };|" \
		"$T/template.conf" >"$T/certrepo.conf"
}
as_owner_of_the_database() { # all rights on it, none beyond
	sed "s|^store : .*|$(remote "$MARIADB_USER" "$MARIADB_PASSWORD_FILE")|" \
		"$T/template.conf" >"$T/certrepo.conf"
}
populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
hosts() {
	sed "s/@PASSWORD@/'secret'/g" "$ROOT/schema/grants.sql" | mariadb_sql
}
reads() { # a host, its certificates and its receipts
	mariadb --no-defaults --host=127.0.0.1 --port="$MARIADB_PORT" --ssl \
		--ssl-ca="$MARIADB_CA" --user=certrepo-host --password=secret \
		certrepo -e "SELECT name, min_reader FROM host_certs;
			REPLACE INTO host_installs (host, name, service,
			endpoint, state, ts) VALUES ('h', 'n', 's', 'e',
			'alive', 1); DELETE FROM host_installs WHERE host = 'h'"
}
definers() {
	mariadb_sql -N -e "SELECT definer FROM information_schema.views
		WHERE table_schema = 'certrepo' UNION SELECT definer
		FROM information_schema.routines
		WHERE routine_schema = 'certrepo'"
}
calls() { # the same by the procedures
	mariadb --no-defaults --host=127.0.0.1 --port="$MARIADB_PORT" --ssl \
		--ssl-ca="$MARIADB_CA" --user=certrepo-host --password=secret \
		certrepo -N -e "CALL host_certs_get('[\"$NAME\"]');
			CALL host_receipts_put('h', '[{\"name\": \"n\",
			\"service\": \"s\", \"endpoint\": \"e\",
			\"state\": \"alive\"}]', NULL);
			CALL host_receipts_mine('h');
			CALL host_receipts_put('h', '[]', '[]');
			CALL host_requests_mine('h')"
}

# --- an administrator's init ---

mariadb_sql -e "CREATE USER admin@localhost; GRANT ALL ON *.* TO admin@localhost
	WITH GRANT OPTION"
as_root admin
populate init
is "$rc $err" "0 " "init by an administrator"
unlike "$out" 'views' "... has nothing to say of the views"
is "$(definers)" certrepo-owner@localhost "they belong to an account of their own"
is "$(mariadb_sql -N -e "SELECT JSON_VALUE(priv, '$.account_locked')
	FROM mysql.global_priv WHERE user = 'certrepo-owner'")" 1 "... which is locked"
hosts
ok "a host reads and writes" reads
ok "... and calls" calls
is "$(mariadb_sql -N -e "SELECT COUNT(*) FROM information_schema.routines
	WHERE routine_schema = 'certrepo' AND security_type = 'DEFINER'")" 5 \
	"there are five procedures"
populate init
is "$rc $(printf '%s\n' "$out" | wc -l)" "0 1" "init again has nothing to add"

# --- what a fetcher's own configuration can see ---

store_row $NAME || bail "cannot enrol"
sed "s|^store : .*|$(remote certrepo-fetcher "$T/host.password")|" \
	"$T/template.conf" >"$T/certrepo.conf"
populate show $NAME
like "$rc $err$out" "^0 $NAME" "show works with the account of the fetcher"
like "$out" 'next due ' "... to the end"
like "$out" 'hosts +what they reported cannot be read with this account' \
	"... but for the receipts"
populate list
is "$rc" 0 "list does"
sed "s|^store : .*|$(remote certrepo-populate "$T/host.password")|" \
	"$T/template.conf" >"$T/certrepo.conf"
populate show $NAME
unlike "$rc $out" 'cannot be read' "and with that of populate, all of it"

# --- init with an account that may not see the views ---

for user in certrepo-populate certrepo-fetcher; do
	sed "s|^store : .*|$(remote $user "$T/host.password")|" \
		"$T/template.conf" >"$T/certrepo.conf"
	populate init
	is "$rc" 78 "init with the account $user"
	unlike "$out$err" 'definer|did not work|stop working|CREATE USER' \
		"... raises no alarm about views that work"
	like "$err" 'may not see the views.*cannot be told.*certrepo-populate -c FILE init' \
		"... says what it cannot tell, and with which account"
done
ok "a host reads and writes, as before" reads
as_root admin
mariadb_sql -e 'DROP USER admin@localhost'
ok "also when the account that ran init is gone" reads
ok "and call" calls

# --- the owner of the database's init ---

as_owner_of_the_database
mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo;
	DROP USER "certrepo-owner"@localhost'
populate init
is "$rc $err" "0 " "init by an account with all rights on the database"
like "$out" 'stop working when certrepo@% is dropped' "says what may happen"
printf '%s\n' "$out" | sed -n '/^USE /,/^DELIMITER ;/p' >"$T/owner.sql"
is "$(grep -cE '^(CREATE|GRANT) ' "$T/owner.sql")" 19 \
	"... and prints statements against it"
hosts
ok "a host reads and writes meanwhile" reads
ok "and calls what is the account's that ran init" calls
is "$(definers)" certrepo@% "which all belongs to, for the time being"
ok "which an administrator can run as they are" \
	mariadb_sql -e "SOURCE $T/owner.sql"
is "$(definers)" certrepo-owner@localhost "then they belong to that account"
ok "and the host's grants stay" reads
ok "... on the procedures, too" calls
populate init
is "$rc $(printf '%s\n' "$out" | wc -l)" "0 1" "init again has nothing to add"

# --- the definer is gone ---

host_conf
sed -i "s|^store : .*|$(remote certrepo-host "$T/host.password")|" "$HOST_CONF"
mariadb_sql -e 'DROP USER "certrepo-owner"@localhost'
run host
is "$rc" 78 "the definer is gone: the installer's status"
like "$err" 'definer of the views and procedures is gone.*run certrepo-populate init' \
	"... it says so"
populate init
is "$rc $err" "0 " "init by the owner of the database"
like "$out" 'did not work: their definer, certrepo-owner@localhost, is gone.*they do now' \
	"... says that it mended them"
like "$out" '^CREATE USER' "... and what to do for good"
ok "a host reads and writes again" reads
ok "and calls" calls
mariadb_sql -e "CREATE USER admin@localhost; GRANT ALL ON *.* TO admin@localhost
	WITH GRANT OPTION"
as_root admin
populate init
like "$out" 'belong to certrepo-owner@localhost now' "init by an administrator"
is "$(definers)" certrepo-owner@localhost "... gives them to that account"
ok "a host reads and writes still" reads
mariadb_sql -e 'REVOKE ALL ON certrepo.installs FROM "certrepo-owner"@localhost;
	REVOKE ALL ON certrepo.certs FROM "certrepo-owner"@localhost'
not_ok "an owner that lost its rights" reads
populate init
like "$out" 'lacks rights; they do now' "is given them again"
ok "so that hosts read" reads
mariadb_sql -e 'REVOKE EXECUTE ON PROCEDURE certrepo.host_receipts_put
	FROM "certrepo-owner"@localhost;
	REVOKE ALL ON certrepo.host_names FROM "certrepo-owner"@localhost'
not_ok "one that lost those of the procedures" calls
populate init
is "$rc $(printf '%s\n' "$out" | wc -l)" "0 1" "is given them without a word"
ok "so that hosts call" calls
mariadb_sql certrepo -e 'DROP PROCEDURE host_requests_mine'
populate init
like "$out" 'belong to certrepo-owner@localhost now' "one that is missing is made"
sed "s/@PASSWORD@/'secret'/g" "$ROOT/schema/grants.sql" | mariadb_sql
ok "so that hosts call" calls

# --- a restore on another server: the dump has no accounts ---

mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo;
	DROP USER "certrepo-owner"@localhost'
sed 's/`certrepo`@`%`/`elsewhere`@`%`/' "$ROOT/tests/data/schema1/mariadb.sql" |
	mariadb_sql certrepo
is "$(definers)" elsewhere@% "the definer of another server"
not_ok "no host reads" reads
populate init
is "$rc" 0 "init"
unlike "$err" 'view' "... warns of rows alone"
like "$out" 'upgraded' "... upgrades"
like "$out" 'their definer, elsewhere@%, is gone' "... and says what was wrong"
ok "hosts read" reads
hosts
ok "and call" calls

# --- a dump without procedures, as mariadb-dump writes it ---

mariadb-dump --no-defaults --skip-ssl --socket="$MARIADB_SOCKET" --user=root \
	--databases certrepo >"$T/dump.sql" 2>/dev/null
mariadb_sql -e 'DROP DATABASE certrepo; DROP USER "certrepo-owner"@localhost'
mariadb_sql <"$T/dump.sql"
not_ok "restored where the owner is not, hosts do not read" reads
populate init
is "$rc" 0 "init"
like "$out" 'definer, certrepo-owner@localhost, is gone or lacks rights; they do now' \
	"... mends it"
ok "hosts read" reads
is "$(definers)" certrepo-owner@localhost "what belongs to whom"
hosts
ok "hosts call, once they are granted it again" calls
mariadb_stop
done_testing
