# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The blocks of certrepo-fleet(7), as people read and paste them: rendered, with
# the blanks before each line. A line "On the MACHINE, as root:" (or "In the
# zone ...:") stands before each. Source with ROOT set.
#
#	fleet_blocks [FILE]	one a line: number, machine, section, subsection
#	fleet_block N [FILE]	the Nth, as it is

_fleet() { # WHAT FILE
	mandoc -Tascii -O width=78 "${2:-$ROOT/man/certrepo-fleet.7}" |
		sed 's/.\x08//g' | awk -v what="$1" '
	function indent(s) { match(s, /^ */); return RLENGTH }
	function done() { if (what == n) printf "%s", text; on = 0; text = "" }
	on && NF && indent($0) < at { done() }
	/^[A-Z]/ { sec = $0; sub_ = "" }
	/^   [^ ]/ { sub_ = $0; sub(/^ */, "", sub_) }
	on { if (NF || text != "") text = text $0 "\n"; next }
	wait && NF { at = indent($0); text = $0 "\n"; on = 1; wait = 0; next }
	/^ *(On the [^,]*, as root|In the zone [a-z]+[.][a-z]+)[^:]*:$/ {
		n++; wait = 1; tag = $0
		sub(/^ *(On|In) the /, "", tag); sub(/[,:].*/, "", tag)
		if (what == "list")
			printf "%d\t%s\t%s\t%s\n", n, tag, sec, sub_
	}
	END { if (on) done() }'
}
fleet_blocks() { _fleet list "${1-}"; }
fleet_block() { _fleet "$1" "${2-}"; }
