#!/bin/sh
# SPDX-License-Identifier: MIT
# No global name of ours is one of a library we load: ours would silently
# take its place, also inside other libraries (libconfig exports strbuf_*).
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

# OBJECT-FOLDER PROGRAM: names defined by both
collisions() {
	# main, and what the sanitizers' compiler adds
	find "$1" -name '*.o' ! -path '*/tests/*' -print0 |
		xargs -0 nm -g --defined-only 2>/dev/null |
		awk 'NF == 3 && $3 !~ /^_/ && $3 != "main" { print $3 }' |
		sort -u >"$T/ours"
	ldd "$2" | awk '$3 ~ /^\// { print $3 }' |
		grep -Ev 'lib(asan|ubsan|lsan)\.so' >"$T/libs"
	xargs nm -D --defined-only <"$T/libs" 2>/dev/null |
		awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' |
		sort -u >"$T/theirs"
	comm -12 "$T/ours" "$T/theirs"
	[ -s "$T/ours" ] && [ -s "$T/theirs" ] || echo "nothing to compare"
}
# Prefixes of libraries, whatever this version of them exports.
foreign_prefixes() { # OBJECT-FOLDER
	find "$1" -name '*.o' ! -path '*/tests/*' -print0 |
		xargs -0 nm -g --defined-only 2>/dev/null |
		awk 'NF == 3 { print $3 }' | grep -E \
		'^(config|json|strbuf|scanctx|curl|mysql|mariadb|sqlite3|ldns)_'
}

objects=$BUILD/obj
for p in populate fetcher installer status; do
	[ -x "$BUILD/certrepo-$p" ] || continue
	clean "names of certrepo-$p's libraries" collisions "$objects" \
		"$BUILD/certrepo-$p"
done
clean "prefixes of libraries" foreign_prefixes "$objects"

mkdir "$T/o"
echo 'int config_init(void){return 0;}' | gcc -x c -c -o "$T/o/a.o" -
echo 'int config_init(void *); int main(void) { return config_init(0); }' |
	gcc -x c -o "$T/prog" - -lconfig
finds '^config_init$' "a collision is seen" collisions "$T/o" "$T/prog"
finds '^config_init$' "a library's prefix is seen" foreign_prefixes "$T/o"
done_testing
