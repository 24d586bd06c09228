#!/bin/sh
# SPDX-License-Identifier: MIT
# Who can write to the store, as SECURITY CONSIDERATIONS of certrepo(7) has it:
# a certificate for a key of his own he gets from the centre where that can
# give the proof, and only there. What he names is no command, and a path only
# below webroot_prefixes.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=a.example.test
hex() {
	od -An -v -tx1 "$1" | tr -d ' \n'
}
# A row that populate never saw.
row() { # NAME CSR WEBROOT
	sql "INSERT INTO certs (name, enable, certbot, csr, md5_modulus,
		webroot_path) VALUES ('$1', 'Y', 'Y', X'$(hex "$2")', 'x', '$3')"
}
class() { # NAME
	sql "SELECT fail_class FROM certs WHERE name = '$1'"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
mkdir "$T/evil"
make_key "$T/evil/key" ec || bail 'no key'
make_csr "$T/evil/key" "$T/evil/csr" $N || bail 'no CSR'

row $N "$T/evil/csr" "$WEBROOT"
run fetcher --once
is "$rc" 0 'a row with a key of his own, and a proof that the centre can give'
sql "SELECT crt FROM certs WHERE name = '$N'" >"$T/evil/crt"
is "$(openssl x509 -in "$T/evil/crt" -noout -pubkey)" \
	"$(openssl pkey -in "$T/evil/key" -pubout)" '... is given a certificate'

mkdir -p "$T/home/.well-known"
make_csr "$T/evil/key" "$T/evil/csr" b.example.test &&
	row b.example.test "$T/evil/csr" "$T/home"
run fetcher --once
is "$rc $(class b.example.test)" '1 config' 'a folder beside webroot_prefixes'
is "$(find "$T/home" -type f)" '' '... is not written to'
like "$err" 'webroot_prefixes' '... and is named'

make_csr "$T/evil/key" "$T/evil/csr" c.example.test &&
	row c.example.test "$T/evil/csr" ''
sql "UPDATE certs SET certbot = 'N', challenge = 'dns-01'
	WHERE name = 'c.example.test'"
run fetcher --once c.example.test
isnt "$(class c.example.test)" '' 'a name that the centre cannot prove'
is "$(sql "SELECT crt IS NULL FROM certs WHERE name = 'c.example.test'")" 1 \
	'... is given none'

sql "UPDATE certs SET webroot_path = '\$(touch $T/home/x)', certbot = 'Y',
	challenge = NULL, ca_name = '; touch $T/home/y', ts_due = 0,
	ts_next_attempt = 0 WHERE name = 'c.example.test'"
run fetcher --once c.example.test
is "$(find "$T/home" -type f)" '' 'nothing that he writes is run'
# --- an order that is somewhere else ---

# Its key signs nothing for another server, whose word is none of the CA's.
elsewhere() { # STATE DIRECTORY
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0, renew = 1
		WHERE name = '$N'"
	sql "DELETE FROM orders"
	sql "INSERT INTO orders (name, slot, ca_name, account, key_sha256, url,
		state, ts_created, ts_state, ts_expires, directory)
		SELECT '$N', 0, 'pebble', account, (SELECT key_sha256
		FROM certs WHERE name = '$N'), '${EVIL%/dir}/order/1', '$1',
		$(date +%s), $(date +%s), $(date +%s) + 3600, $2 FROM cas"
	: >"$T/evil/requests"
	: >"$REQUESTS"
	run fetcher --once $N
}
sql "UPDATE certs SET key_sha256 = '$(openssl pkey -in "$T/evil/key" -pubout \
	-outform DER | sha256sum | cut -d' ' -f1)' WHERE name = '$N'"
start evil "$PYTHON" "$ROOT/tests/lib/acme_server.py" \
	--cert "$T/pebble/cert.pem" --key "$T/pebble/key.pem" \
	--dir "$T/evil" --log "$T/evil/requests"
wait_for 15 grep -q ^ready "$T/log/evil" || bail 'no second server'
EVIL=$(sed -n 's/^ready //p' "$T/log/evil")
for state in new finalized parked; do
	elsewhere $state NULL
	is "$rc $(cat "$T/evil/requests")" '0 ' \
		"an order ($state) on another server is not asked for"
	like "$err" "$N: .*\"${EVIL%/dir}/order/1\".* on another server" \
		'... which is said'
	is "$(requests newOrder)" 1 '... and ordered anew at the CA'
done
elsewhere new "'$STAGE_DIRECTORY'"
is "$rc $(cat "$T/evil/requests")" '0 ' '... with its directory, too'
is "$(sql "SELECT count(*) FROM attempts WHERE outcome = 'let-go' AND
	order_url LIKE '${EVIL%/dir}/%'")" 4 '... and is on record'

done_testing
