#!/bin/sh
# SPDX-License-Identifier: MIT
# A Galera cluster of three nodes, a fetcher on each of two: each name is
# ordered once. One node is killed under its fetcher, then all three within a
# second: nothing is ordered twice that anybody could know of, and what the
# cluster forgot comes again by itself, the receipts of a host as well.
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
# What the cluster knows of, as node N has it.
known() { # N
	galera_use "$1"
	sql 'SELECT name FROM certs WHERE crt IS NOT NULL UNION
		SELECT name FROM orders WHERE url IS NOT NULL'
}
# Of one of these names, how many orders there were, the most.
most() { # NAMES
	sed -n 's/.*"kind": "newOrder".*"names": \["\([^"]*\)".*/\1/p' \
		"$REQUESTS" | grep -Fx "$1" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $1 }'
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

# --- a host ---
galera_use 3
mkdir -p "$T/host/profiles" "$T/host/tls"
echo 'files = ( { file = "full.pem"; format = "fullchain"; } );' \
	>"$T/host/profiles/plain.conf"
cat >"$T/host.conf" <<-END
	store : { driver = "mariadb"; host = "127.0.0.1";
		port = $MARIADB_PORT; user = "$MARIADB_USER";
		ca_file = "$MARIADB_CA"; connect_timeout = 3;
		password_file = "$MARIADB_PASSWORD_FILE"; };
	host = "host1";
	trust_file = "$PEBBLE_ROOT";
	profile_dir = "$T/host/profiles";
	state_dir = "$T/host/state";
	services = ( { name = "web"; profile = "plain"; certificates = ( {
		name = "n1.example.test"; dir = "$T/host/tls";
		key = "$T/keys/n1.example.test.key"; } ); } );
END
chmod 600 "$T/host.conf"
sql "INSERT INTO host_names VALUES ('$MARIADB_USER', '*', '*')"
alive() { # N: when the host said so, as that node has it
	galera_use "$1"
	sql "SELECT ts FROM installs WHERE host = 'host1' AND name = ''"
}
run "$BUILD/certrepo-installer" -c "$T/host.conf"
is "$rc" 0 "a host has its certificate from the third node"
before=$(alive 1)
like "$before" '^[0-9]+$' "the first one has its receipts"

# --- a node is killed under its fetcher ---
due_again
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
one=$!
"$BUILD/certrepo-fetcher" -c "$T/second.conf" --once >"$T/two.out" 2>&1 &
two=$!
wait_for 60 has_issued 1 $((NAMES / 4)) || bail "nothing is issued"
galera_kill 2
there=$(known 1)
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
is "$(most "$there")" 1 "none that was known was ordered twice"
more=$(($(requests newOrder) - NAMES))
diag "$more orders were not known"
ok "no more than were under way were" test "$more" -ge 0 -a "$more" -le "$MAX_ORDERS"
ok "no lease is left" no_lease 3

# --- all three within a second ---
due_again
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/one.out" 2>&1 &
one=$!
"$BUILD/certrepo-fetcher" -c "$T/second.conf" --once >"$T/two.out" 2>&1 &
two=$!
wait_for 60 has_issued 1 $((NAMES / 4)) || bail "nothing is issued"
# The day's receipts of the host are taken in the last moment: nothing is on
# disk of it.
for n in 1 2 3; do
	galera_use $n
	mariadb_sql -e 'SET GLOBAL innodb_flush_log_at_timeout = 600'
done
rm "$T/host/state/heartbeat"
run "$BUILD/certrepo-installer" -c "$T/host.conf"
taken=$(alive 1)
galera_kill 1 2 3
isnt "$taken" "$before" "a host said something just before" || diag "$err"
wait $one
first=$?
wait $two
isnt "$first $?" '0 0' "all are killed: the runs fail"
ok "the cluster comes back" galera_restart
kept=$(issued 1)
diag "$kept of $NAMES were kept, of $(requests newOrder) orders"
is "$(alive 1)" "$before" "what the host said is lost"
run "$BUILD/certrepo-installer" -c "$T/host.conf"
is "$(alive 1)" "$taken" "its next run says it again" || diag "$err"
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
