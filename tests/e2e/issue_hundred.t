#!/bin/sh
# SPDX-License-Identifier: MIT
# A hundred names in one run, on both stores: dns-01 in one zone, so that its
# changes are coalesced. Four orders at once (pebble's fault, see pebble.sh).
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

i=1
names=''
while [ $i -le 100 ]; do
	names="$names n$i.example.test"
	i=$((i + 1))
done

again() { # the state a run of the fetcher starts from
	rm -rf "$T/state"
	mkdir "$T/state"
	stage_store "$STORE" || return 1
	for n in $names; do
		if [ -s "$T/csr/$n.csr" ]; then
			populate add "$n" --enable >"$T/enrol.log" 2>&1 ||
				return 1
		else
			enrol "$n" ec "$n" || return 1
		fi
	done
}

hundred() { # STORE
	STORE=$1
	again || bail "cannot enrol on $STORE"
	pebble_retry 120 again fetcher --once
	is "$rc" 0 "$STORE: the run has done all"
	is "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL')" 100 \
		"$STORE: a hundred certificates"
	is "$(sql 'SELECT count(*) FROM certs WHERE count_fail_update > 0')" 0 \
		"$STORE: no failure"
	is "$(sql "SELECT count(*) FROM attempts WHERE outcome = 'ok'")" 100 \
		"$STORE: a hundred attempts on record"
	is "$(grep -c 'POST /order-plz' "$PEBBLE_LOG")" 100 \
		"$STORE: no more orders than names"
	cert_ok n1.example.test "$STORE: the first is good"
	cert_ok n100.example.test "$STORE: the last is good"
	is "$(stage_proofs)" '' "$STORE: nothing is left in DNS"
}

plan 16
stage_dns || bail "no name server"
stage_start PEBBLE_AUTHZREUSE=0 || bail "no CA"
hundred sqlite
: >"$PEBBLE_LOG"
hundred mariadb
