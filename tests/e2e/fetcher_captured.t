#!/bin/sh
# SPDX-License-Identifier: MIT
# Who can write to the store, as the README's "Security" has it: a certificate
# for a key of his own he gets from the centre where that can give the proof,
# and only there. What he names is no command, and a path only below
# webroot_prefixes.
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
done_testing
