#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source file says its licence at its top; none names a path of the
# place where it was written; none ends its lines with blanks.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

without_licence() { # FOLDER
	for _f in $(sources "$1" -name '*.[ch]' -o -name '*.sh' -o -name '*.t' \
		-o -name '*.py' -o -path '*/man/*.[1-9]'); do
		head -3 "$_f" | grep -q 'SPDX-License-Identifier: MIT' ||
			echo "$_f"
	done
}
texts() { # FOLDER
	sources "$1" ! -path '*/corpus/*' ! -path '*/tests/data/*'
}
workplaces() { # FOLDER
	texts "$1" | xargs grep -InE \
		'/[w]ork/(main|shared|\.lib)|\.\./[s]hared/|/tmp/[b]rief'
}
blanks() { # FOLDER
	texts "$1" | xargs grep -InE '[ 	]+$'
}

plan 6
clean "licences in the tree" without_licence .
clean "workplaces in the tree" workplaces .
clean "blanks at the end of lines" blanks .
printf 'see ../%s/x \n' shared >"$T/a.c"
finds 'a\.c' "a missing licence is seen" without_licence "$T"
finds 'a\.c:1' "a workplace is seen" workplaces "$T"
finds 'a\.c:1' "a blank is seen" blanks "$T"
