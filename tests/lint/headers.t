#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header stands alone, with what the Makefile lets its room include; has
# a name of its own in the whole tree; includes none that includes it in turn;
# and no room includes one behind it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

packages=$(pkg-config --cflags libconfig openssl sqlite3 libmariadb libcurl \
	jansson ldns)
compile() { # FILE FLAG...
	_f=$1
	shift
	# shellcheck disable=SC2086 # a list
	echo "#include \"$(realpath "$_f")\"" |
		gcc -std=gnu11 -D_GNU_SOURCE -Werror -fsyntax-only \
			"$@" $packages -x c - 2>&1 | head -3
}
includes() { # FILE...: a line for each, its name and flags
	# shellcheck disable=SC2046 # a list
	make -s $(printf 'build/obj/%s.inc ' "$@")
}
dependent() {
	# shellcheck disable=SC2046 # a list
	includes $(sources . -name '*.h' ! -path './tests/*' |
		sed 's|^\./||') |
		while read -r _h _flags; do
			# shellcheck disable=SC2086 # a list
			compile "$_h" $_flags
		done
}
same_name() { # FOLDER
	sources "$1" -name '*.h' | sed 's|.*/||' | sort | uniq -d
}
circles() { # FOLDER
	sources "$1" -name '*.h' | xargs grep -HE '^# *include "' |
		sed -E 's|^(.*/)?([^/:]*):[^"]*"(.*/)?([^/"]*)".*|\2 \4|' |
		{ tsort >/dev/null; } 2>&1
}
# No file of a room may include a header of a room that the Makefile names
# behind it.
rooms="common/base common/sys common/conf common/db common/x509 common/store
common/fleet common/notice common/policy common/view installer/conf installer/look
installer/host installer/find installer/change installer/request fetcher/net fetcher/self
fetcher/dns fetcher/challenge fetcher/acme fetcher/tell fetcher/discover
fetcher/command fetcher/order fetcher/due fetcher/ari"
forbidden() {
	_left=$rooms
	for _room in $rooms; do
		_left=${_left#*"$_room"}
		for _behind in $_left installer fetcher populate status; do
			_h=$(find "$_behind" -maxdepth 1 -name '*.h' | sort | head -1)
			echo "#include \"${_h##*/}\"" >"$T/x.c"
			# shellcheck disable=SC2046 # a list
			compile "$T/x.c" $(includes "$_room/x" | cut -d' ' -f2-) |
				grep -q 'No such file' ||
				echo "$_room includes $_h"
		done
	done
}

plan 9
clean "headers of the tree" dependent
clean "names in the tree" same_name .
clean "no circle in the tree" circles .
clean "no room includes one behind it" forbidden
mkdir "$T/a" "$T/b"
echo 'size_t f(void);' >"$T/a/x.h"
echo '#include "nothing.h"' >"$T/b/x.h"
finds 'size_t' "a dependent header is seen" compile "$T/a/x.h"
finds '^x\.h$' "a name used twice is seen" same_name "$T"
mkdir "$T/c"
echo '#include "z.h"' >"$T/c/y.h"
echo '#include "w.h"' >"$T/c/z.h"
echo '#include <w.h>' >"$T/c/w.h"
clean "a chain is none" circles "$T/c"
echo '#include "y.h"' >"$T/c/w.h"
finds 'w\.h' "a circle is seen" circles "$T/c"
rooms="common/sys common/base"
finds 'sys includes' "a room behind is seen" forbidden
