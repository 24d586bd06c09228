#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that misbehaves in every way we could think of: each gives its class,
# its next attempt, a sentence for a person, and counts against whom it
# should; nothing is stored that should not be, no proof stays behind; and
# the next attempt, with the CA well again, succeeds.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=www.example.test
col() { # COLUMN
	sql "SELECT $1 FROM certs WHERE name = '$N'"
}
why() {
	_why="$_why
$*"
}
want() { # GOT WANT WHAT
	[ "$1" = "$2" ] || why "$3: $1, not $2"
}

# CLASS COUNT FROM TO ERE: how the run that just ended left the row. FROM and
# TO are seconds from now to the next attempt.
check_row() {
	_now=$(date +%s)
	want "$(col fail_class)" "$1" class
	want "$(col count_fail_update)" "$2" count
	_next=$(($(col ts_next_attempt) - _now))
	if [ "$_next" -lt $(($3 - 8)) ] || [ "$_next" -gt "$4" ]; then
		why "next attempt in $_next s, not $3 to $4"
	fi
	want "$(col ts_due)" "$(col ts_next_attempt)" ts_due
	col fail_detail | grep -Eq -e "$5" || why "detail: $(col fail_detail)"
	printf '%s\n' "$err" | grep -Eq -e "$5" || why "stderr does not say it"
	want "$(col crt)" '' 'stored certificate'
	want "$(col lease_owner)" '' lease
	want "$(sql "SELECT outcome FROM attempts WHERE name = '$N'")" "$1" \
		attempt
	want "$(sql 'SELECT count(*) FROM proofs')" 0 'proof rows'
	want "$(find "$WEBROOT" -type f)" '' 'files in the web root'
	want "$(find "$WEBROOT/.." -name 'x' -o -name 'x.*')" '' 'stray files'
}
# The CA is well again: the name goes through without further ado.
check_recovery() {
	fault clear
	sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
	sql 'UPDATE cas SET backoff_until = 0'
	run fetcher --once
	want "$rc" 0 'exit of the next run'
	[ -n "$(col crt)" ] || why "not renewed afterwards: $(col fail_detail)"
	want "$(col fail_class)$(col count_fail_update)" NULL0 'row afterwards'
}
verdict() { # NAME
	if [ -z "$_why" ]; then
		pass "$1"
	else
		fail "$1"
		diag "$_why"
		_diag_run
		diag "$(tail -12 "$REQUESTS" | cut -c1-150)"
	fi
}
# FAULT AT TIMES EXIT CLASS COUNT FROM TO ERE
try() {
	scripted_reset
	_why=''
	fault "$1" "$2" "$3"
	run fetcher --once
	want "$rc" "$4" exit
	_t="$1${2:+ at $2}"
	_class=$5
	shift 4
	check_row "$@"
	check_recovery
	verdict "$_t: $_class"
}
# The same for what a CA shows before any order: the row is not touched.
try_start() { # FAULT AT CLASS FROM TO ERE
	scripted_reset
	_why=''
	fault "$1" "$2" -1
	run fetcher --once
	want "$rc" 69 exit
	want "$(sql 'SELECT fail_class FROM cas')" "$3" 'class of the CA'
	_next=$(($(sql 'SELECT backoff_until FROM cas') - $(date +%s)))
	if [ "$_next" -lt $(($4 - 8)) ] || [ "$_next" -gt "$5" ]; then
		why "the CA rests for $_next s, not $4 to $5"
	fi
	printf '%s\n' "$err" | grep -Eq -e "$6" || why "stderr does not say $6"
	want "$(col count_fail_update)" 0 count
	want "$(sql 'SELECT count(*) FROM attempts')" 0 attempts
	want "$(requests newOrder)" 0 'new orders'
	: >"$REQUESTS"
	sql 'UPDATE certs SET ts_due = 0'
	run fetcher --once
	want "$(wc -l <"$REQUESTS")" 0 'requests while it rests'
	check_recovery
	verdict "$1 at $2: the CA rests"
}

# Retries within an order wait a second and then four.
STAGE_EXTRA='order_timeout = "12s";'
scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'
sql "UPDATE certs SET fail_class = NULL"
: >"$REQUESTS"
_null=$(col fail_class)
[ -z "$_null" ] && col() { # SQLite prints nothing for NULL
	sql "SELECT coalesce($1, CASE '$1' WHEN 'fail_class' THEN 'NULL' END)
		FROM certs WHERE name = '$N'"
}

# --- rate limits ---
try 429-seconds '' 1 1 rate-limited 1 3600 4320 'already issued'
try 429-date '' 1 1 rate-limited 1 3600 3600 'exact set'
try 429-failed-authz '' 1 1 rate-limited 1 3600 4320 'failed authorizations'
try 429-paused '' 1 1 rate-limited 1 3600 4320 'person'
try 429-orders '' 1 69 ca-rate-limited 0 3600 4320 'too many new orders'
# --- refusals ---
try rejected '' 1 1 rejected 1 60 72 'forbidden by policy'
try bad-csr '' 1 1 bad-csr 1 60 72 'too weak'
try csr-unauthorized '' 1 1 bad-csr 1 60 72 'must-staple'
try csr-eku '' 1 1 bad-csr 1 60 72 'clientAuth'
try challenge-caa '' 1 1 caa 1 60 72 'CAA'
try challenge-dns '' 1 1 dns 1 60 72 'NXDOMAIN'
try challenge-connection '' 1 1 connection 1 60 72 'firewall'
try challenge-unauthorized '' 1 1 unauthorized 1 60 72 'Incorrect TXT'
try challenge-incorrectResponse '' 1 1 unauthorized 1 60 72 'did not match'
try challenge-rateLimited '' 1 1 rate-limited 1 3600 4320 'too many failed'
try order-invalid '' 1 1 unauthorized 1 60 72 'revoked by its owner'
try unknown-challenges '' 1 1 config 1 60 72 'does not offer http-01'
try no-token '' 1 1 config 1 60 72 'does not offer http-01'
# --- what is no certificate of ours ---
try cert-other-key '' 1 1 bad-cert 1 60 72 'another key'
try cert-other-names '' 1 1 bad-cert 1 60 72 "lacks the name $N"
try cert-broken-chain '' 1 1 bad-cert 1 60 72 'chain'
try cert-expired '' 1 1 bad-cert 1 60 72 'expired at'
try cert-future '' 1 1 bad-cert 1 60 72 'not valid before'
try cert-wrong-order '' 1 1 bad-cert 1 60 72 '.'
# --- one name meets a CA in trouble: it is counted, the CA does not rest ---
try 500-html newOrder -1 1 ca-down 1 60 72 'status 500'
try json-string newOrder 1 1 ca-down 1 60 72 'The field csr is required'
try html newOrder 1 1 ca-down 1 60 72 HTML
try html authz -1 1 ca-down 1 60 72 HTML
try 500 newOrder 1 1 ca-down 1 60 72 'Error in the database'
try garbage newOrder 1 1 ca-down 1 60 72 'URL'
try html-200 order -1 1 ca-down 1 60 72 'HTML'
try cut-before newOrder -1 1 ca-down 1 60 72 'connection|closed|reset'
try endless authz -1 1 ca-down 1 60 72 '.'
try hang authz 1 1 ca-down 1 60 72 'gave up after 12 s'
try redirect newOrder 1 1 ca-down 1 60 72 '.'
try order-http-url '' 1 1 ca-down 1 60 72 '.'
try no-location '' 1 1 ca-down 1 60 72 'https URL'
try hostile-token '' 1 1 ca-down 1 60 72 'token'
# --- the account's fault: no name is counted, the CA rests ---
try account-gone '' -1 78 account 0 60 72 'not found'
try account-deactivated '' 1 78 account 0 60 72 'deactivated'
try account-rolled '' 1 78 account 0 60 72 'bring its key with .* or move .* away'
try 401-unauthorized '' 1 78 account 0 60 72 'refuses our account'
# --- before any order ---
try_start html directory ca-down 60 72 .
try_start garbage directory ca-down 60 72 JSON
try_start 503-retry directory ca-rate-limited 7 7 503
try_start cut-before newNonce ca-down 60 72 .
try_start 429-account newAccount ca-rate-limited 3600 4320 'too many new'
try_start redirect-4 directory ca-down 60 72 'redirects more than 3 times'
try_start redirect-http directory ca-down 60 72 'which is not an https URL'

# --- two clocks that are apart: nothing is written by either ---
scripted_reset
fault date+7200 directory -1
run fetcher --once
is "$rc" 69 'the CA is two hours ahead: exit 69'
like "$err" 'clock: .*clock here says .*Z, the CA.s .*Z' '... with both clocks'
like "$err" '1 name waits for the CA pebble: clock: ' '... and who waits'
is "$(sql 'SELECT count(*) FROM cas WHERE count_fail > 0')" 0 \
	'... no rest is in the store'
is "$(sql 'SELECT count(*) FROM attempts')$(col count_fail_update)" 00 \
	'... nor anything of the name'
fault clear
run fetcher --once
is "$rc" 0 '... and the next run goes on'

# --- a clock that is wrong here ---
scripted_reset
fetcher_at() { # OFFSET
	run env ASAN_OPTIONS=verify_asan_link_order=0 \
		faketime -f "$1" "$T/bin/fetcher" --once
}
# The CA's TLS certificate is older than an hour; that of the test is not.
row() {
	sql "SELECT fail_class, fail_detail, count_fail_update, held, crt,
		ts_next_attempt, ts_last_update FROM certs WHERE name = '$N'"
}
before=$(row)
fetcher_at +90m
is "$rc" 69 'our clock is 90 minutes fast: exit 69'
like "$err" 'clock: the clock here says [^ ]*Z, the CA.s [^ ]*Z: nothing' \
	'... with both clocks, and the consequence'
is "$(row)" "$before" '... nothing is held against the name'
is "$(requests newOrder) $(sql 'SELECT count(*) FROM attempts')" '0 0' \
	'... nothing is ordered'
scripted_reset
fetcher_at -90m
is "$rc" 69 '90 minutes slow: exit 69'
like "$err" 'clock: .* not yet valid.; the clock here says [^ ]*Z' \
	'... a certificate that is not valid yet tells of it, too'

# --- a finalized order is kept, whatever the CA answers (test_order has all) ---
for f in 'cert-garbage ' '404 cert'; do
	scripted_reset
	# shellcheck disable=SC2086 # two words
	fault ${f% *} "${f#* }" -1
	run fetcher --once
	is "$rc $(col count_fail_update) $(sql 'SELECT count(*) FROM orders')" \
		'0 0 1' "always $f: the order is kept"
	case $f in cert-*) continue ;; esac # it stays as it is
	fault clear
	sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
	sql 'UPDATE cas SET backoff_until = 0'
	run fetcher --once
	is "$rc $(requests newOrder)" '0 1' '... and fulfilled later'
done

# --- what passes by itself does not fail the order ---
for f in '503 authz' 'cut-after challenge' 'cut-before finalize' \
	'cut-after finalize' 'html order' 'cut-middle cert' \
	'bad-nonce authz' 'bad-nonce finalize' 'processing ' \
	'503-retry authz' 'html-type any' 'relative ' 'redirect-3 ' \
	'no-meta ' 'http-urls ' 'authz-offers ' '400-html finalize' \
	'500-html authz' '500-html finalize' 'nonce-newest ' \
	'garbage authz'; do
	scripted_reset
	# shellcheck disable=SC2086 # two words
	fault $f
	run fetcher --once
	is "$rc $(requests newOrder) $(col count_fail_update)" '0 1 0' \
		"once $f: the order goes on"
done

scripted_reset
fault account-gone '' 1
run fetcher --once
is "$rc $(requests newAccount)" '0 3' 'the account is gone: made anew, once'
is "$(sql 'SELECT count(*) FROM cas WHERE account LIKE '"'%/acct/%'")" 1 \
	'... and known'
: >"$REQUESTS"
run fetcher --once --force $N
is "$rc $(requests newAccount)" '0 0' '... to the next run, too'

# --- what is given up does not stay pending at the CA ---
scripted_reset
fault unknown-challenges '' 1
run fetcher --once
is "$(requests authz)" 2 'the authorization is looked at, and deactivated'

# --- a finalized order that the CA does not find for a moment ---
scripted_reset
fault cut-before finalize -1
run fetcher --once
is "$(sql 'SELECT count(*) FROM orders')" 1 'the order is kept'
fault clear
fault order-404 '' 1
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
sql 'UPDATE cas SET backoff_until = 0'
run fetcher --once
is "$rc $(requests newOrder)" '0 1' 'a 404 that passes is no end of it'

# --- one that the CA only cannot show just now is not ---
scripted_reset
fault cut-before finalize -1
run fetcher --once
fault clear
for f in bad-nonce html 500; do
	fault $f order -1
	sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
	sql 'UPDATE cas SET backoff_until = 0'
	run fetcher --once
	is "$(requests newOrder) $(sql 'SELECT count(*) FROM orders')" '1 1' \
		"$f instead of the order: kept"
	fault clear
done
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
sql 'UPDATE cas SET backoff_until = 0'
run fetcher --once
is "$rc $(requests newOrder)" '0 1' '... and no second one is spent'

# --- a person is needed after ten failures ---
scripted_reset
fault challenge-caa '' -1
sql 'UPDATE certs SET count_fail_update = 8'
run fetcher --once
is "$(col held)" 0 'the ninth failure: not held yet'
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
run fetcher --once
is "$(col held) $(col count_fail_update)" '1 10' 'the tenth: held'
like "$err" 'held until someone acts' '... and it says so'
: >"$REQUESTS"
run fetcher --once
is "$rc $(wc -l <"$REQUESTS")" '0 0' 'held: the next run leaves it alone'
fault clear
run fetcher --once --force $N
is "$rc $(col held) $(col count_fail_update)" '0 0 0' \
	'--force: renewed, and let go'

# --- one bad order among many ---
scripted_reset
for i in 1 2 3 4 5 6; do
	scripted_row many$i.example.test
done
fault hostile-token '' 1 many3.example.test
fault cert-other-key '' 1 many5.example.test
fault 500 newOrder 1 many6.example.test
run fetcher --once
is "$rc" 2 'some failed'
is "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL')" 4 \
	'... and the others were renewed'
is "$(sql 'SELECT count_fail FROM cas')" 0 \
	'... so that the CA is not held to be down'

# --- one that breaks requests off over HTTP/2 ---
stop scripted
scripted_start --h2 || bail 'no server'
stage_conf
scripted_reset
run fetcher --once
is "$rc" 0 'HTTP/2 breaks: done over HTTP/1.1'
is "$(grep '"h2"' "$REQUESTS" | grep -c POST)" 1 '... after the first request'
# shellcheck disable=SC2034 # stage_conf reads it
STAGE_CA='http_version = "1.1"; nonce_pool = 0;'
stage_conf
scripted_reset
run fetcher --once
is "$rc $(requests h2)" '0 0' 'http_version = "1.1": none of it'
done_testing
