#!/bin/sh
# SPDX-License-Identifier: MIT
# Renewal information with pebble 2.6: a window, and one that moves because the
# certificate was revoked.
# shellcheck disable=SC1091,SC2154,SC2034 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"

PEBBLE26=1
DNS_PORT=9 # nobody there: pebble believes, http-01 needs none
PEBBLE_VALIDITY=8640000 # 100 days
N=www.example.test
seconds() { # start | end: of the window
	date -d "$(printf '%s\n' "$window" |
		sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p")" +%s
}

stage_start PEBBLE_VA_ALWAYS_VALID=1 || bail 'no pebble'
stage_store sqlite || bail 'no store'
for n in $N other.example.test; do
	enrol "$n" ec "$n" || bail 'cannot enrol'
	run populate set "$n" challenge=http-01 webroot_path="$WEBROOT"
done
run fetcher --once
is "$rc" 0 'issued'
like "$(sql 'SELECT renewal_info FROM cas')" 'renewalInfo$' \
	'it has renewal information'
sql 'UPDATE certs SET ts_ari_poll = 0'
run fetcher --once -v
is "$rc" 0 'asked'
like "$err" 'asked=2 windows=2 due=0' '... and answered'
cert_ok $N 'as before'
window=$(pebble_window "$T/crt.pem")
is "$(sql "SELECT ari_start || ' ' || ari_end FROM certs WHERE name = '$N'")" \
	"$(seconds start) $(seconds end)" 'the window is what another client sees'
is "$(sql "SELECT ts_ari >= ari_start AND ts_ari < ari_end AND ts_due = ts_ari
	FROM certs WHERE name = '$N'")" 1 'due at an instant in it'

first=$(cert_fp "$T/crt.pem")
run "$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" "$PEBBLE_DIR" \
	"$PEBBLE_CA" "$T/state/account.pem" revoke "$T/crt.pem"
is "$rc" 0 'it is revoked'
# of today, it would be replaced tomorrow
sql 'UPDATE certs SET ts_ari_poll = 0, ts_not_before = ts_not_before - 172800'
run fetcher --once -v
is "$rc" 0 'asked again'
like "$err" '1 certificate renewed at once' 'its window has moved'
like "$err" "due name=$N reason=.the CA asks for it" 'it is due'
cert_ok $N 'renewed in the same run'
isnt "$(cert_fp "$T/crt.pem")" "$first" '... another certificate'
is "$(sql "SELECT ts_ari FROM certs WHERE name = '$N'")" 0 \
	'of which nothing is known yet'
is "$(sql "SELECT count(*) FROM attempts WHERE outcome <> 'ok'")" 0 \
	'nothing was refused'
done_testing
