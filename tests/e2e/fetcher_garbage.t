#!/bin/sh
# SPDX-License-Identifier: MIT
# Whatever a column of the store holds: the fetcher says what is wrong with
# that row, goes on with the others, and does not crash. What the row asked of
# the CA before is not asked again.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

A=a.example.test GOOD=good.example.test
MAX=9223372036854775807 MIN=-9223372036854775808
col() { # NAME COLUMN
	sql "SELECT $2 FROM certs WHERE name = '$1'"
}
# The row A with these changes, beside a good one; then a run.
try() { # TEST_NAME CHANGES [FAIL_CLASS]
	sql "DELETE FROM certs; DELETE FROM orders; DELETE FROM proofs;
		DELETE FROM attempts; INSERT INTO certs SELECT * FROM kept;
		UPDATE certs SET $2 WHERE name = '$A'"
	run fetcher --once
	case $rc in
	0 | 1 | 2) ;;
	*)
		fail "$1"
		diag "exit $rc: $err"
		return
		;;
	esac
	case $err in
	*Sanitizer* | *'runtime error'* | *ssertion*)
		fail "$1"
		diag "$err"
		return
		;;
	esac
	is "$(col $GOOD 'crt IS NOT NULL') $(col $A fail_class)" "1 ${3-}" "$1"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $A || bail 'cannot enrol'
scripted_row $GOOD || bail 'cannot enrol'
run fetcher --once
is "$rc" 0 'to begin with'
sql "UPDATE certs SET crt = NULL, ca = NULL, ts_expire = 1, ts_expire_seen = 1,
	ts_due = 0, ts_not_before = 0 WHERE name = '$GOOD';
	CREATE TABLE kept AS SELECT * FROM certs"
due='renew = 1, ts_due = 0'

# --- numbers ---
for c in ts_expire ts_expire_seen ts_not_before ts_due ts_next_attempt \
	ts_last_update count_fail_update lease_until; do
	for v in $MAX $MIN -1 "'x'" 1.5e300; do
		try "$c = $v" "$due, $c = $v"
	done
done
try 'all of them at once' "$due, ts_expire = $MAX, ts_expire_seen = $MAX,
	ts_not_before = $MIN, ts_last_update = $MIN"
try 'not due, by its dates' "renew = 0, ts_due = 0, ts_expire = $MAX,
	ts_expire_seen = $MAX, ts_not_before = $MIN"
try 'a failure more than can be counted' \
	"$due, count_fail_update = $MAX, csr = 'garbage'" bad-csr

# --- the CSR ---
openssl req -new -key "$T/keys/$A.key" -subj /O=nobody -out "$T/none.csr" \
	2>/dev/null || bail 'openssl'
openssl req -new -key "$T/keys/$A.key" -subj "/CN=$A" -addext tlsfeature=status_request \
	-out "$T/staple.csr" 2>/dev/null || bail 'openssl'
for f in none staple; do
	hex=$(od -An -v -tx1 "$T/$f.csr" | tr -d ' \n')
	try "$f: the same key, and not what was enrolled" \
		"$due, csr = x'$hex'" bad-csr
done
try 'an empty one' "$due, csr = ''" bad-csr
try 'a number' "$due, csr = 5"
try 'a long one' "$due, csr = zeroblob(200000)"
try 'NULs' "$due, csr = zeroblob(60000)" bad-csr
try 'key_sha256 of another' "$due, key_sha256 = 'x'"

# --- the certificate ---
try 'crt' "crt = 'garbage', ts_expire_seen = 2, ts_due = 0"
try 'crt of NULs' "crt = zeroblob(60000), ts_expire_seen = 2, ts_due = 0"
try 'ca' "$due, ca = 'garbage', old_ca = x'00', old_crt = 'x', md5_ca = 'x'"

# --- words ---
try 'a web root with dots' \
	"$due, webroot_path = '$WEBROOT/../../etc'" config
try 'a web root of no text' "$due, webroot_path = x'00'" config
try 'no web root' "$due, webroot_path = NULL" config
try 'a long web root' \
	"$due, webroot_path = '$WEBROOT/' || hex(zeroblob(5000))" config
try 'a challenge' "$due, challenge = char(10) || '../x'" config
try 'a challenge of no text' "$due, challenge = x'00'"
try 'a challenge that is a number' "$due, challenge = 5" config
try 'a CA' "$due, ca_name = char(27) || '[2J'" config
unlike "$err" "$(printf '\033')" '... is not shown as it is'
try 'a lease of our own, for ever' "$due, lease_until = $MAX,
	lease_owner = '$(cat "$T/state/fetcher.id")'"

# --- what an earlier run left ---
id="'$(cat "$T/state/fetcher.id")'"
for order in "NULL, NULL, NULL" "'', '', ''" \
	"char(10), 'x', 'file:///etc/passwd'"; do
	sql "DELETE FROM kept WHERE name = ''"
	sql "CREATE TRIGGER IF NOT EXISTS put AFTER UPDATE OF renew ON certs
		WHEN new.name = '$A' AND new.ts_due = 0 BEGIN
		REPLACE INTO orders (name, slot, ca_name, account, key_sha256,
			url, state, ts_created, ts_state, ts_expires)
		VALUES ('$A', 0, 'pebble', $order, 'new', $MIN, $MAX, $MAX);
		END"
	try "orders: $order" "$due"
	sql 'DROP TRIGGER put'
done
for proof in "'x', NULL, NULL, '', ''" "'dns-01', 'z', 'y', 'x', 'v'" \
	"'http-01', '', '', '/etc/passwd', 'x'" \
	"'http-01', '', '', '$WEBROOT/.well-known/acme-challenge/..', 'x'" \
	"'dns-01', '.', '127.0.0.1:9', '.', x'00'"; do
	sql "CREATE TRIGGER put AFTER UPDATE OF renew ON certs
		WHEN new.name = '$A' AND new.ts_due = 0 BEGIN
		REPLACE INTO proofs VALUES ('i', '$A', 0, $id, $proof, $MIN); END"
	try "proofs: $proof" "$due"
	sql 'DROP TRIGGER put'
done

# --- the CA's row ---
for c in backoff_until count_fail; do
	for v in $MIN $MAX -1; do
		sql "UPDATE cas SET backoff_until = 0, count_fail = 0;
			UPDATE cas SET $c = $v"
		try "cas: $c = $v" "$due"
	done
done
sql "UPDATE cas SET backoff_until = 0, count_fail = 3,
	fail_class = 'x', fail_detail = x'00', account = 'gopher://x'"
try 'cas: words' "$due"
done_testing
