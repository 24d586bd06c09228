#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-trouble(7), what a CA does to the fetcher, by the scripted one, and
# the configuration; the mails go to a sendmail that keeps them.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/tests/lib/trouble.sh"

W=www.example.test
trouble_sendmail
conf() { # [SETTING...]
	STAGE_EXTRA="$TROUBLE_NOTIFY $*"
	stage_conf
}
scripted_start || bail 'no CA'
stage_store sqlite || bail 'no store'
conf
trouble_program certrepo-fetcher "$CONF"
trouble_program certrepo-populate "$CONF"
as "on $(hostname)" 'on centre' only
as pebble letsencrypt
as example.test example.org
as "$STAGE_DIRECTORY" https://acme-v02.api.letsencrypt.org/directory
as "${STAGE_DIRECTORY%/dir}" https://acme-v02.api.letsencrypt.org only
_port=${STAGE_DIRECTORY%/dir}
_port=${_port##*:}
as "127.0.0.1 port $_port" 'acme-v02.api.letsencrypt.org port 443' only
as "127.0.0.1:$_port" acme-v02.api.letsencrypt.org:443 only
as "$T/state/account.pem" /var/lib/certrepo/accounts/letsencrypt.pem
as "$T/csr.pem" www.example.org.csr
as "$CONF" /etc/certrepo/certrepo.conf

nightly() { # what the timer starts
	trouble_mail certrepo-fetcher --once
}
near() { # five days are left, and it is the fetcher's turn
	_end=$(date -d '5 days 1 hour' +%s)
	sql "UPDATE certs SET ts_expire = $_end, ts_expire_seen = $_end,
		ts_not_before = $((_end - 90 * 86400)), ts_due = 0,
		ts_next_attempt = 0, renew = 1"
}
well() { # [over]: that was told already
	[ -n "${1-}" ] || nightly
	is "$rc" 0 '... a run is well again'
	like "$mail" 'matters? (is|are) over' '... and the mail says that it is over'
}
curl() {
	command curl --noproxy '*' --cacert "$PEBBLE_CA" "$@"
}
scripted_row $W || bail 'cannot enrol'
nightly
is "$rc$mail" 0 'all is well: nobody is told'

situation 'The CA is down'
near
stop scripted
conf 'store_patience = 0;'
nightly
is "$rc" 69 '... its exit status'
shows "$mail"
follow curl
isnt "$rc" 0 '... nobody reaches it'
scripted_start --port "$_port" || bail 'no CA'
follow curl
is "$rc" 0 '... until it is back'
follow --force
is "$rc" 0 '... and is asked at once'
well
conf

situation 'A rate limit: too many certificates already issued'
near
fault 429-date '' -1
nightly
shows "$mail"
follow 'populate show'
shows "$out"
fault clear
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
well

situation 'The CA keeps an order waiting'
near
fault processing-day newOrder -1
nightly
is "$rc" 0 '... which is no failure'
shows "$mail"
follow 'populate show'
like "$out" 'waits for the CA since' '... since when'
fault clear
follow 'populate show'
follow 'certrepo-fetcher --once --force'
is "$rc" 0 '... it is issued'
well

situation 'A name is held'
near
sql 'UPDATE certs SET count_fail_update = 20'
fault challenge-unauthorized '' -1
nightly
is "$rc" 1 '... it failed'
shows "$mail"
follow 'populate list'
shows "$out"
fault clear
follow enable
follow 'fetcher --once'
is "$rc" 0 '... it is renewed'
well

situation 'The CA refuses the account'
"$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" "$STAGE_DIRECTORY" \
	"$PEBBLE_CA" "$T/state/account.pem" deactivate >"$T/out" ||
	bail 'cannot deactivate the account'
near
nightly
is "$rc" 78 '... its exit status'
shows "$mail"
follow 'account show'
shows "$out"
follow 'mv '
follow --force
is "$rc" 0 '... a new account'
well
rm "$T/state/account.pem"
sql 'DELETE FROM cas'
fault terms '' -1
near
conf
sed -i 's/agree_tos = true/agree_tos = false/' "$CONF"
nightly
shows "$mail"
conf
nightly
is "$rc" 0 '... agreed to'

situation 'The CA refuses a name, or has no such profile'
make_csr "$T/keys/$W.key" "$T/csr/both.csr" intern.example.test $W
populate add $W --replace --csr "$T/csr/both.csr" >"$T/out" ||
	bail 'cannot enrol'
near
fault rejected '' -1 intern.example.test
nightly
shows "$mail"
make_csr "$T/keys/$W.key" "$T/csr.pem" $W
follow 'populate add'
follow '--once'
is "$rc" 0 '... without that name'
well
offer '{"profiles": {"classic": "as ever", "shortlived": "six days"}}'
near
nightly
run certrepo-populate set $W ca_profile=shortlived
is "$rc" 0 '... a profile is asked for'
offer '{"profiles": {"classic": "as ever"}}'
near
nightly
shows "$mail"
follow ca_profile=
follow '--once'
is "$rc" 0 '... without that profile'
well
offer '{}'

situation 'The CA wants certificates replaced at once'
offer '{"ari": {}}'
sql 'UPDATE certs SET ts_due = 0, renew = 1'
nightly
sql 'UPDATE certs SET ts_ari_poll = 0, ts_not_before = ts_not_before - 172800'
nightly
windows "$W -7200 -3600 https://ca.example/incident"
sql 'UPDATE certs SET ts_ari_poll = 0'
sleep 1 # the new serial's second
nightly
is "$rc" 0 '... which it did'
shows "$mail"
follow 'populate show'
shows "$out"
rm "$T/scripted/windows"
offer '{}'

situation 'The clocks are apart'
timedatectl() { # set-ntp true
	fault clear
}
near
fault date+7200 '' -1
nightly
shows "$mail"
follow timedatectl
follow 'fetcher --once -v'
well over

situation 'The configuration is refused'
conf 'days_left = 99999; days_lift = 5;'
nightly
is "$rc" 78 '... its exit status'
shows "$mail"
follow 'certrepo.conf list'
shows "$err"
conf
follow 'certrepo.conf list'
is "$rc" 0 '... it is taken'
follow 'fetcher --once -v'
well over

trouble_end
