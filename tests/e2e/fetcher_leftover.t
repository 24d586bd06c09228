#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs that a killed run left, and what can pass for one in the store: where
# nothing leads there by the configuration, nothing is sent; what stays is named
# with its cause, and in the end with the command that removes it.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"

V1=LPJNul-wow4m6DsqxbninhsWHlwfp0JecweYgAcGC8M
V2=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA
stage_dns || bail 'no DNS'
stage_start || bail 'no stage'
stage_store sqlite || bail 'no store'
run fetcher --once
is "$rc" 0 'nothing to do'
id=$(cat "$T/state/fetcher.id")

left() { # ID ZONE SERVER OWNER VALUE AGE
	sql "REPLACE INTO proofs VALUES ('$1', 'old.example.test', 0, '$id',
		'dns-01', '$2', '$3', '$4', '$5', $(($(date +%s) - $6)))"
}
rows() {
	sql 'SELECT count(*) FROM proofs'
}
put() { # OWNER VALUE
	printf 'server 127.0.0.1 %s\nupdate add %s 60 TXT "%s"\nsend\n' \
		"$DNS_PORT" "$1" "$2" | nsupdate -k "$T/dns/example.test.key"
}
again() {
	rm -f "$T/state/fetcher.leftover"
	run fetcher --once
}

# --- a server that listens, and nothing leads to it ---
PORT=$(free_port)
start sink "$PYTHON" -c "import socket
l = socket.create_server(('127.0.0.1', $PORT))
while True:
    c, _ = l.accept(); print('called', flush=True); c.close()"
wait_port "$PORT"
wait_for 5 grep -q called "$T/log/sink" # by that
calls=$(grep -c called "$T/log/sink")
left 1 example.test "127.0.0.1:$PORT" _acme-challenge.nowhere.invalid $V1 60
left 2 nowhere.invalid "127.0.0.1:$PORT" _acme-challenge.nowhere.invalid $V1 60
again
is "$rc $(rows)" '0 2' 'rows that nothing leads to: they stay'
like "$err" "TXT \"$V1\" at _acme-challenge.nowhere.invalid.*does not lie in" \
	'... what lies where, and why it stays'
like "$err" 'no longer names the zone nowhere.invalid' '... for each cause'
left 1 example.test "127.0.0.1:$PORT" _acme-challenge.nowhere.invalid $V1 604900
left 2 nowhere.invalid "127.0.0.1:$PORT" _acme-challenge.nowhere.invalid $V1 \
	604900
again
is "$rc $(rows)" '0 0' '... until a week is over'
unlike "$err" 'nsupdate' '... and no command is made of them'
is "$(grep -c called "$T/log/sink")" "$calls" '... and nothing was sent'

# --- the server is away ---
put _acme-challenge.a.example.test $V1 || bail 'no TXT'
put _acme-challenge.a.example.test $V2 || bail 'no TXT'
put _acme-challenge.b.example.test $V1 || bail 'no TXT'
left 1 example.test "127.0.0.1:$PORT" _acme-challenge.a.example.test $V1 60
left 2 example.test "127.0.0.1:$PORT" _acme-challenge.b.example.test $V1 60
stop named
again
is "$rc $(rows)" '0 2' 'no server: they stay'
is "$(printf '%s\n' "$err" | grep -c ' left')" 1 \
	'... and are named once for the one cause'
like "$err" 'Connection refused' '... which is said'
left 1 example.test "127.0.0.1:$PORT" _acme-challenge.a.example.test $V1 604900
again
is "$rc $(rows)" '0 1' 'for a week: the older one is given up'
like "$err" "TXT \"$V1\" at _acme-challenge.a.example.test.*Connection refused" \
	'... with what lies where, and the cause'
command=$(printf '%s\n' "$err" | sed -n 's/.*remove it by hand: //p')
like "$command" "nsupdate -k $T/dns/example.test.key\$" '... and a command'

start named "$(unconfined named)" -g -c "$T/dns/named.conf"
wait_for 15 sh -c "dig +time=1 +tries=1 @127.0.0.1 -p $DNS_PORT \
	example.test SOA | grep -q 'status: NOERROR'" ||
	bail 'BIND does not come back'
ok '... which is run as it stands' sh -c "$command"
is "$(stage_proofs | awk '{ print $1, $5 }' | sort)" \
	"_acme-challenge.a.example.test. \"$V2\"
_acme-challenge.b.example.test. \"$V1\"" '... and removes that value alone'
again
is "$rc $(rows)" '0 0' 'the other one goes by itself'
is "$(stage_proofs | awk '{ print $5 }')" "\"$V2\"" '... from its zone'
done_testing
