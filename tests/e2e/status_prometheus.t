#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status --prometheus, of a fixed store at a fixed instant: what
# promtool says of it, the series, and that rules and dashboard ask for no others.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

status_store
plan 23
status --prometheus --output "$T/certrepo.prom"
is "$rc $out$err" "0 " "a file: written, and that is well"
is "$(stat -c %a "$T/certrepo.prom") $(find "$T" -name '.certrepo*')" "644 " \
	"... readable by everyone, and nothing beside it"
if command -v promtool >/dev/null; then
	run promtool check metrics <"$T/certrepo.prom"
	is "$rc $out$err" "0 " "promtool finds nothing"
else
	skip "no promtool: apt-get install prometheus"
fi
at() { # METRIC [LABELS]
	M=certrepo_$1${2:+\{$2\}} awk '
		index($0, ENVIRON["M"] " ") == 1 { print $NF }' "$T/certrepo.prom"
}
is "$(at certificate_info 'name="well.example.org",ca="letsencrypt",key_type="P-256",owner="web@example.org"')" \
	1 "what a name is"
is "$(at certificate_not_after_timestamp_seconds 'name="well.example.org"')" \
	$((STATUS_NOW + 60 * 86400)) "when it ends"
is "$(at certificate_not_before_timestamp_seconds 'name="well.example.org"')" \
	$((STATUS_NOW - 30 * 86400)) "... and began"
is "$(at certificate_not_after_timestamp_seconds 'name="gone.example.org"')" \
	$((STATUS_NOW - 86400)) "one that has expired stays"
is "$(at certificate_not_after_timestamp_seconds 'name="new.example.org"')" "" \
	"one that has no certificate has no end"
is "$(at certificate_failures_in_row 'name="gone.example.org"')" 7 "failures"
is "$(at certificate_enabled 'name="off.example.org"')" 0 "one that is disabled"
is "$(at certificate_renewal_due_timestamp_seconds 'name="short.example.org"')" \
	$((STATUS_NOW + 10 * 3600)) "when it is renewed"
is "$(at certificate_state 'name="gone.example.org",state="expired"') \
$(at certificate_state 'name="gone.example.org",state="ok"')" "1 0" \
	"its state, and what it is not"
is "$(grep -c '^certrepo_certificate_state{name="well' "$T/certrepo.prom")" \
	"$(grep -c '^certrepo_certificate_state{name="new' "$T/certrepo.prom")" \
	"... each name has all states"
is "$(at deployment_served_match 'name="old.example.org",host="web1.example.org",service="web"') \
$(at deployment_served_match 'name="old.example.org",host="web2.example.org",service="web"')" \
	"1 0" "who serves what was issued last"
is "$(at host_last_seen_timestamp_seconds 'host="web1.example.org"')" \
	$((STATUS_NOW - 3600)) "hosts"
is "$(at attempts_total 'ca="letsencrypt",class="ok"') \
$(at attempts_total 'ca="letsencrypt",class="unauthorized"')" "107 2" \
	"what became of orders, in all"
is "$(at status_generated_timestamp_seconds)" $STATUS_NOW "when it was made"
status --prometheus
is "$rc $(printf '%s\n' "$out" | sha256sum)" "1 $(sha256sum <"$T/certrepo.prom")" \
	"the same to who asks"

# --- what is shipped with it asks for these alone ---
sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$T/certrepo.prom" | sort >"$T/there"
asked() { # TEXT
	grep -oE 'certrepo_[a-z_]+' | sort -u | comm -23 - "$T/there"
}
monitoring=$ROOT/packaging/monitoring
is "$(asked <"$monitoring/certrepo.rules.yml")" "" \
	"the rules ask for metrics that there are"
is "$(jq -r '.panels[].targets[].expr' "$monitoring/certrepo-grafana.json" |
	tee "$T/exprs" | asked)" "" "... and so does the dashboard"
ok "... which is not empty" test "$(wc -l <"$T/exprs")" -gt 10

status_sql "DELETE FROM certs WHERE name = 'well.example.org'"
status --prometheus --output "$T/certrepo.prom"
not_ok "a name that was removed goes" grep -q '"well' "$T/certrepo.prom"
status --prometheus well.example.org
is "$rc" 64 "all there is, or nothing"
