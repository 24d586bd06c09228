#!/bin/sh
# SPDX-License-Identifier: MIT
# What is asked for in an order beside its names: a profile that the CA offers,
# and what it costs; what the CA refuses of it, in whatever words; a CSR that
# asks for what the CA does not certify.
# shellcheck disable=SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=www.example.test
col() { # COLUMN
	sql "SELECT $1 FROM certs WHERE name = '$N'"
}
asked() { # the profile of the last newOrder
	grep '"newOrder"' "$REQUESTS" | tail -1 |
		sed -n 's/.*"profile": "\([^"]*\)".*/\1/p'
}
begin() { # PROFILE OF_THE_CA
	scripted_reset
	STAGE_CA=${2:+"ca_profile = \"$2\";"}
	stage_conf
	if [ -n "$1" ]; then
		sql "UPDATE certs SET ca_profile = '$1'"
	else
		sql 'UPDATE certs SET ca_profile = NULL'
	fi
}
again() {
	: >"$REQUESTS"
	sql "UPDATE certs SET ts_due = 0, renew = 1"
	run fetcher --once "$@"
}
# CLASS WORDS TEST: it failed so, once, and no order was finalized to no end.
refused() {
	is "$(col fail_class):$(col count_fail_update):$(col held)" "$1" "$3"
	like "$(col fail_detail)" "$2" '... with the words that it needs'
}

near() { # INSTANT LEAST MOST TEST: so many seconds from now
	_in=$(($1 - $(date +%s)))
	is "$((_in >= $2 - 60 && _in <= $3))" 1 "$4 ($_in s)"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'
TWO='{"profiles": {"classic": {"text": "as ever", "client_auth": true},
	"short": {"text": "6 days", "life": 576000, "cn": false, "names": 2}}}'

# --- which one ---
begin '' ''
run fetcher --once
is "$rc:$(asked)" 0: 'none is asked for where none is wanted'
offer "$TWO"
begin '' ''
run fetcher --once
is "$rc:$(asked)" 0: '... nor where there are some'
begin classic short
run fetcher --once
is "$rc:$(asked)" 0:classic "the row's, before the configuration's"
begin '' classic
run fetcher --once
is "$rc:$(asked)" 0:classic "the configuration's"
sql "UPDATE certs SET ca_profile = 'short'"
again -v
is "$rc:$(asked)" 0:short "then another, by the row"
like "$err" "$N: the new certificate, by the profile \"short\", lives 160 hours instead of 90 days, has no clientAuth \(TLS client authentication\), has no CN" \
	'... whose price is told'
is "$(sql "SELECT detail FROM attempts ORDER BY id DESC LIMIT 1")" \
	'by the profile short' '... the attempt on record has it'
again -v
unlike "$err" 'the new certificate' '... once'

# --- one that is not offered costs no order ---
begin tlsserver ''
run fetcher --once
is "$rc:$(requests newOrder)" 1:0 'not offered: nothing is ordered'
refused config:0:0 "the CA offers the profiles \"classic\", \"short\", but \"tlsserver\" was to be asked for: run certrepo-populate set $N ca_profile=\.\.\." 'a matter of configuration'
begin '' tlsserver
run fetcher --once
refused config:0:0 'change ca_profile of the CA pebble in the configuration' '... whose it is'
offer '{"profiles": null}'
begin short ''
run fetcher --once
is "$rc:$(requests newOrder)" 1:0 'no profiles at all: nothing is ordered'
refused config:0:0 'offers no profiles, but "short"' '... for the same reason'
offer "$TWO"
# Whatever it was: the fetcher of an earlier version counted.
sql 'UPDATE certs SET count_fail_update = 9, ts_due = 0, ts_next_attempt = 0'
offer '{"profiles": null}'
run fetcher --once
refused config:9:0 'offers no profiles' 'however often: it is not held'
near "$(col ts_next_attempt)" 3600 4330 '... but looked at again after an hour'
offer "$TWO"
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
run fetcher --once
is "$rc:$(asked)" 0:short '... and ordered when it is offered again'

# --- refused, in whatever words ---
offer "$TWO"
for at in newOrder finalize; do
	for f in invalid unauthorized malformed; do
		begin short ''
		fault profile-$f $at
		run fetcher --once
		is "$rc" 1 "profile-$f at $at"
		refused config:1:0 'the CA refuses the profile "short": ".*[Pp]rofile' '... is a matter of the profile'
		like "$err" 'config: the CA refuses the profile "short"' '... as is told'
	done
done
begin short ''
fault 429-seconds
run fetcher --once
refused rate-limited:1:0 'already issued' 'a limit is a limit'
begin short ''
fault challenge-caa
run fetcher --once
refused caa:1:0 'CAA' 'CAA is CAA'
begin short ''
fault rejected
run fetcher --once
refused rejected:1:0 'forbidden by policy' 'a name is a name'

# --- what it replaces ---
replaces() { # how many orders of this run did
	grep '"newOrder"' "$REQUESTS" | grep -c '"replaces": "'
}
offer '{"ari": {}}'
begin '' ''
run fetcher --once
is "$rc:$(replaces)" 0:0 'the first one replaces nothing'
again
is "$rc:$(requests newOrder):$(replaces)" 0:1:1 'the next one does'
for f in already malformed unauthorized 404; do
	fault replaces-$f '' -1
	again
	is "$rc:$(requests newOrder):$(replaces)" 0:2:1 \
		"replaces-$f: at once again without"
	is "$(col count_fail_update):$(col fail_class)" 0: '... nothing is counted'
	fault clear
done
fault replaces-429
again
is "$rc:$(requests newOrder):$(replaces)" 69:1:1 'a limit is one'
is "$(col fail_class)" ca-rate-limited '... of the account here'
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
sql 'UPDATE cas SET backoff_until = 0'
fault profile-malformed '' -1
fault replaces-malformed '' -1
sql "UPDATE certs SET ca_profile = 'short'"
again
is "$rc:$(requests newOrder):$(replaces):$(asked)" 1:2:1:short \
	'with a profile, too: first it goes, then the profile is to blame'
like "$(col fail_class):$(col fail_detail)" '^config:the CA refuses the profile' \
	'... as is told'
offer '{"ari": null}'

# --- too many names for it ---
N=a.example.test
scripted_row $N $N b.example.test c.example.test || bail 'cannot enrol'
sql "UPDATE certs SET enable = 'N' WHERE name <> '$N'"
begin short ''
run fetcher --once
refused config:1:0 'refuses the profile "short": .*; the CSR has 3 names, which a profile may not allow' 'too many names'

# --- a CSR that asks for clientAuth ---
N=client.example.test
make_key "$T/keys/$N.key" ec || bail 'no key'
openssl req -new -key "$T/keys/$N.key" -subj "/CN=$N" \
	-addext "subjectAltName=DNS:$N" -out "$T/csr/$N.csr" \
	-addext 'extendedKeyUsage=serverAuth,clientAuth' || bail 'no CSR'
if ! populate add $N --enable >"$T/enrol.log" 2>&1 ||
	! populate set $N challenge=http-01 webroot_path="$WEBROOT" \
		>"$T/enrol.log" 2>&1; then
	bail "cannot enrol: $(cat "$T/enrol.log")"
fi
begin '' ''
sql "UPDATE certs SET enable = 'N' WHERE name <> '$N'"
fault csr-eku '' -1
run fetcher --once
is "$rc:$(requests finalize)" 1:1 'clientAuth is refused'
refused bad-csr:1:0 'a new CSR is needed: this one asks for clientAuth .*clientAuth is not permitted' \
	'... which may be one odd answer'
near "$(col ts_next_attempt)" 21600 25930 '... and is asked again, hours later'
sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
run fetcher --once
refused bad-csr:2:1 'a new CSR is needed' 'twice: it is held'
like "$err" 'held until someone acts \(2nd failure\)' '... as is told'
: >"$REQUESTS"
sql 'UPDATE certs SET ts_due = 0 WHERE held = 0'
run fetcher --once
is "$(requests newOrder)" 0 '... and not tried again'
done_testing
