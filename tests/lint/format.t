#!/bin/sh
# SPDX-License-Identifier: MIT
# C is formatted as .clang-format says, and clang-format 14 understands it:
# each version has a mind of its own.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

badly_formatted() { # FOLDER
	sources "$1" -name '*.[ch]' |
		xargs clang-format-14 --dry-run -Werror 2>&1 |
		grep -E '^[^ ].*error:'
}

command -v clang-format-14 >/dev/null || skip_all "no clang-format-14 here"
plan 2
clean "the tree" badly_formatted .
cp .clang-format "$T"
printf 'int  f(void);\n' >"$T/bad.c"
finds 'bad\.c:1' "two blanks are seen" badly_formatted "$T"
