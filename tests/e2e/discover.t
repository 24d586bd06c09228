#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA is found by DNS: BIND with zones that are signed, not signed and signed
# wrongly, and several CAs that are up, down or lie. Their names lead here by a
# proxy, so that TLS is asked for the name in the SRV record.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

# --- the CAs: A, B (both well), HTML (no directory), WRONG (another's name) ---

ca_start() { # NAME CERT [OPTION...]: sets CA_NAME, its port
	_ca=$1 _crt=$2
	shift 2
	mkdir -p "$T/ca-$_ca"
	rm -f "$T/log/ca-$_ca"
	: >>"$T/ca-$_ca/requests"
	start "ca-$_ca" "$PYTHON" "$ROOT/tests/lib/acme_server.py" \
		--cert "$T/tls/$_crt.pem" --key "$T/tls/key.pem" \
		--dir "$T/ca-$_ca" --log "$T/ca-$_ca/requests" "$@"
	wait_for 15 grep -q ^ready "$T/log/ca-$_ca" ||
		bail "no CA: $(cat "$T/log/ca-$_ca")"
	_port=$(sed -n 's|^ready https://127.0.0.1:\([0-9]*\)/dir|\1|p' \
		"$T/log/ca-$_ca")
	eval "CA_$_ca=$_port"
}
orders() { # CA: how many were made there
	grep -c '"kind": "newOrder"' "$T/ca-$1/requests"
}
mkdir -p "$T/tls" "$T/dns" "$T/csr" "$T/keys" "$T/state" "$T/bin"
make_ca "$T/tls/ca" "certrepo discovery CA" && make_key "$T/tls/key.pem" &&
	make_cert "$T/tls/ca" "$T/tls/key.pem" "$T/tls/good.pem" 127.0.0.1 \
		'*.corp.example' '*.good.example' '*.bad.example' \
		'*.elsewhere.example' '*.sub.corp.example' &&
	make_cert "$T/tls/ca" "$T/tls/key.pem" "$T/tls/other.pem" \
		other.corp.example
[ -s "$T/tls/other.pem" ] || bail 'no certificates'
PEBBLE_CA=$T/tls/ca/ca.pem
ca_start A good
ca_start B good
ca_start HTML good --fault html-200@directory
ca_start WRONG other
DOWN=$(free_port)

PROXY=$(free_port)
start proxy "$PYTHON" "$ROOT/tests/lib/connect_proxy.py" "$PROXY" "$T/asked"
wait_port "$PROXY" || bail 'no proxy'
https_proxy=http://127.0.0.1:$PROXY no_proxy=127.0.0.1
export https_proxy no_proxy

# --- the DNS ---

DNS_PORT=$(free_port)
S=_acme-server._tcp
zone() { # NAME LINE...: its records
	_z=$1
	shift
	{
		printf '%s\n' "\$TTL 1" "\$ORIGIN $_z." \
			"@ SOA ns.$_z. a.$_z. $(date +%s) 60 60 60 1" \
			"@ NS ns" 'ns A 127.0.0.1'
		[ ! -f "$T/dns/$_z.dnskey" ] || cat "$T/dns/$_z.dnskey"
		printf '%s\n' "$@"
	} >"$T/dns/$_z.db"
	if [ -f "$T/dns/$_z.dnskey" ]; then
		(cd "$T/dns" && dnssec-signzone -q -z -o "$_z" \
			-f "$_z.signed" "$_z.db" "$(cat "$_z.keyname")") \
			>"$T/sign.log" 2>&1 || bail "$(cat "$T/sign.log")"
	else
		cp "$T/dns/$_z.db" "$T/dns/$_z.signed"
	fi
	[ ! -s "$T/pid/named" ] || rndc_reload
}
rndc_reload() {
	stop named
	start named "$(unconfined named)" -g -c "$T/dns/named.conf"
	wait_port "$DNS_PORT" || bail "no BIND: $(tail -3 "$T/log/named")"
}
key() { # ZONE: its key, the file of it for the anchor
	(cd "$T/dns" && dnssec-keygen -q -a ECDSAP256SHA256 -f KSK "$1") \
		>"$T/dns/$1.keyname" || bail 'no key'
	cp "$T/dns/$(cat "$T/dns/$1.keyname").key" "$T/dns/$1.dnskey"
}
# instance NAME PRIORITY WEIGHT PORT TARGET TXT...
instance() {
	_i=$1 _srv="$2 $3 $4 $5"
	shift 5
	printf '%s PTR %s\n%s SRV %s\n%s TXT %s\n' "$S" "$_i.$S" "$_i.$S" \
		"$_srv" "$_i.$S" "$*"
}
DIR='"path=/dir" "i=dns,ip"'
key good.example
key bad.example
cat "$T/dns/good.example.dnskey" >"$T/anchor"
# what the zone is signed by is another one
key bad.example
cat "$T/dns/bad.example.dnskey" >>"$T/anchor"
key bad.example
{
	echo "options { directory \"$T/dns\"; pid-file none; session-keyfile none;
		listen-on port $DNS_PORT { 127.0.0.1; }; listen-on-v6 { none; };
		recursion no; dnssec-validation no; notify no; };
		controls { };"
	for z in . corp.example sub.corp.example good.example bad.example; do
		echo "zone \"$z\" { type primary; file \"${z#.}.signed\"; };"
	done
} | sed 's|file ".signed"|file "root.signed"|' >"$T/dns/named.conf"
printf '%s\n' "\$TTL 1" '@ SOA ns.corp.example. a.corp.example. 1 60 60 60 1' \
	'@ NS ns.corp.example.' >"$T/dns/root.signed"
zone corp.example ''
zone sub.corp.example ''
zone good.example "$(instance a 10 0 "$CA_A" ca "$DIR")"
zone bad.example "$(instance a 10 0 "$CA_A" ca "$DIR")"
start named "$(unconfined named)" -g -c "$T/dns/named.conf"
wait_port "$DNS_PORT" || bail "BIND does not start: $(tail -5 "$T/log/named")"

# --- the host ---

CONF=$T/certrepo.conf
WEBROOT=$T/www
mkdir -p "$WEBROOT"
conf() { # DISCOVER [MODE [MORE OF THE CA [ANOTHER CA]]]
	cat >"$CONF" <<-END
	store : { driver = "sqlite"; path = "$T/certrepo.db"; };
	csr_dir = "$T/csr";
	state_dir = "$T/state";
	webroot_prefixes = ["$WEBROOT"];
	ca = ( {
	    name = "corp";
	    discover = [ $1 ];
	    mode = "${2:-force}";
	    account_key = "$T/state/account.pem";
	    agree_tos = true;
	    ca_file = "$PEBBLE_CA";
	    ${3-}
	} ${4-} );
	dns : { resolvers = ["127.0.0.1:$DNS_PORT"]; timeout = "3s";
		trust_anchor = "${ANCHOR-$T/anchor}";
		zones = ( { zone = "none.invalid"; } ); };
	END
	chmod 600 "$CONF"
}
SECOND=", { name = \"second\"; directory = \"https://ca.corp.example:$CA_B/dir\";
	account_key = \"$T/state/second.pem\"; agree_tos = true;
	ca_file = \"$PEBBLE_CA\"; }"
for x in fetcher populate; do
	printf '#!/bin/sh\nexec "%s/certrepo-%s" -c "%s" "$@"\n' \
		"$BUILD" "$x" "$CONF" >"$T/bin/$x"
	chmod 755 "$T/bin/$x"
done
PATH=$T/bin:$PATH
STORE=sqlite SQLITE_DB=$T/certrepo.db
fresh() { # nothing is known of any CA, and www is due
	for _t in orders proofs attempts cas; do
		sql "DELETE FROM $_t"
	done
	rm -f "$T"/state/discover-*
	due
	: >"$T/asked"
}
due() {
	sql "UPDATE certs SET crt = NULL, ca = NULL, ts_expire = 1, ts_due = 0,
		ts_expire_seen = 1, ts_next_attempt = 0, held = 0, fail_class = NULL,
		count_fail_update = 0, lease_owner = NULL, lease_until = 0"
}
pinned() {
	sql "SELECT directory FROM cas WHERE name = 'corp'"
}
line() { # STEP WHAT RESULT: a line of the output, as an ERE
	printf '%s\t%s\t%s' "$1" "$2" "$3"
}
conf '"corp.example"'
run populate init
is "$rc" 0 'a CA without a directory is taken' || diag "$err"
make_key "$T/keys/www.key" ec && make_csr "$T/keys/www.key" \
	"$T/csr/www.corp.example.csr" www.corp.example &&
	run populate add www.corp.example --enable &&
	run populate set www.corp.example challenge=http-01 ca=corp \
		webroot_path="$WEBROOT"
is "$rc" 0 'a name is enrolled for it' || diag "$err"

# --- what is found, and what is dropped and why ---

run fetcher --discover
is "$rc" 1 'nothing advertised: exit 1'
like "$err" 'no CA is advertised below corp.example' '... and says so'
like "$out" "$(line ptr $S.corp.example 'NXDOMAIN, 0, insecure')" '... and how'

zone corp.example "$(instance a 10 0 "$CA_A" ca "$DIR")"
run fetcher --discover
is "$rc" 0 'one is found'
like "$out" "$(line use "https://ca.corp.example:$CA_A/dir" \
	'priority 10, weight 0, insecure')" '... and used'
is "$(sql 'SELECT count(*) FROM cas')" 0 '... and nothing is kept'

zone corp.example "$(
	instance i 1 0 "$CA_A" ca '"path=/dir" "i=ip"'
	instance p 1 0 "$CA_A" ca '"path=dir" "i=dns"'
	instance v 1 0 "$CA_A" ca '"path=/dir" "i=dns" "v=tls-alpn-01"'
	instance dot 1 0 "$CA_A" . "$DIR"
	instance e 1 0 "$CA_A" ca.elsewhere.example. "$DIR"
	echo "$S PTR x.$S.elsewhere.example."
	echo "$S PTR www"
	echo "loop.$S CNAME loop.$S"
	echo "$S PTR loop.$S"
	instance down 2 0 "$DOWN" ca "$DIR"
	instance html 3 0 "$CA_HTML" ca "$DIR"
	instance wrong 4 0 "$CA_WRONG" ca "$DIR"
	instance 'Main\032CA' 5 0 "$CA_B" ca \
		'"PATH=/dir" "i=DNS" "v=http-01,dns-01" "path=/x"'
	instance last 6 0 "$CA_A" ca "$DIR"
)"
run fetcher --discover
is "$rc" 0 'among many, the one that is well'
like "$out" "$(line use "https://ca.corp.example:$CA_B/dir" \
	'priority 5, weight 0, insecure')" '... by its priority'
like "$out" "$(line drop "i.$S.corp.example.*" 'i lacks dns')" 'no dns'
like "$out" "$(line drop "p.$S.corp.example.*" 'no path')" 'no path'
like "$out" "$(line drop "v.$S.corp.example.*" 'no common v')" 'no challenge'
like "$out" "$(line drop "dot.$S.corp.example.*" 'service not there')" 'not there'
like "$out" "$(line drop "e.$S.corp.example.*" 'other domain')" \
	'a server elsewhere'
like "$out" "$(line drop "x.$S.elsewhere.example" 'other domain')" \
	'an instance elsewhere'
like "$out" "$(line drop www.corp.example 'bad name')" 'no instance'
like "$out" "$(line drop "loop.$S.corp.example" '.*')" 'a loop'
like "$out" "$(line try "https://ca.corp.example:$DOWN/dir" '.+')" 'one is down'
like "$out" "$(line try "https://ca.corp.example:$CA_HTML/dir" \
	'the directory is not a JSON object.*')" 'one is a page'
like "$out" "$(line try "https://ca.corp.example:$CA_WRONG/dir" \
	'.*(certificate|SSL).*')" "one has another's certificate"
unlike "$out" "try.*:$CA_A/" 'the one behind is left alone'

conf '"corp.example"' force 'discover_allow = "elsewhere.example";'
run fetcher --discover
like "$out" "$(line use "https://ca.elsewhere.example:$CA_A/dir" '.*')" \
	'elsewhere, where that is allowed'

# --- a directory that moved: followed as a run does ---

conf '"corp.example"'
ca_start MOVED good --fault redirect-3
zone corp.example "$(instance a 10 0 "$CA_MOVED" ca "$DIR"
	instance b 20 0 "$CA_B" ca "$DIR")"
run fetcher --discover
like "$out" "$(line redirect "https://ca.corp.example:$CA_MOVED/dir" \
	"https://ca.corp.example:$CA_MOVED/dir/2")" 'one that moved is followed'
like "$out" "$(line use "https://ca.corp.example:$CA_MOVED/dir" '.*')" \
	'... and used as it is advertised'
fresh
run fetcher --once
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_MOVED/dir" \
	'... which a run keeps' || diag "$err"
sql 'DELETE FROM orders'
stop ca-MOVED
ca_start MOVED good --fault redirect-4
zone corp.example "$(instance a 10 0 "$CA_MOVED" ca "$DIR"
	instance b 20 0 "$CA_B" ca "$DIR")"
run fetcher --discover
like "$out" "$(line try "https://ca.corp.example:$CA_MOVED/dir" \
	'redirects too often.*')" 'four times is too often'
like "$out" "$(line use "https://ca.corp.example:$CA_B/dir" '.*')" \
	'... and the next comes'
stop ca-MOVED
ca_start MOVED good --fault redirect-http
zone corp.example "$(instance a 10 0 "$CA_MOVED" ca "$DIR")"
run fetcher --discover
is "$rc" 1 'to http: no'
like "$err" "at last https://ca.corp.example:$CA_MOVED/dir: redirects.*no https" \
	'... and says so'
fresh

# --- weights: both are drawn (how often: tests/unit/test_disc_pick.c) ---

conf '"corp.example"'
zone corp.example "$(instance a 10 50 "$CA_A" ca "$DIR"
	instance b 10 50 "$CA_B" ca "$DIR")"
i=0
: >"$T/weights"
while [ $i -lt 40 ]; do
	fetcher --discover | grep ^use >>"$T/weights"
	i=$((i + 1))
done
a=$(grep -c ":$CA_A/" "$T/weights") b=$(grep -c ":$CA_B/" "$T/weights")
ok "both are drawn ($a, $b)" \
	test $((a + b)) = 40 -a "$a" -gt 0 -a "$b" -gt 0

# --- many: so many are looked at ---

zone corp.example "$(i=0
	while [ $i -lt 100 ]; do
		instance "i$i" 1 0 "$DOWN" "c$i" "$DIR"
		i=$((i + 1))
	done)"
run fetcher --discover
is "$rc" 69 'a hundred that are down: not sure'
is "$(printf '%s\n' "$out" | grep -c '^try')" 16 '... sixteen are tried'

# --- DNSSEC ---

conf '"good.example"'
run fetcher --discover
like "$out" "$(line use "https://ca.good.example:$CA_A/dir" \
	'priority 10, weight 0, secure')" 'a signed zone is secure'
conf '"bad.example", "good.example"'
run fetcher --discover
is "$rc" 1 'bogus: exit 1'
like "$err" 'DNSSEC: bogus' '... and says so'
unlike "$out" '^discover.good.example' '... and nobody else is asked'
ANCHOR='' conf '"bad.example"'
run fetcher --discover
like "$out" 'weight 0, not checked' 'without an anchor nothing is checked'
run fetcher --discover corp.example uk
like "$out" "$(line discover uk 'a single label')" 'domains that are given'
run fetcher --discover com co.uk
is "$rc" 1 'where nobody looks: exit 1'
like "$err" \
	'com is a single label, co.uk is a public suffix: nothing is looked for' \
	'... and says why'
for x in com co.uk; do
	conf "\"corp.example\", \"$x\""
	run fetcher --discover
	is "$rc" 78 "discover = $x: an error"
	like "$err" "certrepo.conf:[0-9]*: .*discover.: $x is a (single|public)" \
		'... that says why'
	run fetcher --once
	is "$rc" 78 '... for a run as well'
done
conf '"corp.example"'
for x in http://ca.corp.example/d https://192.0.2.1/d https://ca/d; do
	run fetcher --advertise "$x"
	is "$rc" 64 "--advertise $x: usage"
done
run fetcher --advertise https://192.0.2.1/d
like "$err" 'an address cannot be advertised' '... and says so of an address'

# --- a run: found, pinned, used without a look-up ---

zone corp.example "$(instance a 10 0 "$CA_A" ca "$DIR"
	instance b 20 0 "$CA_B" ca "$DIR")"
conf '"sub.corp.example", "corp.example"'
fresh
# A kill between finding and pinning, which a lock of the store draws out.
ca_start L good --late 2 --fault late@directory:1
zone corp.example "$(instance l 10 0 "$CA_L" ca "$DIR")"
start killed fetcher --once -v
wait_for 10 grep -q "txt l.$S" "$T/log/killed"
start lock "$PYTHON" -c 'import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(100)' "$SQLITE_DB"
wait_for 10 grep -q locked "$T/log/lock"
ok 'found, and not pinned' wait_for 20 grep -q ' use https' "$T/log/killed"
stop killed KILL
stop lock
is "$(pinned)" '' '... when it is killed'
zone corp.example "$(instance a 10 0 "$CA_A" ca "$DIR"
	instance b 20 0 "$CA_B" ca "$DIR")"
run fetcher --once
is "$rc" 0 'a run finds its CA' || diag "$err"
is "$(pinned)" "https://ca.corp.example:$CA_A/dir" '... and pins it'
is "$(sql "SELECT discovered FROM cas")" \
	"corp.example insecure a.$S.corp.example" '... and how'
is "$(orders A)" 1 '... and orders there'
is "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL')" 1 '... well'
unlike "$err" 'discover|directory' '... in silence'
run fetcher account show corp
is "$rc" 0 'its account can be shown' || diag "$err"
like "$out" "found  *below corp.example on 20[^ ]* .insecure a.$S.corp.example" \
	'... with how it was found'
due
# An order that the CA draws out says where it is.
curl -sSf --http1.1 --noproxy '*' --cacert "$PEBBLE_CA" -o /dev/null \
	"https://127.0.0.1:$CA_A/fault" -d '{"name": "processing-day"}' ||
	bail 'no fault'
run fetcher --once
is "$rc $(sql 'SELECT directory FROM orders')" \
	"0 https://ca.corp.example:$CA_A/dir" 'an order knows its directory' ||
	diag "$err"
sql 'DELETE FROM orders'
due
stop named
run fetcher --once
is "$rc $(orders A)" '0 3' 'a renewal needs no DNS' || diag "$err"
start named "$(unconfined named)" -g -c "$T/dns/named.conf"
wait_port "$DNS_PORT"

# --- a store that somebody else writes to leads nowhere else ---

elsewhere() { # DISCOVERED: the row has the URL of another server
	sql "UPDATE cas SET directory = 'https://127.0.0.1:$CA_B/dir',
		discovered = $1, account = 'https://127.0.0.1:$CA_B/acct/1'"
}
: >"$T/ca-B/requests"
elsewhere "'corp.example x'"
for x in 'account show' 'account update' 'caa www.corp.example'; do
	for y in "'corp.example x'" NULL; do
		elsewhere "$y"
		# shellcheck disable=SC2086 # words
		run fetcher $x
		like "$out$err" 'not (found|discovered) yet' \
			"$x, $y: a directory that the DNS cannot have named" ||
			diag "$rc $out $err"
	done
done
due
run fetcher --once
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_A/dir" \
	'... and a run looks for its own' || diag "$err"
is "$(grep -c . "$T/ca-B/requests")" 0 '... and nobody there is asked'
run fetcher account update
is "$rc" 0 '... and the commands go on with it' || diag "$err"

# --- nothing is due, but the CA is to be asked when it wants to renew ---

ask() { # nothing but questions
	sql "UPDATE certs SET ts_ari_poll = 0"
	run fetcher --once
}
for x in "$CA_A" "$CA_B"; do
	curl -sSf --http1.1 --noproxy '*' --cacert "$PEBBLE_CA" -o /dev/null \
		"https://127.0.0.1:$x/offer" -d '{"ari": {}}' || bail 'no offer'
done
sql 'DELETE FROM cas'
ask
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_A/dir" \
	'a row that is lost: its directory is found again' || diag "$err"
isnt "$(sql 'SELECT ts_ari_poll FROM certs')" 0 '... and it is asked'
curl -sSf --http1.1 --noproxy '*' --cacert "$PEBBLE_CA" -o /dev/null \
	"https://127.0.0.1:$CA_A/fault" \
	-d '{"name": "404", "at": "directory", "times": -1}' || bail 'no fault'
zone corp.example "$(instance b 10 0 "$CA_B" ca "$DIR")"
ask
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_A/dir" 'one that is gone'
isnt "$(sql 'SELECT ts_down FROM cas')" 0 '... is noted'
sql 'UPDATE cas SET ts_down = ts_down - 3600'
ask
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_B/dir" \
	'an hour later another is found' || diag "$err"
like "$err" "is https://ca.corp.example:$CA_B/dir from now on" '... and said'
stop ca-A
ca_start A good
: >"$T/ca-B/requests"
zone corp.example "$(instance a 10 0 "$CA_A" ca "$DIR"
	instance b 20 0 "$CA_B" ca "$DIR")"
fresh
run fetcher --once
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_A/dir" 'as it was' ||
	diag "$err"

# --- rediscovery: two failed runs, an hour apart ---

stop ca-A
due
run fetcher --once
is "$rc" 69 'it is down'
is "$(pinned)" "https://ca.corp.example:$CA_A/dir" '... and stays pinned'
down=$(sql 'SELECT ts_down FROM cas')
isnt "$down" 0 '... and that is noted'
like "$err" 'was found below corp.example on 20.*; another is looked for after' \
	'... and when another is looked for is said'
sql 'UPDATE cas SET backoff_until = 0'
run fetcher --once
is "$(pinned)" "https://ca.corp.example:$CA_A/dir" 'again, at once: still'
is "$(sql 'SELECT ts_down FROM cas')" "$down" '... since then'
sql "UPDATE cas SET backoff_until = 0, ts_down = ts_down - 3600"
run fetcher --once
is "$rc" 0 'an hour later another is found' || diag "$err"
is "$(pinned)" "https://ca.corp.example:$CA_B/dir" '... and pinned'
like "$err" "its directory is https://ca.corp.example:$CA_B/dir from now on" \
	'... and that is said'
is "$(orders B)" 1 '... and used'
is "$(sql 'SELECT ts_down FROM cas')" 0 '... and well'

# who forces an order does not wait for that hour
ca_start A good
stop ca-B
due
zone corp.example "$(instance a 10 0 "$CA_A" ca "$DIR")"
run fetcher --once --force www.corp.example
is "$rc $(pinned)" "0 https://ca.corp.example:$CA_A/dir" \
	'--force looks for another at once' || diag "$err"
stop ca-A
due
sql "UPDATE cas SET ts_down = 1"
run fetcher --once
is "$rc" 69 'both are down'
is "$(pinned)" "https://ca.corp.example:$CA_A/dir" '... and it stays'
like "$err" 'no other is found' '... and says so'
like "$err" 'certrepo-fetcher --discover looks again' '... and what to do'
ok '... with each step in a file' grep -q '^try' "$T/state/discover-corp.txt"
like "$err" "$T/state/discover-corp.txt" '... that is named'

# --- another parent in the configuration is another search ---

ca_start A good
zone good.example "$(instance a 10 0 "$CA_A" ca "$DIR")"
conf '"good.example"'
sql 'UPDATE cas SET backoff_until = 0'
run fetcher --once
is "$rc" 0 'another domain is set' || diag "$err"
is "$(pinned)" "https://ca.good.example:$CA_A/dir" '... and its CA found'
not_ok '... and the file is gone' test -e "$T/state/discover-corp.txt"

# --- nothing found: force waits, try goes on ---

ca_start B good
zone corp.example "$(instance a 10 0 "$DOWN" ca "$DIR")"
SECOND=", { name = \"second\"; directory = \"https://ca.corp.example:$CA_B/dir\";
	account_key = \"$T/state/second.pem\"; agree_tos = true;
	ca_file = \"$PEBBLE_CA\"; }"
: >"$T/ca-B/requests"
conf '"corp.example"' force '' "$SECOND"
fresh
run fetcher --once
is "$rc" 69 'force: waits'
like "$err" 'its directory is not found' '... and says so'
is "$(orders B)" 0 '... and nobody is asked for anything'
# what is the missing one's stays here: its key, contact and binding
(umask 077 && head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d = \
	>"$T/state/corp.hmac")
CORP="contact = \"mailto:hidden@corp.example\"; eab_kid = \"corp-kid\";
	eab_key_file = \"$T/state/corp.hmac\";"
conf '"corp.example"' try "$CORP" "$SECOND"
fresh
run fetcher --once
is "$rc" 0 'try: goes on' || diag "$err"
like "$err" 'ordered from the next CA, second, in this run' '... and says so'
like "$err" 'not to be known there, set mode = "force"' '... and what to mind'
is "$(orders B)" 1 '... with the next'
accounts() { grep '"kind": "newAccount"' "$T/ca-$1/requests"; }
keys() { accounts "$1" | sed -n 's/.*"key": "\([^"]*\)".*/\1/p' | sort -u; }
run fetcher account show --json corp second
theirs=$(printf '%s\n' "$out" | "$PYTHON" -c 'import json, sys
print(*[a["key"] for a in json.load(sys.stdin)])')
corp_key=${theirs% *} second_key=${theirs#* }
isnt "$corp_key" "$second_key" 'two CAs, two keys'
is "$(keys B)" "$second_key" '... and the next one sees its own alone'
unlike "$(cat "$T/ca-B/requests")" 'hidden@|externalAccountBinding' \
	'... and nobody else'"'"'s contact and binding'
# with notify that is told, and is not for syslog alone
cat >"$T/bin/take-mail" <<END
#!/bin/sh
cat >>"$T/mails"
END
chmod 755 "$T/bin/take-mail"
rm "$T/state/discover-corp.told"
due
echo "notify : { mail = \"root\"; sendmail = [ \"$T/bin/take-mail\" ]; };" \
	>>"$CONF"
run fetcher --once
like "$(tr '\n' ' ' <"$T/mails")" \
	'ordered from the next CA, second.*certrepo-fetcher.* --discover' \
	'... and whoever is in notify is told' || diag "$err"
conf '"corp.example"' try "$CORP" "$SECOND"
is "$(sql "SELECT coalesce(ca_name, '') FROM certs")" corp \
	'... and the row is as it was'
due
run fetcher --once
is "$rc $(orders B)" '0 3' 'and once more'
unlike "$err" 'next CA' '... which is said once a day'
run fetcher --once
is "$(orders B)" 3 'and then nothing is due'
# an order that the next one draws out is its own, be the missing one back
ca_start E good --offer '{"eab": {"keys": {"corp-kid": {"key":
	"'"$(cat "$T/state/corp.hmac")"'"}}}}'
fault() { # CA NAME
	eval "_port=\$CA_$1"
	curl -sSf --http1.1 --noproxy '*' --cacert "$PEBBLE_CA" -o /dev/null \
		"https://127.0.0.1:$_port/fault" -d "{\"name\": \"$2\"}" ||
		bail 'no fault'
}
fault B processing-day
due
run fetcher --once
is "$rc $(sql 'SELECT ca_name FROM orders')" '0 second' \
	'an order of the next one is drawn out' || diag "$err"
zone corp.example "$(instance e 10 0 "$CA_E" ca "$DIR")"
due
run fetcher --once
is "$rc $(orders E) $(sql 'SELECT count(*) FROM orders')" '0 1 0' \
	'the missing one is back, and makes one of its own' || diag "$err"
is "$(keys E)" "$corp_key" '... with its own key'
like "$(accounts E)" 'hidden@corp.example.*externalAccountBinding' \
	'... contact and binding'
is "$(keys B)" "$second_key" '... which the other one has never seen'
unlike "$(cat "$T/ca-E/requests")" '"replaces"' \
	'... and it is not told of what the other one issued'
: >"$T/ca-B/requests"
conf '"bad.example"' try '' "$SECOND"
fresh
run fetcher --once
is "$rc $(orders B)" '69 0' 'bogus: try waits as well'
zone corp.example "$(instance a 10 0 "$DOWN" ca "$DIR")"
conf '"corp.example"' try
fresh
run fetcher --once
is "$rc" 69 'try with no next CA: waits'

# a DNS that is away says of no CA that it is not there
conf '"corp.example"' try '' "$SECOND"
fresh
stop named
run fetcher --once
is "$rc $(orders B)" '69 0' 'no resolver answers: try waits as well'
unlike "$err" 'next CA' '... and says nothing else'
sed -i 's|"corp.example.signed"|"nosuch.signed"|' "$T/dns/named.conf"
start named "$(unconfined named)" -g -c "$T/dns/named.conf"
wait_port "$DNS_PORT" || bail 'no BIND'
sql 'UPDATE cas SET backoff_until = 0'
due
run fetcher --once
is "$rc $(orders B)" '69 0' 'SERVFAIL: so it does'
like "$err" SERVFAIL '... and says why'
sed -i 's|"nosuch.signed"|"corp.example.signed"|' "$T/dns/named.conf"
rndc_reload

# --- it can be ended while it looks ---

stop named
fresh
start ended fetcher --once -v
wait_for 10 grep -q 'discover corp.example looked at' "$T/log/ended"
stop ended TERM
unlike "$(cat "$T/log/ended")" Sanitizer 'a search that is ended leaves nothing'
like "$(cat "$T/log/ended")" waiting '... and its name waits'
start named "$(unconfined named)" -g -c "$T/dns/named.conf"
wait_port "$DNS_PORT"

# --- what to publish is what is found ---

zone corp.example "$(fetcher --advertise "https://ca.corp.example:$CA_A/dir")"
run fetcher --discover
like "$out" "$(line use "https://ca.corp.example:$CA_A/dir" '.*')" \
	'what is advertised is found'
done_testing
