#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status --json, of a fixed store at a fixed instant: jq reads it, and
# it says what the rows say.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

status_store
plan 26
status --json --output "$T/json"
is "$rc $out$err" "0 " "a file: written, and that is well"
is "$(stat -c %a "$T/json")" 644 "... readable by everyone"
q() { # FILTER
	jq -r "$1" "$T/json" 2>&1
}
is "$(q '"\(.version) \(.generated) \(.store)"')" "1 $STATUS_NOW $T/db" \
	"its version, its instant, its store"
is "$(q '.needs_somebody')" true "somebody is needed"
is "$(q '[.count[]] | join(" ")')" "6 2 2 2 2 4 0" "how many there are"
is "$(q '.unread | length')" 0 "all of it was read"
is "$(q '[.certificates[].name[:-12]] | join(" ")')" \
	"gone old new short well off" "what needs somebody comes first"
is "$(q '.certificates[] | select(.name == "gone.example.org") |
	"\(.state) \(.need) \(.not_after - '$STATUS_NOW') \(.failures_in_row) \(.failure_class) \(.owner)"')" \
	"expired act -86400 7 unauthorized web@example.org" "one that has expired"
is "$(q '.certificates[0].failure')" "$STATUS_HOSTILE" \
	"... what the CA said comes back as it is"
is "$(q '.certificates[] | select(.name == "old.example.org") |
	"\(.state) \(.renewal.state) \(.delivery.state) \(.hosts) \(.hosts_serving)"')" \
	"not-served ok not-served 2 1" "one that a host does not serve"
is "$(q '.certificates[] | select(.name == "old.example.org") | .receipts[] |
	"\(.host) \(.endpoint) \(.served)"')" \
	"web1.example.org 192.0.2.1:443 current
web2.example.org 192.0.2.1:443 previous" "... which one"
# 26 hours behind what was issued two days ago
is "$(q '.certificates[] | select(.name == "old.example.org") |
	.delivery.when - '$STATUS_NOW)" "$((26 * 3600 - 2 * 86400))" \
	"... since when"
is "$(q '.certificates[] | select(.name == "new.example.org") |
	"\(.has_certificate) \(.not_after) \(.issuer) \(.delivery)"')" \
	"false null null null" "one without a certificate"
is "$(q '[.certificates[] | has("issuer")] | all')" true \
	"each says its issuer, or that none is known"
is "$(q '[.certificates[] | select(.facts_known and .has_certificate) | .issuer] | unique | join(", ")')" \
	"Test CA E1" "... of each that has one"
is "$(q '.certificates[] | select(.name == "short.example.org") |
	.renewal_due - '$STATUS_NOW)" "$((10 * 3600))" \
	"one of 160 hours is renewed when half of them are left"
is "$(q '.certificates[] | select(.name == "off.example.org") |
	"\(.enabled) \(.state)"')" "false disabled" "one that is disabled"
is "$(q '.hosts[] | "\(.host) \(.need)"')" "web2.example.org act
web1.example.org well" "hosts"
is "$(q '.fetchers[] | "\(.host) \('$STATUS_NOW' - .last_success)"')" \
	"centre.example.org 1700" "the fetcher"
is "$(q '[.attempts[] | "\(.outcome) \(.count)"] | join(", ")')" \
	"ok 100, ok 7, unauthorized 2" "what became of orders"
status --json
is "$rc $err" "1 " "to who asks, the exit status says that somebody is needed"
is "$(printf '%s\n' "$out" | sha256sum)" "$(sha256sum <"$T/json")" \
	"... of the same text"
status --json well.example.org off.example.org
is "$rc $(printf '%s\n' "$out" | jq -c '[.certificates[].name]')" \
	'0 ["well.example.org","off.example.org"]' "names that are given"
status --json --owner web@example.org --act
is "$(printf '%s\n' "$out" | jq -c '[.certificates[].name]')" \
	'["gone.example.org"]' "filters that combine"
status --json none.example.org
is "$rc $out" "1 " "a name that is not there is an error"
mv "$T/db" "$T/away"
status --json --output "$T/json"
is "$rc $(q .version)" "78 1" "without the store the file stays as it was"
