#!/bin/sh
# SPDX-License-Identifier: MIT
# Certificates that the store should not have had: refused by the host, told
# once, said in the receipt, nothing touched. And what the configuration
# must not be.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
placeholder
nginx_run || bail "nginx does not start"
issue_nth "$T/good" 1 && store_put $NAME "$T/good"
run host
is "$rc $(served)" "0 $(cert_fp "$T/good.crt")" "a good one is served"
before=$(find "$DIR" "$T/state/backup" | sort)

refused() { # TEST WHAT_ERR_SAYS
	run host
	is "$rc" 1 "$1: refused"
	like "$err" "$2" "... says why"
	is "$(served)" "$(cert_fp "$T/good.crt")" "... the good one is served"
	is "$(find "$DIR" "$T/state/backup" | sort)" "$before" \
		"... and nothing was touched"
	is "$(receipt '')" refused "... the receipt says so"
	like "$(receipt_detail '')" "$2" "... and why"
}

# by hand, somebody put a newer one than the store has
issue_nth "$T/hand" 9
file=$(readlink -f "$DIR/current")/fullchain.pem
cat "$T/hand.crt" "$T/hand.ca" >"$file"
nginx_reload && sleep 0.3
issue_nth "$T/bad" 8 && store_put $NAME "$T/bad"
run host
is "$rc $(served)" "1 $(cert_fp "$T/hand.crt")" "older than what was put by hand: refused"
like "$err" 'begins on .*, before the one here .*; both are of one CA; --force' \
	"... says why"
is "$(receipt '')" refused "... the receipt says so"
cat "$T/good.crt" "$T/good.ca" >"$file"
nginx_reload && sleep 0.3

KEY=$T/other.key issue_nth "$T/bad" 2
store_put $NAME "$T/bad"
refused "another key" "belongs to another key than $T/host.key"

issue_nth "$T/bad" 3 www2.example.test
store_put $NAME "$T/bad"
refused "another name" "is not for $NAME, but for www2.example.test(;|\$)"

FROM=20250101000000Z UNTIL=20260101000000Z issue "$T/bad"
store_put $NAME "$T/bad"
refused "expired" "expired on 2026-01-01T00:00:00Z"

FROM=$(date -u -d 'tomorrow' +%Y%m%d%H%M%SZ) issue "$T/bad"
store_put $NAME "$T/bad"
refused "not valid yet" "not valid before .* clock"

make_csr "$T/host.key" "$T/cn.csr" $NAME
printf 'subjectAltName=DNS:evil.example\n' >"$T/cn.ext"
openssl x509 -req -in "$T/cn.csr" -CA "$T/pki/sub/ca.pem" \
	-CAkey "$T/pki/sub/ca.key" -extfile "$T/cn.ext" -days 30 \
	-out "$T/bad.crt" 2>/dev/null
store_put $NAME "$T/bad"
refused "another name, with ours in the CN" "is not for $NAME, but for evil.example"
printf 'extendedKeyUsage=serverAuth\n' >"$T/cn.ext"
openssl x509 -req -in "$T/cn.csr" -CA "$T/pki/sub/ca.pem" \
	-CAkey "$T/pki/sub/ca.key" -extfile "$T/cn.ext" -days 30 \
	-out "$T/bad.crt" 2>/dev/null
store_put $NAME "$T/bad"
refused "no subjectAltName" "is not for $NAME: it has no subjectAltName"

SIGNER=$T/pki/other issue_nth "$T/bad" 4
store_put $NAME "$T/bad"
refused "an issuer nobody trusts" \
	"cannot be trusted: .*; if it is of a public CA, certrepo-populate show $NAME on the central host says which other chains that gives \(preferred_chain\)"

issue_nth "$T/bad" 5
: >"$T/bad.ca"
store_put $NAME "$T/bad"
refused "no intermediate" "cannot be trusted"
cat "$T/pki/sub/ca.pem" "$T/pki/ca.pem" >"$T/beside.pem"
sed -i "s|$T/pki/ca.pem|$T/beside.pem|" "$HOST_CONF"
refused "no intermediate, but it lies beside its root in trust_file" \
	"the chain lacks .host test intermediate.* lies in $T/beside.pem .* issued anew"
host_conf

issue_nth "$T/bad" 6
cp "$T/pki/other/ca.pem" "$T/bad.ca"
store_put $NAME "$T/bad"
refused "a chain of strangers" "chain in the store is broken"

echo "not a certificate" >"$T/bad.crt"
store_put $NAME "$T/bad"
refused "rubbish" "refused: "

cat "$T/good.crt" "$T/host.key" >"$T/bad.crt"
cp "$T/good.ca" "$T/bad.ca"
store_put $NAME "$T/bad"
refused "a key in the store" "refused: "

# --- names that the host asks for, beside the domain ---
HOST_CERT_EXTRA='names = ["alias.example.test"];'
host_conf
issue_nth "$T/bad" 7
store_put $NAME "$T/bad"
refused "a name the host needs" "is not for alias.example.test"
issue_nth "$T/alias" 8 $NAME '*.example.test'
store_put $NAME "$T/alias"
run host
is "$rc $(served)" "0 $(cert_fp "$T/alias.crt")" \
	"a wildcard covers the other name"
HOST_CERT_EXTRA=''

# --- rows that are no certificate ---
sqlite3 "$DB" "UPDATE certs SET enable = 'N'"
store_put $NAME "$T/bad"
host_conf
run host
is "$rc $err" "0 " "enable='N': left alone, silent"
is "$(served)" "$(cert_fp "$T/alias.crt")" "... nothing changed"
sqlite3 "$DB" "UPDATE certs SET enable = 'Y', name = 'gone.example.test'"
run host
is "$rc" 1 "no such name in the store"
like "$err" "no certificate named $NAME" "... says so"
sqlite3 "$DB" "UPDATE certs SET name = '$NAME'"

# --- a pinned public key ---
openssl pkey -in "$T/host.key" -pubout -out "$T/host.pub" 2>/dev/null
HOST_CERT="public_key = \"$T/host.pub\";"
host_conf
issue_nth "$T/pinned" 9 && store_put $NAME "$T/pinned"
run host
is "$rc $(served)" "0 $(cert_fp "$T/pinned.crt")" "a pinned public key is enough"
openssl pkey -in "$T/other.key" -pubout -out "$T/host.pub" 2>/dev/null
issue_nth "$T/bad" 10 && store_put $NAME "$T/bad"
run host
is "$rc" 1 "another pinned key: refused"
like "$err" "belongs to another key" "... says so"
unset HOST_CERT

# --- the key's file ---
host_conf
chmod 644 "$T/host.key"
run host
is "$rc" 1 "a private key that everybody reads"
like "$err" "readable by everyone" "... is refused"
chmod 600 "$T/host.key"
run host
is "$rc $(served)" "0 $(cert_fp "$T/bad.crt")" "... put right, it goes on"

# --- the key's file, while there is nothing to install ---
run host
is "$rc $err" "0 " "nothing to do"
cp -p "$T/host.key" "$T/right.key"
cp "$T/other.key" "$T/host.key"
run host
is "$rc" 1 "the key is replaced by another one"
like "$err" "^certrepo-installer: service web: $NAME: $T/host.key is not the key of the installed certificate, the service fails at its next restart" "... says so"
is "$(receipt '')" failed "... the receipt says failed"
like "$(receipt_detail '')" "is not the key" "... and why"
run host
is "$rc $err" "1 " "... told once a day, the exit status tells it every time"
is "$(served)" "$(cert_fp "$T/bad.crt")" "... what is served stays"
echo 1 >"$T/state/heartbeat"
run host
is "$rc $(receipt '')" "1 failed" "... the heartbeat does not hide it"
rm "$T/host.key"
run host
is "$rc" 1 "the key is gone"
like "$err" "key of the installed certificate: .*host.key" "... says so"
cp -p "$T/right.key" "$T/host.key"
chmod 644 "$T/host.key"
run host
is "$rc" 1 "the key is opened to everyone"
like "$err" "$NAME: refused: the key of the installed certificate: .* is readable by everyone.*; what is in place stays, it is valid until" "... says so"
is "$(receipt '')" refused "... in the word of one that is to be installed"
chmod 600 "$T/host.key"
run host
is "$rc $err" "0 " "all is put right: silent"
is "$(receipt '')" served "... and the store hears of it at once"
cp "$T/right.key" "$T/host.key"
run host
is "$rc $err" "0 " "the same key in another file: silent"

# --- the key was replaced, and a newer certificate of it waits ---
later=$(date -d '6 hours' +%H:00)-$(date -d '7 hours' +%H:00)
HOST_SERVICE="window = \"$later\";"
host_conf
cp "$T/other.key" "$T/host.key"
fp=$(on_disk)
issue_nth "$T/next" 11 && store_put $NAME "$T/next"
run host
is "$rc $(on_disk)" "1 $fp" "a newer one of the new key waits for its hour"
like "$err" "is not the key of the installed certificate, the service fails at its next restart" \
	"... and until then what would happen is told"
like "$err" "one of this key waits to be installed$" "... and that there is a way out"
is "$(receipt '')" failed "... the receipt says failed"
run host
is "$rc $err" "1 " "... told once a day"
HOST_SERVICE=''
cp "$T/right.key" "$T/host.key"
host_conf

# --- two good chains of one certificate that take turns ---
shown() { # TEST WHAT_SHOWN
	run host
	is "$rc $err" "0 " "$1: silent"
	is "$(tls_chain "$NGINX_PORT" $NAME)" "$2" "... served is what was"
}
issue_nth "$T/one" 12 && store_put $NAME "$T/one"
run host
cp "$T/one.crt" "$T/two.crt"
_sign "$T/pki" "$T/pki/sub/ca.csr" "$T/two.ca" 29 \
	'basicConstraints=critical,CA:TRUE' \
	'keyUsage=critical,keyCertSign,cRLSign' || bail "cannot sign again"
both=$(cat "$T/two.crt" "$T/two.ca")
store_put $NAME "$T/two"
run host
is "$rc $(tls_chain "$NGINX_PORT" $NAME)" "0 $both" "another chain, once"
store_put $NAME "$T/one"
shown "the first one again" "$both"
store_put $NAME "$T/two"
shown "the other one again" "$both"
store_put $NAME "$T/one"
run host --force
is "$rc $(tls_chain "$NGINX_PORT" $NAME)" \
	"0 $(cat "$T/one.crt" "$T/one.ca")" "--force installs it"

# --- a young certificate, and another CA ---
ago() { # BASE MINUTES: of the CA SIGNER, begun then
	FROM=$(date -u -d "$2 minutes ago" +%Y%m%d%H%M%SZ)
	issue "$1"
	FROM=''
}
make_sub_ca "$T/pki" "$T/pki/second" "another intermediate"
ago "$T/young" 5 && store_put $NAME "$T/young"
run host
is "$rc $(served)" "0 $(cert_fp "$T/young.crt")" "a young one"
SIGNER=$T/pki/second ago "$T/back" 71 && store_put $NAME "$T/back"
run host
is "$rc $(served)" "1 $(cert_fp "$T/young.crt")" \
	"of another CA, begun more than an hour before: refused"
like "$err" '; of another CA, it may begin 65 minutes before that; --force' \
	"... says so"
SIGNER=$T/pki/second ago "$T/back" 65 && store_put $NAME "$T/back"
run host
is "$rc $(served)" "0 $(cert_fp "$T/back.crt")" \
	"of another CA, which dates back by an hour: taken"
run host
is "$rc $err" "0 " "... and then there is nothing to do"
store_put $NAME "$T/young"
run host
is "$rc $(served)" "0 $(cert_fp "$T/young.crt")" "the one that began later again"
store_put $NAME "$T/back"
run host
is "$rc $(served)" "1 $(cert_fp "$T/young.crt")" "... the other again: refused"
like "$err" '; it is of another CA, and was here before; --force' "... says so"
run host --force
is "$rc $(served)" "0 $(cert_fp "$T/back.crt")" "... --force takes it"
unset SIGNER

# --- what cannot be read is not missing ---
file=$(readlink -f "$DIR/current")/fullchain.pem
cp "$file" "$T/kept"
rm "$file" && ln -s fullchain.pem "$file"
before=$(find "$DIR" "$T/state/backup" | sort)
run host
is "$rc" 1 "a file that cannot be read"
like "$err" "what is there cannot be read, so nothing is done: .*fullchain.pem" "... says so"
is "$(find "$DIR" "$T/state/backup" | sort)" "$before" \
	"... and nothing was touched"
run host --verify
like "$rc $out" "^1 .*cannot be read" "... --verify does not say that nothing is there"
rm "$file" && cat "$T/kept" >"$file"
run host
is "$rc $err" "0 " "put right: silent"

# --- not root ---
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$T" && chmod 644 "$HOST_CONF"
	run setpriv --reuid=65534 --clear-groups "$BUILD/certrepo-installer" \
		-c "$HOST_CONF"
	like "$rc $err" "^1 .*$T/state.*Permission denied; run this as root" \
		"somebody else than root is told so"
	chmod 600 "$HOST_CONF"
else
	skip "somebody else than root is told so" "this is not root"
fi

# --- the configuration ---
conf_error() { # TEST WHAT
	run host
	is "$rc" 78 "$1"
	like "$err" "$2" "... says so"
	host_conf
}
chmod 666 "$HOST_CONF"
conf_error "a configuration that others can write" "writ"
chmod 666 "$T/shipped/nginx.conf"
conf_error "a profile that others can write" "writ"
chmod 644 "$T/shipped/nginx.conf"
sed -i 's/trust_file/trusted_file/' "$HOST_CONF"
conf_error "an unknown setting" "installer.conf:[0-9]+: .*trusted_file"
HOST_CERT="key = \"$T/host.key\"; public_key = \"$T/host.pub\";" host_conf
conf_error "key and public_key" "give either key"
PROFILE=no-such-one host_conf
conf_error "a profile that is not there" "installer.conf:[0-9]+: profile \"no-such-one\" is neither in $T/profiles nor in /.* [(]profile_dir, shipped_profile_dir[)]"
PROFILE=../shipped/nginx host_conf
conf_error "a profile by path" "in its name"
HOST_CERT_EXTRA='files = ( { file = "x.pem"; format = "certificate";
	owner = "nobody-at-all"; } );' host_conf
conf_error "an owner who is not there" "no user .nobody-at-all"
HOST_CERT_EXTRA='files = ( { file = "../x.pem"; format = "certificate"; } );' host_conf
conf_error "a file outside of its folder" "x.pem"
HOST_CERT_EXTRA='files = ( { file = "x.pem"; format = "certificate"; mode = "999"; } );' host_conf
conf_error "no mode" "mode"
HOST_VERIFY='{ address = "127.0.0.1"; }' host_conf
conf_error "an address without port" "no port"
HOST_VERIFY='{ address = "127.0.0.1:443"; protocol = "gopher"; }' host_conf
conf_error "an unknown protocol" "gopher"
HOST_EXTRA='keep = 0;' host_conf
conf_error "a number out of range" "keep"
run host --verify --dry-run
is "$rc" 64 "two modes at once"
run host nothing.example.test
is "$rc" 64 "a name that is not here"
like "$err" "no service or certificate nothing.example.test" "... says so"
unlike "$err" "meant" "... which is no option"
run host status
like "$rc $err" "^64 .*no service or certificate status in .*; is --status meant\?" \
	"an option without its hyphens"
run "$BUILD/certrepo-installer" -c "$T/nowhere.conf"
is "$rc" 78 "no configuration"
done_testing
