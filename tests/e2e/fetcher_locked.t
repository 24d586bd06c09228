#!/bin/sh
# SPDX-License-Identifier: MIT
# Somebody's transaction on MariaDB keeps a row locked while the fetcher runs:
# that row waits, the other names are renewed meanwhile, and nothing is ordered
# twice.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

lock_row() { # NAME: by a session of its own, until unlock_row
	mkfifo "$T/lock.in"
	mariadb_sql -n -N certrepo <"$T/lock.in" >"$T/lock.out" 2>&1 &
	lock=$!
	echo $lock >"$T/pid/lock"
	exec 9>"$T/lock.in"
	echo "BEGIN; SELECT name FROM certs WHERE name = '$1' FOR UPDATE;" >&9
	wait_for 10 grep -q "$1" "$T/lock.out"
}
unlock_row() {
	exec 9>&-
	wait "$lock"
	rm -f "$T/lock.in" "$T/pid/lock"
}
stored() { # NUMBER of names that have one
	[ "$(sql "SELECT count(*) FROM certs WHERE crt IS NOT NULL")" -ge "$1" ]
}
has() { # NAME
	sql "SELECT count(*) FROM certs WHERE crt IS NOT NULL AND name = '$1'"
}
ended() {
	! running background
}
certificates() { # delivered by the CA
	[ "$(requests cert)" -ge "$1" ]
}

scripted_start || bail 'no server'
stage_store mariadb || bail 'no store'
for i in 1 2 3 4 5 6; do
	scripted_row n$i.example.test || bail 'cannot enrol'
done

# --- from the start: it costs the row's turn ---

ok 'a row is locked' lock_row n2.example.test
start background "$BUILD/certrepo-fetcher" -c "$CONF" --once
ok 'the other names are renewed' wait_for 20 stored 5
is "$(has n2.example.test)" 0 '... while that one is locked'
ok '... which is said' wait_for 20 grep -q \
	'n2.example.test: locked: .*keeps the row locked' "$T/log/background"
unlock_row
ok 'the run ends' wait_for 30 ended
run fetcher --once
is "$(has n2.example.test)" 1 'it is renewed when the lock is gone'
is "$(requests newOrder)" 6 'each was ordered once'
is "$(sql 'SELECT count(*) FROM certs WHERE lease_owner IS NULL AND
	count_fail_update = 0')" 6 'nothing counts as its failure'

# --- when the CA has issued: what came is kept ---

scripted_reset
fault processing '' 6 # for some polls, so that all are claimed by then
start background "$BUILD/certrepo-fetcher" -c "$CONF" --once
ok 'its order is under way' wait_for 20 sh -c "[ -n \"\$(mariadb --no-defaults \
	--socket='$MARIADB_SOCKET' --user=root -N certrepo -e \"SELECT url FROM
	orders WHERE name = 'n1.example.test'\")\" ]"
ok 'its row is locked' lock_row n1.example.test
ok 'the other names are renewed again' wait_for 30 stored 5
ok 'its certificate is there' wait_for 20 certificates 6
ok '... and the fetcher has it' running background
is "$(has n1.example.test)" 0 '... as long as the row is locked'
unlock_row
ok 'it ends when the lock is gone' wait_for 40 ended
is "$(has n1.example.test)" 1 'its certificate is stored'
is "$(requests newOrder) $(requests cert)" '6 6' \
	'ordered once, downloaded once'

# --- a signal meanwhile: the run ends, the order stays for the next ---

scripted_reset
ok 'a row is locked once more' lock_row n3.example.test
start background "$BUILD/certrepo-fetcher" -c "$CONF" --once
ok 'the others are done' wait_for 20 stored 5
kill -TERM "$(cat "$T/pid/background")" 2>/dev/null
ok 'it ends, though the row is still locked' wait_for 20 ended
unlock_row
run fetcher --once
is "$rc $(has n3.example.test)" '0 1' 'the next run renews it'
is "$(requests newOrder)" 6 'none was ordered twice'

# --- left by a fetcher that was killed ---

sql "UPDATE certs SET lease_owner = '$(cat "$T/state/fetcher.id")',
	lease_until = $(($(date +%s) + 900)), ts_due = 0, renew = 1
	WHERE name IN ('n4.example.test', 'n5.example.test')"
ok 'one of its leases is locked' lock_row n4.example.test
run fetcher --once
is "$(sql "SELECT lease_owner IS NULL AND renew = 0 FROM certs
	WHERE name = 'n5.example.test'")" 1 'the other name is renewed'
unlock_row
run fetcher --once
is "$rc" 0 'the next run'
is "$(sql "SELECT lease_owner IS NULL AND renew = 0 FROM certs
	WHERE name = 'n4.example.test'")" 1 '... renews that one'

# --- another rule of what is due: the chunk goes on without that row ---

sql 'CREATE TABLE was AS SELECT name, ts_due FROM certs'
moved() { # how many rows are due at another time
	sql 'SELECT count(*) FROM certs JOIN was USING (name)
		WHERE certs.ts_due <> was.ts_due'
}
noted() {
	grep -c '^days_left=1$' "$T/state/fetcher.policy"
}
: >"$REQUESTS"
STAGE_EXTRA='days_left = 1;'
stage_conf
ok 'a row is locked while the rule changes' lock_row n4.example.test
run fetcher --once
is "$rc $(moved)" '0 5' 'the other rows of its chunk are due by the new rule'
is "$(noted)" 0 '... and the rule is not done with'
unlock_row
run fetcher --once
is "$rc $(moved) $(noted)" '0 6 1' 'the next run does that row'

# --- what a look at a row sets right: the next run's, where it is locked ---

sql "UPDATE certs SET ts_due = 0 WHERE name IN
	('n1.example.test', 'n2.example.test')"
ok 'a row that is listed too early is locked' lock_row n1.example.test
run fetcher --once
is "$rc $(sql 'SELECT group_concat(name) FROM certs WHERE ts_due = 0')" \
	'0 n1.example.test' 'another such row is put off'
unlock_row
run fetcher --once
is "$rc $(sql 'SELECT count(*) FROM certs WHERE ts_due = 0')" '0 0' \
	'... and this one by the next run'
sql "UPDATE certs SET ts_due = 0, ts_expire = ts_expire - 1 WHERE name IN
	('n5.example.test', 'n6.example.test')" # as a script of 2019
ok 'a row that another program wrote is locked' lock_row n5.example.test
run fetcher --once
is "$rc $(sql 'SELECT group_concat(name) FROM certs
	WHERE ts_expire <> ts_expire_seen')" '0 n5.example.test' \
	'another such row is read anew'
unlock_row
run fetcher --once
is "$rc $(sql 'SELECT count(*) FROM certs WHERE ts_due = 0 OR
	ts_expire <> ts_expire_seen')" '0 0' '... and this one by the next run'
is "$(requests newOrder)" 0 'nothing was ordered for all that'

# --- a whole table: at the start there is nothing to wait with ---

lock_table() {
	mkfifo "$T/lock.in"
	mariadb_sql -n -N certrepo <"$T/lock.in" >"$T/lock.out" 2>&1 &
	lock=$!
	echo $lock >"$T/pid/lock"
	exec 9>"$T/lock.in"
	echo "LOCK TABLES certs WRITE; SELECT 'locked';" >&9
	wait_for 10 grep -q locked "$T/lock.out"
}
scripted_reset
ok 'a table is locked' lock_table
run fetcher --once
is "$rc $(requests newOrder)" '69 0' 'a run that begins then ends'
like "$err" 'MariaDB at .* locked' '... and says why'
unlock_row
fault processing '' 6
start background "$BUILD/certrepo-fetcher" -c "$CONF" --once
ok 'orders are under way' wait_for 20 sh -c "[ \"\$(grep -c finalize \
	'$REQUESTS')\" -ge 6 ]"
ok 'a table is locked' lock_table
ok 'the run waits' wait_for 20 grep -q 'waiting for it' "$T/log/background"
ok '... with what it has' running background
unlock_row
ok 'it ends when the lock is gone' wait_for 40 ended
is "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL')" 6 \
	'all are renewed'
is "$(requests newOrder)" 6 '... each by its one order'
# --- what CAs say of renewal: a page of answers, one row of it locked ---

scripted_reset
run fetcher --once
offer '{"ari": {}}'
sql 'UPDATE cas SET renewal_info = NULL'
sql 'UPDATE certs SET ts_ari_poll = 0'
ok 'a row is locked' lock_row n3.example.test
run fetcher --once
is "$rc" 0 'a run'
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari > 0 AND ts_due = ts_ari AND
	ts_ari_poll > 0")" 5 'what is said of the others is stored'
is "$(sql "SELECT ts_ari + ts_ari_poll FROM certs
	WHERE name = 'n3.example.test'")" 0 '... of that one nothing'
is "$(requests renewalInfo)" 6 '... and each was asked about once'
unlock_row
run fetcher --once
is "$(requests renewalInfo)" 7 'it alone is asked about in the next run'
is "$(sql 'SELECT count(*) FROM certs WHERE ts_ari > 0')" 6 '... and stored'
is "$(sql 'SELECT max(count_fail_update) FROM certs')" 0 \
	'nothing counts as a failure'

done_testing
