#!/bin/sh
# SPDX-License-Identifier: MIT
# External account binding: pebble verifies what is sent; the scripted CA
# refuses it in the words of today's CAs, and what is said then names the
# setting, the file and what mends it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=www.example.test
EAB=$T/eab.key
KEY=$T/state/account.pem
# the same bytes by both alphabets, and others
PLAIN='8PHy8/T19vf4+fr7/P3+//v/8PHy8/T19vf4+fr7/P0='
URLSAFE='8PHy8_T19vf4-fr7_P3-__v_8PHy8_T19vf4-fr7_P0'
OTHER='AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

eab() { # KEY [KID]
	printf '%s\n' "$1" >"$EAB"
	chmod 600 "$EAB"
	STAGE_CA="eab_kid = \"${2:-kid-1}\"; eab_key_file = \"$EAB\";
		${MORE_CA-}"
	stage_conf
}
no_eab() {
	STAGE_CA=${MORE_CA-}
	stage_conf
}
due() {
	sql 'UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0'
}
# A key of no account, and nothing is known.
fresh() {
	rm -f "$KEY"
	sql 'DELETE FROM cas'
	due
}
once() {
	run fetcher --once
}
account() {
	sql 'SELECT account FROM cas'
}
uncounted() { # TEST
	is "$(sql 'SELECT count_fail_update FROM certs')" 0 "$1"
}

# --- pebble ---
DNS_PORT=9 # nobody there: pebble believes, http-01 needs none
PEBBLE_EAB="kid-1:$URLSAFE kid-2:$URLSAFE"
stage_start PEBBLE_VA_ALWAYS_VALID=1 || bail 'no pebble'
stage_store sqlite || bail 'no store'
enrol $N ec $N || bail 'cannot enrol'
populate set $N challenge=http-01 webroot_path="$WEBROOT" \
	>"$T/enrol.log" 2>&1 || bail 'cannot enrol'

once
is "$rc" 78 'a binding is wanted, and none is configured'
like "$err" 'CA pebble: account: pebble wants new accounts bound' '... said'
like "$err" 'set eab_kid and eab_key_file' '... with the settings'
uncounted '... not the fault of the name'
eab "$PLAIN"
once
is "$rc" 0 'configured: the next run asks at once, and pebble takes it'
is "$(sql 'SELECT eab_kid FROM cas')" kid-1 '... and the kid is kept'
first=$(account)
for alphabet in "$URLSAFE" "$URLSAFE=" " $PLAIN "; do
	fresh
	eab "$alphabet"
	once
	is "$rc" 0 "... by the key $alphabet"
done
second=$(account)
isnt "$second" "$first" '... each with an account of its own'
rm "$EAB"
sql 'DELETE FROM cas'
due
once
is "$rc $(account)" "0 $second" \
	'a known account is found by its key, without the binding'
due
once
is "$rc" 0 '... and the run after that does not even ask'

eab "$URLSAFE" kid-2
due
once
is "$rc $(account)" "0 $second" 'another kid: the account is looked for'
like "$err" 'was made with kid-1 and stays bound' '... and what it is is said'
due
once
like "$err" 'was made with kid-1 and stays bound' '... as long as it is so'
is "$(sql 'SELECT eab_kid FROM cas')" kid-1 '... whose kid is kept'
run fetcher account show
like "$out" 'eab_kid +kid-2 \(of the configuration; the account was made with kid-1 and stays bound to that: for kid-2, let account_key name another file\)' \
	'... and shown'
run fetcher account show --json
like "$out" '"eab_kid": *"kid-2","eab_bound": *"kid-1"' '... and for programs'
run fetcher account update
is "$rc" 0 'an update'
like "$err" 'was made with kid-1 and stays bound' '... says it'
due
once
like "$err" 'was made with kid-1 and stays bound' '... and hides nothing'
eab "$URLSAFE" kid-1
due
once
is "$rc" 0 'its own kid again'
unlike "$err" 'stays bound' '... nothing to say'
run fetcher account show
like "$out" 'eab_kid +kid-1$' '... nor to show'
eab "$URLSAFE" kid-2

fresh
eab "$OTHER"
once
is "$rc" 78 'another key than that of the kid is refused'
like "$err" "the key in $EAB is not the one of eab_kid kid-1" '... said'
uncounted '... not the fault of the name'
once
like "$rc $err" '^78 .*rests until' '... and not asked again for the same'
eab "$PLAIN"
once
is "$rc" 0 '... but at once with the right key in the file'
fresh
eab "$URLSAFE" kid-9
once
is "$rc" 78 'a kid that it does not know is refused'
like "$err" 'pebble does not know eab_kid kid-9' '... said'
eab "$URLSAFE"
once
is "$rc" 0 'the right one: the next run goes on'
for bad in '' 'two words' '{}' 'AAAA'; do
	fresh
	eab "$bad"
	once
	is "$rc" 78 "a file that holds \"$bad\" is no key"
	like "$err" "eab_key_file $EAB: .*copy the key" '... said'
	[ -z "$bad" ] || unlike "$err" "$bad.*copy" '... and not shown'
done
fresh
eab "$URLSAFE"
chmod 644 "$EAB"
once
is "$rc" 78 'one that everybody can read is no secret'
like "$err" "eab.key" '... said'
unlike "$err" 'rests until' '... which the CA has no part in'
ok '... and is not asked' [ ! -e "$KEY" ]
rm "$EAB"
once
is "$rc" 78 'none there: the next run says that'
like "$err" "eab_key_file.*eab.key.*No such file" '... the file'
mkdir "$EAB"
once
like "$rc $err" "^78 .*eab_key_file.*eab.key" '... and that it is a folder'
is "$(sql 'SELECT count_fail FROM cas')" 1 '... nothing grows'
rmdir "$EAB"
eab "$URLSAFE"
once
is "$rc" 0 '... mended: the next run goes on'

# --- what pebble does not do ---
scripted_start --late 3 || bail 'no scripted server'
offer "{\"eab\": {\"keys\": {\"kid-1\": {\"key\": \"$PLAIN\"}}}}"
for alg in HS256 HS384 HS512; do
	scripted_reset
	rm -f "$KEY"
	MORE_CA="eab_alg = \"$alg\";" eab "$URLSAFE"
	once
	is "$rc $(requests newAccount)" '0 2' "$alg is taken: looked for, made"
done
unset MORE_CA
: >"$REQUESTS"
due
once
is "$rc $(requests newAccount)" '0 0' '... and known then'
fault account-deactivated
due
once
like "$rc $err" "^78 .*stays so: move $KEY away for a new account, with a new pair for eab_kid, then" \
	'... its account deactivated: what that needs is said'

refused() { # OFFER WORDS TEST
	scripted_reset
	rm -f "$KEY"
	eab "$PLAIN"
	offer "$1"
	once
	is "$rc" 78 "$3: refused"
	like "$err" "CA pebble: account: .*$2" '... said'
	like "$err" 'kid-1' '... with the kid'
	uncounted '... not the fault of the name'
}
keys() { # MORE [KID]
	echo "{\"eab\": {\"keys\": {\"${2:-kid-1}\":
		{\"key\": \"$PLAIN\", $1}}}}"
}
refused "$(keys '"state": "used"')" \
	'eab_kid kid-1 is used up.*make a new pair.*eab.key' 'used up'
refused "$(keys '"state": "expired"')" \
	'has expired or is used up: make a new pair' 'expired'
refused "$(keys '"state": "product"')" \
	'let account_key of pebble name another file' 'of another product'
refused '{"eab": {"keys": {}, "says": "onlyReturnExisting must be true"}}' \
	'are not a pair that pebble has' 'Actalis'
refused "{\"eab\": {\"keys\": {\"kid-1\": {\"key\": \"$OTHER\"}}}}" \
	'is not the one of eab_kid' 'another key'

# used once, and the account's key is lost
scripted_reset
rm -f "$KEY"
eab "$PLAIN" once-1
offer "$(keys '"once": true' once-1)"
once
is "$rc" 0 'good for one account'
mv "$KEY" "$T/kept.pem"
due
sql 'DELETE FROM cas'
once
is "$rc" 78 '... and not for another one'
like "$err" 'is used up.*certrepo-fetcher account import' '... said'
run fetcher account import pebble "$T/kept.pem" --replace
is "$rc" 0 'its key brought back'
once
is "$rc" 0 '... goes on'

scripted_reset
rm -f "$KEY"
no_eab
offer "{\"eab\": {\"announced\": false, \"keys\": {}}}"
once
is "$rc" 78 'wanted, though not announced, and not configured'
like "$err" 'CA pebble: account: .*set eab_kid and eab_key_file' '... said'
scripted_reset
eab "$PLAIN"
offer "{\"eab\": {\"announced\": false, \"keys\": {\"kid-1\":
	{\"key\": \"$PLAIN\"}}}}"
once
is "$rc" 0 '... configured: it is sent'

# --- killed when the CA has made the account, and the store has not heard ---
scripted_reset
rm -f "$KEY"
eab "$PLAIN" once-2
offer "$(keys '"once": true' once-2)"
fault late directory
start killed "$BUILD/certrepo-fetcher" -c "$CONF" --once
wait_for 10 test -s "$KEY" # and the directory takes its time
start locker "$PYTHON" -c 'import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(60)' "$SQLITE_DB"
wait_for 10 grep -q locked "$T/log/locker"
wait_for 20 grep -q '"kind": "newAccount".*"status": 201' "$REQUESTS"
stop killed KILL
stop locker KILL
is "$(requests newAccount) $(account)" '2 ' \
	'killed with an account that is not in the store'
once
is "$rc $(requests newAccount)" '0 3' 'the next run finds that account'
done_testing
