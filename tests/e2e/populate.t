#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-populate as an administrator uses it, on SQLite.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$T/certrepo.conf" <<END
store : { driver = "sqlite"; path = "$T/certrepo.db"; };
csr_dir = "$T/csr";
state_dir = "$T";
default_ca = "public";
webroot_prefixes = [ "$T/www" ];
dns : { zones = ( { zone = "acme.example.net"; },
		  { zone = "dyn.example.org"; } ); };
ca = ( { name = "public"; directory = "https://127.0.0.1:1/dir";
	 account_key = "$T/public.pem"; agree_tos = true; },
       { name = "own"; directory = "https://127.0.0.1:1/own";
	 account_key = "$T/own.pem"; agree_tos = true;
	 allow_ip = true; any_key = true; allow_single = true; } );
END
mkdir -p "$T/csr" "$T/www/a"

populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
# key NAME; csr KEY OUT SUBJECT [REQ OPTIONS]
key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/$1.key"
}
csr() {
	_k=$1 _o=$2 _s=$3
	shift 3
	openssl req -new -key "$T/$_k.key" -out "$T/$_o" -subj "$_s" "$@" \
		2>"$T/openssl.log" || bail "openssl: $(cat "$T/openssl.log")"
}
sql() { # STATEMENT [PARAMETER...]: past our own code
	"$PYTHON" - "$T/certrepo.db" "$@" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2], sys.argv[3:]):
    print("|".join("" if v is None else str(v) for v in row))
db.commit()
END
}
json() { # EXPRESSION over d, on $out
	printf '%s' "$out" | "$PYTHON" -c \
		"import json, sys; d = json.load(sys.stdin); print($1)"
}

key a
key b
csr a csr/www.example.org.csr /CN=www.example.org \
	-addext subjectAltName=DNS:example.org
csr a again.csr /CN=example.org -addext subjectAltName=DNS:www.example.org
csr b otherkey.csr /CN=www.example.org -addext subjectAltName=DNS:example.org
csr a othernames.csr /CN=www.example.org \
	-addext subjectAltName=DNS:new.example.org
csr b wild.csr /CN=example.org -addext 'subjectAltName=DNS:*.example.org'
csr b ip.csr /CN=ip.example.org -addext subjectAltName=IP:192.0.2.7
csr b staple.csr /CN=www.example.org -addext tlsfeature=status_request

# --- the database ---

populate list
is "$rc" 78 "without a database: exit 78"
like "$err" 'init' "... and says to run init"
sed "s#$T/certrepo.db#$T/none/certrepo.db#" "$T/certrepo.conf" >"$T/none.cf"
run "$BUILD/certrepo-populate" -c "$T/none.cf" init
like "$rc $err" "^78 .*; make it for the fetcher's user, as root: install -d -m 755 -o USER $T/none\$" \
	"without its folder: the command that makes it"
populate --dry-run init
is "$rc" 0 "init --dry-run"
like "$out" "^would create $T/certrepo\\.db, schema version [0-9]+\$" "... says it"
not_ok "... and makes nothing" test -e "$T/certrepo.db"
populate init
is "$rc" 0 "init"
like "$out" 'created .*certrepo\.db, schema version [0-9]+' "... says what it did"
populate init
is "$rc" 0 "init again"
like "$out" 'nothing to do' "... changes nothing"
populate list
is "$rc/$out" "0/" "list of nothing prints nothing on stdout"
populate list --json
is "$(json 'd')" "[]" "... and an empty array as JSON"

# --- add ---

populate -n add www.example.org
is "$rc" 0 "add --dry-run"
like "$out" '^would enrol www\.example\.org' "... says what it would do"
is "$(sql 'SELECT COUNT(*) FROM certs')" 0 "... and does not"
populate www.example.org --comment "the web site"
is "$rc/$err" "0/" "plain NAME enrols from csr_dir, as in 2019"
like "$out" '^enrolled www\.example\.org in ' "... says so"
like "$out" 'names +www\.example\.org, example\.org$' "... the names"
like "$out" 'key +EC P-256$' "... the key"
like "$out" 'challenge +dns-01$' "... the challenge"
like "$out" '^ +_acme-challenge\.example\.org\. CNAME example-org\.acme\.example\.net\.$' \
	"... the record that it needs, as a zone file has it"
like "$out" "enable www\.example\.org\$" "... and how to enable it"
want=$(openssl req -in "$T/csr/www.example.org.csr" -noout -pubkey |
	openssl pkey -pubin -outform DER | md5sum | cut -d' ' -f1)
like "$out" "md5_modulus +$want" "... md5_modulus"
is "$(sql 'SELECT enable, certbot, comment, md5_modulus, ts_expire,
	ts_last_update, crt, webroot_path FROM certs')" \
	"N|N|the web site|$want|1|1||" "the row is as in 2019, disabled"
ok "the stored CSR is the one" sh -c "$PYTHON -c 'import sqlite3, sys
sys.stdout.write(bytes(sqlite3.connect(sys.argv[1]).execute(
    \"SELECT CAST(csr AS BLOB) FROM certs\").fetchone()[0]).decode())' \
	'$T/certrepo.db' | cmp - '$T/csr/www.example.org.csr'"

openssl genrsa -out "$T/rsa.key" 2048 2>/dev/null
csr rsa rsa.csr /CN=www.example.org
populate add www.example.org+rsa --csr "$T/rsa.csr"
is "$rc" 0 "an RSA certificate beside it, by a label"
want=$(openssl req -in "$T/rsa.csr" -noout -modulus | openssl md5 -r |
	cut -d' ' -f1)
is "$(sql "SELECT md5_modulus FROM certs
	WHERE name = 'www.example.org+rsa'")" "$want" \
	"... with openssl's md5 of the modulus"

populate add www.example.org
is "$rc" 0 "adding twice is safe"
like "$out" 'already enrolled.*nothing changed' "... and says so"
populate add www.example.org --csr "$T/again.csr"
is "$rc" 0 "another CSR of the same key and names"
like "$out" 'same key and names' "... says so"
populate add www.example.org --csr "$T/otherkey.csr"
is "$rc" 1 "another key is refused"
like "$err" '--replace.*old key will refuse the next' "... and says why"
populate add www.example.org --csr "$T/othernames.csr"
is "$rc" 1 "other names are refused"
like "$err" 'other names' "... and says why"
populate add www.example.org --csr "$T/otherkey.csr" --replace -n
like "$rc $out" '^0 would replace' "--replace --dry-run"
before=$(sql "SELECT md5_modulus FROM certs WHERE name = 'www.example.org'")
populate add www.example.org --csr "$T/otherkey.csr" --replace
is "$rc" 0 "--replace"
like "$out" 'changed: its hosts need the new key' "... says what it means"
isnt "$(sql "SELECT md5_modulus FROM certs WHERE name = 'www.example.org'")" \
	"$before" "... and changes the row"
is "$(sql "SELECT renew, ts_due <= strftime('%s', 'now') FROM certs
	WHERE name = 'www.example.org'")" "1|1" "... which is due at once"
populate add example.org+b --csr "$T/wild.csr"
is "$rc" 0 "a wildcard with its apex"
like "$err" 'already enrolled as www\.example\.org' \
	"... its key is known from another name: a warning"
is "$(printf '%s\n' "$out" | grep -c '_acme-challenge\.')" 1 \
	"... one challenge name for both"
rc=0
"$BUILD/certrepo-populate" -c "$T/certrepo.conf" add example.org --csr - \
	--enable <"$T/wild.csr" >"$T/out" 2>"$T/err" || rc=$?
is "$rc" 0 "the CSR from standard input, enabled"
is "$(sql "SELECT enable FROM certs WHERE name = 'example.org'")" Y \
	"... is enabled in the row"
populate add ip.example.org --csr "$T/ip.csr" --ca own --webroot "$T/www/a"
is "$rc" 0 "an address for a CA that says so, by http-01"
is "$(sql "SELECT certbot, webroot_path, challenge, ca_name FROM certs
	WHERE name = 'ip.example.org'")" "Y|$T/www/a|http-01|own" \
	"... the row says http-01 in both ways"
like "$out" " its user, $(id -un), may write there already\$" \
	"... and that its folder needs nothing"
unlike "$out" "install -d" "... no command for that"
iconv -f ASCII -t UTF-16 "$T/otherkey.csr" >"$T/csr/u16.example.org.csr"
populate add u16.example.org
like "$rc $err" "^1 .* iconv -f UTF-16 -t ASCII $T/csr/u16.example.org.csr > u16.example.org.text.csr\$" \
	"UTF-16: the command that makes text of it, with its name"
rm "$T/csr/u16.example.org.csr"

populate add ip.example.org --csr "$T/ip.csr" --comment "it's new" --enable
like "$rc $err" "^0 .*--comment is not applied: use certrepo-populate -c $T/certrepo.conf set ip\\.example\\.org comment='it" \
	"an option of a new name for an old one: the command to use"
sh -c "PATH=$BUILD:\$PATH; ${err##*: use }" >/dev/null
is "$(sql "SELECT comment FROM certs WHERE name = 'ip.example.org'")" \
	"it's new" "... which works"
populate add ip.example.org --csr "$T/ip.csr" --owner web@example.org
like "$rc $err" "^0 .*--owner is not applied: use certrepo-populate -c $T/certrepo.conf set ip\\.example\\.org owner=web@example\\.org\$" \
	"... and an owner"
sh -c "PATH=$BUILD:\$PATH; ${err##*: use }" >/dev/null
populate list
like "$out" '^NAME .* LAST FAILURE +OWNER' "the list has owners, then"
like "$out" '^ip\.example\.org .* web@example\.org$' "... of each name"
populate set ip.example.org owner='a@example.org
Bcc: b@example.org'
like "$rc $err" "^1 .*owner is one mail address" "one line of one address, and no more"
populate set ip.example.org owner=

refused() { # ERE ARGUMENTS...
	_re=$1
	shift
	populate "$@"
	like "$rc $err" "^1 certrepo-populate: .*$_re" "refused: $_re"
	is "$(printf '%s\n' "$err" | wc -l)" 1 "... in one line"
}
rows=$(sql 'SELECT COUNT(*) FROM certs')
refused 'does not exist' add no.example.org
refused 'does not ask for no\.example\.org' add no.example.org \
	--csr "$T/ip.csr" --ca own --webroot "$T/www"
refused 'lower case' add WWW.example.org
refused 'not a domain' add ../www.example.org
refused 'its A-label is xn--mnchen-3ya\.example$' add \
	"$(printf 'm\303\274nchen.example')"
refused 'its A-label is xn--mnchen-3ya\.example$' set \
	"$(printf 'm\303\274nchen.example')" comment=x
refused 'not configured for addresses' add ip.example.org+x --csr "$T/ip.csr"
refused 'dns-01 cannot prove the address' add ip.example.org+x \
	--csr "$T/ip.csr" --ca own
refused 'http-01 cannot prove the wildcard' add example.org+x \
	--csr "$T/wild.csr" --webroot "$T/www"
refused "is www\\.example\\.org meant\\?\$" add https://WWW.Example.org:443/x
refused "is www\\.example\\.org meant\\?\$" show www.example.org.csr
refused "is www\\.example\\.org meant\\?\$" set www.example.org. comment=x
refused 'no patterns, list shows the names' enable '*'
refused "above \\.well-known, .*: $T/www/a\$" add www.example.org+x \
	--csr "$T/otherkey.csr" --webroot "$T/www/a/.well-known/acme-challenge"
refused 'webroot_prefixes' add www.example.org+x --csr "$T/otherkey.csr" \
	--webroot /etc
refused 'without "\.\."' add www.example.org+x --csr "$T/otherkey.csr" \
	--webroot "$T/www/../.."
refused 'has: public, own' add www.example.org+x --csr "$T/otherkey.csr" \
	--ca nope
refused 'must-staple' add www.example.org+x --csr "$T/staple.csr"
refused 'PRIVATE KEY' add www.example.org+x --csr "$T/b.key"
refused 'not plain ASCII' add www.example.org+x --csr "$T/otherkey.csr" \
	--comment "$(printf 'Gr\303\274n')"
sed 's/^MI/NI/' "$T/wild.csr" >"$T/broken.csr"
refused 'not a certificate signing request' add example.org+x \
	--csr "$T/broken.csr"
is "$(sql 'SELECT COUNT(*) FROM certs')" "$rows" "none of these left a row"
cp "$T/otherkey.csr" "$T/csr/www.example.org.csr"
populate add www.example.org no.example.org
is "$rc" 2 "one of two names: partly failed, exit 2"

# --- usage ---

for args in '' 'lst' 'show' 'list x' 'set www.example.org' 'init --json' \
	'add www.example.org --yes' '--frobnicate' 'add a.b c.d --csr x' \
	'set www.example.org comment'; do
	# shellcheck disable=SC2086 # words
	populate $args
	is "$rc" 64 "usage: '$args'"
done
for args in 'ls/called list' 'rm/called remove' 'frob/init, add, list' \
	'renew/certrepo-fetcher --once --force NAME'; do
	populate "${args%%/*}" www.example.org
	like "$rc $err" "^64 .*${args#*/}" "another program's word: ${args%%/*}"
done
run "$BUILD/certrepo-populate" --help
is "$rc" 0 "--help"
for word in init add list show enable disable set remove; do
	like "$out" "^  $word " "... tells of $word"
done
run "$BUILD/certrepo-populate" add --help
for word in --replace --webroot; do
	like "$out" "$word" "... and of add: $word"
done
populate lisst
is "$rc" 64 "a command that is none"
like "$err" 'no command "lisst"; is list meant' "... that which is near is told"
populate show wwww.example.org
like "$rc $err" '^1 .*is www\.example\.org meant' "... and a name that is"
run "$BUILD/certrepo-populate" -c "$T/none.conf" list
is "$rc" 78 "no configuration: exit 78"
like "$err" 'none\.conf' "... and names it"

# --- enable, disable, set ---

populate enable www.example.org
like "$rc $out" '^0 www\.example\.org enabled' "enable"
populate enable www.example.org
like "$rc $out" '^0 .*already enabled' "... twice"
unlike "$out" 'tried again' "... which never failed"
sql "UPDATE certs SET ts_next_attempt = 4102444800
	WHERE name = 'www.example.org'"
populate enable www.example.org
like "$out" 'tried again after 2100-01-01T00:00:00Z; at once by .*--force www' \
	"... one that waits after a failure says for how long"
sql "UPDATE certs SET ts_next_attempt = 0 WHERE name = 'www.example.org'"
populate disable www.example.org
like "$rc $out" '^0 www\.example\.org disabled' "disable"
populate enable nothere.example.org
like "$rc $err" '^1 .*not enrolled' "enable of what is not there"
populate set www.example.org comment=hello enable=Y
is "$rc" 0 "set two fields"
is "$(sql "SELECT comment, enable FROM certs
	WHERE name = 'www.example.org'")" "hello|Y" "... both are set"
populate set www.example.org comment= challenge=http-01 "webroot_path=$T/www"
is "$rc" 0 "set to nothing, and a challenge"
is "$(sql "SELECT comment, challenge, certbot FROM certs
	WHERE name = 'www.example.org'")" "|http-01|Y" "... kept in step"
populate -n set www.example.org comment=other
like "$rc $out" '^0 .*would set' "set --dry-run"
is "$(sql "SELECT comment FROM certs WHERE name = 'www.example.org'")" "" \
	"... sets nothing"
refused 'fields are: comment, owner, webroot_path' set www.example.org colour=red
refused 'not set by hand' set www.example.org crt=x
refused 'webroot_prefixes' set www.example.org comment=x webroot_path=/etc
is "$(sql "SELECT comment FROM certs WHERE name = 'www.example.org'")" "" \
	"... and not the fields before it either"
refused 'would refuse the stored CSR' set ip.example.org ca=public
populate set ip.example.org ca=own
is "$rc" 0 "set the CA"
sql "UPDATE certs SET held = 1, count_fail_update = 11,
	fail_class = 'dns', fail_detail = 'no TXT'
	WHERE name = 'www.example.org'"
populate show www.example.org
like "$out" 'state +held' "show tells that a row is held"
like "$out" 'last failure +dns: no TXT' "... and why"
populate list
like "$out" '^www\.example\.org +held .* dns$' "... and so does list"
sql "INSERT INTO orders (name, slot, ca_name, url, state, ts_created,
	ts_state) VALUES ('www.example.org', 0, 'public', 'https://x/1',
	'parked', 1700000000, 1700000000)"
populate show www.example.org
like "$out" 'order +waits for the CA since 2023-11-14T22:13:20Z \(.* ago\)' \
	"show tells since when an order waits for the CA"
sql "DELETE FROM orders"
populate enable www.example.org
is "$rc" 0 "enabling a held row"
is "$(sql "SELECT held FROM certs WHERE name = 'www.example.org'")" 0 \
	"... lets it go"

# --- show and list, of a row that a 2019 script wrote ---

openssl req -x509 -key "$T/b.key" -subj "/CN=Test CA" -days 100 \
	-out "$T/ca.pem" 2>/dev/null
openssl x509 -req -in "$T/otherkey.csr" -CA "$T/ca.pem" -CAkey "$T/b.key" \
	-set_serial 0x1234abcd -days 60 -copy_extensions copyall \
	-out "$T/crt.pem" 2>/dev/null
sql "UPDATE certs SET crt = ?, ca = ? WHERE name = 'www.example.org'" \
	"$(cat "$T/crt.pem")" "$(cat "$T/ca.pem")"
populate show www.example.org
is "$rc/$err" "0/" "show"
like "$out" 'serial +1234ABCD$' "... the serial number"
like "$out" 'issuer +Test CA$' "... the issuer"
like "$out" 'days left +(59|60)$' "... the days left, from the certificate"
populate show www.example.org --json
is "$rc" 0 "show --json"
is "$(json 'd["name"], d["certificate"]["serial"]')" \
	"www.example.org 1234ABCD" "... is JSON"
is "$(json 'd["ts_expire"]')" \
	"$(date -ud "$(openssl x509 -in "$T/crt.pem" -noout -enddate |
		cut -d= -f2)" +%s)" "... the end of the certificate"
is "$(json 'd["certificate"]["fingerprint"]')" \
	"$(openssl x509 -in "$T/crt.pem" -outform DER | sha256sum |
		cut -d' ' -f1)" "... the fingerprint"
sql "UPDATE certs SET comment = ? WHERE name = 'www.example.org'" \
	"$(printf 'a "b" \\ \033[31m')"
populate show www.example.org --json
is "$(json 'd["comment"] == "a \"b\" \\ \x1b[31m"')" True \
	"a hostile comment stays JSON"
populate show www.example.org
unlike "$out" "$(printf '\033')" "... and off the terminal"
TERM=xterm script -qec \
	"$BUILD/certrepo-populate -c $T/certrepo.conf list" "$T/tty" \
	</dev/null >/dev/null 2>&1
esc=$(printf '\033')
is "$(grep -c "$esc\[3[0-9]m" "$T/tty" | sed 's/^[1-9].*/some/')" some \
	"on a terminal, list has colours"
is "$(sed "s/$esc\[3[0-9]m[^$esc]*$esc\[m//g" "$T/tty" | grep -c "$esc")" 0 \
	"... and ends none that it did not begin"
populate list --json
is "$(json 'sorted(r["name"] for r in d)')" \
	"$(json 'sorted(set(r["name"] for r in d))')" "list --json is JSON"
is "$(json 'len(d)')" "$rows" "... with every row"
populate list
is "$(printf '%s\n' "$out" | wc -l)" "$((rows + 1))" "list: one line each"
sql "INSERT INTO cas (name, directory, count_fail, backoff_until, fail_class,
	fail_detail) VALUES ('own', 'https://127.0.0.1:1/own', 1, ?,
	'account', 'the key is another one')" $(($(date +%s) + 3000))
populate list
like "$out" "^CA own is not asked before [-0-9TZ:]+, account: the key is another one\$" \
	"... and a CA that rests"
sql 'DELETE FROM cas'
sed "s#$T/certrepo.db#$T/new.db#" "$T/certrepo.conf" >"$T/new.cf"
run "$BUILD/certrepo-populate" -c "$T/new.cf" list
like "$rc $err" "^78 .*run certrepo-populate -c $T/new.cf init\$" \
	"what is to be run has the configuration of this call"
populate show nothere.example.org
like "$rc $err" '^1 .*not enrolled' "show of what is not there"

# --- what is missing is said before it fails ---

sed '/zone = /d' "$T/certrepo.conf" >"$T/nozone.conf"
nozone() {
	run "$BUILD/certrepo-populate" -c "$T/nozone.conf" "$@"
}
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$T/z.key" -out "$T/z.csr" -subj / -addext \
	"subjectAltName=DNS:z.example.org,DNS:*.z.example.org,DNS:a.dyn.example.org" \
	2>/dev/null
nozone add z.example.org --csr "$T/z.csr"
like "$rc $err" '^1 .*dns-01 needs a zone.*dns\.zones.*--webroot PATH' \
	"dns-01 without a zone to update is refused"
populate add z.example.org --csr "$T/z.csr"
like "$out" '^  needed +_acme-challenge\.z\.example\.org\. CNAME z-example-org\.acme\.example\.net\.$' \
	"with one, the record is printed whole"
is "$(printf '%s\n' "$out" | grep -c 'CNAME')" 1 "... once for a wildcard"
like "$out" '_acme-challenge\.a\.dyn\.example\.org lies in dyn\.example\.org, of dns\.zones' \
	"... and not for what lies in a zone of ours"
nozone enable z.example.org
like "$rc $err" '^1 .*dns-01 needs a zone' "nor is it enabled without a zone"

csr b web.csr /CN=web.example.org
populate -n add web.example.org --csr "$T/web.csr" --webroot "$T/www/nosuch/x"
is "$rc" 0 "a web root that is not there"
like "$(printf '%s' "$out" | tr -s ' \n' '  ')" \
	"$T/www/nosuch/x is not there, below $T/www, which is: is it written" \
	"... is said to be not"
unlike "$out" 'install -d' "... without the command that makes a typo"
populate -n add web.example.org --csr "$T/web.csr" --webroot "$T/www"
like "$out" "may write there already" "one that is there"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$T"
	sed "s,^state_dir.*,state_dir = \"$T/his\";," "$T/certrepo.conf" \
		>"$T/his.conf"
	mkdir "$T/his"
	chown nobody "$T/his"
	mkdir -p "$T/www/h/.well-known/acme-challenge"
	run "$BUILD/certrepo-populate" -c "$T/his.conf" -n add web.example.org \
		--csr "$T/web.csr" --webroot "$T/www/h"
	like "$out" "^ *chown -h nobody $T/www/h/.well-known/acme-challenge\$" \
		"one whose folder is another's: it alone changes hands"
	chown nobody "$T/www/h/.well-known/acme-challenge"
	run "$BUILD/certrepo-populate" -c "$T/his.conf" -n add web.example.org \
		--csr "$T/web.csr" --webroot "$T/www/h"
	like "$out" "its user, nobody, may write there already" \
		"... which is done once"
	unlike "$out" "chown" "... and not asked for again"
else
	skip "whose folder it is: not root"
	skip "... which is done once: not root"
	skip "... and not asked for again: not root"
fi
populate set z.example.org webroot_path="$T/www/nosuch"
like "$out" "$T/www/nosuch is not there, below $T/www" "set says so, too"

# --- and what comes next, after set ---

populate set z.example.org comment=x
like "$out" "it is disabled, and not renewed before: certrepo-populate -c $T/certrepo.conf enable z\.example\.org\$" \
	"set of a disabled row"
sql "UPDATE certs SET held = 1, fail_class = 'dns' WHERE name = 'z.example.org'"
populate set z.example.org comment=y
like "$out" 'it is disabled' "... which was held"
unlike "$out" 'next run' "... promises nothing"
sql "UPDATE certs SET enable = 'Y', fail_class = 'dns', ts_next_attempt = 4102444800
	WHERE name = 'z.example.org'"
populate show z.example.org
like "$out" 'not tried again before 2100-01-01T00:00:00Z; at once:' \
	"show of one that failed"
like "$out" 'certrepo-fetcher -c .* --once --force z\.example\.org$' \
	"... has the command"
populate set z.example.org comment=z
like "$out" 'it failed before; the fetcher tries it again in its next run; at once by .*certrepo-fetcher -c .* --once z\.example\.org$' \
	"set of one that failed"
populate remove -y z.example.org

# --- requests that are refused, and the command for a better one ---

follow() { # the command in $err, where KEY is; is NAME.csr good then?
	cp "$T/b.key" "$T/KEY"
	run sh -c "cd '$T' && $(printf '%s\n' "$err" | grep -o 'openssl req.*')"
	populate -n add bad.example.org --csr "$T/bad.example.org.csr"
	like "$rc $(printf '%s' "$out" | grep names)" \
		'^0 +names +bad\.example\.org, www\.bad\.example\.org$' \
		"... the command makes one of the same names"
	rm -f "$T"/bad.example.org.*
}
_san=subjectAltName=DNS:bad.example.org,DNS:www.bad.example.org
for how in 'rsa:1024' 'ec -pkeyopt ec_paramgen_curve:P-521' 'ed25519'; do
	# shellcheck disable=SC2086 # words
	openssl req -new -newkey $how -nodes -keyout "$T/weak.key" -subj / \
		-addext $_san -out "$T/bad.csr" 2>/dev/null
	populate add bad.example.org --csr "$T/bad.csr"
	like "$rc $err" '^1 .*the key is .*any_key.*-newkey' "a key of $how"
	follow
done
csr b bad.csr / -addext $_san -sha1
populate add bad.example.org --csr "$T/bad.csr"
like "$rc $err" '^1 .*SHA1, which no CA accepts' "a signature with SHA-1"
follow
csr b bad.csr / -addext $_san
openssl req -in "$T/bad.csr" -outform DER -out "$T/bad.der"
"$PYTHON" -c 'import sys
d = bytearray(open(sys.argv[1], "rb").read()); d[-1] ^= 1
open(sys.argv[1], "wb").write(d)' "$T/bad.der"
populate add bad.example.org --csr "$T/bad.der"
like "$rc $err" '^1 .*its signature is wrong' "a broken signature"
unlike "$err" 'lib\)' "... without the words of a library"
follow
csr b bad.csr '/CN=Mail Server Example' -addext $_san
populate add bad.example.org --csr "$T/bad.csr"
like "$rc $err" '^1 .*"Mail Server Example": .*; leave the common name out' \
	"a common name that is none says what to do"
csr b bad.csr / -addext "$_san,email:me@example.org"
populate add bad.example.org --csr "$T/bad.csr"
like "$rc $err" '^1 .*e-mail address, "me@example\.org": only DNS names' \
	"an alternative name that is an address of mail is said"
csr b local.csr / -addext subjectAltName=DNS:nas.local
populate -n add nas.local --csr "$T/local.csr"
like "$(printf '%s' "$out" | tr -s ' \n' '  ')" \
	' note no public CA issues for nas\.local' "a note for .local"

# --- a request with names of other rows ---

openssl ecparam -name prime256v1 -genkey -noout -out "$T/greedy.key"
csr greedy greedy.csr / \
	-addext subjectAltName=DNS:greedy.example.org,DNS:www.example.org
populate -n add greedy.example.org --csr "$T/greedy.csr"
like "$rc $err" '^0 .*greedy\.example\.org: the CSR also asks for www\.example\.org, which is enrolled as www\.example\.org' \
	"a CSR that asks for another row's name"

# --- more receipts than can be shown ---

"$PYTHON" - "$T/certrepo.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executemany("INSERT INTO installs (host, name, service, endpoint, state, ts)"
               " VALUES (?, 'ip.example.org', 's', '', 'served', ?)",
               (("h%d" % i, i) for i in range(200001)))
db.commit()
END
populate show ip.example.org
is "$rc" 0 "200001 receipts: show shows the row"
like "$out" ' h200000 s: served' "... the newest"
like "$out" ' and 199961 older' "... and how many more there are"
populate show --json ip.example.org
is "$(json 'len(d["installs"]) + d["installs_more"], d["installs"][0]["host"]')" \
	"200001 h200000" "... as JSON"
sql "DELETE FROM installs"

# --- who did what, for syslog ---

run env SUDO_USER=alice "$BUILD/certrepo-populate" -c "$T/certrepo.conf" \
	-v set ip.example.org 'comment=by alice'
like "$err" "set name=ip\.example\.org detail=\"comment=by alice\" user=$(id -un) sudo_user=alice\$" \
	"a change is logged: what, and by whom"
populate -v disable example.org
like "$err" "disabled name=example\.org user=$(id -un)\$" "... each"
for args in 'disable example.org' 'show ip.example.org' \
	'-n enable ip.example.org' 'list'; do
	# shellcheck disable=SC2086 # words
	populate -v $args
	is "$rc/$err" "0/" "... and nothing else: $args"
done

# --- remove ---

populate remove www.example.org
is "$rc" 1 "remove without a terminal and --yes is refused"
like "$err" '--yes' "... and says how"
populate -n remove www.example.org
like "$rc $out" '^0 would remove' "remove --dry-run"
if command -v script >/dev/null; then
	tty() { # ANSWER
		printf '%s\n' "$1" | timeout 20 script -qec \
			"$BUILD/certrepo-populate -c $T/certrepo.conf remove www.example.org" \
			/dev/null >"$T/tty" 2>&1 || :
	}
	tty n
	like "$(cat "$T/tty")" 'remove www\.example\.org.*\[y/N\]' \
		"on a terminal it asks"
	is "$(sql "SELECT COUNT(*) FROM certs
		WHERE name = 'www.example.org'")" 1 "... no means no"
	tty y
	is "$(sql "SELECT COUNT(*) FROM certs
		WHERE name = 'www.example.org'")" 0 "... yes removes"
else
	skip "no script(1)"
	skip "no script(1)"
	populate remove -y www.example.org
	is "$rc" 0 "remove"
fi
populate remove --yes example.org example.org+b
is "$rc" 0 "remove --yes, two at once"
populate remove --yes example.org
like "$rc $err" '^1 .*not enrolled' "remove of what is not there"

# --- a database of the 2019 system ---

sed "s#$T/certrepo.db#$T/old.db#; /^default_ca/acount_fail_limit = 10;" \
	"$T/certrepo.conf" >"$T/old.conf"
openssl req -new -newkey rsa:1024 -nodes -keyout "$T/weak.key" \
	-subj /CN=weak.example.org -out "$T/weak.csr" 2>/dev/null
key c
csr c mtls.csr /CN=mtls.example.org \
	-addext extendedKeyUsage=serverAuth,clientAuth
csr c fine.csr / -addext subjectAltName=DNS:fine.example.org
"$PYTHON" - "$T" "$ROOT" <<'END'
import glob, sqlite3, sys
t, root = sys.argv[1:]
db = sqlite3.connect(t + "/old.db")
db.executescript(open(glob.glob(root + "/schema/sqlite/0000*")[0]).read())
def row(name, csr, count, enable="Y"):
    db.execute("INSERT INTO certs (name, enable, certbot, csr, ts_expire,"
               " ts_last_update, md5_modulus, count_fail_update)"
               " VALUES (?,?,'N',?,1,1,'x',?)",
               (name, enable, open(t + "/" + csr).read(), count))
row("weak.example.org", "weak.csr", 0)
row("mtls.example.org", "mtls.csr", 3)
row("fine.example.org", "fine.csr", 4711)
row("off.example.org", "weak.csr", 4711, "N")
row("FINE.example.org", "fine.csr", 0)
row("OTHER.example.org", "fine.csr", 0)
for i in range(30):
    row("h%d.example.org" % i, "fine.csr", 0)
db.execute("UPDATE certs SET certbot = 'Y' WHERE name LIKE 'h%'")
db.commit()
END
old() {
	run "$BUILD/certrepo-populate" -c "$T/old.conf" "$@"
}
before=$(sqlite3 "$T/old.db" .dump)
old init -n
like "$rc $out" "^0 would upgrade $T/old\\.db from schema version 0 to [0-9]+\$" \
	"init -n of a database of 2019"
is "$err$(sqlite3 "$T/old.db" .dump)" "$before" "... which stays as it is"
old init
is "$rc" 0 "init of a database of 2019"
like "$err" 'weak\.example\.org: CA public would refuse the CSR: the key is RSA 1024.*subjectAltName=DNS:weak\.example\.org -out weak\.example\.org\.csr; enrol it by certrepo-populate -c .* add weak\.example\.org --csr FILE --replace$' \
	"... warns of a key that no CA takes"
like "$err" 'mtls\.example\.org: the CSR asks for clientAuth' \
	"... and of clientAuth"
like "$err" "fine\\.example\\.org: it has failed 4711 times.*: certrepo-populate -c $T/old\\.conf enable fine\\.example\\.org\$" \
	"... and of what the next failure would hold"
unlike "$err" 'off\.example' "... but not of what is disabled"
like "$err" "http-01 and have no webroot_path: 30 \\(h0\\.example\\.org, .*, \\.\\.\\.\\); .*certrepo-populate -c $T/old\\.conf set NAME webroot_path=PATH\$" \
	"... counts the rows without a web root"
like "$err" 'does not ask for the name they are enrolled under: 31 \(OTHER' \
	"... and those whose name is not in their CSR"
unlike "$err" '\bFINE' "... which a name in capitals may be"
run sh -c "PATH=$BUILD:\$PATH; $(printf '%s\n' "$err" | sed -n 's/.*mended: //p')"
like "$rc $out" '^0 fine\.example\.org enabled; its failures are forgotten' \
	"... whose command mends it"
old init
is "$rc/$err" "0/" "... once"
old show weak.example.org
like "$out" 'note +CA public would refuse the CSR: the key is RSA 1024' \
	"show says it, too"
old show --json mtls.example.org
is "$(json '[n for n in d["notes"] if "clientAuth" in n] != []')" True \
	"... and as JSON"

# --- what can go wrong around it ---

rc=0
"$BUILD/certrepo-populate" -c "$T/certrepo.conf" list >/dev/full 2>"$T/err" ||
	rc=$?
is "$rc" 1 "a full disk under stdout is a failure"
for command in list 'list --json' init --help; do
	rc=0
	# shellcheck disable=SC2086 # words
	"$BUILD/certrepo-populate" -c "$T/certrepo.conf" $command >&- \
		2>"$T/err" || rc=$?
	is "$rc $(cat "$T/err")" \
		"1 certrepo-populate: cannot write to standard output" \
		"... and none at all is: $command"
done
not_ok "links neither curl nor jansson" sh -c \
	"ldd '$BUILD/certrepo-populate' | grep -Eq 'curl|jansson|ldns'"
done_testing
