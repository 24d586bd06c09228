#!/bin/sh
# SPDX-License-Identifier: MIT
# What a run leaves in the store for who looks at the fleet: that it began, how
# it ended, what it is configured to do; and that it goes on where that cannot
# be written. The CA is the scripted one.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

command -v python3 >/dev/null || skip_all "no python3"
A=a.example.test B=b.example.test

# Of the one row there is: "x" for an instant within the last two minutes, "-"
# for none, then the numbers.
ago="CASE WHEN %s BETWEEN %d AND %d THEN 'x' WHEN %s = 0 THEN '-' ELSE '?' END"
row() {
	_now=$(date +%s)
	_cols=
	for _c in ts_start ts_end ts_ok; do
		# shellcheck disable=SC2059 # a format
		_cols="$_cols$(printf "$ago" $_c $((_now - 120)) $((_now + 2)) $_c), "
	done
	sql "SELECT $_cols status, n_ok, n_failed FROM fetchers" | tr '|\t' '  '
}
due_now() { # NAME
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0, renew = 1
		WHERE name = '$1'"
}
setting() { # NAME
	sql "SELECT value FROM settings WHERE name = '$1'"
}
old() { # the row says so of long ago
	sql "UPDATE fetchers SET ts_start = 7, ts_end = 7, ts_ok = 7"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $A || bail 'cannot enrol'
scripted_row $B || bail 'cannot enrol'

run fetcher --dry-run
is "$(row)" "" "a dry run leaves nothing"
run fetcher --staging $A
is "$(row)$(setting cas)" "" "... nor does one at staging"
run fetcher --once
is "$rc $(row)" "0 x x x 0 2 0" "a run that went well"
is "$(sql "SELECT COUNT(*) FROM fetchers WHERE detail IS NULL AND
	version <> '' AND host = '$(hostname)' AND
	instance = '$(cat "$T/state/fetcher.id")'")" 1 "... says whose it was, and no more"
is "$(setting cas) $(setting default_ca) $(setting deliver_within)" \
	"pebble pebble 0" "... and what it is configured to do"
old
run fetcher --once
is "$(row)" "x x x 0 0 0" "nothing to do is well, too"
sql "UPDATE settings SET ts = 7"
STAGE_EXTRA='deliver_within = "8h";'
stage_conf
run fetcher --once
is "$(sql "SELECT value, ts > 7 FROM settings WHERE name = 'deliver_within'" | tr '|' ' ')" \
	"28800 1" "a setting that has changed"
is "$(sql "SELECT COUNT(*) FROM settings WHERE ts = 7")" 5 "... and the others have not"

# --- what is not well ---
due_now $A
fault challenge-caa '' -1
old
run fetcher --once
is "$rc $(row)" "1 x x x 1 0 1" "a name that fails: the fetcher is well"
is "$(sql "SELECT detail LIKE '0 renewed, 1 failed, %' FROM fetchers")" 1 \
	"... and says how it went"
fault clear
due_now $A
due_now $B
old
run fetcher --once $A
is "$(row)" "x x ? 0 1 0" "names given by hand say nothing of the others"
stop scripted
old
run fetcher --once
is "$rc $(row)" "69 x x ? 69 0 0" "the CA is away: no good run"
like "$(sql "SELECT detail FROM fetchers")" "^0 renewed, 0 failed, 1 waiting" \
	"... why not"
run fetcher --once
is "$rc $(row)" "69 x x ? 69 0 0" "... while it rests, too"

# --- it was killed; it cannot be written ---
sql "CREATE TRIGGER no_end BEFORE UPDATE OF ts_ok ON fetchers
	BEGIN SELECT RAISE(FAIL, 'not now'); END"
run fetcher --once
is "$rc" "69" "the end cannot be written: the run ends as ever"
unlike "$err" "not told|not now" "... and is silent about it"
is "$(row)" "x - ? 69 0 0" "... and it looks like one that was killed"
sql "DROP TRIGGER no_end"
for t in settings fetchers; do
	sql "ALTER TABLE $t RENAME TO away"
	run fetcher --once
	is "$rc" "69" "no table $t: the run ends as ever"
	unlike "$err" "not told|$t" "... and is silent about it"
	run fetcher --once -v -v
	like "$err" "who looks at the fleet is not told of this run: .*$t" \
		"... but for -v -v"
	sql "ALTER TABLE away RENAME TO $t"
done

# --- grants of the version before ---
scripted_start || bail 'no server'
stage_store mariadb || bail 'no store'
scripted_row $A || bail 'cannot enrol'
mariadb_sql certrepo <<-END || bail 'no user'
	CREATE USER old IDENTIFIED BY 'old-$$' REQUIRE SSL;
	GRANT SELECT, UPDATE ON certs TO old;
	GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO old;
	GRANT SELECT, INSERT, UPDATE, DELETE ON proofs TO old;
	GRANT SELECT, INSERT, UPDATE, DELETE ON cas TO old;
	GRANT SELECT, INSERT, DELETE ON attempts TO old;
	GRANT SELECT ON schema_version TO old;
END
(umask 077 && echo "old-$$" >"$T/old.password")
sed "s/user = \"[^\"]*\"/user = \"old\"/
	s,password_file = \"[^\"]*\",password_file = \"$T/old.password\"," \
	"$CONF" >"$T/old.conf"
chmod 600 "$T/old.conf"
run "$BUILD/certrepo-fetcher" -c "$T/old.conf" --once
is "$rc$(row)" 0 "rights of the version before: no row"
unlike "$err" "not told|rights" "... and silent"
is "$(sql "SELECT COUNT(*) FROM certs WHERE crt IS NOT NULL")" 1 "... it renews"
run fetcher --once
is "$rc $(row)" "0 x x x 0 0 0" "all rights: a row"

done_testing
