#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status --nagios, of a fixed store at a fixed instant, read by the
# grammar of monitoring-plugins.org; and that every error is UNKNOWN.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

status_store
nagios() { # WORD...: parsed is what the grammar makes of it
	status --nagios "$@"
	parsed=$(printf '%s\n' "$out" | "$PYTHON" "$ROOT/tests/lib/nagios.py" 2>&1)
}
says() { # STATUS WORD NAME: by its exit status and its words
	is "$rc $err $(echo "$parsed" | head -1)" "$1  CERTREPO $2" "$3"
}
value() { # LABEL
	echo "$parsed" | sed -n "s/^$1=//p"
}

plan 42
nagios
says 2 CRITICAL "one has expired"
is "$(value names)" "6 - - - 0 -" "how many there are"
is "$(value critical) $(value warning)" "1 - - - 0 - 1 - - - 0 -" "... of each"
# a day of ninety
is "$(value least_share)" "-1.11 % 15: 5: - -" "the least that is left"
is "$(value least_left)" "-86400 s - - - -" "... in seconds"
like "$out" '^CRITICAL gone.example.org: EXPIRED' "which"
like "$out" '^WARNING old.example.org: web2.example.org .* not served' \
	"what needs somebody is a warning"
unlike "$out" 'well.example.org' "nothing of what is well"
nagios well.example.org
says 0 OK "one that is well"
is "$(value least_share)" "66.66 % 15: 5: - -" "... two thirds are left"
nagios --critical 60d: well.example.org
says 0 OK "sixty days are left"
nagios --critical 61d: well.example.org
says 2 CRITICAL "... no sixty-one"
is "$(value least_share) $(value least_left)" \
	"66.66 % 15: - - - 5184000 s - 5270400: - -" "... as it says"
nagios --warning 67%: well.example.org
says 1 WARNING "less than 67 % of the life"
nagios --warning 66%: well.example.org
says 0 OK "... more than 66"
nagios --warning @0:60d well.example.org
says 1 WARNING "within a range"
nagios --warning ~:59d well.example.org
says 1 WARNING "... and outside"
nagios off.example.org
says 0 OK "one that is disabled, and expired, concerns nobody"
is "$(value least_share)" "U - 15: 5: - -" "... has nothing left, nor less"
nagios new.example.org
says 0 OK "one that has no certificate yet"

# --- every error ---
for words in --nix '--warning 7' '--warning 1d:5%' '--critical' 'none.example.org' \
	'--state nix' '--json' '--output x' '-c /none' '--name none'; do
	# shellcheck disable=SC2086 # words
	nagios $words
	says 3 UNKNOWN "$words"
done
echo 'colour = "red|blue";' >>"$T/status.conf"
nagios
says 3 UNKNOWN "a configuration that is refused"
sed -i '$d' "$T/status.conf"
mv "$T/db" "$T/away"
nagios
says 3 UNKNOWN "the store is away"
like "$out" "$T/db" "... which one"
mv "$T/away" "$T/db"
status_sql "UPDATE certs SET fail_detail = '|x=1;2' || char(10) || 'y' || char(27)"
nagios
says 2 CRITICAL "other people's words are no performance data"
status_sql "UPDATE fetchers SET ts_start = ts_start - 2 * 86400,
	ts_end = ts_end - 2 * 86400, ts_ok = ts_ok - 2 * 86400"
nagios
says 2 CRITICAL "no fetcher has run for two days"
like "$out" '^CERTREPO CRITICAL - 1 of 6 names: gone.example.org ended' \
	"... what has ended is named"
like "$out" '^fetcher: no run began since' "... and that none runs"
nagios well.example.org
says 2 CRITICAL "... of any name"
like "$out" '^CERTREPO CRITICAL - no fetcher runs' "... why"
status_sql "DROP TABLE cert_facts"
nagios
says 2 CRITICAL "one has expired, whatever cannot be read"
like "$out" '^not read: .*cert_facts' "... which is said"
status_sql "UPDATE fetchers SET ts_start = ts_start + 2 * 86400,
	ts_end = ts_end + 2 * 86400, ts_ok = ts_ok + 2 * 86400"
nagios well.example.org
says 3 UNKNOWN "of one that is well, what cannot be read counts"
