#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status on a terminal's lines, of a fixed store at a fixed instant:
# the fleet, a name, a host, filters, and what cannot be read.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

holds() { # TEXT LINES NAME: they are in it, as they are
	case $1 in
	*"$2"*) pass "$3" ;;
	*)
		fail "$3"
		diag "not there: $2"
		_diag_run
		;;
	esac
}

status_store
plan 110

# --- the fleet ---
status
is "$rc $err" "1 " "somebody is needed"
holds "$out" "$T/db, 2026-12-01T00:00:00Z
  certificates       6, 2 need somebody, 2 wait, 2 well
  hosts              2, 1 needs somebody, 0 wait, 1 well
" "how many, of what"
holds "$out" '  gone.example.org: expired, waits for its next attempt
      EXPIRED on 2026-11-30T00:00:00Z (1 day ago); backing off until
      2026-12-01T05:00:00Z (in 5 h); ' "what has expired, and why"
like "$out" 'count_fail_limit = 10' "... with the setting"
holds "$out" '  old.example.org: not-served, waits for a person
      web2.example.org web 192.0.2.1:443: not served: what was issued on
      2026-11-29T00:00:00Z (2 days ago) was to be served before
      2026-11-30T02:00:00Z (22 h ago) (deliver_within' \
	"what is not served, where, since when"
holds "$out" '
NAME               STATE       LEFT       UNTIL       HOSTS    CA
gone.example.org   expired     -1 day     2026-11-30  -        letsencrypt
old.example.org    not-served  88 days    2027-02-27  1/2      letsencrypt
' "the table begins with them"
holds "$out" '
off.example.org    disabled    -310 days  2026-01-25  -        letsencrypt
' "... and ends with what nobody renews"
# gone and new now, short in 10 hours and then each 80, well in 30 days and in
# 90, old in 58, gone once more in 60
holds "$out" '
letsencrypt                      5          4         12         33' "orders to come, those that repeat counted as often"
is "$(printf '%s\n' "$out" | awk 'length > 80')" "" "within 80 columns"
unlike "$out" "$(printf '\033')" "no colours but on a terminal"
status -v
like "$out" '^NAME +STATE +LEFT +UNTIL +RENEWAL +BY +HOSTS +WAITS FOR +NAMES .* CA$' "all columns"
like "$out" 'well.example.org .* 2026-12-31 +life +2/2 .* P-256 +300 days +5 ' \
	"... of each"
like "$out" '  host web1.example.org \(installer 0.2.0, 2 receipts\): ok' \
	"... and all hosts"
like "$out" '  fetcher 0123456789abcdef on centre.example.org \(0.2.0\): ok' \
	"... and fetchers"

# --- a name ---
status well.example.org
is "$rc $err" "0 " "a name that is well"
holds "$out" '  well.example.org: ok
      renewed from 2026-12-31T00:00:00Z (in 30 days) on, when a third of its
      life is left
' "why it is not renewed today"
holds "$out" '
  host web1.example.org (installer 0.2.0): ok
' "its hosts"
holds "$out" '
  web2.example.org web (nginx): issued -> fetched -> installed -> activated ->
  served
' "... how far it came there"
status old.example.org
is "$rc" 1 "one that is not served"
holds "$out" '
  web2.example.org web (nginx): issued -> fetched -> installed
    192.0.2.1:443 (tls), "served": not-served, waits for a person
' "... where it stopped"
like "$out" '^  serve before  2026-11-30T02:00:00Z \(22 h ago\)$' "... and by when"
status gone.example.org
holds "$out" '
  owner         web@example.org
' "who is told of one"
# shellcheck disable=SC2016 # no expansion is meant
like "$out" "unauthorized: <script>alert" "... and what its CA said"
status new.example.org
is "$rc" 0 "one that has no certificate yet"
like "$out" "one is ordered in the fetcher's next run" "... is to get one"
status wel.example.org
is "$rc $out" "1 " "a name that is not there"
like "$err" 'there is no wel.example.org; is well.example.org meant\?$' \
	"... which was meant"
status well.example.org old.example.org
is "$rc" 1 "two names, the worse of both"

# --- a host ---
status --host web2.example.org
is "$rc $err" "1 " "a host, all about it"
holds "$out" '  host web2.example.org (installer 0.2.0): failed, waits for a person
      1 of its 2 receipts needs somebody; ' "... how it is"
holds "$out" '
  well.example.org web (nginx): issued -> ' "... each of its certificates"
status --host web1.example.org
is "$rc" 0 "one that is well"
status --host web3.example.org
is "$rc $out" "1 " "one that there is not"
like "$err" 'is web[12].example.org meant\?$' "... which was meant"

# --- who may read it, and says nothing of it ---
status_sql "INSERT INTO hosts (host, account, ts_added) VALUES
	('web8.example.org', 'a8', $STATUS_NOW - 1000);
	INSERT INTO host_names (account, name, host) VALUES
	('a8', 'well.example.org', 'web8.example.org')"
status well.example.org
is "$rc $err" "0 " "a name that one of three hosts does not report"
holds "$out" '
  host web8.example.org: unknown, waits for its host
      may read it, and never said that it has it: is it in installer.conf there?' \
	"... which, and what to do"
like "$out" 'host web1.example.org .*: ok' "... beside those that do"
status --host web8.example.org
is "$rc $err" "0 " "that host"
holds "$out" '
  well.example.org: ok
      renewed from 2026-12-31T00:00:00Z (in 30 days) on, when a third of its
      life is left
  host web8.example.org: unknown, waits for its host
      may read it, and never said that it has it: ' "... has it, too"
unlike "$out" 'no host reports it' "... which others report"
status old.example.org
unlike "$out" 'may read it, and never' "one that it was not granted"
status_sql "DELETE FROM hosts WHERE host = 'web8.example.org';
	DELETE FROM host_names WHERE account = 'a8'"

# --- filters ---
names() { # the first column of the table
	printf '%s\n' "$out" | sed -n '/^NAME/,$p' |
		awk 'NR > 1 && NF > 3 { printf "%s ", $1 }'
}
status --act
is "$rc $(names)" "1 gone.example.org old.example.org " "what needs somebody"
status --name ell
is "$rc $(names)" "0 well.example.org " "part of a name"
holds "$out" '
  chosen:      1 certificate, 2 hosts
' "... says how many"
status --name 'o*'
is "$(names)" "old.example.org off.example.org " "a pattern"
status --owner web@example.org --expires-within 30d
is "$rc $(names)" "1 gone.example.org " "two that combine"
status --not-served
is "$(names)" "old.example.org " "what is not served"
status --state disabled
is "$rc $(names)" "0 off.example.org " "a state"
status --host web2.example.org --ca letsencrypt
is "$(names)" "old.example.org well.example.org " "of a host and a CA"
status --silent 2h
is "$(names)" "" "no host is silent for two hours"
status --silent 30m
is "$(names)" "old.example.org well.example.org " "... for half an hour, both"
status --ca letsencrypt off.example.org
holds "$out" '  off.example.org: disabled
' "a name that the filter lets through"
status --act well.example.org
is "$rc $err" "0 " "... and one that it does not"
like "$out" '^  chosen:      0 certificates, 0 hosts$' "... which is not shown"

# --- words that are nobody's ---
none() { # MESSAGE WORD...
	_n_want=$1
	shift
	status "$@"
	is "$rc $out $err" "1  certrepo-status: $T/db: $_n_want" "$*"
}
_n_ca='the CA nix is neither configured nor that of a name; there is: letsencrypt'
none "$_n_ca" --ca nix
none "$_n_ca" --ca nix --json
none "$_n_ca" --ca nix well.example.org gone.example.org
none 'no name has the owner wbe@example.org; is web@example.org meant?' \
	--owner wbe@example.org
none 'no host web3.example.org has an account or a receipt; is web1.example.org meant?' \
	--host web3.example.org --act
none 'no host nix has an account or a receipt' --host nix --html
status --owner ''
is "$rc $(names)" "1 old.example.org new.example.org short.example.org off.example.org " \
	"those that have no owner"
usage() { # MESSAGE WORD...
	_u_want=$1
	shift
	status "$@"
	is "$rc $out $err" "64  certrepo-status: $_u_want (try --help)" "$*"
}
usage '--state is one of ok, due, ordering, waiting, expired, failing, held, disabled, delivering, not-served, drift, failed, silent, unknown; "broken" is none' \
	--state broken
usage '--expires-within: "soon" is not a duration such as 90s, 15m, 2h, 30d or 1w' \
	--expires-within soon
usage '--silent: "x" is not a duration such as 90s, 15m, 2h, 30d or 1w' --silent x
usage '--html and --prometheus exclude each other: a run writes one form' \
	--html --prometheus
usage '--json and --html exclude each other: a run writes one form' --json --json --html
status --warning 7 --nagios
is "$rc $out" '3 CERTREPO UNKNOWN - --warning: threshold "7": a number with %, s, m, h, d or w is missing (such as "15%:", less than 15 % of the life left, or "7d:", less than 7 days) (try --help)' \
	"a threshold that is none, and why"

status --key abc
is "$rc $out $err" '64  certrepo-status: "abc" is no SHA-256 of a public key, which has 64 hexadecimal digits' \
	"a key that is none"
status --help
like "$out" '--state=WORD +expired, failing, held, \.\.\.; a wrong one lists all$' \
	"--help says where the states are listed"
# a form for people is written to a file as well
status well.example.org --output "$T/page"
is "$rc $out $(grep -c '^well.example.org  ok' "$T/page")" "0  1" \
	"the table of one in a file"

# --- silence ---
status_sql "UPDATE installs SET ts = ts - 259200 WHERE host LIKE 'web1%'"
status
holds "$out" '
  host web1.example.org: silent, waits for a person
      silent since 2026-11-27T23:00:00Z (3 days ago): longer than twice its
      heartbeat (1 day) and an hour; does its timer, or cron, run
      certrepo-installer there?
' "a host that is silent"
status well.example.org
like "$out" 'not known any more: its host is silent since' \
	"... what it served then is not known any more"
status_sql "UPDATE fetchers SET ts_start = ts_start - 172800,
	ts_end = ts_end - 172800, ts_ok = ts_ok - 172800"
status
holds "$out" '
  fetcher: silent, waits for a person
      no run began since 2026-11-28T23:30:00Z' "no fetcher runs"
status new.example.org
is "$rc" 1 "... which needs somebody"
like "$out" 'wants a certificate, and no fetcher runs: no run began since' \
	"... for what is to be ordered"

# --- numbers that no row of ours has ---
cp "$T/db" "$T/kept"
for far in 9223372036854775807 -9223372036854775807; do
	status_sql "UPDATE certs SET ts_expire = $far, ts_expire_seen = $far,
		ts_not_before = -($far), ts_due = $far, ts_last_update = $far,
		ts_ari = $far, lease_until = $far, count_fail_update = $far;
	UPDATE cert_facts SET ts_not_before = -($far), ts_not_after = $far,
		ts_stored = $far, ts_key = $far, n_names = $far;
	UPDATE installs SET ts = $far, ts_expire = $far, heartbeat = $far,
		ts_window = $far;
	UPDATE fetchers SET ts_start = $far, ts_end = $far, ts_ok = -($far);
	UPDATE attempt_totals SET day = $far WHERE outcome = 'unauthorized';
	UPDATE attempt_totals SET n = $far; UPDATE cas SET backoff_until = $far"
	for form in '' --json --prometheus --nagios --html well.example.org \
		'--host web1.example.org'; do
		# shellcheck disable=SC2086 # words
		status $form
		like "$rc" '^[0-3]$' "$far: ${form:-the terminal} bears it"
		unlike "$err" 'runtime error|Sanitizer' "... in all its sums"
	done
done
mv "$T/kept" "$T/db"

# --- what cannot be read ---
status_sql 'DROP TABLE host_requests'
status
is "$rc" 1 "a table that is not there"
holds "$out" '
  not read, so nothing is known of it: requests of hosts (host_requests):' \
	"... is named"
holds "$out" '
well.example.org' "... and the others are shown"
status_sql 'DELETE FROM schema_version WHERE version > 3'
status
is "$rc $out" "78 " "an older store"
like "$err" 'has version 3, this program needs 4: run certrepo-populate init' \
	"... says what to do"
mv "$T/db" "$T/away"
status
is "$rc $out" "78 " "no store"
printf 'stor : { };\n' >"$T/status.conf"
status
like "$rc $err" 'status.conf:1: setting .stor.: is unknown' \
	"a configuration that is none"
