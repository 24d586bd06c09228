#!/bin/sh
# SPDX-License-Identifier: MIT
# What a CA is known to refuse costs no order: names, keys and usages that its
# group, or its preset, says. Rows are older than that.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

A=a.example.test B=b.example.test

scripted_start || bail 'no server'
stage_conf
stage_store sqlite || bail 'no store'
scripted_row $A $A www.$A || bail 'cannot enrol'
scripted_row $B || bail 'cannot enrol'

limited() { # SETTING NAME ERE: that name is refused, for that
	STAGE_CA=$1
	stage_conf
	scripted_reset
	run fetcher --once
	is "$rc" 2 "$1"
	like "$err" "^certrepo-fetcher: $2: bad-csr: the row's CSR: $3" \
		'... says what is wrong with it'
	is "$(requests newOrder)" 1 '... of the two names one was ordered'
	is "$(sql "SELECT name FROM certs WHERE crt IS NOT NULL")" \
		"$(printf '%s\n' $A $B | grep -v "^$2\$")" '... the other'
}
limited 'max_names = 1;' $A \
	'it has 2 names, and CA pebble takes at most 1 in a certificate'
STAGE_EXTRA="preset_dir = \"$T/cas\";"
mkdir "$T/cas"
echo 'max_names = 1;' >"$T/cas/few.conf"
chmod 644 "$T/cas/few.conf"
limited 'preset = "few";' $A 'it has 2 names, and CA pebble takes at most 1 '

# Without a certificate, so that there is no CSR before it to go back to.
scripted_reset
make_key "$T/keys/$B.rsa" rsa
make_csr "$T/keys/$B.rsa" "$T/csr/$B.csr" $B || bail 'no CSR'
populate add $B --replace >"$T/enrol.log" 2>&1 || bail 'cannot replace'
limited 'keys = "ec";' $B 'its key is RSA 2048, and CA pebble takes EC keys '
limited 'keys = [ "rsa" ];' $A 'its key is EC P-256, and CA pebble takes RSA '
openssl req -new -key "$T/keys/$B.rsa" -out "$T/csr/$B.csr" -subj / \
	-addext "subjectAltName=DNS:$B" -addext 'extendedKeyUsage=clientAuth' ||
	bail 'no CSR'
STAGE_CA=''
stage_conf
scripted_reset
populate add $B --replace >"$T/enrol.log" 2>&1 || bail 'cannot replace'
limited 'client_auth = "refused";' $B 'it asks for clientAuth .* a new CSR is needed'
is "$(sql "SELECT held FROM certs WHERE name = '$B'")" 1 \
	'... and it is held: no try mends it'
STAGE_CA='client_auth = "left-out";'
stage_conf
scripted_reset
run fetcher --once
is "$rc $(requests newOrder)" '0 2' 'one that leaves it out: it is ordered'

STAGE_CA='keys = [ "ec", "rsa" ]; max_names = 2;'
stage_conf
scripted_reset
run fetcher --once
is "$rc $(requests newOrder)" '0 2' 'what is within its limits is ordered'
done_testing
