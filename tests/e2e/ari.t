#!/bin/sh
# SPDX-License-Identifier: MIT
# Renewal information (RFC 9773): a CA that offers it is asked in its turn, over
# one connection, and what it asks for is done, within a run; a CA without it,
# or whose certificates' turn it is not, is asked nothing.
# shellcheck disable=SC1091,SC2154,SC2034 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

column() { # COLUMN [NAME]
	sql "SELECT $1 FROM certs WHERE name = '${2:-a.example.test}'"
}
clean_log() {
	: >"$REQUESTS"
}
all_due() { # it is everybody's turn
	sql 'UPDATE certs SET ts_ari_poll = 0'
}
aged() { # they are of the day before yesterday
	sql "UPDATE certs SET ts_not_before = ts_not_before - 172800"
}
orders() { # so many were made since, of an older certificate
	grep '"kind": "newOrder"' "$REQUESTS" | grep -c '"replaces"'
}

MAX_ORDERS=1 # their order shows
scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
for n in a b c; do
	scripted_row "$n.example.test" || bail 'cannot enrol'
done

# --- a CA without it ---

run fetcher
is "$rc" 0 "all are issued"
is "$(sql "SELECT '[' || renewal_info || ']' FROM cas")" '[]' \
	"the CA is known not to offer it"
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari_poll BETWEEN
	strftime('%s') + 3500 AND strftime('%s') + 21600")" 3 \
	"their first turns are in hours"
all_due
clean_log
run fetcher
is "$rc" 0 "a run without any work"
is "$(requests '')" 0 "... makes no request"

# --- one that offers it ---

offer '{"ari": {}}'
sql 'UPDATE cas SET renewal_info = NULL'
clean_log
run fetcher -v
is "$rc" 0 "it is asked"
is "$(requests directory) $(requests renewalInfo) $(requests newNonce)" \
	'1 3 0' "... its directory once, each certificate once, and no more"
like "$(sql 'SELECT renewal_info FROM cas')" '^https://' \
	"what the directory offers is remembered"
is "$(sql "SELECT count(*) FROM certs WHERE ari_crt = crt_sha256 AND
	ts_ari >= ari_start AND ts_ari < ari_end AND ts_due = ts_ari")" 3 \
	"an instant in each window, from then on they are due"
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari_poll BETWEEN
	strftime('%s') + 21500 AND strftime('%s') + 21600")" 3 \
	"Retry-After is obeyed"
clean_log
run fetcher
is "$(requests '')" 0 "it is nobody's turn: no request"
before=$(column ts_ari)
all_due
run fetcher
is "$(column ts_ari)" "$before" "the same window: the same instant"

# --- a certificate of today ---

windows 'a.example.test -7200 -3600'
all_due
clean_log
run fetcher
is "$(requests newOrder)" 0 "is not replaced on its first day"
is "$(column 'ts_due - ts_not_before')" 86400 "... but then"
windows
all_due
run fetcher
aged

# --- one of the names ---

clean_log
run fetcher --once a.example.test
is "$rc $(requests renewalInfo)" '0 1' \
	"who names one has its CA asked about that one, now"
is "$(column ts_due)" "$(column ts_ari)" "... and what it says is stored"
windows 'a.example.test -7200 -3600' 'c.example.test -7200 -3600'
clean_log
sleep 1 # the new serial's second
run fetcher --once -v a.example.test
is "$rc $(requests renewalInfo) $(requests newOrder)" '0 1 1' \
	"... and does as it wants, in the same run, for no other"
like "$err" 'renewed name=a.example.test' "..."
run populate show a.example.test
like "$out" 'ok .pebble.: renewed early because the CA asked$' \
	"the attempt says why"
windows
run fetcher --once --force b.example.test
is "$(requests renewalInfo)" 1 "what is forced is ordered, and nobody asked"
run fetcher --once nobody.example.test
is "$rc $(requests renewalInfo)" '1 1' "one that is not there"
is "$(printf '%s\n' "$err" | grep -c nobody.example)" 1 "... is said once"
all_due
run fetcher
aged

# --- a window that comes sooner ---

windows 'c.example.test +86400 +90000 https://ca.example/soon'
all_due
run fetcher
like "$err" 'CA pebble: it wants 1 certificate renewed sooner than it had said, that of c.example.test; why: https://ca.example/soon' \
	"is told, when the CA says why"
windows 'c.example.test +43200 +46800'
all_due
run fetcher
is "$rc$err" 0 "... not else"

# --- a window that has passed ---

windows 'b.example.test -7200 -3600 https://ca.example/why'
all_due
clean_log
sleep 1 # the new serial's second
run fetcher -v
is "$rc" 0 "a run"
like "$err" 'CA .*1 certificate renewed at once.*b\.example\.test.*https://ca.example/why' \
	"says why"
is "$(requests newOrder) $(orders)" '1 1' \
	"is ordered in the same run, in place of the old one"
like "$err" 'due name=b.example.test reason=.the CA asks for it' \
	"... because the CA asks for it"
run populate show b.example.test
like "$out" 'renewed early because the CA asked .https://ca.example/why.$' \
	"its row says so, and where the CA says why"
is "$(column ts_ari b.example.test)" 0 "the new one was not asked about yet"
is "$(column count_fail_update b.example.test)" 0 "nothing failed"

offer '{"ari": {}, "not_before": "-200000"}'
run fetcher --once --force b.example.test
ok "one that is dated back by days lives from today on" test \
	"$(column ts_not_before b.example.test)" -gt $(($(date +%s) - 1000))
windows 'b.example.test -7200 -3600'
all_due
clean_log
run fetcher
is "$rc $(requests newOrder)" '0 0' \
	"... and is not replaced at once for its CA, again and again"
offer '{"ari": {}}'
windows
sql "UPDATE certs SET ts_ari = 1, ts_due = 1 WHERE name = 'c.example.test'"
run fetcher -n
like "$out" 'c.example.test: the CA asks for it' "a dry run says so, too"
sql "UPDATE certs SET ts_ari = ari_start, ts_due = ari_start"

# --- what is wrong with one concerns that one ---

windows 'a.example.test raw {"suggestedWindow": 7}' \
	'b.example.test 2026-02-01T00:00:00Z 2026-01-01T00:00:00Z' \
	'c.example.test +86400 +90000'
before=$(column ts_due)
all_due
run fetcher
is "$rc" 0 "garbage is no failure"
is "$out$err" '' "... and nothing to be told"
is "$(column ts_due)" "$before" "what was known stays"
is "$(column 'ari_end - ari_start' c.example.test)" 3600 "another is obeyed"
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari_poll >
	strftime('%s') + 21000")" 3 "they are asked about in six hours"
windows
fault 404 renewalInfo 1 a.example.test
all_due
run fetcher
is "$(column ts_ari)" 0 "not known to the CA: the rule applies again"
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari > 0")" 2 \
	"of that one alone"

# --- a mass revocation: some of them, in whose turn it is and in others ---

windows
sql 'DELETE FROM certs'
for n in 1 2 3 4 5 6 7 8 9; do
	scripted_row "m$n.example.test" || bail 'cannot enrol'
done
run fetcher
all_due
run fetcher
is "$(sql 'SELECT count(*) FROM certs WHERE ts_ari > 0')" 9 "nine windows"
aged
for n in 2 4 6 8; do # the later the number, the earlier its end
	sql "UPDATE certs SET ts_expire = ts_expire - $n, ts_expire_seen =
		ts_expire - $n WHERE name = 'm$n.example.test'"
done
sql "UPDATE certs SET ts_ari_poll = 0 WHERE name = 'm2.example.test'"
windows 'm2.example.test -7200 -3600 https://ca.example/incident' \
	'm4.example.test -7200 -3600' 'm6.example.test -7200 -3600' \
	'm8.example.test -7200 -3600'
clean_log
sleep 1
run fetcher
is "$rc" 0 "one run"
is "$(requests directory) $(requests renewalInfo)" '1 9' \
	"all are asked about when one window has moved"
is "$(requests newOrder) $(orders)" '4 4' "... and what moved is renewed at once"
is "$(grep '"kind": "newOrder"' "$REQUESTS" |
	sed 's/.*"names": \["\(m.\).*/\1/' | tr '\n' ' ')" 'm8 m6 m4 m2 ' \
	"... the most urgent first"
like "$err" 'CA .*4 certificates renewed at once.*https://ca.example/incident' \
	"one warning for all"
is "$(printf '%s\n' "$err" | grep -c 'renewed at once')" 1 "... and no other"
clean_log
run fetcher
is "$(requests '')$err" 0 "then there is peace"

# --- trouble ---

fault 503 renewalInfo -1
all_due
clean_log
run fetcher
is "$rc" 0 "a CA that does not answer is no failure"
is "$out$err" '' "... and nothing to be told"
is "$(sql 'SELECT backoff_until + count_fail FROM cas')" 0 \
	"it does not rest"
is "$(sql 'SELECT max(count_fail_update) FROM certs')" 0 \
	"no name is counted"
fault clear
fault 503-retry renewalInfo -1
all_due
run fetcher
fault clear
like "$(cat "$T/state/fetcher.polls")" '^pebble [0-9][0-9]*$' \
	"a CA that wants to be left alone is remembered"
echo "pebble $(($(date +%s) + 600))" >"$T/state/fetcher.polls"
all_due
clean_log
run fetcher
is "$(requests renewalInfo) $rc" '0 0' \
	"... and left alone in the next run, too"
sed -i 's/ .*/ 5/' "$T/state/fetcher.polls"
run fetcher
is "$(requests renewalInfo)" 9 "... until it may be asked"
is "$(cat "$T/state/fetcher.polls")" '' "... and that is over"
fault 503 directory -1
all_due
run fetcher
is "$rc" 0 "nor one without a directory"
is "$(sql 'SELECT backoff_until + count_fail FROM cas')" 0 "..."
fault clear

# --- killed between the answer and its commit ---

windows '* -7200 -3600'
aged
all_due
clean_log
run sh -c "timeout -s KILL 1 '$BUILD/certrepo-fetcher' -c '$T/certrepo.conf'"
run fetcher
is "$rc" 0 "a run after one that was killed"
is "$(sql "SELECT count(*) FROM certs WHERE ts_ari = 0")" 9 \
	"all are renewed, or were"
windows
done_testing
