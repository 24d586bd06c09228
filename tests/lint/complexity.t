#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions over 100 lines or of complexity over 20, files over 800 lines
# (tests may be longer).
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

# pmccabe reads C++, too, and expands no macro: a variable named class and the
# members that queue(3) declares confuse it. What it still cannot read, it
# says on stderr: that is a finding.
too_complex() { # FOLDER
	for _f in $(sources "$1" -name '*.c'); do
		_copy=$T/copy/$(echo "$_f" | sed 's|^\./||; s|/|:|g')
		mkdir -p "$T/copy"
		sed 's/\<class\>/klass/g
			s/\<[A-Z]*Q_\(HEAD\|ENTRY\)([^)]*)/int/' \
			"$_f" >"$_copy"
		pmccabe "$_copy" 2>&1 | awk -F '\t' '
			NF < 6 { print "pmccabe: " $0; next }
			$1 > 20 { print $6 ": complexity " $1 }
			$5 > 100 { print $6 ": " $5 " lines" }'
	done
}
too_long() { # FOLDER
	sources "$1" -name '*.[ch]' ! -path '*/tests/*' | xargs wc -l |
		awk '$1 > 800 && $2 != "total" { print $2 ": " $1 " lines" }'
}

plan 6
clean "functions of the tree" too_complex .
clean "files of the tree" too_long .

mkdir "$T/long" "$T/deep" "$T/file"
awk 'BEGIN { print "int f(int x)\n{"
	for (i = 0; i < 100; i++) print "\tx++;"
	print "\treturn x;\n}" }' >"$T/long/a.c"
awk 'BEGIN { print "int g(int x)\n{"
	for (i = 0; i < 20; i++) print "\tif (x == " i ") x++;"
	print "\treturn x;\n}" }' >"$T/deep/a.c"
awk 'BEGIN { for (i = 0; i <= 800; i++) print "" }' >"$T/file/a.h"
finds 'f: 10[0-9] lines' "a long function is seen" too_complex "$T/long"
finds 'g: complexity 21' "a deep function is seen" too_complex "$T/deep"
finds 'a\.h: 801' "a long file is seen" too_long "$T/file"
echo 'int h(void) { if (1) { return 1; }' >"$T/file/a.c"
finds 'pmccabe: ' "a file it cannot read is seen" too_complex "$T/file"
