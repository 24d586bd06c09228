#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-store(5) is true of both stores: they have the same tables and
# columns, and the queries of its examples find what they say.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"

mariadb_start "$T/db" || bail "no MariaDB"
mkdir -m 700 "$T/state"
ca='ca = ( { name = "a"; directory = "https://localhost/dir"; } );'
cat >"$T/mariadb.conf" <<END
store : { driver = "mariadb"; host = "$MARIADB_HOST"; port = $MARIADB_PORT;
	user = "$MARIADB_USER"; password_file = "$MARIADB_PASSWORD_FILE";
	ca_file = "$MARIADB_CA"; };
$ca
END
echo "store : { path = \"$T/state/store.db\"; }; $ca" >"$T/sqlite.conf"
for s in mariadb sqlite; do
	run "$BUILD/certrepo-populate" -c "$T/$s.conf" init
	is "$rc" 0 "a store: $s"
done

# --- columns ---
mariadb_sql -N -e "SELECT CONCAT(table_name, '.', column_name)
	FROM information_schema.columns
	WHERE table_schema = '$MARIADB_DATABASE'" | sort >"$T/columns.mariadb"
sqlite3 "$T/state/store.db" "SELECT m.name || '.' || c.name
	FROM sqlite_master m, pragma_table_info(m.name) c
	WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%'" |
	sort >"$T/columns.sqlite"
is "$(cat "$T/columns.sqlite")" "$(cat "$T/columns.mariadb")" \
	"the same columns in both"
ok "... and there are some" grep -qx certs.crt "$T/columns.sqlite"

# --- queries ---
# The Nth block of SQL.
example() { # N
	awk -v n="$1" '/^\.\\" of man_facts\.t: sql$/ { i++; want = 1; next }
		want && /^\.Bd/ { want = 0; on = 1; next }
		/^\.Ed/ { on = 0 }
		on && i == n' "$ROOT/man/certrepo-store.5"
}
now=$(date +%s)
cat >"$T/rows.sql" <<END
INSERT INTO certs (name, enable, csr, md5_modulus, crt, ts_expire) VALUES
	('gone.example.org', 'Y', 'x', 'y', 'z', 1000),
	('soon.example.org', 'Y', 'x', 'y', 'z', $now + 800000),
	('late.example.org', 'Y', 'x', 'y', 'z', $now + 8000000),
	('off.example.org', 'N', 'x', 'y', 'z', 1000),
	('new.example.org', 'Y', 'x', 'y', NULL, 1);
INSERT INTO installs (host, name, service, endpoint, state, ts) VALUES
	('web1', 'soon.example.org', 'web', '', 'installed', $now),
	('web1', 'soon.example.org', 'web', '127.0.0.1:443', 'failed', $now),
	('web1', 'late.example.org', 'web', '127.0.0.1:444', 'served', $now),
	('web2', '', '', '', 'alive', $now - 200000);
INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end) VALUES
	('soon.example.org', 'a', 'ok', $now, $now),
	('late.example.org', 'a', 'ok', $now, $now),
	('late.example.org', 'a', 'caa', $now - 700000, $now - 700000);
END
mariadb_sql "$MARIADB_DATABASE" <"$T/rows.sql" || bail "no rows in MariaDB"
sqlite3 "$T/state/store.db" <"$T/rows.sql" || bail "no rows in SQLite"
ask() { # mariadb|sqlite N: the first columns, blanks between
	case $1 in
	mariadb) example "$2" | mariadb_sql -N "$MARIADB_DATABASE" ;;
	*) example "$2" | sed 's/UNIX_TIMESTAMP()/unixepoch()/g' |
		sqlite3 -separator '	' "$T/state/store.db" ;;
	esac 2>&1 | cut -f1-3 | sed 's/NULL//g' | tr '\t\n' ' ;' | tr -s ' '
}
for s in mariadb sqlite; do
	is "$(ask $s 1)" "gone.example.org ;soon.example.org ;" \
		"$s: what expires within ten days"
	is "$(ask $s 2 | cut -d' ' -f1)" web2 "$s: hosts that are silent"
	is "$(ask $s 3)" "web1 soon.example.org web;" \
		"$s: certificates that are not served"
	is "$(ask $s 4)" "a ok 2;" "$s: orders of the last week"
done
done_testing
