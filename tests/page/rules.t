#!/bin/sh
# SPDX-License-Identifier: MIT
# The alert rules, by promtool: their syntax, and when they fire for
# certificates of 90 days, 45 days and 160 hours (tests/data/monitoring).
. "$(dirname "$0")/../lib/lib.sh"

command -v promtool >/dev/null ||
	skip_all "no promtool: apt-get install prometheus"
plan 3
cp "$ROOT/packaging/monitoring/certrepo.rules.yml" \
	"$ROOT/tests/data/monitoring/rules.yml" "$T/"
ok "promtool reads the rules" \
	promtool check rules "$T/certrepo.rules.yml"
ok "they fire when they are to" timeout 300 promtool test rules "$T/rules.yml"
# and the test would see it
sed -i 's/< 0\.15/< 0.4/' "$T/certrepo.rules.yml"
not_ok "... and rules that fire too early would be found" \
	timeout 300 promtool test rules "$T/rules.yml"
