#!/bin/sh
# SPDX-License-Identifier: MIT
# The installer and a real nginx: first installation, nothing to do, renewal,
# missed reload, rollback by hand, dry run.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"

# --- nothing issued yet ---
placeholder
nginx_run || bail "nginx does not start"
old=$(served)
run host
is "$rc $out$err" "0 " "enrolled, not issued: silent, nothing to do"
is "$(served)" "$old" "... and the placeholder is still served"

# --- first installation ---
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host -n
is "$rc" 0 "dry run"
like "$out" "install $NAME" "... says what it would install"
like "$out" "write $DIR/current/fullchain.pem" "... and where"
like "$out" "activate with \"nginx .*-s reload\"" "... and how it is activated"
is "$(served)" "$old" "... and does nothing"
run host
is "$rc" 0 "the first certificate is installed"
ok "the host says that it is alive" test \
	"$(sqlite3 "$DB" "SELECT state FROM installs WHERE name = ''")" = alive
like "$err" '^(certrepo-installer: served .*)?$' "... without a word but the event"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and served"
is "$(on_disk)" "$(cert_fp "$T/one.crt")" "... and on disk"
cat "$T/one.crt" "$T/one.ca" >"$T/want.pem"
tls_chain "$NGINX_PORT" $NAME >"$T/got.pem"
is "$(cat "$T/got.pem")" "$(cat "$T/want.pem")" "... with its intermediate"
is "$(receipt "$at")" served "... which the endpoint's receipt says"
is "$(receipt '')" served "... and the certificate's"
ok "nothing half-done is left" tidy
ok "generations are folders of their own" test -L "$DIR/current"

# --- nothing to do ---
run host
is "$rc $out$err" "0 " "nothing to do: silent"
run host --verify
is "$rc" 0 "--verify: as installed"
like "$out" "$at: $(cert_fp "$T/one.crt") until .* as installed" "... prints it"

# --- renewal ---
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host -v
is "$rc" 0 "the second one"
like "$err" "served service=web name=$NAME" "... one line with -v"
is "$(served)" "$(cert_fp "$T/two.crt")" "... is served"

# --- a missed reload heals ---
issue_nth "$T/three" 3
cat "$T/three.crt" "$T/three.ca" >"$(readlink -f "$DIR/current")/fullchain.pem"
store_put $NAME "$T/three"
run host --verify
is "$rc" 1 "--verify: on disk, not served"
like "$out" "serves another certificate" "... says so"
run host
is "$rc" 0 "a missed reload is caught up with"
is "$(served)" "$(cert_fp "$T/three.crt")" "... served now"

# --- a chain alone changes ---
cat "$T/pki/sub/ca.pem" "$T/pki/ca.pem" >"$T/three.ca"
store_put $NAME "$T/three"
run host
is "$rc $err" "0 " "a root in the store is not installed nor sent: nothing to do"

# --- never a step back ---
store_put $NAME "$T/one"
run host
is "$rc" 1 "an older certificate in the store is refused"
like "$err" "begins on .* before the one here" "... with the reason"
is "$(served)" "$(cert_fp "$T/three.crt")" "... and not installed"
is "$(receipt '')" refused "... and the receipt says so"
run host
is "$rc $err" "1 " "... told once, not every hour"
run host --force
is "$rc" 0 "--force goes back"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and it is served"

# --- rollback by hand ---
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
run host
is "$(served)" "$(cert_fp "$T/four.crt")" "the fourth one is served"
run host --rollback web
is "$rc" 0 "--rollback"
like "$out" "^web: $NAME: went back to the certificate before, valid until 2" \
	"... says to what"
is "$(served)" "$(cert_fp "$T/one.crt")" "... the one before is served"
run host
is "$rc $err" "0 " "... and held"
is "$(served)" "$(cert_fp "$T/one.crt")" "... the next run leaves it"
run host -v
like "$rc $err" "^0 .*service web: $NAME: held: .* was rolled back on this host" "... -v says so"
run host --status
is "$rc" 1 "... and --status"
like "$out" 'held .*the files
.*was rolled back on this host' "... with the reason"
issue_nth "$T/five" 5 && store_put $NAME "$T/five"
run host
is "$rc" 0 "a newer one ends the hold"
is "$(served)" "$(cert_fp "$T/five.crt")" "... and is served"
_sign "$T/pki" "$T/pki/sub/ca.csr" "$T/five.ca" 29 \
	'basicConstraints=critical,CA:TRUE' \
	'keyUsage=critical,keyCertSign,cRLSign' || bail "cannot sign again"
five=$(tls_chain "$NGINX_PORT" $NAME)
store_put $NAME "$T/five"
run host
is "$rc $(tls_chain "$NGINX_PORT" $NAME)" \
	"0 $(cat "$T/five.crt" "$T/five.ca")" "another chain alone is served"
run host -v --rollback web
is "$rc" 0 "--rollback of it"
like "$err" "served service=web .* until=2[0-9-]*T[^ ]* by=rollback" \
	"... the event has its date, and whose wish it was"
is "$(tls_chain "$NGINX_PORT" $NAME)" "$five" "... the chain before is served"
run host
is "$rc $err" "0 " "... and held"
is "$(tls_chain "$NGINX_PORT" $NAME)" "$five" "... the next run leaves it"
run host --rollback nothing
is "$rc" 64 "--rollback of what is not there"

# However often: neither of two that somebody went back from comes again.
for n in 11 12; do
	issue_nth "$T/back$n" $n && store_put $NAME "$T/back$n"
	run host
	is "$rc $(served)" "0 $(cert_fp "$T/back$n.crt")" "a new one"
	run host --rollback web
	is "$rc $(tls_chain "$NGINX_PORT" $NAME)" "0 $five" "... gone back from"
done
for n in 11 12; do
	store_put $NAME "$T/back$n"
	run host
	is "$rc $err$(tls_chain "$NGINX_PORT" $NAME)" "0 $five" "... is still held"
done

# --- keeps N generations ---
for n in 16 17 18 19; do
	issue_nth "$T/n$n" $n && store_put $NAME "$T/n$n" && run host
done
is "$(served)" "$(cert_fp "$T/n19.crt")" "more renewals"
is "$(find "$DIR" -maxdepth 1 -type d -name '20*' | wc -l)" 4 \
	"three generations and the present one are kept"
is "$(ls "$T/state/backup/web" | wc -l)" 3 "... and three backups"
ok "nothing half-done is left" tidy

# --- modes mend themselves ---
chmod 600 "$(readlink -f "$DIR/current")/fullchain.pem"
run host
is "$rc $(stat -L -c %a "$DIR/current/fullchain.pem")" "0 644" \
	"a changed mode is put right"

# --- a heartbeat now and then, nothing in between ---
sqlite3 "$DB" 'DELETE FROM installs'
rm -f "$T/state/sent" # or they are sent again
run host
is "$(sqlite3 "$DB" 'SELECT COUNT(*) FROM installs')" 0 "an idle run writes nothing"
echo 1 >"$T/state/heartbeat"
run host
is "$rc $(receipt "$at") $(receipt '') $(receipt '' '')" "0 served served alive" \
	"once a day it says that all is well"
sqlite3 "$DB" "INSERT INTO installs (host, name, service, endpoint, state, ts)
	VALUES ('host1', '$NAME', 'web', '127.0.0.1:1', 'failed', 1),
	('host1', '$NAME', 'gone', '', 'failed', 1),
	('host2', '$NAME', 'gone', '', 'failed', 1)"
run host
is "$(sqlite3 "$DB" 'SELECT COUNT(*) FROM installs')" 6 "an idle run deletes nothing"
echo 1 >"$T/state/heartbeat"
run host
is "$rc $(sqlite3 "$DB" "SELECT host, service FROM installs WHERE state = 'failed'")" \
	"0 host2|gone" "what is configured no more is said no more"
is "$(receipt "$at") $(receipt '') $(receipt '' '')" "served served alive" \
	"... the rest stays"
HOST_EXTRA='report = false;' && host_conf
sqlite3 "$DB" 'DELETE FROM installs'
rm -f "$T/state/sent" # or they are sent again
echo 1 >"$T/state/heartbeat"
issue_nth "$T/n20" 20 && store_put $NAME "$T/n20" && run host
is "$rc $(served)" "0 $(cert_fp "$T/n20.crt")" "report = false: installed"
is "$(sqlite3 "$DB" 'SELECT COUNT(*) FROM installs')" 0 "... and not told"

# --- looking only now and then ---
HOST_EXTRA='recheck = "1h";' && host_conf
run host
stop nginx
run host
is "$rc $err" "0 " "recheck: within the hour nobody looks"
run host --force
is "$rc" 1 "... unless forced"

# --- a turn of its own ---
HOST_EXTRA='splay = "12h";' && host_conf
RUN_TIMEOUT=1 run host
is "$rc" 124 "splay: it waits for its turn"
run host --now
isnt "$rc" 124 "... but not with --now"
run host $NAME
isnt "$rc" 124 "... nor when asked for by name"
done_testing
