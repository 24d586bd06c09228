#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that was restored does not know what a host had asked for: the host
# sends it again, by itself, once in a while; what was rejected, is of a key
# that is gone, or may be there all the same, it does not.
# shellcheck disable=SC2154,SC2034 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

host_begin || bail "cannot set up a host"
PROFILE=files-only HOST_VERIFY=
key=$T/host.key next=$T/state/next/$NAME
sqlite3 "$DB" "DELETE FROM certs"
rm "$key"
host_conf

requests() { # COLUMNS: of all requests
	sqlite3 "$DB" "SELECT $1 FROM host_requests ORDER BY id"
}
lose() {
	sqlite3 "$DB" "DELETE FROM host_requests"
}
# What was tried is a day old.
day_later() {
	sed '$d' "$T/state/requests" | awk -F '\t' -v OFS='\t' \
		'$1 == "request" { $6 -= 86401 } { print }' >"$T/older"
	printf '\\end\t%s\t%s\n' "$(grep -c '^request' "$T/older")" \
		"$(sha256sum <"$T/older" | cut -d' ' -f1)" >>"$T/older"
	cat "$T/older" >"$T/state/requests"
}

run host --request
is "$rc $(requests 'state')" "0 pending" "asked for" || bail "$err"
requests csr >"$T/sent.csr"
lose
run host -n
is "$(requests 'count(*)')" 0 "lost: --dry-run sends nothing"
run host
is "$rc $out$err" "0 " "lost: the next run is silent"
is "$(requests 'state, name, host, new_key')" "pending|$NAME|host1|0" \
	"... and has sent it again"
is "$(requests csr)" "$(cat "$T/sent.csr")" "... the same one"
lose
run host -v
there=$(requests 'count(*), max(id)')
like "$err" "request-lost name=$NAME key=[0-9a-f]{64}" "... which -v says"
run host
is "$(requests 'count(*), max(id)')" "$there" "and again: once is enough"

# an error is no absence
sqlite3 "$DB" "ALTER TABLE host_requests RENAME TO away"
run host
is "$rc" 0 "where the store cannot tell"
like "$err" 'what became of requests is not known' "... that is said"
run host --status
like "$out" 'waits to be approved' "... and nothing else"
sqlite3 "$DB" "ALTER TABLE away RENAME TO host_requests"

# more than is taken
lose
sqlite3 "$DB" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	WHERE i < 100) INSERT INTO host_requests (account, host, name, csr,
	key_sha256, new_key, state, ts) SELECT '', 'host1', 'n' || i, 'x',
	'k' || i, 0, 'pending', 1 FROM n"
run host
like "$err" "$NAME: the store does not know its request any more, and it cannot be sent again: 100 requests of host1 wait" \
	"too many wait already: that is said"
run host --status
is "$rc" 1 "... needs somebody"
like "$out" "$NAME: a certificate could not be asked for \(.*\): 100 requests" \
	"... and is known"
lose
run host
is "$(requests 'count(*)')" 0 "... and not tried each time"
day_later
run host
is "$(requests 'state, name')" "pending|$NAME" "... but a day later"
run host --status
like "$out" "$NAME: a certificate was asked for .* waits to be approved" \
	"... then it waits"

# one that somebody decided
sqlite3 "$DB" "UPDATE host_requests SET state = 'rejected', reason = 'no'"
run host
like "$err" 'was rejected: "no"' "rejected"
lose
run host
is "$(requests 'count(*)')" 0 "... it is not sent again, when that is lost"
day_later
run host
is "$(requests 'count(*)')" 0 "... nor later"

# a key that is gone, or of nobody
run host --request
is "$(requests state)" pending "asked for, by hand"
lose
mv "$key" "$T/key.away"
run host
is "$(requests 'count(*)')" 0 "a key that is gone: nothing is sent"
not_ok "... nor made" test -e "$key"
run host --status
unlike "$out" 'waits to be approved' "... and nothing waits"
mv "$T/key.away" "$key"

# more names since
run host --request
lose
HOST_CERT="key = \"$key\"; names = [ \"$NAME\", \"more.example.test\" ];"
host_conf
run host
requests csr >"$T/sent.csr"
like "$(openssl req -in "$T/sent.csr" -noout -text)" \
	"DNS:$NAME, DNS:more.example.test\$" "sent again with the names of now"
HOST_CERT="key = \"$key\";"
host_conf

# --- of a next key ---

lose
rm "$T/state/requests"
store_row $NAME "$key" || bail "cannot enrol"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc" 0 "a certificate is installed" || diag "$err"
run host --request --new-key $NAME
is "$(requests 'state, new_key')" "pending|1" "its next key is asked for"
pub=$(openssl pkey -in "$next" -pubout)
run host --status --json
is "$rc $(printf '%s' "$out" | jq -c '.[] | [.service, .name, .endpoint, .state,
	.new_key, .key]' | tail -1)" \
	"0 [null,\"$NAME\",null,\"pending\",true,\"$(requests key_sha256)\"]" \
	"--status --json has it"
lose
run host
is "$rc $err$(requests 'state, new_key')" "0 pending|1" "lost: sent again"
is "$(openssl pkey -in "$next" -pubout)" "$pub" "... of the same key"
sqlite3 "$DB" "CREATE TABLE was AS SELECT * FROM host_requests;
	UPDATE host_requests SET state = 'approved', as_name = name"
run host
run host --status
like "$out" 'next key was asked for .* approved' "approved"
sqlite3 "$DB" "DELETE FROM host_requests;
	INSERT INTO host_requests SELECT * FROM was"
run host
run host --status
like "$out" 'next key was asked for .* waits to be approved' \
	"a store of before that: it waits again"
sqlite3 "$DB" "UPDATE host_requests SET state = 'approved', as_name = name"
run host
lose
run host
is "$rc $err$(requests 'state, new_key')" "0 pending|1" \
	"a store of before it was asked for: sent again"
sqlite3 "$DB" "UPDATE host_requests SET state = 'approved', as_name = name"
run host
sqlite3 "$DB" "UPDATE host_requests SET state = 'revoked',
	key_sha256 = SUBSTR(key_sha256, 2)"
run host
is "$(requests 'count(*), state')" "1|revoked" "what was revoked is not"
like "$err" 'was rejected: "the name was taken from this host' "... and told"
done_testing
