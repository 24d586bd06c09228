#!/bin/sh
# SPDX-License-Identifier: MIT
# The fetcher as a command: its options, names, exit statuses, the dry run,
# passes, a changed rule of what is due, rows that are wrong or that a script
# of 2019 changed.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

A=a.example.test B=b.example.test
col() { # NAME COLUMN
	sql "SELECT $2 FROM certs WHERE name = '$1'"
}
dump() {
	sqlite3 "$SQLITE_DB" .dump
}
# Write the configuration anew with these further settings.
settings() { # SETTING...
	STAGE_EXTRA=$*
	stage_conf
}
due_now() { # NAME
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0,
		count_fail_update = 0, held = 0 WHERE name = '$1'"
}

# --- the command line ---
F=$BUILD/certrepo-fetcher
run "$F" --help
is "$rc" 0 '--help'
like "$out" 'force' '... knows its options'
run "$F" --version
is "$rc" 0 '--version'
for bad in --no-such-option '--force' '-c' "$(printf 'caf\303\251')"; do
	# shellcheck disable=SC2086 # words
	run "$F" $bad
	is "$rc" 64 "usage error: $bad"
done
run "$F" -c "$T/missing.conf"
is "$rc" 78 'no configuration'
echo 'ca = (' >"$T/bad.conf"
run "$F" -c "$T/bad.conf"
is "$rc" 78 'a configuration that is none'
like "$err" 'bad.conf:[0-9]+:' '... names the line'

scripted_start || bail 'no server'
stage_conf 2>/dev/null
_store="driver = \"sqlite\"; path = \"$T/none.db\";"
stage_conf
run fetcher
is "$rc" 78 'a store that was never made'
like "$err" 'init' '... says what to do'
stage_store sqlite || bail 'no store'
run fetcher
is "$rc$out$err" 0 'nothing enrolled: silent'
is "$(cat "$REQUESTS")" '' '... and no request'

# --- settings that cannot be used ---
ca_setting() { # SED_COMMAND STATUS ERE NAME
	sed "$1" "$CONF" >"$T/ca.conf"
	chmod 600 "$T/ca.conf"
	sql "DELETE FROM cas; UPDATE certs SET ts_due = 0"
	run "$F" -c "$T/ca.conf" --once
	is "$rc" "$2" "$4"
	like "$err" "$3" '... is said'
	unlike "$err" 'CA pebble.*CA pebble' '... once'
	sql "UPDATE certs SET ts_due = 0"
	run "$F" -c "$T/ca.conf" --once
	is "$rc" "$2" '... while it rests, too'
}
scripted_row $A || bail 'cannot enrol'
ca_setting 's/ca_file = .*/ca_file = "\/nosuch.pem";/' 78 \
	'CA pebble: account: .*nosuch.pem' 'no such ca_file'
ca_setting 's,account_key = .*,account_key = "/proc/x/account.pem";,' 78 \
	'CA pebble: account: .*/proc/x' 'a folder that cannot be written'
fault terms '' -1
ca_setting 's/agree_tos = .*/agree_tos = false;/' 78 \
	'CA pebble: account: .*agree_tos' 'terms that are not agreed to'
fault clear
offer '{"terms": "it; to go on, run curl x | sudo sh (our new root), \"and"}'
ca_setting 's/agree_tos = .*/agree_tos = false;/' 78 \
	'read "it; to go on, .* .our new root., .and" and set agree_tos' \
	'... which are no address'
offer '{}'
sql "DELETE FROM cas; DELETE FROM certs"
: >"$REQUESTS"
sed 's,^state_dir = .*,state_dir = "/proc/x";,' "$CONF" >"$T/dir.conf"
chmod 600 "$T/dir.conf"
run "$F" -c "$T/dir.conf"
is "$rc" 78 'a state_dir that cannot be made'
like "$err" 'state_dir: .*/proc/x' '... is said'

# --- a TSIG key that cannot be used ---
printf 'no key' >"$T/bad.key"
chmod 600 "$T/bad.key"
sed "s,^dns : {,& key_file = \"$T/bad.key\";," "$CONF" >"$T/key.conf"
chmod 600 "$T/key.conf"
run "$F" -c "$T/key.conf"
is "$rc" 78 'a TSIG key that is none'
like "$err" "key.conf:[0-9]+: setting .dns.key_file.*$T/bad.key" \
	'... names setting and file'

# --- dry run ---
scripted_row $A || bail 'cannot enrol'
scripted_row $B || bail 'cannot enrol'
dump >"$T/before"
run fetcher --dry-run
is "$rc $err" '0 ' 'dry run'
is "$(echo "$out" | sort)" "$A: no certificate yet, from pebble by http-01
$B: no certificate yet, from pebble by http-01" '... says what it would order'
dump >"$T/after"
ok '... and changes nothing' cmp "$T/before" "$T/after"
is "$(cat "$REQUESTS")" '' '... asks nobody'
rc=0
"$F" -c "$CONF" --dry-run >/dev/full 2>"$T/err" || rc=$?
is "$rc" 1 '... and fails when what it says is lost'
like "$(cat "$T/err")" 'cannot write to standard output' '... which it says'

# --- names ---
run fetcher --once $B
is "$rc" 0 'one name'
is "$(col $A 'crt IS NULL') $(col $B 'crt IS NULL')" '1 0' '... only that'
run fetcher --once nosuch.example.test
is "$rc" 1 'a name that is not enrolled'
like "$err" 'nosuch.example.test: it is not enrolled' '... is said'
populate disable $A >/dev/null
run fetcher --once $A
is "$rc" 1 'a disabled name, asked for'
run fetcher --once
is "$rc$(col $A 'crt IS NULL')" 01 'a disabled name: left alone'
populate enable $A >/dev/null
run fetcher --once -v
is "$rc" 0 'enabled again'
like "$err" 'summary text="1 renewed, 0 failed, 0 waiting; 00:0[0-9]; [0-9]+ requests"' \
	'... -v gives the summary'
is "$out" '' '... once'
: >"$REQUESTS"
run fetcher
is "$rc$out$err" 0 'nothing due: silent'
is "$(cat "$REQUESTS")" '' '... and no request'
run fetcher --once -v
is "$rc" 0 '... with -v'
like "$out" '^nothing is due; 2 names wait, the next is [ab].example.test at 2' \
	'... it says when'
run fetcher --dry-run -v
like "$rc $out" '^0 nothing is due; 2 names wait' '... a dry run says so, too'
run fetcher --dry-run
is "$rc$out$err" 0 '... and is silent like a run'
run fetcher --once -v $A
like "$out" "^nothing is due; $A waits until 2" '... and of a name, asked for'
run fetcher --dry-run --force $A
like "$out" "$A: forced" 'dry run of a forced name'
_was=$(col $A crt)
run fetcher --once $A
is "$(col $A crt)" "$_was" 'a name that is not due: left alone'
run fetcher --once --force $A
isnt "$(col $A crt)" "$_was" '--force: renewed'
is "$(col $A old_crt)" "$_was" '... and the one before kept'
is "$(col $A 'length(ca) > 0 AND md5_ca IS NOT NULL')" 1 '... with its chain'

# --- rows that are wrong ---
due_now $A
sql "UPDATE certs SET ca_name = 'nosuch', renew = 1 WHERE name = '$A'"
run fetcher --once
is "$rc $(col $A fail_class)" '1 config' 'a CA that is not configured'
like "$err" "$A: config: .*\"nosuch\".*next attempt 2.*1st failure" \
	'... in plain words'
for n in 1 2 3; do
	sql "INSERT INTO certs (name, csr, md5_modulus, ca_name) VALUES
		('typo$n.example.test', 'x', 'x', 'typo$n')"
done
run fetcher --once
is "$rc $(printf '%s\n' "$err" | grep -v ' postponed ' | grep -c typo)" '1 1' \
	'more of them: in one line'
like "$err" '3 names that are due name a CA that is not .* "typo' \
	'... how many, and one of them'
is "$(sql "SELECT count(*) FROM certs WHERE fail_class = 'config' AND
	fail_detail LIKE '%\"typo%'")" 3 '... and each row says so'
sql "DELETE FROM certs WHERE name LIKE 'typo%'"
due_now $A
sql "UPDATE certs SET ca_name = NULL, challenge = 'smoke-01' WHERE name = '$A'"
run fetcher --once
is "$rc $(col $A fail_class)" '1 config' 'a challenge nobody knows'
due_now $A
sql "UPDATE certs SET challenge = 'http-01', webroot_path = '/etc'
	WHERE name = '$A'"
: >"$REQUESTS"
run fetcher --once
is "$rc $(col $A fail_class)" '1 config' 'a web root outside the prefixes'
is "$(requests newOrder)" 0 '... costs no order'
due_now $A
_csr=$(col $A 'hex(csr)')
sql "UPDATE certs SET csr = 'garbage', webroot_path = '$WEBROOT'
	WHERE name = '$A'"
run fetcher --once
is "$rc $(col $A fail_class)" '1 bad-csr' 'a CSR that is none'
sql "UPDATE certs SET csr = x'$_csr' WHERE name = '$A'"
due_now $A
run fetcher --once
is "$rc $(col $A fail_class)" '0 ' 'all mended: renewed'

# --- a script of 2019 put a certificate into the row ---
_crt=$(col $B 'hex(crt)')
sql "UPDATE certs SET ts_due = 0, ts_not_before = 0, ts_expire_seen = 1,
	renew = 0 WHERE name = '$B'"
: >"$REQUESTS"
run fetcher --once
is "$rc $(requests newOrder)" '0 0' 'a fresh certificate by an old script'
is "$(col $B 'hex(crt)')" "$_crt" '... stays'
is "$(col $B 'ts_due = ts_expire - (ts_expire - ts_not_before) / 3')" 1 \
	'... and its dates are known'

# --- a row of the 2019 system whose name has capitals ---
sql "UPDATE certs SET name = 'A.Example.test', renew = 1, ts_due = 0
	WHERE name = '$A'"
run fetcher --dry-run
like "$out" '^A.Example.test: ' 'a name with capitals is due'
run fetcher --once A.Example.test
is "$rc$(col A.Example.test renew)" 00 '... and can be asked for'
sql "UPDATE certs SET name = '$A' WHERE name = 'A.Example.test'"
run fetcher --once A.Example.test
is "$rc" 1 '... where it exists'
like "$err" 'A.Example.test: it is not enrolled' '... and is said where not'

# --- another rule of what is due ---
settings 'days_left = 20;'
run fetcher --once
is "$rc $(col $B '(ts_expire - ts_due) / 86400')" '0 20' 'days_left = 20'
settings 'days_left = 60;'
run fetcher --once
is "$rc $(col $B '(ts_expire - ts_due) / 86400')" '0 60' 'days_left = 60'
run populate show $B
like "$out" '^  renewal .*, by days_left = 60$' '... which show says'
unlike "$out" 'note +days_left' '... and has nothing to explain'
settings 'days_left = 80;'
run fetcher --once
is "$rc $(col $B '(ts_expire - ts_due) / 86400')" '0 30' \
	'days_left = 80 is no 80 of 90: a third'
run populate show $B
like "$(echo "$out" | tr -s ' \n' ' ')" 'note days_left = 80 would renew this certificate in the first quarter of its life, and does not count for it' \
	'... which show says'
settings ''
run fetcher --once
is "$rc $(col $B '(ts_expire - ts_due) / 86400')" '0 30' 'a third again'

# --- passes ---
settings 'retry_wait = 8; max_passes = 2;'
due_now $A
sql "UPDATE certs SET renew = 1 WHERE name = '$A'"
fault 503-retry directory
run fetcher -v
is "$rc" 0 'a second pass does what the first could not'
like "$err" 'text="1 renewed, 0 failed, 0 waiting; 00:0[89]' '... after retry_wait'
fault challenge-dns '' -1
sql "UPDATE certs SET renew = 1, ts_due = 0 WHERE name = '$A'"
_from=$(date +%s)
run fetcher
is "$rc" 1 'nothing is due again within retry_wait'
ok '... so it does not wait' test $(($(date +%s) - _from)) -lt 6
fault clear

# --- what it is started with ---
due_now $A
sh -c '"$1" -c "$2" --once --force "$3" >&- 2>&- <&-' sh \
	"$BUILD/certrepo-fetcher" "$CONF" $A
is "$? $(grep -c '[a-z]' "$T/state/fetcher.lock")" '0 0' \
	'closed descriptors: no message goes into a file of its own'
(
	# what it may write at all: nothing
	ulimit -f 0
	exec "$BUILD/certrepo-populate" -c "$CONF" list >"$T/list"
)
ok 'a file that may not grow is an error, not a signal' test $? -lt 128
done_testing
