#!/bin/sh
# SPDX-License-Identifier: MIT
# The store goes away while orders are in flight: the fetcher waits for it
# with what it has, and nothing is lost or ordered twice. One that is away
# from the start is said and ends the run with 69.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

finalized() {
	[ "$(requests finalize)" -ge 4 ]
}
certificates() { # delivered by the CA
	[ "$(requests cert)" -ge 4 ]
}
ended() {
	! running background
}

plan 9
scripted_start || bail 'no server'
stage_store mariadb || bail 'no store'
for i in 1 2 3 4; do
	scripted_row n$i.example.test || bail 'cannot enrol'
done
# Each stays in processing for three polls a second apart.
fault processing '' 12
start background "$BUILD/certrepo-fetcher" -c "$CONF" --once
ok 'orders are on their way' wait_for 15 finalized
mariadb_kill
ok 'the certificates come while the store is away' wait_for 20 certificates
ok '... and the fetcher waits' running background
mariadb_start "$T/mariadb" || bail 'MariaDB does not start again'
ok 'it ends when the store is back' wait_for 30 ended
is "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL AND
	lease_owner IS NULL AND count_fail_update = 0')" 4 'all are stored'
is "$(requests newOrder)" 4 'each was ordered once'
like "$(cat "$T/log/background")" 'waiting for it' 'it said that it waits'

rm -f "$T/pid/mariadb"
mariadb_stop
: >"$REQUESTS"
run fetcher --once
is "$rc $(wc -l <"$REQUESTS")" '69 0' 'away from the start: 69, CA not asked'
like "$err" "$MARIADB_HOST|MariaDB|mariadb" '... and says what is away'
