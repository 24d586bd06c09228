#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-fetcher account: what the CA says of ours, what it is told of
# contact, and the accounts of other clients brought here by their keys.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

N=www.example.test
KEY=$T/state/account.pem
elsewhere() { # KEY WHAT...
	_k=$1
	shift
	"$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" "$PEBBLE_DIR" \
		"$PEBBLE_CA" "$_k" "$@" || bail "acme_account.py $*"
}
# As certbot keeps it: the key of PEM as a JSON Web Key.
jwk() { # PEM JSON
	"$PYTHON" -W ignore -c 'import base64, json, sys
from cryptography.hazmat.primitives import serialization
with open(sys.argv[1], "rb") as f:
    k = serialization.load_pem_private_key(f.read(), None).private_numbers()
def b(i, n=0):
    return base64.urlsafe_b64encode(i.to_bytes(
        n or (i.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
p = k.public_numbers
if hasattr(p, "n"):
    j = {"n": b(p.n), "e": b(p.e), "d": b(k.d), "p": b(k.p), "q": b(k.q),
         "dp": b(k.dmp1), "dq": b(k.dmq1), "qi": b(k.iqmp), "kty": "RSA"}
else:
    j = {"x": b(p.x, 32), "y": b(p.y, 32), "d": b(k.private_value, 32),
         "crv": "P-256", "kty": "EC"}
json.dump(j, sys.stdout)' "$1" >"$2" || bail "no JWK of $1"
	chmod 400 "$2"
}
thumbprint() { # PEM of an EC key
	"$PYTHON" -W ignore -c 'import base64, hashlib, json, sys
from cryptography.hazmat.primitives import serialization
with open(sys.argv[1], "rb") as f:
    n = serialization.load_pem_private_key(
        f.read(), None).private_numbers().public_numbers
def b(x):
    return base64.urlsafe_b64encode(x).rstrip(b"=").decode()
t = json.dumps({"crv": "P-256", "kty": "EC", "x": b(n.x.to_bytes(32, "big")),
    "y": b(n.y.to_bytes(32, "big"))}, separators=(",", ":"))
print(b(hashlib.sha256(t.encode()).digest()))' "$1"
}
same_key() { # PEM PEM
	[ "$(openssl pkey -in "$1" -pubout)" = "$(openssl pkey -in "$2" -pubout)" ]
}
account() {
	sql 'SELECT account FROM cas'
}
show() {
	run fetcher account show
}
field() { # PYTHON: of j, the first CA
	run fetcher account show --json
	printf '%s' "$out" | "$PYTHON" -c "import json, sys
j = json.load(sys.stdin)[0]
print(($1))"
}
mode() {
	stat -c '%a' "$1"
}
unchanged() { # TEST
	is "$(sha256sum <"$KEY") $(account) $(find "$T/state" -name '.account*')" \
		"$before " "$1"
}
remember() {
	before="$(sha256sum <"$KEY") $(account)"
}

DNS_PORT=9 # nobody there: pebble believes, http-01 needs none
stage_start PEBBLE_VA_ALWAYS_VALID=1 || bail 'no pebble'
STAGE_CA='contact = ["mailto:one@example.org"];'
stage_store sqlite || bail 'no store'

# --- show ---
show
is "$rc" 0 'no account yet: nothing is wrong with that'
like "$out" 'key +none yet' '... said'
like "$out" 'status +there is none; the CA answers, and the first order makes one' \
	'... and of the account, and that the CA was asked'
like "$out" 'terms +data:' '... who names its terms'
is "$(field 'j["account"], j["status"], j["key"], j["terms"][:5]')" \
	"(None, None, None, 'data:')" '... and for programs'
cp "$CONF" "$T/right.conf"
sed -i 's#directory = "[^"]*"#directory = "https://127.0.0.1:9/dir"#' "$CONF"
show
is "$rc" 69 '... a CA that does not answer is told at once'
like "$out" 'status +there is none; the CA does not answer' '... said'
like "$err" 'CA pebble: .*127\.0\.0\.1' '... and why'
sed "s#directory = \"[^\"]*\"#directory = \"${PEBBLE_DIR%/*}/nowhere\"#" \
	"$T/right.conf" >"$CONF"
show
is "$rc" 69 '... so is one that has no directory there'
cp "$T/right.conf" "$CONF"
[ ! -e "$KEY" ]
is $? 0 '... and none was made'
run fetcher account update
is "$rc" 78 'none to update'
like "$err" "CA pebble: $KEY is not there" '... said'
STAGE_CA='eab_required = true; web = "https://ca.example/eab";'
stage_conf
show
is "$rc" 0 'a binding is wanted, and none is set: no error'
like "$out" 'eab_kid +none: eab_kid and eab_key_file are needed, from https://ca.example/eab' \
	'... but said'
is "$(field 'j["eab_kid"], j["eab_missing"]')" '(None, True)' \
	'... and for programs'
STAGE_CA='contact = ["mailto:one@example.org"];'
stage_conf

enrol $N ec $N || bail 'cannot enrol'
populate set $N challenge=http-01 webroot_path="$WEBROOT" \
	>"$T/enrol.log" 2>&1 || bail 'cannot enrol'
run fetcher --once
is "$rc" 0 'a run makes one'
show
is "$rc $err" '0 ' 'shown'
like "$out" "account +$(account)" '... where it is'
like "$out" 'status +valid' '... what the CA says'
like "$out" 'contact +mailto:one@example.org' '... whom it writes to'
like "$out" "key +$(thumbprint "$KEY")" '... its thumbprint'
like "$out" "key file +$KEY" '... and file'
like "$out" 'terms +data:' '... the terms'
like "$out" 'orders +0' '... and what is under way'
is "$(field 'j["ca"], j["account"], j["status"], j["contact"], j["key"],
	j["orders"], j["error"]')" \
	"('pebble', '$(account)', 'valid', ['mailto:one@example.org'], '$(
		thumbprint "$KEY")', 0, None)" '... and for programs'
run fetcher account show nobody
is "$rc" 64 'a CA that is not configured'
like "$err" 'there is no CA "nobody"' '... said'
for words in '' 'remove' 'show --replace' 'update --json' 'import pebble' \
	'import pebble a b' '--once show' '--force update'; do
	# shellcheck disable=SC2086 # the words
	run fetcher account $words
	is "$rc" 64 "no command: account $words"
done

# --- update ---
STAGE_CA='contact = ["mailto:two@example.org", "mailto:three@example.org"];'
stage_conf
show
like "$out" 'contact +mailto:one@example.org' 'another contact: what the CA has'
like "$out" 'configured +mailto:two@example.org, mailto:three@example.org: certrepo-fetcher.* account update pebble tells the CA' \
	'... and what it has not'
is "$(field 'j["contact_configured"]')" \
	"['mailto:two@example.org', 'mailto:three@example.org']" \
	'... and for programs'
run fetcher account update pebble
is "$rc" 0 'another contact'
like "$out" "$(account) is valid; contact mailto:two@example.org, mailto:three" \
	'... taken'
unlike "$(elsewhere "$KEY" contact mailto:two@example.org)" three \
	'another client changes it'
run fetcher account update
is "$(field 'len(j["contact"])')" 2 '... and we change it back'
show
unlike "$out" 'configured' '... the same then'
flock "$T/state/fetcher.lock" env PATH="$PATH" fetcher account update \
	>"$T/out" 2>&1
is $? 0 'beside a run that goes on'
sql 'DELETE FROM cas'
flock "$T/state/fetcher.lock" env PATH="$PATH" fetcher account update \
	>"$T/out" 2>&1
is $? 75 '... but not where the store is to be written'
run fetcher account update
is "$rc" 0 'alone: it is found'
like "$(account)" '/my-account/' '... and kept'
STAGE_CA='contact = ["gopher:x"];'
stage_conf
run fetcher account update
is "$rc" 78 'a contact that the CA does not take'
like "$err" 'CA pebble: the CA refuses our account.*change contact in the group' \
	'... said'
STAGE_CA=
stage_conf

# --- import ---
make_key "$T/ec.pem" ec
openssl pkey -in "$T/ec.pem" -traditional -out "$T/sec1.pem"
chmod 600 "$T"/*.pem
jwk "$T/ec.pem" "$T/private_key.json"
remember
run fetcher account import pebble "$T/ec.pem"
is "$rc" 1 'a key that has no account there'
like "$err" 'CA pebble has no account of this key' '... said'
unchanged '... and nothing is changed'
url=$(elsewhere "$T/ec.pem" register)
run fetcher account import pebble "$T/ec.pem"
is "$rc" 1 'in the place of another key'
like "$err" "$KEY of CA pebble holds another key" '... said'
unchanged '... nothing is changed'
for f in ec.pem sec1.pem private_key.json; do
	cp "$KEY" "$T/old.pem"
	sql 'UPDATE cas SET account = NULL'
	run fetcher account import pebble "$T/$f" --replace
	is "$rc" 0 "the account of $f"
	like "$out" "pebble: $url is valid" '... is found'
	is "$(account) $(sql 'SELECT account_key FROM cas')" \
		"$url $(thumbprint "$T/ec.pem")" '... and kept'
	ok '... its key is the file' same_key "$KEY" "$T/ec.pem"
	is "$(mode "$KEY")" 600 '... for nobody else'
	like "$out" 'the key that was there is in' '... the old one, too'
	ok '... as it was' cmp -s "$T/old.pem" \
		"$KEY.$(thumbprint "$T/old.pem" | cut -c1-16)"
	cp "$T/old.pem" "$KEY"
done
run fetcher account import pebble "$T/ec.pem" --replace
run fetcher account import pebble "$T/private_key.json"
is "$rc" 0 'the same key once more'
unlike "$out" 'that was there' '... replaces nothing'
sql 'UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0'
run fetcher --once
is "$rc $(account)" "0 $url" 'a run goes on with it'

rm "$KEY"
sql 'DELETE FROM cas'
run fetcher account import pebble "$T/private_key.json"
is "$rc $(account)" "0 $url" 'where none was before'
rm "$KEY"
# shellcheck disable=SC2094 # it is not written
RUN_TIMEOUT=60 run sh -c "fetcher account import pebble - <'$T/ec.pem'"
is "$rc" 0 'from standard input'
ok '... too' same_key "$KEY" "$T/ec.pem"

# Killed at each call that changes something: the key is the one or the other,
# whole, and the next import has all.
cp "$KEY" "$T/new.pem"
make_key "$T/before.pem" ec
_why='' kills=0
for call in write fchmod fsync renameat rename pwrite64 fdatasync; do
	for at in 1 2 3 4 5 6 7 8 9 10; do
		rm -f "$KEY"* "$T/state"/.account*
		install -m 600 "$T/before.pem" "$KEY"
		sql 'DELETE FROM cas'
		RUN_TIMEOUT=30 run env ASAN_OPTIONS=detect_leaks=0 strace -f -qq \
			-o /dev/null \
			-e "inject=$call:signal=KILL:when=$at" \
			"$BUILD/certrepo-fetcher" -c "$CONF" account import \
			pebble "$T/new.pem" --replace
		[ "$rc" != 0 ] || break # it has fewer
		kills=$((kills + 1))
		same_key "$KEY" "$T/before.pem" || same_key "$KEY" "$T/new.pem" ||
			_why="$_why $call $at: the key"
		run fetcher account import pebble "$T/new.pem" --replace
		[ "$rc $(account)" = "0 $url" ] && same_key "$KEY" "$T/new.pem" ||
			_why="$_why $call $at: $rc $err"
	done
done
is "$_why" '' "killed at $kills calls: the next import has all"
openssl genrsa -out "$T/rsa.pem" 2048 2>/dev/null
jwk "$T/rsa.pem" "$T/rsa.json"
mv "$KEY" "$T/mine.pem"
cp "$T/rsa.pem" "$KEY"
chmod 600 "$KEY"
sql 'UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0'
run fetcher --once
is "$rc" 0 'an account of an RSA key'
rsa_url=$(account)
rm "$KEY"
run fetcher account import pebble "$T/rsa.json"
is "$rc $(account)" "0 $rsa_url" '... found by its JWK'

mv "$T/mine.pem" "$T/state/other.pem"
elsewhere "$T/ec.pem" deactivate
remember
run fetcher account import pebble "$T/ec.pem" --replace
is "$rc" 78 'one that was deactivated'
like "$err" 'deactivated' '... said'
unlike "$err" '\.certrepo-' '... without the name of a file that is gone'
unchanged '... and nothing is changed'

# --- files that are no keys ---
printf 'no key\n' >"$T/none"
printf '{"body": {}, "uri": "https://ca.example/acct/1"}' >"$T/regr.json"
printf '{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}' >"$T/okp.json"
openssl pkey -in "$T/rsa.pem" -aes256 -passout pass:x -out "$T/locked.pem"
cp "$T/ec.pem" "$T/open.pem"
openssl req -new -key "$T/ec.pem" -subj /CN=a -out "$T/a.csr"
chmod 600 "$T/none" "$T"/*.json "$T/locked.pem"
chmod 644 "$T/open.pem" "$T/a.csr"
while read -r f status words; do
	run fetcher account import pebble "$T/$f" --replace
	is "$rc" "$status" "$f is refused"
	like "$err" "$words" '... said'
done <<END
none 78 no private key in PEM form
regr.json 78 private_key.json
okp.json 78 RSA or EC on P-256 or P-384
locked.pem 78 it is encrypted
open.pem 78 readable by everyone
a.csr 78 no private key in PEM form
keys 1 is a folder
missing 1 missing
END
unchanged 'nothing of that changed anything'
flock "$T/state/fetcher.lock" env PATH="$PATH" \
	fetcher account import pebble "$T/rsa.pem" >"$T/out" 2>&1
is $? 75 'a run goes on: not now'

# --- the CA has forgotten it ---
pebble_restart || bail 'no pebble'
show
is "$rc" 0 'the CA does not know the account any more'
like "$out" 'account +none known of this key' '... said'
like "$out" 'status +there is none' '... of its status'
run fetcher account update
is "$rc" 78 '... and it is not made by an update'
like "$err" 'has no account of this key' '... said'
unchanged '... nothing is changed'

# --- the CA is away ---
stop pebble
show
is "$rc" 69 'the CA is away: that is said'
like "$out" "account +$rsa_url" '... and what is known'
like "$out" 'status +not known' '... and what is not'
is "$(field 'j["status"], bool(j["error"])')" '(None, True)' \
	'... and for programs'
run fetcher account import pebble "$T/ec.pem" --replace
is "$rc" 69 'an import waits for it'
unchanged '... and nothing is changed'

# --- a name that is spelt like a command ---
run fetcher -n --once -- account
is "$rc" 1 'a certificate that is called account'
like "$err$out" 'account' '... is looked for'
unlike "$err" 'say what to do' '... by its name'
done_testing
