#!/bin/sh
# SPDX-License-Identifier: MIT
# One way to say a thing: pointers are p and !p, never compared with NULL;
# AUTO stands in front of its declaration, and takes x_free() as it is; a file
# descriptor is closed by file_close(), nowhere by a copy of it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

compared() { # FOLDER
	sources "$1" -name '*.[ch]' | xargs grep -nE '[!=]=[[:space:]]*NULL\b'
}
behind() { # FOLDER
	sources "$1" -name '*.[ch]' | xargs grep -nE \
		'^[[:space:]]+[a-zA-Z].*[a-zA-Z0-9_*][[:space:]]+AUTO\('
}
wrappers() { # FOLDER
	sources "$1" -name '*.[ch]' ! -path '*/tests/*' | xargs awk '
		FNR == 1 { head = "" }
		/^static void [a-z0-9_]+\(struct [a-z0-9_]+ \*\*[a-z0-9_]+\)$/ {
			head = $0; next
		}
		head != "" && /^\t[a-z0-9_]+_free\([a-z0-9_]+\);$/ { one = 1; next }
		head != "" && /^}/ && one { print FILENAME ": " head }
		/^{/ { next }
		{ head = ""; one = 0 }
		/^static void [a-z_]*close[a-z_]*\(int \*[a-z_]+\)$/ {
			print FILENAME ": " $0
		}'
}

plan 6
clean "no pointer in the tree is compared with NULL" compared .
clean "AUTO stands first" behind .
clean "AUTO needs no wrapper" wrappers .
printf 'x = p == \tNULL;\n' >"$T/a.c"
printf '\tint fd AUTO(file_close) = -1;\n' >"$T/b.c"
printf 'static void k(struct key **k)\n{\n\tkey_free(k);\n}\n' >"$T/c.c"
finds 'a\.c:1' "a comparison with NULL is seen" compared "$T"
finds 'b\.c:1' "an AUTO behind is seen" behind "$T"
finds 'c\.c: ' "a wrapper is seen" wrappers "$T"
