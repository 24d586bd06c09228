#!/bin/sh
# SPDX-License-Identifier: MIT
# Going back by hand: it says to what, and that a certificate of another key
# will not be served for long.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain-key"; } );
END
host_conf
for n in 1 2 3; do
	issue_nth "$T/c$n" $n || bail "cannot issue"
done
run host --rollback web
is "$rc" 1 "nothing was installed yet"
like "$err" 'service web: there is no backup to go back to' "... says so"
store_put $NAME "$T/c1"
run host
store_put $NAME "$T/c2"
run host
is "$rc" 0 "two renewals"
run host --rollback web
is "$rc" 0 "back"
like "$out" "^web: $NAME: went back to the certificate before, valid until 2" \
	"... says to what"
ok "... is there" grep -qxF "$(sed -n 2p "$T/c1.crt")" "$DIR/current/full.pem"

# Another key, and its certificate; back behind that.
store_put $NAME "$T/c3"
run host
rm "$T/host.key" && make_key "$T/host.key" ec
issue_nth "$T/c4" 4 || bail "cannot issue"
store_put $NAME "$T/c4"
run host
is "$rc" 0 "a new key"
run host --rollback web
is "$rc" 1 "back behind a new key"
like "$err" "service web: $NAME: .*host.key is not the key of the installed certificate" \
	"... says that it will not do"
done_testing
