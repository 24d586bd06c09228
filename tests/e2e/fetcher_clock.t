#!/bin/sh
# SPDX-License-Identifier: MIT
# Clocks that are wrong by ten years, ahead and behind, here and at another
# instance: whatever such a run left behind, the next one with a clock that is
# right renews what is due; and a clock that is behind takes nothing from the
# others. Leases of a fetcher that is dead: told of, and broken by a person.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

command -v faketime >/dev/null || skip_all "no faketime"
N=www.example.test
TEN=315360000
col() { # COLUMN
	sql "SELECT $1 FROM certs WHERE name = '$N'"
}
fetcher_at() { # OFFSET
	run env ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		faketime -f "$1" "$BUILD/certrepo-fetcher" -c "$CONF" --once
}
again() { # the row is due, as one that was never tried
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0, renew = 1,
		held = 0, lease_owner = NULL, lease_until = 0,
		count_fail_update = 0, fail_class = NULL"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'

# --- one run, then a right one ---
for off in +10y -10y; do
	again
	fetcher_at $off
	is "$rc" 69 "a run at $off: exit 69"
	is "$(col 'count_fail_update || held || ts_due')" 000 \
		'... nothing is held against the name'
	run fetcher --once
	is "$rc $(col renew)" '0 0' '... and the next run renews it'
	unlike "$err" 'rests until|waits' '... with no wait'
done

# --- what a run of an older version left, ten years ahead ---
far=$(($(date +%s) + TEN))
again
sql "UPDATE certs SET ts_due = $far, ts_next_attempt = $far,
	fail_class = 'dns', count_fail_update = 1"
run fetcher --once
is "$rc $(col renew)" '0 0' 'a back-off of ten years: renewed'
like "$err" 'a clock that was wrong.*: next attempts of names: 1' '... and it is said'
again
sql "UPDATE certs SET ts_due = $far, ts_next_attempt = $far WHERE name = '$N'"
scripted_row c.example.test || bail 'cannot enrol'
: >"$REQUESTS"
run fetcher --once $N c.example.test
is "$rc $(requests newOrder)" '0 2' '... of two names, asked for: one order each'
sql "DELETE FROM certs WHERE name = 'c.example.test'"
again
sql "UPDATE certs SET lease_owner = 'gone-01', lease_until = $far"
run fetcher --once
is "$rc $(col renew)" '0 0' 'a lease of ten years: renewed'
again
sql "UPDATE cas SET backoff_until = $far, count_fail = 3,
	fail_class = 'ca-down'"
run fetcher --once
is "$rc $(col renew)" '0 0' 'a CA that rests for ten years: renewed'
again
sql "UPDATE certs SET ts_due = $far"
echo 'days_left=0' >"$T/state/fetcher.policy"
run fetcher --once
is "$rc $(col renew)" '0 0' 'postponed for ten years by an older one: renewed'
for f in prune held leftover; do
	echo "$far" >"$T/state/fetcher.$f"
done
again
run fetcher --once
is "$rc" 0 'state files of the future'
ok '... and attempts are pruned again' \
	test "$(cat "$T/state/fetcher.prune")" -lt "$far"

# --- a run two years ahead, then days of right ones with nothing to do ---
again
sql 'DELETE FROM attempts'
sql 'DELETE FROM cas'
fetcher_at +2y
now=$(date +%s)
sql "UPDATE certs SET ts_last_update = $((now + 63072000)), renew = 0"
sql "INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end) VALUES
	('$N', 'scripted', 'dns', $((now + 63072000)), $((now + 63072010)))"
sql "INSERT OR REPLACE INTO cas (name, directory, backoff_until, count_fail,
	fail_class) VALUES ('other', 'https://other.example.test/',
	$((now + 63072000)), 1, 'ca-down')"
run fetcher --once
: >"$REQUESTS"
is "$rc" 0 'two years ahead, then a right run: exit 0'
like "$err" 'a clock that was wrong' '... which says so'
is "$(sql "SELECT count(*) FROM attempts WHERE ts_end > $now + 7200 OR
	ts_start > $now + 7200")$(sql "SELECT count(*) FROM cas WHERE
	backoff_until > $now + 100000")" 00 '... no instant of it is left'
is "$(sql "SELECT count(*) FROM attempts WHERE outcome = 'dns'")" 1 \
	'... and no attempt is lost'
ok '... neither is that of the last try' test "$(col ts_last_update)" -le \
	"$(date +%s)"
run fetcher --once
is "$rc $err" '0 ' '... the next one is silent'
is "$(wc -l <"$REQUESTS")" 0 '... and asks no CA'

# --- a clock that is behind, and nothing is due by it ---
again
run fetcher --once
sql 'UPDATE certs SET renew = 0'
for off in -60d -10y; do
	fetcher_at $off
	is "$rc" 69 "$off, and nothing is due: exit 69"
	like "$err" 'CA pebble: clock: .*the clock here says 20[0-9T:-]+Z' \
		'... with what the clock says'
done
sql 'DELETE FROM attempts'
sql 'UPDATE certs SET ts_last_update = 1'
fetcher_at -60d
is "$rc" 69 '... as certificates alone say'
: >"$REQUESTS"
run fetcher --once
is "$rc $err$(wc -l <"$REQUESTS")" '0 0' '... and the right clock is silent'
# imported, and begins tomorrow
sql "UPDATE certs SET ts_not_before = $(($(date +%s) + 86000))"
run fetcher --once
is "$rc $err" '0 ' 'a certificate that begins tomorrow'
ok '... a CA is asked' test "$(wc -l <"$REQUESTS")" -gt 0
: >"$REQUESTS"
run fetcher --once
is "$rc $err$(wc -l <"$REQUESTS")" '0 0' '... once a day'
fetcher_at -30h
is "$rc" 69 '... or by another clock'
sql "UPDATE certs SET ts_not_before = $(date +%s), ts_last_update = $(date +%s)"

# --- attempts are not deleted by a clock that is ahead ---
rm -f "$T/state/fetcher.prune"
kept=$(sql 'SELECT count(*) FROM attempts')
fetcher_at +10y
is "$(sql 'SELECT count(*) FROM attempts')" "$kept" \
	'ten years ahead: no attempt is deleted'

# --- two instances: one has the wrong clock ---
again
now=$(date +%s)
scripted_row b.example.test || bail 'cannot enrol'
sql "UPDATE certs SET lease_owner = 'other-01', lease_until = $((now + 300))
	WHERE name = '$N'"
sql "UPDATE certs SET ts_due = $((now + 3000)), ts_next_attempt =
	$((now + 3000)) WHERE name = 'b.example.test'"
before=$(sql 'SELECT name, ts_due, ts_next_attempt, lease_owner FROM certs')
fetcher_at -10y
is "$(sql 'SELECT name, ts_due, ts_next_attempt, lease_owner FROM certs')" \
	"$before" "ten years behind: the others' leases and back-offs stay"
unlike "$err" 'put right' '... and it does not say that they were wrong'
fetcher_at +10y
is "$(sql 'SELECT name, ts_due, ts_next_attempt, lease_owner FROM certs')" \
	"$before" 'ten years ahead: likewise'

# --- a lease of a fetcher that is dead ---
for how in '' --force -n '-n --force'; do
	# shellcheck disable=SC2086 # words
	run fetcher --once $how $N
	is "$rc $out" '69 ' "a name on lease to another: it waits ($how)"
	like "$err" "^certrepo-fetcher: $N: on lease to the fetcher other-01 until 2.*Z" \
		'... which is said, and until when'
	is "$(echo "$err" | grep -c "on lease")" 1 '... once'
done
run fetcher --once -n --break-lease $N
is "$rc" 0 '... and not if the lease is to be broken'
like "$out" "^$N: " '... which orders it'
sql "UPDATE certs SET fail_class = 'dns' WHERE name = 'b.example.test'"
run fetcher --once b.example.test
is "$rc $out" '0 ' 'a name in back-off'
like "$err" '^certrepo-fetcher: b.example.test: .*next attempt is at 2' \
	'... is said to be'
: >"$REQUESTS"
sql "UPDATE certs SET ts_last_update = $((now - 3600)) WHERE name = '$N'"
run fetcher --once -v
like "$err" "1 name waits for the fetcher other-01 .*--once --break-lease $N" \
	'held for longer than an order takes: told of'
like "$out" '1 name is on lease to the fetcher other-01' '... and why'
is "$(requests newOrder)" 0 '... and respected'
run fetcher --break-lease
is "$rc" 64 '--break-lease wants names'
run fetcher --once --break-lease $N
is "$rc $(requests newOrder) $(col renew)" '0 1 0' '... until a person breaks it'
done_testing
