#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-fetcher caa: what it prints is a piece of a zone file that BIND
# takes; once that is published the name is allowed, to the CA, the account and
# the method, and what others publish is told as a CA would have it.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

stage_dns || bail 'no DNS'
cat >>"$T/dns/named.conf" <<END
zone "caa.test" { type primary; file "caa.db"; };
zone "cdn.test" { type primary; file "cdn.db"; };
// never loaded: SERVFAIL
zone "broken.test" { type secondary; file "broken.bak";
	primaries { 127.0.0.1 port 9; }; };
END
HEAD='$TTL 60
@ IN SOA ns1.caa.test. root.caa.test. 1 60 60 600 60
@ IN NS ns1.caa.test.
ns1.caa.test. IN A 127.0.0.1
www.caa.test. IN A 127.0.0.1
alias.caa.test. IN CNAME edge.cdn.test.'

head_of() { # ZONE: without what is of the other one
	if [ "$1" = caa.test ]; then
		printf '%s\n' "$HEAD"
	else
		printf '%s\n' "$HEAD" | grep -v '^[a-z1]*\.caa\.test\.'
	fi
}
loaded() { # BIND answers for all zones, which it does after it listens
	for _z in . example.test caa.test cdn.test; do
		[ -n "$(dig +short +time=1 +tries=1 @127.0.0.1 -p "$DNS_PORT" \
			$_z SOA)" ] || return 1
	done
}
publish() { # RECORDS: of caa.test, in place of all before, and of cdn.test
	stop named
	head_of caa.test >"$T/dns/caa.db"
	printf '%s\n' "$1" >>"$T/dns/caa.db"
	head_of cdn.test >"$T/dns/cdn.db"
	printf '%s\n' "${2-}" >>"$T/dns/cdn.db"
	start named "$(unconfined named)" -g -c "$T/dns/named.conf"
	wait_for 15 loaded || bail "no DNS: $(tail -3 "$T/log/named")"
}
takes() { # ZONE RECORDS NAME: named-checkzone does
	head_of "$1" >"$T/check.db"
	printf '%s\n' "$2" >>"$T/check.db"
	ok "$3" named-checkzone "$1" "$T/check.db"
}
published() { # NAME: its CAA records, as dig has them
	dig +short @127.0.0.1 -p "$DNS_PORT" "$1" CAA | sort
}
# the root says that there is nothing at "test"
printf '%s\n' 'ns1.example.test. IN A 127.0.0.1' >>"$T/dns/root.db"
publish ''
scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
for n in www.caa.test alias.caa.test first.example.test; do
	scripted_row "$n" || bail "$(cat "$T/enrol.log")"
done
enrol caa.test ec caa.test '*.caa.test' || bail 'cannot enrol'
enrol broken.test ec broken.test || bail 'cannot enrol'

# --- before the first order ---
run fetcher caa www.caa.test
is "$rc" 0 'nothing is published: any CA may'
like "$out" 'pebble does not say by which domain' \
	'a CA that does not say its domain: no record, and why'
run fetcher --once first.example.test
is "$rc" 0 'an order, and with it an account'
ACCOUNT=$(sql 'SELECT account FROM cas')
like "$ACCOUNT" '^https://' '... which the store knows'
STAGE_CA='caa = [ "Set.Example.", "set2.example" ];'
stage_conf
run fetcher caa www.caa.test
like "$out" "issue \"set.example; accounturi=$ACCOUNT; validationmethods=http-01\"" \
	'... the configuration knows by which'
offer '{"caa": ["ca.example", "CA.example.net"]}'
run fetcher --once --force first.example.test
is "$rc" 0 'an order, and with it what the directory says now'
run fetcher caa www.caa.test
like "$out" 'issue "ca.example; accounturi' '... which counts'
unlike "$out" set.example '... and the configuration does not'

unknown() { # NAME
	run fetcher caa www.caa.test
	like "$out" 'its account at pebble is not known' "$1"
	unlike "$out" accounturi '... and not named'
}
for x in "${STAGE_DIRECTORY%/dir}/acct/evil" https://evil.example/acct/1; do
	sql "UPDATE cas SET account = '$x', caa = 'evil.example'"
	run fetcher caa www.caa.test
	like "$out" "issue \"ca.example; accounturi=$ACCOUNT; validation" \
		"a store that has $x: the CA says who we are"
	unlike "$out" evil '... and nobody else'
done
mv "$T/state/account.pem" "$T/account.pem"
unknown 'the account of a key that is gone is none of ours'
make_key "$T/state/account.pem" ec && chmod 600 "$T/state/account.pem"
unknown '... or was replaced'
mv "$T/account.pem" "$T/state/account.pem"
fault challenge-caa '' 1
run fetcher --once www.caa.test
like "$err" 'caa: .*; certrepo-fetcher caa www.caa.test prints the records it wants;' \
	'the CA says caa: which command shows more'

# --- what is printed, is published, and allows ---
WANT="ca.example; accounturi=$ACCOUNT; validationmethods"
run fetcher caa www.caa.test caa.test
is "$rc" 0 'nothing is published: any CA may'
like "$out" '^; now: no CAA is published: any CA may issue$' '... it says'
is "$(printf '%s\n' "$out" | grep -v '^;' | sort)" "$(printf '%s\n' \
	"caa.test. IN CAA 0 issue \"$WANT=dns-01\"" \
	"caa.test. IN CAA 0 issuewild \"$WANT=dns-01\"" \
	"www.caa.test. IN CAA 0 issue \"$WANT=http-01\"" | sort)" \
	'the records, for the account and the way each name is proven'
records=$out
takes caa.test "$records" '... which BIND takes'
publish "$records"
is "$(published caa.test)" "$(printf '0 issue "%s"\n0 issuewild "%s"' \
	"$WANT=dns-01" "$WANT=dns-01")" '... and publishes'
run fetcher caa www.caa.test caa.test
is "$rc $(printf '%s\n' "$out" | grep -v '^; now')" "0 $(printf '%s\n' \
	"$records" | grep -v '^; now')" '... the same is wanted then'
is "$(printf '%s\n' "$out" | grep '^; now' | sort)" \
	'; now: CAA at caa.test allows pebble for this account, by dns-01
; now: CAA at caa.test allows pebble for this account, by dns-01
; now: CAA at www.caa.test allows pebble for this account, by http-01' \
	'... and allowed'
run fetcher caa --json www.caa.test caa.test
is "$rc $(printf '%s' "$out" | "$PYTHON" -c 'import json, sys
for i in json.load(sys.stdin):
    print(i["name"], i["wildcard"], i["ca"], i["challenge"], i["published_at"],
          len(i["published"]), i["allowed"], i["account"] in i["record"])')" \
	'0 www.caa.test False pebble http-01 www.caa.test 1 True True
caa.test False pebble dns-01 caa.test 2 True True
caa.test True pebble dns-01 caa.test 2 True True' 'for programs'

# --- what does not allow it ---
refuses() { # RECORDS SENTENCE NAME
	publish "$1"
	run fetcher caa www.caa.test
	is "$rc" 1 "$3: refused"
	like "$out" "^; now: $2; publish the record above\$" '... it says'
}
refuses 'caa.test. CAA 0 issue "other.example"' \
	'CAA at caa.test allows "other.example", and not pebble' 'another CA'
refuses 'caa.test. CAA 0 issue ";"' 'CAA at caa.test allows no CA' 'nobody'
refuses "@ CAA 0 issue \"ca.example; accounturi=${ACCOUNT}0\"" \
	"CAA at caa.test allows pebble, but for another account, \"${ACCOUNT}0\"" \
	'another account'
refuses '@ CAA 0 issue "CA.example.NET; validationmethods=dns-01"' \
	'CAA at caa.test allows pebble, but not by http-01: it says "dns-01"' \
	'another method'
refuses '@ CAA 0 issue "ca.example"
@ CAA 128 tbs "x"' \
	'CAA at caa.test has the critical property "tbs", which CAs do not know, and so none may issue' \
	'a critical property'
publish '@ CAA 0 issue "ca.example"
@ CAA 0 issuewild ";"'
run fetcher caa www.caa.test caa.test
is "$rc $(printf '%s\n' "$out" | grep -c 'allows pebble for any account, by any method') \
$(printf '%s\n' "$out" | grep -c 'allows no CA')" '1 2 1' \
	'issuewild is for the wildcard alone'

# --- aliases ---
publish '@ CAA 0 issue "other.example"'
run fetcher caa alias.caa.test
is "$rc $(printf '%s\n' "$out" | grep -v '^;')" \
	"1 edge.cdn.test. IN CAA 0 issue \"$WANT=http-01\"" \
	'an alias: its record is for where it leads'
like "$out" 'now: CAA at caa.test allows "other.example"' \
	'... and while there is none, what is above the alias counts'
takes cdn.test "$out" '... BIND takes it'
publish '@ CAA 0 issue "other.example"' "$out"
run fetcher caa alias.caa.test
is "$rc" 0 '... and published it allows'
like "$out" 'CAA at edge.cdn.test \(alias.caa.test leads there\) allows pebble' \
	'... as is said'

# --- an error is not an absence ---
run fetcher caa broken.test
is "$rc" 69 'SERVFAIL'
like "$out" '^; now: it cannot be looked up, and so no CA may issue: .*SERVFAIL' \
	'... is said'
unlike "$out" 'no CAA is published' '... as what it is'
run fetcher caa --json broken.test
like "$out" '"allowed":null' '... and for programs'

# --- another CA, whose accounts are where we say ---
cat >"$T/dir.py" <<END
import http.server, json, ssl
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/dir":
            self.send_response(302); self.send_header("Location", "there")
            self.send_header("Content-Length", "0"); self.end_headers()
            return
        if self.path == "/round":
            self.send_response(302); self.send_header("Location", "/round")
            self.send_header("Content-Length", "0"); self.end_headers()
            return
        if self.path == "/n":
            self.nonce(); self.send_header("Content-Length", "0")
            self.end_headers()
            return
        u = "https://" + self.headers["Host"]
        b = json.dumps({"newNonce": u + "/n", "newAccount": u + "/a",
            "newOrder": u + "/o", "meta": {"caaIdentities":
            ["Asked.Example", "x; evil", 7]}}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(b)))
        self.end_headers(); self.wfile.write(b)
        print("asked", flush=True)
    do_HEAD = do_GET
    def nonce(self):
        self.send_response(200); self.send_header("Replay-Nonce", "bm9uY2U")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        at = open("$T/account").read()
        b = b"{}"
        if at:
            self.nonce(); self.send_header("Location", at)
        else:
            b = b'{"type": "urn:ietf:params:acme:error:accountDoesNotExist"}'
            self.send_response(400)
            self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(b)))
        self.end_headers(); self.wfile.write(b)
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain("$T/pebble/cert.pem", "$T/pebble/key.pem")
s.socket = c.wrap_socket(s.socket, server_side=True)
print("ready https://127.0.0.1:%d/dir" % s.server_port, flush=True)
s.serve_forever()
END
: >"$T/account"
start dir "$PYTHON" "$T/dir.py"
wait_for 15 grep -q ^ready "$T/log/dir" || bail 'no directory'
STAGE_DIRECTORY=$(sed -n 's/^ready //p' "$T/log/dir")
stage_conf
publish ''
run fetcher caa www.caa.test alias.caa.test caa.test
is "$rc $(printf '%s\n' "$out" | grep -c 'issue[wild]* "asked.example; validation')" \
	'0 4' 'a directory that nobody read yet: it is asked'
is "$(grep -c asked "$T/log/dir")" 1 '... once'
like "$out" 'its account at pebble is not known before the first order' \
	'... and an account of another directory is not ours there'
# what is long, and what has to be escaped
WANT='asked.example; accounturi'
for account in "https://ca.test/$(head -c 960 /dev/zero | tr '\0' a)" \
	'https://ca.test/"a\b$c(d)e'; do
	printf '%s' "$account" >"$T/account"
	run fetcher caa www.caa.test caa.test
	takes caa.test "$out" "an account of ${#account} characters"
	like "$out" "$WANT=https://ca.test/" '... which is named'
	publish "$out"
	run fetcher caa www.caa.test caa.test
	is "$rc $(printf '%s\n' "$out" | grep -c 'for this account')" '0 3' \
		'... is published, and read as it was'
done
printf '%s' 'https://ca.test/a;b' >"$T/account"
run fetcher caa www.caa.test
is "$rc $(printf '%s\n' "$out" | grep -cv '^;')" '1 0' \
	'one that cannot stand in a record: none is made'
mv "$T/state/account.pem" "$T/account.pem"
run fetcher caa www.caa.test
like "$out" 'issue "asked.example; validation' \
	'without a key its directory is read all the same'
mv "$T/account.pem" "$T/state/account.pem"
STAGE_DIRECTORY=${STAGE_DIRECTORY%/dir}/round
stage_conf
run fetcher caa www.caa.test
is "$rc" 69 'one that redirects for ever'
like "$out" 'cannot be asked: .*redirects more than 3 times' '... it says'
stop dir
run fetcher caa www.caa.test
is "$rc" 69 '... which is away'
like "$out" '^; pebble cannot be asked: cannot connect' '... it says'
printf 'no key' >"$T/state/account.pem"
run fetcher caa www.caa.test
is "$rc" 69 'a key that cannot be read'
like "$out" '^; CA pebble: .*account.pem' '... it says'
rm "$T/state/account.pem"
run fetcher caa www.caa.test
is "$rc" 69 'without a key the directory is away as well'
like "$out" '^; the directory of pebble cannot be read: ' '... it says'
not_ok '... and none is made' test -e "$T/state/account.pem"

# --- words ---
run fetcher caa
is "$rc" 64 'no names'
run fetcher caa www.caa.test nothing.test
is "$rc" 1 'a certificate that is not there'
like "$err" 'nothing.test: it is not enrolled' '... it says'
like "$out" '^; www\.caa\.test: ' '... and prints the other'
run fetcher caa caa.test '*.caa.test'
like "$err" '\*\.caa\.test: it is a name of the certificate caa\.test, and shown' \
	'a name in one that is given: by which it is shown'
like "$out" '^; caa\.test: \*\.caa\.test at pebble' '... which it is'
run fetcher caa nothing.test
is "$rc $out" '1 ' 'nothing but that: nothing is printed'
stop named
run fetcher caa broken.test
is "$rc" 69 'no resolver'
done_testing
