#!/bin/sh
# SPDX-License-Identifier: MIT
# --staging: names are tried at the staging directory of their CA, a second
# pebble, which a preset of the site names beside the first. The row, the
# account and the orders of the CA itself are untouched, also when the try is
# killed; the command it ends with does the same for good.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

A=a.example.test B=b.example.test
NOLEAK=ASAN_OPTIONS=detect_leaks=0
TRIES=$T/state/staging

# A second pebble with the certificate of the first one's HTTPS.
staging_start() {
	# shellcheck disable=SC2046 # one port a word
	set -- $(free_ports 3)
	STAGING=https://127.0.0.1:$1/dir
	mkdir -p "$T/pebble2"
	sed -e "s/127.0.0.1:$PEBBLE_PORT/127.0.0.1:$1/" \
		-e "s/127.0.0.1:$PEBBLE_MGMT/127.0.0.1:$2/" \
		-e 's/"tlsPort": [0-9]*/"tlsPort": '"$3/" \
		"$T/pebble/config.json" >"$T/pebble2/config.json"
	start staging env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 \
		PEBBLE_AUTHZREUSE=0 pebble -config "$T/pebble2/config.json" \
		-strict -dnsserver "127.0.0.1:$DNS_PORT"
	wait_port "$1" 15 || return 1
	curl -sSf --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"https://127.0.0.1:$2/roots/0" >"$T/pebble2/root.pem"
}
preset_conf() {
	mkdir -p "$T/cas"
	printf '%s = "%s";\n' directory "$PEBBLE_DIR" staging "$STAGING" \
		>"$T/cas/testca.conf"
	chmod 644 "$T/cas/testca.conf"
	STAGE_EXTRA="preset_dir = \"$T/cas\";"
	stage_conf
	sed -i -e 's/name = "pebble";/preset = "testca";/' \
		-e '/directory = /d' -e '/account_key = /d' "$CONF"
}
dump() {
	case $STORE in
	sqlite) sqlite3 "$SQLITE_DB" .dump ;;
	mariadb) mariadb_sql -NBr certrepo -e "SELECT * FROM certs;
		SELECT * FROM cas; SELECT * FROM orders;
		SELECT * FROM attempts; SELECT * FROM proofs" ;;
	esac
}
# Nothing of what counts has changed, and nobody asked the CA itself.
look() {
	dump >"$T/before"
	find "$T/state" ! -path "$TRIES" ! -path "$TRIES/*" -printf '%P %s %T@\n' |
		sort >"$T/before.state"
	: >"$PEBBLE_LOG"
}
untouched() { # NAME
	dump >"$T/after"
	find "$T/state" ! -path "$TRIES" ! -path "$TRIES/*" -printf '%P %s %T@\n' |
		sort >"$T/after.state"
	# the folder itself got its folder
	sed -i '/^ /d' "$T/before.state" "$T/after.state"
	if cmp -s "$T/before" "$T/after" &&
		cmp -s "$T/before.state" "$T/after.state" &&
		[ ! -s "$PEBBLE_LOG" ]; then
		pass "$1"
	else
		fail "$1"
		diag "$(diff "$T/before" "$T/after" | head -5)"
		diag "$(diff "$T/before.state" "$T/after.state")"
		diag "$(head -3 "$PEBBLE_LOG")"
	fi
}

stage_dns || bail 'no BIND'
stage_start PEBBLE_AUTHZREUSE=0 || bail 'no pebble'
staging_start || bail "no second pebble: $(tail -3 "$T/log/staging")"
# shellcheck disable=SC2119 # the row is in the default store
stage_store sqlite || bail 'no store'
preset_conf
enrol $A ec $A www.$A || bail 'cannot enrol'

# --- it works ---
look
RUN_TIMEOUT=30 run fetcher --staging $A
is "$rc" 0 'a name is tried'
untouched '... the row, the account and the CA are untouched'
like "$out" "^$A: it works, at $STAGING\$" '... says that it works'
like "$out" "proof +dns-01, accepted for $A, www\.$A\$" '... what was proved'
like "$out" "order +https://127\.0\.0\.1" '... by which order'
like "$out" 'certificate +from Pebble Intermediate CA .*, good for 8[0-9] days|90 days' \
	'... who issued it, for how long'
like "$out" 'chain +2 certificates, the topmost from Pebble Root CA' \
	'... its chain'
like "$out" 'Nothing of it was stored: .*CA testca was not asked' \
	'... and that it is for nothing'
is "$err" '' '... and no more'
is "$(sqlite3 "$TRIES/certrepo.db" 'SELECT ca_name FROM certs')" \
	testca-staging '... by a CA of another name'
sqlite3 "$TRIES/certrepo.db" 'SELECT ca FROM certs' >"$T/ca.pem"
sqlite3 "$TRIES/certrepo.db" 'SELECT crt FROM certs' >"$T/crt.pem"
ok '... the certificate is of staging' openssl verify \
	-CAfile "$T/pebble2/root.pem" -untrusted "$T/ca.pem" "$T/crt.pem"
is "$(stat -c %a "$TRIES" "$TRIES/accounts")" "700
700" '... its folder and its keys are the fetcher'"'"'s alone'
is "$(stage_proofs)" '' '... no proof is left'

look
RUN_TIMEOUT=30 run fetcher --staging $A $A
is "$rc $(echo "$out" | grep -c 'it works')" '0 1' \
	'again, and given twice: once more'
untouched '... untouched'

# --- it does not ---
enrol $B ec $B nowhere.invalid || bail 'cannot enrol'
look
RUN_TIMEOUT=30 run fetcher --staging $B $A nosuch.example.test
is "$rc" 2 'one of three works'
untouched '... untouched'
like "$out" "^$A: it works" '... that is said'
like "$err" "^$B: failed, at $STAGING: (config|dns): .*nowhere\.invalid" \
	'... and which does not, and why'
like "$err" 'no failure was counted' '... that it does not count'
like "$err" "certrepo-fetcher.* --staging $B\$" '... how to try again'
like "$err" '^nosuch\.example\.test: not tried: it is not enrolled: certrepo-populate -c .* add nosuch\.example\.test$' \
	'... and which is not there'
run fetcher --staging nosuch.example.test
is "$rc" 1 'none is there'
sed '/^staging = /d' -i "$T/cas/testca.conf"
look
run fetcher --staging $A
is "$rc" 78 'a CA without a staging directory'
like "$err" "^$A: not tried: CA testca has no staging directory .*set .staging. " \
	'... says what to set'
untouched '... untouched'
preset_conf
run fetcher --staging
is "$rc" 64 'without names'
for o in --force --dry-run --break-lease; do
	run fetcher --staging $o $A
	is "$rc" 64 "with $o"
done
sed -i "s/^staging = .*/staging = \"https:\/\/127.0.0.1:$(free_port)\/dir\";/" \
	"$T/cas/testca.conf"
look
RUN_TIMEOUT=40 run fetcher --staging $A
is "$rc" 69 'a staging that is down'
like "$err" 'CA testca-staging: ca-down: .*' '... is said'
like "$err" 'could not be used \(ca-down\)' '... and so is the class'
unlike "$err" 'it rests until' '... without a date for another run'
like "$err" "$A: not tried: https" '... and that the name was not tried'
untouched '... untouched'
preset_conf

# --- beside a run ---
look
RUN_TIMEOUT=30 run flock "$T/state/fetcher.lock" "$T/bin/fetcher" --staging $A
is "$rc" 0 'while a run goes on'
rm -f "$T/state/fetcher.lock" # flock's
untouched '... untouched'
run flock "$TRIES/fetcher.lock" "$T/bin/fetcher" --staging $A
is "$rc" 75 'while another try goes on'

# --- what it keeps is without worth ---
rm -f "$TRIES"/certrepo.db-*
echo 'this is no database, whatever its name says' >"$TRIES/certrepo.db"
look
run fetcher --staging $A
is "$rc" 78 'its store is damaged'
like "$err" "$TRIES/certrepo.db: .*make it anew: rm -r $TRIES\$" \
	'... says what to remove'
untouched '... untouched'
rm -r "$TRIES"
RUN_TIMEOUT=30 run fetcher --staging $A
is "$rc" 0 '... and then it works'

# --- killed ---
if strace -o /dev/null true 2>/dev/null; then
	look
	_why='' _lay=0
	run env $NOLEAK strace -f -qq -o "$T/strace" -e trace=sendto,write,fdatasync \
		"$BUILD/certrepo-fetcher" -c "$CONF" --staging $A
	is "$rc" 0 'under strace'
	for c in sendto write fdatasync; do
		n=$(grep -c "^[0-9]* *$c(" "$T/strace")
		for k in $((n / 3)) $((n / 2)) $((n * 3 / 4)); do
			[ "$k" -gt 0 ] || continue
			RUN_TIMEOUT=20 run env $NOLEAK strace -f -qq -o /dev/null \
				-e "inject=$c:signal=KILL:when=$k" \
				"$BUILD/certrepo-fetcher" -c "$CONF" --staging $A
			[ "$rc" != 0 ] || _why="$_why $c $k was not killed;"
			[ -z "$(stage_proofs)" ] || _lay=$((_lay + 1))
			RUN_TIMEOUT=30 run fetcher --staging $A
			[ "$rc" = 0 ] || _why="$_why after $c $k: $rc $err;"
			[ -z "$(stage_proofs)" ] ||
				_why="$_why after $c $k: $(stage_proofs);"
		done
	done
	ok '... killed while its proofs lay in the zone, too' test $_lay -gt 0
	is "$_why" '' '... killed at nine places: the next one sweeps and works'
	untouched '... untouched'
else
	skip 'strace may not trace here'
fi

# --- for good ---
populate disable $A >"$T/disable.log"
RUN_TIMEOUT=30 run fetcher --staging $A
is "$rc" 0 'a row that is disabled yet'
echo "$out" | sed -n '/^For good/,$p' | sed 1d >"$T/for.good"
like "$(cat "$T/for.good")" "certrepo-populate -c $CONF enable $A" \
	'... is enabled first'
PATH=$BUILD:$PATH RUN_TIMEOUT=60 run sh -e "$T/for.good"
is "$rc" 0 'what it says to run for good'
cert_ok $A '... gets a certificate of the CA itself' $A www.$A
is "$(stat -c %a "$T/state/accounts" "$T/state/accounts/testca.pem")" "700
600" "... by an account key in a folder of its own"
RUN_TIMEOUT=30 run fetcher --staging $A
like "$out" 'The certificate that it has is renewed by itself, not before 20' \
	'one that has its certificate'
unlike "$out" '^For good' '... and needs none'

# --- rows on MariaDB ---
stage_store mariadb || bail 'no MariaDB'
preset_conf
enrol $A ec $A www.$A || bail 'cannot enrol'
look
RUN_TIMEOUT=40 run fetcher --staging $A
is "$rc" 0 'a row on MariaDB'
untouched '... untouched'
done_testing
