#!/bin/sh
# SPDX-License-Identifier: MIT
# --request on SQLite, with a real nginx: a first key and its certificate; the
# next key beside the one in use, which go live together, or go back together;
# what was decided is told; max_key_age.
# shellcheck disable=SC2154,SC2034 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
key=$T/host.key next=$T/state/next/$NAME
sqlite3 "$DB" "DELETE FROM certs"
rm -rf "$DIR" "$key"

requests() { # COLUMNS: of all requests, the oldest first
	sqlite3 "$DB" "SELECT $1 FROM host_requests ORDER BY id"
}
decide() { # STATE [REASON [AS]]
	sqlite3 "$DB" "UPDATE host_requests SET state = '$1',
		reason = NULLIF('${2-}', ''), as_name = NULLIF('${3-}', ''),
		ts_decided = 1 WHERE state = 'pending'"
}
pub() { # FILE: of a key
	openssl pkey -in "$1" -pubout
}
# The pair on disk: a certificate, and its key.
fits() {
	[ "$(openssl x509 -in "$DIR/current/fullchain.pem" -noout -pubkey)" = \
		"$(pub "$key")" ]
}

# --- a first one ---

run host
is "$rc" 1 "a name that the store does not have"
like "$err" "the store has no certificate named .*to ask for it, run: certrepo-installer --request $NAME" \
	"... says how it is asked for"
run host --status
is "$rc" 1 "... and --status"
like "$out" "refused .*" "... tells of it"
run host --request -n
is "$rc $err" "0 " "--request -n"
like "$out" "^$NAME: would have made a key \(P-256\): $key\$" \
	"... says what it would do"
like "$out" "^$NAME: would ask for a certificate\$" "... and ask"
not_ok "... and does nothing" test -e "$key"
is "$(requests 'count(*)')" 0 "... not in the store either"
run host --request
is "$rc $err" "0 " "--request"
like "$out" "^$NAME: made a key \(P-256\): $key\$" "... makes a key, and says so"
like "$out" "^$NAME: asked for a certificate; who approves it, on the central host: certrepo-populate pending\$" \
	"... and who is to act"
is "$(stat -c '%a %u' "$key")" "600 $(id -u)" "... for its owner alone"
like "$(openssl pkey -in "$key" -noout -text)" 'P-256' "... as it says"
is "$(requests "host, name, state, new_key, account")" "host1|$NAME|pending|0|" \
	"... and asks in this host's name"
requests csr >"$T/sent.csr"
ok "the CSR is good" openssl req -in "$T/sent.csr" -noout -verify
is "$(openssl req -in "$T/sent.csr" -noout -pubkey)" "$(pub "$key")" \
	"... of that key"
like "$(openssl req -in "$T/sent.csr" -noout -text)" "DNS:$NAME\$" \
	"... for its name"
is "$(requests key_sha256)" \
	"$(openssl pkey -in "$key" -pubout -outform DER | sha256sum | cut -d' ' -f1)" \
	"... and says which key that is"
unlike "$(strings "$DB" "$T"/state/* 2>/dev/null)" 'PRIVATE KEY' \
	"the key is nowhere else"

pub "$key" >"$T/first.pub"
run host --request
is "$rc $err" "0 " "--request once more"
is "$(requests 'count(*), max(id)')" "1|1" "... is the same request"
is "$(pub "$key")" "$(cat "$T/first.pub")" "... of the same key"
run host --request --print $NAME
is "$rc $err" "0 " "--request --print"
is "$out" "$(cat "$T/sent.csr")" "... prints what was sent, and nothing else"
run host -v
is "$rc" 0 "a run meanwhile"
like "$err" "$NAME: asked for, waits to be approved\$" "... says with -v for what"
unlike "$err" 'enrolled|well-again' "... and not that all is well"
run host
is "$rc $out$err" "0 " "... without it is silent: it waits"
run host --status
is "$rc" 0 "... which is no fault"
unlike "$out" 'refused|no certificate named' \
	"... of what was refused before, nothing is left"
like "$out" "^$NAME: a certificate was asked for \(.*\), and waits to be approved\$" \
	"--status says so"

# --- decided ---

decide rejected 'this is not "our" name'
run host
like "$err" "$NAME: the request for a certificate \(.*\) was rejected: \"this is not 'our' name\"\$" \
	"rejected: the reason is told"
run host
like "$err" "to ask for it, run: certrepo-installer --request $NAME, or take it out of installer.conf; the last request \(.*\) was rejected: \"this is not 'our' name\"\$" \
	"... and with what the store does not have"
run host
unlike "$err" 'rejected' "... once"
run host --status
is "$rc" 1 "... and --status"
like "$out" "$NAME: .* was rejected: \"this is not 'our' name\"" "... shows it"
run host --request
is "$rc $(requests 'state')" "0 pending" "asked again, it is to be decided again"
decide approved '' "$NAME+host1"
run host
like "$err" "$NAME: the request .* was approved as \"$NAME\+host1\": put that name into installer.conf" \
	"approved under another name: told what to do"
sqlite3 "$DB" "DELETE FROM host_requests"
rm "$T/state/requests"
run host --request
decide approved
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" add $NAME \
	--csr "$T/sent.csr" --enable
is "$rc" 0 "the centre takes its CSR"
run host
is "$rc $out$err" "0 " "approved, not issued: silent"
run host -v
like "$err" "$NAME: enrolled, not issued yet\$" "... but with -v"
run host --status
like "$out" "$NAME: a certificate was asked for \(.*\), and approved; the CA has its turn" \
	"... and --status says so"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
nginx_conf "$DIR/current/fullchain.pem" "$key"
run host
ok "its certificate is installed, with its key" fits
nginx_run || bail "nginx does not start"
run host
is "$(served)" "$(cert_fp "$T/one.crt")" "... and served"
run host --status
unlike "$out" 'asked for' "... and nothing is asked for any more"
run host --request -v
is "$rc" 0 "--request with a key and a certificate"
like "$out" "$NAME: has a key and a certificate; left as it is" "... leaves them"
is "$(requests 'count(*)')" 1 "... and asks nobody"

# a key that was lost: what is in place is not of the one that was made for it
mv "$key" "$T/lost.key"
run host --request
is "$rc" 0 "--request where the key was lost"
run host
is "$rc" 1 "... until it is approved"
like "$err" "$key is not the key of the installed certificate, .*; put the right one back, or approve the request of this one, on the central host: certrepo-populate pending" \
	"... a run says what is missing"
unlike "$err" 'ask for a certificate' "... and not to ask again"
mv "$T/lost.key" "$key"
sqlite3 "$DB" "DELETE FROM host_requests WHERE state = 'pending'"
rm "$T/state/requests"
run host
is "$rc" 0 "the lost one is put back"
rm -f "$T/state/requests"

# --- a name more ---

HOST_CERT="key = \"$key\"; names = [ \"$NAME\", \"more.example.test\" ];"
host_conf
run host
is "$rc" 0 "a name was added to names: the certificate stays"
like "$err" "^.*$NAME: what is in place is not for more.example.test, which \`names\` has: certrepo-installer --request $NAME asks for one that is\$" \
	"... which is told at once, with what to do"
run host --request $NAME
is "$rc $err" "0 " "--request"
like "$out" "^$NAME: asked for a certificate" "... asks for one that is"
is "$(requests 'state, new_key')" "pending|0" "... with the same key"
requests csr >"$T/sent.csr"
like "$(openssl req -in "$T/sent.csr" -noout -text)" \
	"DNS:$NAME, DNS:more.example.test\$" "... for both names"
is "$(openssl req -in "$T/sent.csr" -noout -pubkey)" "$(pub "$key")" \
	"... its key"
run host
is "$rc $out$err" "0 " "... and then it waits, in silence"
HOST_CERT="key = \"$key\";"
host_conf
decide approved
rm -f "$T/state/requests"

# --- the next key ---

chmod 640 "$key"
was=$(stat -c '%a %u %g' "$key")
run host --request --new-key
is "$rc" 64 "--new-key needs a name"
run host --request --new-key $NAME
is "$rc $err" "0 " "--request --new-key"
like "$out" "^$NAME: made its next key \(P-256\); the one in use stays until a certificate of it is here\$" \
	"... makes one beside it"
is "$(stat -c '%a %u' "$next" "$(dirname "$next")")" \
	"600 $(id -u)
700 $(id -u)" "... for root alone"
is "$(pub "$key")" "$(cat "$T/first.pub")" "... the one in use stays"
is "$(requests "state, new_key" | tail -1)" "pending|1" "... and is asked for"
pub "$next" >"$T/second.pub"
run host --request --new-key $NAME
is "$(pub "$next") $(requests 'count(*)')" "$(cat "$T/second.pub") 2" \
	"once more is once"
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc" 0 "meanwhile the old key's certificate is renewed"
is "$(served)" "$(cert_fp "$T/two.crt")" "... and served"
ok "... with its key" fits
decide rejected 'too early'
run host
like "$err" "$NAME: the request for a certificate of its next key .* was rejected: \"too early\"" \
	"one that is rejected is told"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(served)" "0 $(cert_fp "$T/three.crt")" "... and stops no renewal"
run host --request --new-key $NAME
decide approved
KEY=$next issue_nth "$T/four" 4
store_put $NAME "$T/four"
run host -n
like "$out" "^web:   write $key \(the next key\)\$" "-n says that the key changes"

# it fails: both go back
NGINX_COMMAND='"false"'
host_conf
run host
is "$rc" 1 "a change that fails"
like "$err" 'rolled back' "... is rolled back"
is "$(pub "$key")" "$(cat "$T/first.pub")" "... to the key before"
ok "... and its certificate" fits
is "$(served)" "$(cert_fp "$T/three.crt")" "... which is served"
ok "... the next key stays" test -s "$next"
ok "... nothing half-done is left" tidy
NGINX_COMMAND=''
host_conf
run host --force
is "$rc" 0 "then it succeeds"
is "$(served)" "$(cert_fp "$T/four.crt")" "... and is served"
is "$(pub "$key")" "$(cat "$T/second.pub")" "... with the next key"
ok "... the pair on disk fits" fits
is "$(stat -c '%a %u %g' "$key")" "$was" "... of the mode and owner as before"
not_ok "... which is no next one any more" test -e "$next"
ok "... nothing half-done is left" tidy
run host
is "$rc $out$err" "0 " "and again: silent"

# back, and forth
run host --rollback $NAME
is "$rc" 0 "--rollback"
is "$(pub "$key")" "$(cat "$T/first.pub")" "... goes back to the key before"
ok "... with its certificate" fits
is "$(served)" "$(cert_fp "$T/three.crt")" "... which is served"
is "$(pub "$next")" "$(cat "$T/second.pub")" \
	"... and the other is the next one again"
run host
is "$(served)" "$(cert_fp "$T/three.crt")" "... it stays so"
run host --force
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "until a person says otherwise"
ok "... with its key" fits
not_ok "... again none is next" test -e "$next"

# --- by itself ---

HOST_EXTRA='max_key_age = "100d";'
HOST_CERT="key = \"$key\"; key_type = \"rsa2048\";"
host_conf
touch -d '99 days ago' "$key"
run host
is "$rc $err$(ls "$T/state/next")" "0 " "a key that is not so old"
touch -d '111 days ago' "$key"
run host
is "$rc $err$(ls "$T/state/next")" "0 " "one that is, but was asked for just now"
rm "$T/state/requests"
before=$(requests 'count(*)')
run host
is "$rc $out" "0 " "one that is older"
is "$(requests 'state, new_key' | tail -1)" "pending|1" "... is asked for"
is "$(requests 'count(*)')" "$((before + 1))" "... once"
like "$(openssl pkey -in "$next" -noout -text)" '2048 bit' \
	"... of the kind that is configured"
run host
is "$(requests 'count(*)')" "$((before + 1))" "... and not again"
decide rejected 'no need'
run host
run host
is "$(requests 'count(*)')" "$((before + 1))" "... nor when it was rejected"
KEY=$next issue_nth "$T/five" 5
store_put $NAME "$T/five"
run host
is "$rc $(served)" "0 $(cert_fp "$T/five.crt")" \
	"a certificate of it is taken all the same"
ok "... with its key" fits
touch -d '111 days ago' "$key"
run host
is "$rc $err$(ls "$T/state/next")" "0 " \
	"a file that says that it is old again is not believed so soon"

# --- a clock that was far ahead, once ---

ahead=4102444800 # 2100
# Whatever is remembered was written then.
set_ahead() {
	awk -F '\t' -v OFS='\t' -v t=$ahead '$1 == "request" { $6 = t } 1' \
		"$T/state/requests" | grep -v '^.end' >"$T/ahead"
	printf '\\end\t%s\t%s\n' "$(grep -c '^request' "$T/ahead")" \
		"$(sha256sum <"$T/ahead" | cut -d' ' -f1)" >>"$T/ahead"
	cat "$T/ahead" >"$T/state/requests"
}
before=$(requests 'count(*)')
set_ahead
run host
is "$rc $(requests 'count(*)')" "0 $((before + 1))" \
	"when it was asked for is yet to come: max_key_age asks all the same"
run host
is "$rc $(requests 'count(*)')" "0 $((before + 1))" "... once"
sqlite3 "$DB" "DELETE FROM host_requests; ALTER TABLE host_requests
	RENAME TO away"
rm "$T/state/requests" "$next"
run host
like "$err" 'no new one could be asked for' "one that could not be sent"
sqlite3 "$DB" "ALTER TABLE away RENAME TO host_requests"
run host
is "$(requests 'count(*)')" 0 "... is not sent at once"
set_ahead
run host
is "$(requests 'count(*)')" 1 "... but when that is yet to come"
rm "$T/state/requests"
touch -d "@$ahead" "$key"
HOST_EXTRA='max_key_age = "100d"; key_age = "1000d";'
host_conf
run host
like "$err" "its key $key is of 2100-01-01T00:00:00Z; for a new one run" \
	"key_age tells a key of a time that is yet to come"
like "$err" "service web: $NAME: max_key_age does not know how old its key is: the time of $key, 2100-01-01T00:00:00Z, is yet to come; if this host's clock is right, run: touch $key\$" \
	"... and max_key_age what there is to do"
touch "$key"
run host
is "$rc $err" "0 " "... until it is touched"
printf %s "$ahead" >"$T/state/heartbeat"
run host --status
like "$rc $err" '^1 .*when a run last looked at this host with a store that answers is not known: 2100-01-01T00:00:00Z is yet to come' \
	"--status takes no run of then for one that looks"
run host
run host --status
is "$rc $err" "0 " "... and the next run mends that"
done_testing
