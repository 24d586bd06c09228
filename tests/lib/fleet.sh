# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The blocks of certrepo-fleet(7), as people read and paste them: rendered, with
# the blanks before each line. "On the MACHINE, as root:" stands before each
# that is run, "In the zone ...:" before what goes into one. Source with ROOT
# set; FLEET is the page.
#
#	fleet_blocks		one a line: number, machine, section, subsection
#	fleet_block N		the Nth, as it is
#	fleet_in TITLE [K]	the numbers of those below TITLE, or the Kth one

: "${FLEET:=$ROOT/man/certrepo-fleet.7}"

_fleet() { # N, or "list"
	mandoc -Tascii -O width=78 "$FLEET" | sed "s/.$(printf '\b')//g" |
		awk -v what="$1" '
	function indent(s) { match(s, /^ */); return RLENGTH }
	function done() { if (what == n) printf "%s", text; on = 0; text = "" }
	on && NF && indent($0) < at { done() }
	/^[A-Z]/ { sec = $0; under = "" }
	/^   [^ ]/ { under = $0; sub(/^ */, "", under) }
	on { text = text $0 "\n"; next }
	next_one && NF { at = indent($0); text = $0 "\n"; on = 1; next_one = 0; next }
	/^ *(On the [^,]*, as root|In the zone [a-z]+[.][a-z]+)[^:]*:$/ {
		n++; next_one = 1; tag = $0
		sub(/^ *(On|In) the /, "", tag); sub(/[,:].*/, "", tag)
		if (what == "list")
			printf "%d\t%s\t%s\t%s\n", n, tag, sec, under
	}
	END { if (on) done() }'
}
fleet_blocks() { _fleet list; }
fleet_block() { _fleet "$1"; }
fleet_in() { # TITLE [K]
	fleet_blocks | awk -F '\t' -v t="$1" -v k="${2-}" '
		($4 == t || $3 == t && $4 == "") && (k == "" || ++i == k) {
			print $1 }'
}
