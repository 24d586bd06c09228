#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that has several chains for one certificate (RFC 8555 section 7.4.2):
# the preferred one is stored; of those that misbehave none costs the
# certificate; what there are is learnt, at the price of a few requests a day.
# shellcheck disable=SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=www.example.test
col() { # COLUMN
	sql "SELECT $1 FROM certs WHERE name = '$N'"
}
# PREFERRED_CHAIN; nothing was ordered, nothing is known.
begin() {
	scripted_reset
	STAGE_CA=${1:+"preferred_chain = \"$1\";"}
	stage_conf
}
again() { # another order, at once
	: >"$REQUESTS"
	sql "UPDATE certs SET ts_due = 0, renew = 1"
	run fetcher --once
}
# ROOT: the stored chain leads there, and to no other.
leads() { # ROOT TEST
	col crt >"$T/crt.pem"
	col ca >"$T/ca.pem"
	ok "$2" openssl verify -purpose sslserver -CAfile "$1" \
		-untrusted "$T/ca.pem" "$T/crt.pem"
}
chains() {
	sql "SELECT chains FROM cas" | cut -f1 | grep . |
		sort | paste -sd,
}

STAGE_EXTRA='order_timeout = "12s";'
scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'

# --- the default one ---
begin
run fetcher --once
is "$rc" 0 'a CA with one chain'
plain=$(wc -l <"$REQUESTS")
leads "$PEBBLE_ROOT" '... which is stored'
is "$(chains)" 'scripted root' '... and known'
offer '{"alternates": [1, 2]}'
again
# the account and its first nonces are there
is "$rc:$(requests alternate)" 0:0 'others, the same day: not asked for'
again
same=$(wc -l <"$REQUESTS")
ok '... an order costs no request more' test "$same" -le "$plain"

begin
run fetcher --once
is "$rc" 0 'a CA with three chains'
leads "$PEBBLE_ROOT" '... the first is stored'
is "$(requests alternate)" 2 '... the others are looked at'
is "$(chains)" 'scripted root,scripted root 1,scripted root 2' '... and known'
again
is "$rc:$(requests alternate)" 0:0 '... once a day'
is "$(wc -l <"$REQUESTS")" "$same" '... an order costs no request more'

# --- the preferred one ---
offer '{"alternates": ["404", "garbage", "other-key", "http", "relative", 1, 2]}'
begin 'scripted root'
run fetcher --once
is "$rc" 0 'the default one is the preferred one'
again
is "$rc:$(requests alternate)" 0:0 '... no other is asked for'
begin 'scripted root 2'
run fetcher --once
is "$rc" 0 'the preferred one is behind some that are of no use'
leads "$ROOT_2" '... and is stored'
like "$(chains)" 'scripted root,scripted root 1,scripted root 2' '... all are known'
again
is "$rc:$(requests alternate):$(requests newOrder)" 0:5:1 \
	'... each time it is looked for'
begin "$(sql "SELECT chains FROM cas" | sed -n 's/^scripted root 2	//p' | cut -f1 |
	sed 's/../&:/g; s/:$//' | tr a-f A-F)"
run fetcher --once
is "$rc" 0 'by its fingerprint, as openssl prints it'
leads "$ROOT_2" '... that one is stored'
begin 'CN=scripted root 2'
run fetcher --once
is "$rc" 0 'by the whole name of its issuer'
leads "$ROOT_2" '... that one is stored'
offer '{"alternates": ["cross"], "links": "joined"}'
begin 'scripted old root'
run fetcher --once
is "$rc" 0 'a longer chain'
leads "$ROOT_OLD" '... is stored'
is "$(grep -c BEGIN "$T/ca.pem")" 2 '... whole'
offer '{"alternates": [3], "links": "odd"}'
begin 'scripted root 3'
run fetcher --once
is "$rc" 0 'a header in a way that is rare'
leads "$ROOT_3" '... is read'

# --- no such chain ---
offer '{"alternates": [1]}'
begin 'ISRG Root X1'
run fetcher --once
is "$rc" 0 'none is the preferred one'
leads "$PEBBLE_ROOT" '... the default one is stored'
like "$err" 'no chain like its preferred_chain "ISRG Root X1"' '... with a warning'
like "$err" '"scripted root" \(SHA-256 [0-9a-f]{64}\), "scripted root 1" \(' \
	'... which says what there is'
offer '{"alternates": ["loop"]}'
begin 'ISRG Root X1'
run fetcher --once
is "$rc:$(requests alternate)" 0:1 'one that leads to others: not followed further'
offer '{"alternates": ["many"]}'
begin 'ISRG Root X1'
run fetcher --once
is "$rc:$(requests alternate)" 0:10 'very many: ten are looked at'
offer '{"alternates": ["host"]}'
begin 'ISRG Root X1'
run fetcher --once
is "$rc" 0 'on a host that is not there'
leads "$PEBBLE_ROOT" '... the certificate is there'

# --- the CA is in trouble with them ---
offer '{"alternates": [1]}'
for f in 500 html garbage empty cut-before endless redirect 403 hang; do
	begin 'scripted root 1'
	fault $f alternate -1
	run fetcher --once
	is "$rc:$(col fail_class)$(sql 'SELECT backoff_until FROM cas')" 0:0 \
		"$f: the certificate is there, the CA is not blamed"
	leads "$PEBBLE_ROOT" '... by the default chain'
done

# --- a run that is killed, or told to stop, while it looks for one ---
for how in KILL TERM; do
	begin 'scripted root 1'
	fault hang alternate 1
	timeout 60 "$BUILD/certrepo-fetcher" -c "$CONF" --once 2>"$T/err" &
	_timeout=$!
	wait_for 15 grep -q '"alternate"' "$REQUESTS" || bail 'it does not ask'
	kill -$how "$(pgrep -P $_timeout)"
	wait "$_timeout" 2>/dev/null
	is "$(col crt)" '' "SIG$how: nothing is stored yet"
	fault clear
	sql 'UPDATE certs SET lease_until = 0, lease_owner = NULL'
	run fetcher --once
	is "$rc:$(requests newOrder):$(requests finalize)" 0:1:1 \
		'... the next run goes on with the order'
	leads "$ROOT_1" '... and stores the preferred chain'
done
# Only learnt: the certificate is there before.
begin
fault hang alternate 1
timeout 60 "$BUILD/certrepo-fetcher" -c "$CONF" --once 2>"$T/err" &
_timeout=$!
wait_for 15 grep -q '"alternate"' "$REQUESTS" || bail 'it does not ask'
leads "$PEBBLE_ROOT" 'what others there are is asked when one is stored'
kill -TERM "$(pgrep -P $_timeout)"
wait "$_timeout"
is $? 0 '... and a signal that ends it ends a run that did its work'
stop scripted

# --- pebble ---
STAGE_DIRECTORY=''
pebble_start PEBBLE_VA_ALWAYS_VALID=1 PEBBLE_ALTERNATE_ROOTS=2 \
	PEBBLE_CHAIN_LENGTH=3 || bail 'no pebble'
pebble_root 2 >"$T/root2.pem" || bail 'no other root'
cn() { # FILE: of its subject
	openssl x509 -in "$1" -noout -subject -nameopt multiline |
		sed -n 's/.*commonName *= //p'
}
by_pebble() { # [PREFERRED_CHAIN]
	sql 'DELETE FROM cas'
	STAGE_CA=${1:+"preferred_chain = \"$1\";"}
	stage_conf
	again
}
by_pebble "$(cn "$T/root2.pem")"
is "$rc" 0 'pebble: the second of its other chains is preferred'
leads "$T/root2.pem" '... and stored'
is "$(grep -c BEGIN "$T/ca.pem")" 3 '... with all of its intermediates'
is "$(sql 'SELECT chains FROM cas' | grep -c .)" 3 '... all three are known'
by_pebble
is "$rc" 0 'none is preferred'
leads "$PEBBLE_ROOT" '... the default one is stored'
is "$(sql 'SELECT chains FROM cas' | grep -c .)" 3 '... all three are known'
done_testing
