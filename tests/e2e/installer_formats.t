#!/bin/sh
# SPDX-License-Identifier: MIT
# Files in every encoding and order, read back with openssl(1); a run with
# nothing to do stays silent although PKCS#12 is never twice the same.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

DIR=$T/files PROFILE=any HOST_VERIFY=''
host_setup || bail "cannot set up a host"
mkdir -p "$DIR"
openssl dhparam -dsaparam -out "$T/dh.pem" 1024 2>/dev/null
echo '# a text' >"$T/extra"
(umask 077 && printf 'pass w\303\266rd\nmore\n' >"$T/password")
p12="encoding = \"pkcs12\"; password_file = \"$T/password\";
	parts = [ \"key\", \"certificate\", \"chain\", \"root\" ];"
cat >"$T/profiles/any.conf" <<END
files = (
	{ file = "mixed.pem"; parts = [ "dh", "chain", "root", "certificate",
		"key" ]; dh_file = "$T/dh.pem"; },
	{ file = "extra.pem"; parts = [ "certificate", "extra" ];
	  extra_file = "$T/extra"; },
	{ file = "cert.der"; format = "certificate"; encoding = "der"; },
	{ file = "modern.p12"; $p12 friendly_name = "tomcat"; },
	{ file = "old.p12"; $p12 pkcs12 = "3des"; } );
END
host_conf
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc" 0 "installed"
same() { # FILE WANTED...
	_f=$1
	shift
	cat "$@" | cmp -s - "$_f"
}
ok "parts in an order of one's own, the root from the host's anchors" \
	same "$DIR/mixed.pem" "$T/dh.pem" "$T/pki/sub/ca.pem" "$T/pki/ca.pem" \
	"$T/one.crt" "$T/host.key"
ok "a text of the host's own" same "$DIR/extra.pem" "$T/one.crt" "$T/extra"
is "$(openssl x509 -inform der -in "$DIR/cert.der" -outform der |
	sha256sum | cut -d' ' -f1)" "$(cert_fp "$T/one.crt")" "DER"
inside() { # FILE: what openssl says of it
	openssl pkcs12 -in "$1" -passin "file:$T/password" -info -nodes 2>&1
}
inside "$DIR/modern.p12" >"$T/modern.txt"
inside "$DIR/old.p12" >"$T/old.txt"
is "$(grep -c 'BEGIN CERT' "$T/modern.txt") $(grep -c 'BEGIN CERT' \
	"$T/old.txt")" "3 3" "PKCS#12 holds all certificates"
like "$(xargs -d "\n" <"$T/modern.txt")" "AES-256-CBC.*friendlyName: tomcat" \
	"... the modern one with its name"
like "$(cat "$T/old.txt")" "3-KeyTripleDES-CBC" "... the old one in 3DES"
ok "... and the key" sh -c "openssl pkey -in '$T/old.txt' |
	cmp - '$T/host.key'"
is "$(stat -c %a "$DIR/modern.p12" "$DIR/mixed.pem" "$DIR/cert.der" | xargs)" \
	"600 600 644" "modes"
sums=$(cat "$DIR"/* | cksum)
run host
is "$rc $err $(cat "$DIR"/* | cksum)" "0  $sums" "nothing to do, nothing done"

# --- what differs is put right ---
openssl pkcs12 -export -inkey "$T/host.key" -in "$T/one.crt" \
	-passout "file:$T/password" -out "$DIR/old.p12"
chmod 600 "$DIR/old.p12"
run host
is "$rc $(inside "$DIR/old.p12" | grep -c 'BEGIN CERT')" "0 3" \
	"a PKCS#12 with less in it"
(umask 077 && echo other >"$T/password")
run host
inside "$DIR/modern.p12" >"$T/modern.txt"
is "$rc $(grep -c 'BEGIN CERT' "$T/modern.txt")" "0 3" "another password"
: >"$T/password"
run host
is "$rc" 1 "no password"
like "$err" "password: there is no password" "... is told"
(umask 077 && echo other >"$T/password")
run host
is "$rc $err" "0 " "... and forgotten"
done_testing
