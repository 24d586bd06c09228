#!/bin/sh
# SPDX-License-Identifier: MIT
# Two instances of the fetcher at once on one store, SQLite and MariaDB: each
# name is ordered once. The same instance twice: the second says so and exits
# 75. A lease of a machine that died is taken over when it has run out.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

NAMES=24
second_conf() {
	sed -e "s|state_dir = .*|state_dir = \"$T/state2\";|" \
		-e "s|$T/state/account|$T/state2/account|" "$CONF" >"$T/second.conf"
	chmod 600 "$T/second.conf"
}
two() { # STORE
	stage_store "$1" || bail "no store on $1"
	second_conf
	i=0
	while [ $i -lt $NAMES ]; do
		i=$((i + 1))
		scripted_row n$i.example.test || bail 'cannot enrol'
	done
	: >"$REQUESTS"
	"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
	_one=$!
	run "$BUILD/certrepo-fetcher" -c "$T/second.conf" --once
	wait $_one
	is "$? $rc" '0 0' "$1: both end well"
	is "$(requests newOrder)" $NAMES "$1: as many orders as names"
	is "$(sql "SELECT count(*) FROM certs WHERE crt IS NOT NULL AND
		lease_owner IS NULL AND count_fail_update = 0")" $NAMES \
		"$1: every name has its certificate"
	is "$(sql "SELECT count(*) FROM attempts")" $NAMES \
		"$1: one attempt for each"
}
lease() { # STORE: continues on two()'s
	sql "UPDATE certs SET lease_owner = 'gone-0123', ts_due = 0, renew = 1,
		lease_until = $(($(date +%s) + 300)) WHERE name = 'n1.example.test'"
	: >"$REQUESTS"
	run fetcher --once
	is "$rc $(requests newOrder)" '0 0' "$1: another's lease is respected"
	sql "UPDATE certs SET lease_until = $(($(date +%s) - 1))
		WHERE name = 'n1.example.test'"
	run fetcher --once
	is "$rc $(requests newOrder)" '0 1' "$1: ... until it has run out"
}

MAX_ORDERS=4
scripted_start || bail 'no server'
for store in sqlite mariadb; do
	two $store
	lease $store
done
isnt "$(cat "$T/state/fetcher.id")" "$(cat "$T/state2/fetcher.id")" \
	'two instances have two ids'

# --- the same instance twice ---
sql "UPDATE certs SET ts_due = 0, renew = 1 WHERE name = 'n2.example.test'"
fault hang newOrder 1
start slow "$BUILD/certrepo-fetcher" -c "$CONF" --once
wait_for 10 grep -q hang "$REQUESTS"
run fetcher --once
is "$rc" 75 'the same instance twice: the second exits 75'
like "$err" 'running|held|lock' '... and says so'
run fetcher --dry-run
is "$rc" 0 'a dry run needs no lock'

# --- a signal leaves everything to be resumed ---
stop slow
is "$(sql "SELECT count(*) FROM certs WHERE lease_owner IS NOT NULL")" 0 \
	'SIGTERM: no lease is left'
is "$(sql "SELECT count_fail_update FROM certs
	WHERE name = 'n2.example.test'")" 0 '... and no failure counted'
: >"$REQUESTS"
run fetcher --once
is "$rc $(requests newOrder)" '0 1' 'the next run does it'
done_testing
