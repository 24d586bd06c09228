#!/bin/sh
# SPDX-License-Identifier: MIT
# An account that the CA no longer knows, whose key was changed by somebody
# else, or that was deactivated: what the fetcher says mends it does.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

N=www.example.test
KEY=$T/state/account.pem
account() {
	sql 'SELECT account FROM cas'
}
elsewhere() { # WHAT...
	"$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" "$PEBBLE_DIR" \
		"$PEBBLE_CA" "$KEY" "$@" || bail "acme_account.py $*"
}
due() {
	sql 'UPDATE certs SET renew = 1, ts_due = 0, ts_next_attempt = 0'
}
again() {
	run fetcher --once --force $N
}

DNS_PORT=9 # nobody there: pebble believes, http-01 needs none
stage_start PEBBLE_VA_ALWAYS_VALID=1 || bail 'no pebble'
stage_store sqlite || bail 'no store'
enrol $N ec $N || bail 'cannot enrol'
populate set $N challenge=http-01 webroot_path="$WEBROOT" \
	>"$T/enrol.log" 2>&1 || bail 'cannot enrol'
run fetcher --once
is "$rc" 0 'to begin with'

first=$(account)
pebble_restart || bail 'no pebble'
again
is "$rc" 0 'the CA lost its accounts: registered again at once'
isnt "$(account)" "$first" '... and the new account is kept'

make_key "$T/new.pem" ec
elsewhere rollover "$T/new.pem"
again
is "$rc" 78 'the key was changed elsewhere: refused'
like "$err" 'account: the CA refuses our account' '... for the account'
like "$err" 'bring its key with certrepo-fetcher account import pebble FILE' \
	'... with what mends it'
like "$err" "or move $KEY away for a new account, then" '... or replaces it'
unlike "$err" 'eab_kid' '... for which nothing else is needed'
is "$(sql 'SELECT count_fail_update FROM certs')" 0 '... not for the name'
second=$(account)
mv "$KEY" "$T/old.pem" && cp "$T/new.pem" "$KEY" && chmod 600 "$KEY"
again
is "$rc" 0 "the account's key put there: on it goes"

elsewhere deactivate
again
is "$rc" 78 'deactivated: refused'
like "$err" "account: .*deactivated.*it stays so: move $KEY away for a new" \
	'... with what mends it'
unlike "$err" 'account import' '... and not what does not'
due
run fetcher --once
is "$rc" 78 '... and it rests until then'
mv "$KEY" "$T/older.pem"
due
run fetcher --once
is "$rc" 0 'moved away: the next run registers a new account'
[ "$(account)" != "$second" ]
is $? 0 '... indeed'

# --- what pebble takes at no time ---
rm "$KEY"
sql 'DELETE FROM cas'
STAGE_CA='contact = ["gopher:x"];'
stage_conf
again
is "$rc" 78 'a contact that the CA does not take'
like "$err" 'gopher.*; change contact in the group of CA pebble in certrepo.conf' \
	'... says where it stands'
STAGE_CA='contact = ["mailto:a@example.org"];'
stage_conf
due
run fetcher --once
is "$rc" 0 'another one: the next run asks'
done_testing
