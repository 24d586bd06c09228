#!/bin/sh
# SPDX-License-Identifier: MIT
# The disk of an SQLite store is full in the middle of a run: it waits, goes on
# when there is room again, or ends after two minutes; the next run finishes
# the same orders, and nothing is lost or left.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, for a small disk"
mkdir "$T/small"
mount -t tmpfs -o size=1m,mode=755 none "$T/small" 2>/dev/null ||
	skip_all "no tmpfs can be mounted here"

SQLITE_DB=$T/small/certrepo.db
MAX_ORDERS=4
stage_dns || bail "no name server"
# The CA looks at the proofs only after a while.
stage_start PEBBLE_VA_NOSLEEP=0 PEBBLE_VA_SLEEPTIME=6 PEBBLE_AUTHZREUSE=0 ||
	bail "no CA"
stage_store sqlite || bail "no store"
NAMES='a.example.test b.example.test c.example.test'
for n in $NAMES; do
	enrol "$n" ec "$n" || bail "cannot enrol"
done

new_orders() {
	grep -c 'POST /order-plz' "$PEBBLE_LOG"
}
again() {
	sql "UPDATE certs SET crt = NULL, ca = NULL, ts_expire = 1,
		ts_expire_seen = 1, ts_due = 0, ts_next_attempt = 0"
	: >"$PEBBLE_LOG"
}
fill() {
	dd if=/dev/zero of="$T/small/filler" bs=4k 2>/dev/null
	test "$(df --output=avail "$T/small" | tail -1)" -eq 0
}
# A run in the background, until each name has its order and a proof is out;
# then the disk is full. (The CA's pause is drawn at random and may be none: a
# name can be renewed by then.)
begin() {
	fetcher --once >"$T/out" 2>"$T/err" &
	_pid=$!
	wait_for 20 sh -c "[ \"\$(sqlite3 '$SQLITE_DB' 'SELECT
		(SELECT count(*) FROM orders WHERE url IS NOT NULL) +
		(SELECT count(*) FROM certs WHERE crt IS NOT NULL) = 3
		AND EXISTS (SELECT 1 FROM proofs)')\" = 1 ]" ||
		bail "no proofs: $(cat "$T/err")"
	fill || bail "cannot fill the disk"
}
finished() {
	[ "$(sql "SELECT (SELECT count(*) FROM certs WHERE crt IS NULL) +
		(SELECT count(*) FROM orders) + (SELECT count(*) FROM proofs) +
		(SELECT count(*) FROM certs WHERE lease_owner IS NOT NULL)")" = 0 ]
}

# --- there is room again, soon ---
begin
sleep 8
ok "the run waits" kill -0 $_pid
rm "$T/small/filler"
wait $_pid
is $? 0 "... and goes on once there is room"
like "$(cat "$T/err")" 'full.*; waiting for it' "... it said so"
is "$(new_orders)" 3 "... with the orders it had"
ok "... nothing is left" finished
is "$(stage_proofs)" "" "... nor in the zone"
for n in $NAMES; do
	cert_ok "$n" "... $n is as it should be"
done

# --- there is not ---
again
begin
from=$(date +%s)
wait $_pid
rc=$?
is "$rc" 69 "a run that finds no room ends"
ok "... after some two minutes" test $(($(date +%s) - from)) -lt 180
like "$(tail -1 "$T/err")" "certrepo-fetcher: .*$SQLITE_DB.* full" \
	"... its last word says why"
rm "$T/small/filler"
: >"$PEBBLE_LOG"
run fetcher --once
is "$rc" 0 "the next run, with room"
is "$(new_orders)" 0 "... finishes the same orders"
ok "... nothing is left" finished
is "$(stage_proofs)" "" "... nor in the zone"
is "$(sqlite3 "$SQLITE_DB" 'PRAGMA integrity_check')" ok "the store is whole"
done_testing
