#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source file has a test that names it: tests/unit/test_X.c, or that of
# the module whose part it is (test_acme.c for acme_nonce.c), or one that
# includes its header; for a program's main file, a shell test that runs
# certrepo-X.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

tested() { # FOLDER NAME
	_m=$2
	while :; do
		for _t in "$1/tests/unit/test_$_m.c" \
			"$1/tests/unit/test_$_m"_*.c; do
			[ ! -f "$_t" ] || return 0
		done
		case $_m in
		*_*) _m=${_m%_*} ;;
		*) break ;;
		esac
	done
	grep -rqE "#include \"$2\.h\"" "$1"/tests/unit
}
untested() { # FOLDER
	for _f in $(sources "$1" -name '*.c' ! -path '*/tests/*' \
		! -path '*/bench/*'); do
		_x=$(basename "$_f" .c)
		case $_f in
		"$1/$_x/$_x.c")
			grep -rqs "certrepo-$_x" "$1"/tests/*/*.t \
				"$1"/tests/lib/*.sh || echo "$_f"
			;;
		*) tested "$1" "$_x" || echo "$_f" ;;
		esac
	done
}

plan 5
clean "the tree" untested .
mkdir -p "$T/common" "$T/tool" "$T/tests/unit" "$T/tests/e2e"
: >"$T/common/a.c"
: >"$T/common/ab.c"
: >"$T/tool/tool.c"
echo '#include "ab.h"' >"$T/tests/unit/test_ab.c"
finds 'common/a\.c' "a file without a test is seen" untested "$T"
finds 'tool/tool\.c' "a program without a test is seen" untested "$T"
: >"$T/tests/unit/test_a.c"
echo '"$BUILD/certrepo-tool"' >"$T/tests/e2e/x.t"
clean "tests are found" untested "$T"
rm "$T/tests/unit/test_ab.c"
echo '#include "cab.h"' >"$T/tests/unit/test_cab.c"
finds 'common/ab\.c' "another file's test does not count" untested "$T"
