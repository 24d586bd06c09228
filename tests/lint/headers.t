#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header stands alone, has a name of its own in the whole tree, and
# common/ includes nothing of the tools.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

flags() { # HEADER
	case $1 in
	*/fetcher/*) echo "-Icommon -Ifetcher" ;;
	*/installer/*) echo "-Icommon -Iinstaller" ;;
	*/populate/*) echo "-Icommon -Ipopulate" ;;
	*/status/*) echo "-Icommon -Istatus" ;;
	*) echo "-Icommon" ;;
	esac
}
packages=$(pkg-config --cflags libconfig openssl sqlite3 libmariadb libcurl \
	jansson ldns)
dependent() { # FOLDER
	for _f in $(sources "$1" -name '*.h' ! -path '*/tests/*'); do
		# shellcheck disable=SC2046,SC2086 # lists
		echo "#include \"$(realpath "$_f")\"" |
			gcc -std=gnu11 -D_GNU_SOURCE -Werror -fsyntax-only \
				$(flags "$_f") $packages -x c - 2>&1 | head -3
	done
}
same_name() { # FOLDER
	sources "$1" -name '*.h' | sed 's|.*/||' | sort | uniq -d
}

plan 4
clean "headers of the tree" dependent .
clean "names in the tree" same_name .
mkdir "$T/a" "$T/b"
echo 'size_t f(void);' >"$T/a/x.h"
echo '#include "nothing.h"' >"$T/b/x.h"
finds 'size_t' "a dependent header is seen" dependent "$T/a"
finds '^x\.h$' "a name used twice is seen" same_name "$T"
