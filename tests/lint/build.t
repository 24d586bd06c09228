#!/bin/sh
# SPDX-License-Identifier: MIT
# The programs as they are built for people: what the compiler can do against
# an attacker is in them, and nothing of the folder they were built in. Flags
# of a package's builder come in as they are.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL WERROR
plain=$ROOT/build # BUILD has the sanitizers in it

weak() { # PROGRAM FOLDER: of which nothing may be in it
	readelf -hldW "$1" >"$T/elf" || return
	nm -D "$1" >"$T/names"
	grep -q 'FLAGS_1.*PIE' "$T/elf" || echo "$1: no PIE"
	grep -q 'GNU_RELRO' "$T/elf" || echo "$1: no RELRO"
	grep -q 'FLAGS.*BIND_NOW' "$T/elf" || echo "$1: names are bound late"
	grep 'GNU_STACK' "$T/elf" | grep -q ' RW ' || echo "$1: a stack to run"
	grep -E 'RPATH|RUNPATH' "$T/elf"
	grep -q ' __stack_chk_fail' "$T/names" || echo "$1: no stack protector"
	grep -q ' __[a-z]*_chk' "$T/names" || echo "$1: not fortified"
	grep ' dlopen' "$T/names"
	strings -a "$1" | grep -F -m 3 "$2"
}
# PROGRAM: objects that were compiled without; clang does not write it down
compiled_without() {
	objdump --dwarf=info --dwarf-depth=1 "$1" | awk -v p="$1" '
		/DW_AT_producer/ && /GNU C/ {
			n = split("-fstack-clash-protection" \
				" -ftrivial-auto-var-init=zero" \
				" -fno-strict-overflow -fno-strict-aliasing" \
				" -fno-delete-null-pointer-checks", want, " ")
			for (i = 1; i <= n; i++)
				if (!index($0, want[i]))
					print p ": " want[i] " is missing"
		}' | sort | uniq -c
}
# LIBRARY: objects without the marks for control flow. (The program has them
# only where the C library has them, too.)
unmarked() {
	case $(uname -m) in
	x86_64) _want='IBT, SHSTK' ;;
	aarch64) _want='BTI, PAC' ;;
	*) return ;;
	esac
	readelf -n "$1" | awk -v want="$_want" '
		function last() { if (file != "" && !has) print file ": no " want }
		/^File: / { last(); file = $2; has = 0 }
		index($0, want) { has = 1 }
		END { last() }'
}
# CPPFLAGS CFLAGS: what the compiler says to them, and the level of
# _FORTIFY_SOURCE that comes of them
builder() {
	rm -rf "$T/o"
	make -s O="$T/o" SAN= WERROR=1 CPPFLAGS="$1" CFLAGS="$2" \
		"$T/o/obj/common/base/num.o" 2>&1 | grep -v '^  CC'
	(cd "$T" && echo '_FORTIFY_SOURCE' | sh -c "$(cat o/flags) -E -" 2>&1 |
		tail -1)
}

for p in installer populate fetcher status; do
	clean "certrepo-$p is strong" weak "$plain/certrepo-$p" "$ROOT"
	clean "... in all its parts" compiled_without "$plain/certrepo-$p"
done
for l in common installer populate fetcher status; do
	clean "calls land where they may: lib$l" unmarked "$plain/lib$l.a"
done
is "$(builder '' '-O2 -g')" 3 "_FORTIFY_SOURCE is 3"
is "$(builder '-Wdate-time -D_FORTIFY_SOURCE=2' "-g -O2 \
	-ffile-prefix-map=$ROOT=. -fstack-protector-strong -Wformat \
	-Werror=format-security")" 3 "... also with Debian's flags for packages"
is "$(builder '' -O0)" _FORTIFY_SOURCE "... and without optimization is none"

echo 'int dlopen(); int main(void) { return !dlopen("x", 1); }' >"$T/x.c"
gcc -w -g -no-pie -fno-stack-protector -fcf-protection=none -c -o "$T/x.o" \
	"$T/x.c"
gcc -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/x -o "$T/x" "$T/x.o"
for f in PIE RELRO late 'stack to run' RUNPATH protector fortified dlopen; do
	finds "$f" "what is missing is seen: $f" weak "$T/x" /nowhere
done
finds "$T" "a folder is seen" weak "$T/x" "$T"
finds 'clash-protection is missing' "a flag is missed" compiled_without "$T/x"
ar rc "$T/x.a" "$T/x.o"
finds 'x\.o.*: no (IBT|BTI)' "a missing mark is seen" unmarked "$T/x.a"

run sh packaging/deb.sh ../x
is "$rc $err" "64 deb: ../x: not the name of a suite of Debian" \
	"a suite of packages is a name"
done_testing
