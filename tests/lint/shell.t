#!/bin/sh
# SPDX-License-Identifier: MIT
# Our scripts are clean under shellcheck.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

scripts() { # FOLDER
	sources "$1" -name '*.sh' -o -name '*.t'
	sources "$1" -path '*/.ci/*'
	sources "$1" -path '*/packaging/certrepo-*' -o -name certrepo-certspotter
}
bad_scripts() { # FOLDER
	# 1091: what tests source is checked by itself.
	# 2154, 2034: variables come from and go to what is sourced.
	# 2119, 2120: functions with optional arguments.
	# 2016: programs for awk and sh are quoted on purpose.
	# 2012: ls of our own scratch folders.
	scripts "$1" | xargs shellcheck -f gcc \
		-e SC1091,SC2154,SC2034,SC2119,SC2120,SC2016,SC2012
}

plan 2
clean "scripts of the tree" bad_scripts .
printf '#!/bin/sh\nrm $1\n' >"$T/a.sh"
finds 'SC2086' "a missing quote is seen" bad_scripts "$T"
