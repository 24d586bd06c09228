#!/bin/sh
# SPDX-License-Identifier: MIT
# Each profile that is shipped has its section in the manual, is named in the
# readme, and has a test: tests/services/NAME.t, or another that uses it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

untold_profiles() { # FOLDER
	for _f in $(sources "$1" -path '*/installer-profiles/*.conf'); do
		_p=$(basename "$_f" .conf)
		grep -qx "\.Ss $_p" "$1/man/installer-profiles.5" ||
			echo "$_p: not in the manual"
		grep -q "\`$_p\`" "$1/README.md" || echo "$_p: not in the readme"
		[ -f "$1/tests/services/$(echo "$_p" | tr - _).t" ] ||
			grep -qsE "profile = \\\\?\"$_p\\\\?\"|PROFILE=$_p\$" \
				"$1"/tests/e2e/*.t || echo "$_p: no test"
	done
}

plan 6
clean "profiles of the tree" untold_profiles .
mkdir -p "$T/installer-profiles" "$T/man" "$T/tests/services" "$T/tests/e2e"
: >"$T/installer-profiles/a-b.conf"
: >"$T/man/installer-profiles.5"
: >"$T/README.md"
for what in "in the manual" "in the readme" test; do
	finds "a-b: no.* $what" "one is seen: $what" untold_profiles "$T"
done
echo '.Ss a-b' >"$T/man/installer-profiles.5"
echo '`a-b`' >"$T/README.md"
: >"$T/tests/services/a_b.t"
clean "one that has all is not" untold_profiles "$T"
rm "$T/tests/services/a_b.t"
echo 'profile = "a-b";' >"$T/tests/e2e/x.t"
clean "... nor with a test elsewhere" untold_profiles "$T"
