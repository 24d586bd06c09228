#!/bin/sh
# SPDX-License-Identifier: MIT
# Each display of certrepo-trouble(7) is in a section that a test produces, and
# no test has one that the page lacks; what a section refers to is there.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

titles() { # PAGE
	"$PYTHON" "$ROOT/tests/lib/trouble.py" titles "$1"
}
apart() { # PAGE TEST...: what only one of the two has
	_page=$1
	shift
	titles "$_page" | sort >"$T/page"
	sed -n "s/^[	 ]*situation '\(.*\)'\$/\1/p" "$@" | sort >"$T/tests"
	comm -23 "$T/page" "$T/tests" | sed 's/^/in no test: /'
	comm -13 "$T/page" "$T/tests" | sed 's/^/not in the page: /'
	uniq -d "$T/tests" | sed 's/^/in two tests: /'
}
nowhere() { # PAGE: sections that it refers to
	sed -n 's/^\.Sx \(.*\) [.,;:]$/\1/p; s/^\.Sx \(.*[^.,;: ]\)$/\1/p' "$1" |
		while read -r _s; do
			grep -qxF -e ".Ss $_s" -e ".Sh $_s" "$1" || echo "$_s"
		done
}

plan 6
clean "the situations" apart man/certrepo-trouble.7 tests/e2e/trouble_*.t
clean "the references" nowhere man/certrepo-trouble.7
printf '%s\n' '.Ss One' '.Bd -literal' 'a' '.Ed' '.Ss Two' 'see' \
	'.Sx Three .' '.Sx Two' >"$T/p.7"
printf "situation 'One'\n" >"$T/a.t"
clean "what fits" apart "$T/p.7" "$T/a.t"
printf "situation 'Four'\nsituation 'Four'\n" >"$T/b.t"
finds 'in no test: One' "a display that no test produces is seen" \
	apart "$T/p.7" "$T/b.t"
finds 'not in the page: Four' "a test that the page lacks, too" \
	apart "$T/p.7" "$T/b.t"
finds '^Three$' "a section that is not there is seen" nowhere "$T/p.7"
