# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the checks of this folder share; source after lib.sh. Each check is a
# function of a folder that prints what is wrong, nothing when all is well.
# Each test runs it on the tree and on a sample with a fault, so that a check
# that sees nothing is seen.

cd "$ROOT" || exit 1

# Files of the tree, by name or path pattern of find(1), sorted; not what was
# built. Our file names have no blanks.
sources() { # FOLDER FIND-EXPRESSION...
	_dir=$1
	shift
	find "$_dir" \( -name .git -o -path "$_dir/build" -o \
		-path "$_dir/demo-run" \) -prune -o -type f \( "$@" \) -print |
		sort
}

clean() { # NAME COMMAND...: it prints nothing
	_name=$1
	shift
	"$@" >"$T/lint.log" 2>&1
	if [ -s "$T/lint.log" ]; then
		fail "$_name"
		diag "$(head -40 "$T/lint.log")"
	else
		pass "$_name"
	fi
}

finds() { # ERE NAME COMMAND...: it prints a line that matches
	_want=$1 _name=$2
	shift 2
	"$@" >"$T/lint.log" 2>&1
	if grep -Eq -e "$_want" "$T/lint.log"; then
		pass "$_name"
	else
		fail "$_name"
		diag "no /$_want/ in: $(head -20 "$T/lint.log")"
	fi
}
