#!/bin/sh
# SPDX-License-Identifier: MIT
# A Galera cluster of three nodes, a fetcher on each of two: each name is
# ordered once. One node is killed under its fetcher, then all three within a
# second: nothing is ordered twice that anybody could know of, and what the
# cluster forgot comes again by itself.
# shellcheck disable=SC2154,SC2119,SC2034 # run's, and for it
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/galera.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"

NAMES=40
RUN_TIMEOUT=120

# Commits are not on disk when they are answered, as administrators of clusters
# often have it: what is killed everywhere is lost.
galera_start --innodb-flush-log-at-trx-commit=0 || bail "no cluster"
pass "three nodes"
MAX_ORDERS=4
scripted_start || bail "no server"
galera_use 1
STORE=mariadb
conf_of() { # N FILE STATE_DIR
	galera_use "$1"
	_store="driver = \"mariadb\"; host = \"127.0.0.1\";
		port = $MARIADB_PORT; user = \"$MARIADB_USER\";
		ca_file = \"$MARIADB_CA\"; connect_timeout = 3;
		password_file = \"$MARIADB_PASSWORD_FILE\";"
	_conf=$CONF
	CONF=$2
	stage_conf
	CONF=$_conf
	sed -i -e "s|state_dir = .*|state_dir = \"$3\";|" \
		-e "s|$T/state/account|$3/account|" "$2"
}
conf_of 1 "$CONF" "$T/state"
mkdir -p "$T/state2"
run populate init
is "$rc" 0 "init on the first node" || bail "$err"
i=0
while [ $i -lt $NAMES ]; do
	i=$((i + 1))
	scripted_row n$i.example.test || bail "cannot enrol"
done
is "$(galera_use 3 && sql 'SELECT count(*) FROM certs')" $NAMES \
	"the third node has the rows"
conf_of 2 "$T/second.conf" "$T/state2"
second() {
	run "$BUILD/certrepo-fetcher" -c "$T/second.conf" --once
}
issued() { # N: certificates, as that node has them
	galera_use "$1"
	sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL'
}
has_issued() { # N HOW_MANY
	[ "$(issued "$1")" -ge "$2" ]
}
due_again() {
	galera_use 1
	sql 'UPDATE certs SET crt = NULL, ts_due = 0, ts_next_attempt = 0,
		ts_expire = 1, crt_sha256 = NULL, count_fail_update = 0,
		lease_owner = NULL, lease_until = 0'
	sql 'DELETE FROM orders'
	sql 'DELETE FROM attempts'
	: >"$REQUESTS"
}
# How many orders there were of a name, the most.
most() {
	sed -n 's/.*"kind": "newOrder".*"names": \["\([^"]*\)".*/\1/p' \
		"$REQUESTS" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $1 }'
}
no_lease() { # N
	galera_use "$1"
	[ "$(sql 'SELECT count(*) FROM certs WHERE lease_owner IS NOT NULL')" = 0 ]
}

# --- two fetchers, two nodes ---
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
one=$!
second
wait $one
is "$? $rc" '0 0' "two fetchers on two nodes: both end well"
is "$(issued 3)" $NAMES "each name has its certificate, on the third node, too"
is "$(requests newOrder)" $NAMES "each was ordered once"
is "$(sql 'SELECT count(*) FROM attempts')" $NAMES "one attempt for each"
ok "no lease is left" no_lease 3

# --- a node is killed under its fetcher ---
due_again
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
one=$!
"$BUILD/certrepo-fetcher" -c "$T/second.conf" --once >"$T/two.out" 2>&1 &
two=$!
wait_for 60 has_issued 1 $((NAMES / 4)) || bail "nothing is issued"
galera_kill 2
wait $two
isnt $? 0 "its node is killed: that fetcher fails"
like "$(cat "$T/two.out")" "127.0.0.1:$(cat "$T/galera/2/port")" \
	"and says which server it was"
wait $one
is $? 0 "the other goes on to its end" || diag "$(tail -3 "$T/one.out")"
ok "the node comes back" galera_rejoin 2
ok "into its cluster" wait_for 60 galera_ready 2 3
second
is "$rc" 0 "the next run there ends well"
run fetcher --once
is "$rc $(issued 3)" "0 $NAMES" "each name has its certificate"
is "$(most)" 1 "none was ordered twice"
is "$(requests newOrder)" $NAMES "as many orders as names"
ok "no lease is left" no_lease 3

# --- all three within a second ---
due_again
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
one=$!
"$BUILD/certrepo-fetcher" -c "$T/second.conf" --once >"$T/two.out" 2>&1 &
two=$!
wait_for 60 has_issued 1 $((NAMES / 4)) || bail "nothing is issued"
galera_kill 1 2 3
wait $one
first=$?
wait $two
isnt "$first $?" '0 0' "all are killed: the runs fail"
ok "the cluster comes back" galera_restart
before=$(issued 1)
diag "$before of $NAMES were kept, of $(requests newOrder) orders"
run fetcher --once
is "$rc" 0 "the next run ends well"
second
is "$rc $(issued 3)" "0 $NAMES" "each name has its certificate"
is "$(sql 'SELECT count(*) FROM certs WHERE count_fail_update <> 0
	OR held <> 0')" 0 "no name was blamed"
ok "no lease is left" no_lease 3
for n in 1 2 3; do
	is "$(galera_use $n && sql 'SELECT count(DISTINCT crt_sha256) FROM certs')" \
		$NAMES "node $n has a certificate of its own for each"
done
done_testing
