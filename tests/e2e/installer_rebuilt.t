#!/bin/sh
# SPDX-License-Identifier: MIT
# A host that was built anew has nothing but its configuration; the store has a
# certificate of the key that was lost. Each run says what to do next, or for
# what it waits.
# shellcheck disable=SC2034,SC2119,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "fixed";
files = ( { file = "full.pem"; format = "fullchain"; } );
END
key=$T/host.key full=$DIR/full.pem
host_conf
decide() { # STATE [REASON]
	sqlite3 "$DB" "UPDATE host_requests SET state = '$1',
		reason = NULLIF('${2-}', ''), ts_decided = 1
		WHERE state = 'pending'"
}
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
mv "$key" "$T/lost.key"

run host
is "$rc" 1 "without the key"
like "$err" "$NAME: refused: $key: cannot be read: No such file or directory; put it there, or run: certrepo-installer --request $NAME, which makes one and asks for its certificate\$" \
	"... says what makes one"
run host --request $NAME
is "$rc $err" "0 " "that does"
run host
is "$rc" 1 "until it is approved"
like "$err" "$NAME: refused: the certificate in the store belongs to another key than $key; put that one there, or approve the request of this one, on the central host: certrepo-populate pending\$" \
	"... says for what it waits"
decide rejected 'which host is this?'
run host
run host
like "$err" "put that one there, or ask for a certificate of this one once more, here: certrepo-installer --request $NAME \(the last request was rejected: \"which host is this\?\"\)\$" \
	"rejected: that, why, and what to do"
run host --request $NAME
decide approved
run host
run host
like "$err" "put that one there, or wait for the certificate of this one: its request was approved\$" \
	"approved: that"
KEY=$key issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(cert_fp "$full")" "0 $(cert_fp "$T/two.crt")" \
	"... and then it is installed"

# --- with its certificate still there ---
mv "$key" "$T/away.key"
run host
is "$rc" 1 "the key alone is lost"
like "$err" "the key of the installed certificate: $key: cannot be read: No such file or directory; put it back, the service may fail at its next restart; if it is lost, run: certrepo-installer --request $NAME, which makes another\$" \
	"... says what to do when it cannot be put back"
mv "$T/away.key" "$key"
run host
is "$rc $err" "0 " "it can"

# --- taken away on the centre ---
sqlite3 "$DB" "DELETE FROM certs"
run host
is "$rc" 1 "the certificate was removed on the centre"
like "$err" "no certificate named $NAME .*; to ask for it, run: certrepo-installer --request $NAME, or take it out of installer.conf; what is in place stays" \
	"... both ways are offered"
done_testing
