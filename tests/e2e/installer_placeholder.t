#!/bin/sh
# SPDX-License-Identifier: MIT
# --placeholder and a real nginx: it does not start without a certificate,
# starts with the placeholder, serves a first certificate in its place; every
# layout, key and thing in the way; a kill at each step.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
rm -rf "$DIR"

# --- the hen and the egg ---
not_ok "nginx does not start without a certificate" nginx_test
host_without_store --placeholder -n
is "$rc" 0 "--placeholder -n"
like "$out" "^web: $NAME: would lay a placeholder, self-signed, until .*: $DIR/current/fullchain.pem\$" \
	"... says what it would do"
not_ok "... and does nothing" test -e "$DIR"
host_without_store --placeholder
is "$rc" 0 "--placeholder, with a store that does not answer"
like "$out" "^web: $NAME: laid a placeholder, self-signed, until [^ ]*: $DIR/current/fullchain.pem\$" \
	"... says so in a line"
like "$err" '^(certrepo-installer: placeholder service=web .*)?$' \
	"... and nothing else but the event"
ok "... nothing half-done is left" tidy
ok "... it is a set like any other" test -L "$DIR/current"
is "$(stat -c %a "$DIR/current/fullchain.pem")" 644 "... of the profile's mode"
is "$(ls "$T/state/backup" 2>/dev/null)" '' "... no backup is made"
is "$(openssl x509 -in "$DIR/current/fullchain.pem" -noout -pubkey)" \
	"$(openssl pkey -in "$T/host.key" -pubout)" "... of the host's key"
nginx_run || bail "nginx does not start"
placeholder=$(on_disk)
is "$(served)" "$placeholder" "nginx starts, and serves it"
run host --placeholder
is "$rc $err" "0 " "once more"
like "$out" "^web: $NAME: left as it is: $DIR/current is there, with a placeholder \(until .*\)\$" \
	"... says that nothing is to be done"
is "$(on_disk)" "$placeholder" "... and does nothing"

# --- what is said of it ---
run host
is "$rc $out$err" "0 " "enrolled, not issued: silent"
run host --status
is "$rc" 0 "--status"
like "$out" 'a placeholder, self-signed: no certificate from the store yet' \
	"... says what it is"
unlike "$out" 'EXPIRED|until' "... and of no end"
run host --verify
is "$rc" 0 "--verify"
like "$out" "$at: .*as installed: a placeholder, self-signed: no certificate from the store yet\$" \
	"... as well"
like "$(receipt_detail "$at")" 'a placeholder, self-signed' \
	"the store hears of it"

# --- it is replaced; a failure goes back to it ---
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
NGINX_COMMAND='"false"'
host_conf
run host
is "$rc" 1 "a first installation that fails"
like "$err" 'rolled back, the old set is served; what is in place is a placeholder, self-signed; the next run tries again' \
	"... says what is in place again"
is "$(served)" "$placeholder" "... which is served"
NGINX_COMMAND=''
host_conf
# older than the placeholder, and a folder of one that has ended
run host
is "$rc $out" "0 " "a first certificate, older than the placeholder"
is "$(served)" "$(cert_fp "$T/one.crt")" "... is served in its place"
run host --status
is "$rc" 0 "... all is well"
unlike "$out" placeholder "... and nothing of a placeholder"
run host --placeholder
is "$rc" 0 "--placeholder"
like "$out" "^web: $NAME: left as it is: $DIR/current is there\$" \
	"... leaves the certificate alone"
is "$(served)" "$(cert_fp "$T/one.crt")" "... which is served"
run host --rollback web
is "$rc" 1 "--rollback to the placeholder"
like "$err" 'what backup .* holds is a placeholder; nothing was changed' \
	"... is refused"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and nothing changed"
stop nginx
done_testing
