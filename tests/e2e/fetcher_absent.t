#!/bin/sh
# SPDX-License-Identifier: MIT
# A proof that the CA did not find in the DNS: its resolvers may remember that
# for as long as the zone lets them (RFC 2308), and so long it is not tried
# again; other failures come back as ever.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

ALIAS=alias.example.test

stage_dns || bail 'no DNS'
stop named
soa() { # ZONE TTL MINIMUM
	sed -i "s/^@ IN SOA .*/@ $2 IN SOA ns1.example.test. root.example.test. 1 60 60 600 $3/" \
		"$T/dns/$1.db"
}
# It is the zone at the end of the CNAME that counts, not where it begins.
soa example.test 60 60
soa example.net 7200 1800
soa sub.example.test 43200 43200
start named "$(unconfined named)" -g -c "$T/dns/named.conf"
loaded() { # BIND answers for all zones, which it does after it listens
	for _z in example.test example.net sub.example.test; do
		[ -n "$(dig +short +time=1 +tries=1 @127.0.0.1 -p "$DNS_PORT" \
			$_z SOA)" ] || return 1
	done
}
wait_for 15 loaded || bail 'no DNS'
scripted_start || bail 'no server'
STAGE_EXTRA='retry_wait = "20m"; max_passes = 2;'
stage_store sqlite || bail 'no store'

wait_of() { # NAME: seconds from the attempt to the next one
	sql "SELECT c.ts_next_attempt - a.ts_end FROM certs c, attempts a
		WHERE c.name = '$1' AND a.name = c.name
		ORDER BY a.ts_end DESC LIMIT 1"
}
# The wait is chosen before the proof is removed and the attempt is at its end.
between() { # GOT LEAST MOST NAME
	if [ "$1" -ge $(($2 - 5)) ] && [ "$1" -le "$3" ]; then
		pass "$4"
	else
		fail "$4"
		diag "$1 is not from $2 to $3; $err"
	fi
}

for n in $ALIAS www.example.test www.sub.example.test; do
	enrol "$n" ec "$n" || bail "cannot enrol $n"
done
: >"$REQUESTS"
fault challenge-dns newOrder 1 $ALIAS
run fetcher $ALIAS
is "$rc $(requests newOrder)" '1 1' \
	'no proof found: not tried again by this run'
is "$(sql "SELECT fail_class FROM certs WHERE name = '$ALIAS'")" dns \
	'... by what the CA says'
like "$err" 'zone example.net, which lets .* remember for 1800 s' '... and why'
between "$(wait_of $ALIAS)" 1800 1801 \
	'... nor before the zone of the proof lets it be looked for again'
fault challenge-dns newOrder 1 www.example.test
run fetcher --once www.example.test
between "$(wait_of www.example.test)" 60 75 \
	'a zone that lets a minute pass: as any failure'
fault challenge-dns newOrder 1 www.sub.example.test
run fetcher --once www.sub.example.test
between "$(wait_of www.sub.example.test)" 3600 3601 \
	'a zone that says 12 hours: an hour'
scripted_reset
fault challenge-unauthorized newOrder 1 $ALIAS
run fetcher --once $ALIAS
between "$(wait_of $ALIAS)" 60 75 'a wrong value is no absence'
run fetcher --once --force $ALIAS
is "$rc $(wait_of $ALIAS | cut -c1)" '0 -' 'by --force at any time'

# --- a server of the zone that does not have it ---
# Nobody else was asked for it: no resolver remembers anything.
scripted_reset
mkdir "$T/lag" && cp "$T/dns/example.net.db" "$T/lag/"
LAG_PORT=$(free_port)
cat >"$T/lag/named.conf" <<END
options { directory "$T/lag"; pid-file none; session-keyfile none;
	listen-on port $LAG_PORT { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; };
controls { };
zone "example.net" { type primary; file "example.net.db"; };
END
start lag "$(unconfined named)" -g -c "$T/lag/named.conf"
lag_loaded() {
	[ -n "$(dig +short +time=1 +tries=1 @127.0.0.1 -p "$LAG_PORT" \
		example.net SOA)" ]
}
wait_for 15 lag_loaded || bail 'no second DNS'
sed -i "/zone = \"example.net\"/,/}/s/check = \[.*\]/check = [\"127.0.0.1:$LAG_PORT\"]/
	s/resolvers =/ready_timeout = \"2s\"; resolvers =/" "$CONF"
run fetcher --once $ALIAS
like "$err" "127.0.0.1:$LAG_PORT of zone example.net still answers NXDOMAIN" \
	'a server that lags'
between "$(wait_of $ALIAS)" 60 75 '... put no absence into a resolver'
is "$(stage_proofs)" '' 'no TXT record is left'
done_testing
