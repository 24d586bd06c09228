#!/bin/sh
# SPDX-License-Identifier: MIT
# What --help prints fits a screen of 24 lines and 80 columns, of the program
# and of each of its commands, and ends in examples of options that there are.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

commands_of() { # PROGRAM [COMMAND], a group of them
	"$@" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}
bad_help() { # PROGRAM [COMMAND [COMMAND]]
	{
		"$1" --help
		for _c in $(commands_of "$1"); do
			"$1" "$_c" --help
			for _g in $(commands_of "$1" "$_c"); do
				"$1" "$_c" "$_g" --help
			done
		done
	} | sed -n '/^Examples:/,/^usage:/d
		s/^  [-a-zA-Z, ]*\(--[a-z-]*\).*/\1/p' >"$T/options"
	"$@" --help >"$T/help" || echo "$*: --help fails"
	awk -v p="$*" 'length($0) > 79 { print p ": too wide: " $0 }
		END { if (NR > 24) print p ": " NR " lines" }' "$T/help"
	grep -q '^Examples:$' "$T/help" || echo "$*: no examples"
	sed '1,/^Examples:$/d' "$T/help" | grep -o -e '--[a-z][a-z-]*' |
		while read -r _o; do
			grep -qx -e "$_o" "$T/options" ||
				echo "$*: $_o of the examples is no option"
		done
}

for p in populate fetcher installer status; do
	clean "certrepo-$p" bad_help "$BUILD/certrepo-$p"
	for c in $(commands_of "$BUILD/certrepo-$p"); do
		clean "certrepo-$p $c" bad_help "$BUILD/certrepo-$p" "$c"
		for g in $(commands_of "$BUILD/certrepo-$p" "$c"); do
			clean "certrepo-$p $c $g" \
				bad_help "$BUILD/certrepo-$p" "$c" "$g"
		done
	done
done

cat >"$T/prog" <<'END'
#!/bin/sh
printf '  -n, --dry-run  x\n\nExamples:\n  prog --dry\n'
END
chmod +x "$T/prog"
finds '--dry of the examples' "an option that is none is seen" \
	bad_help "$T/prog"
printf '#!/bin/sh\nseq 25\n' >"$T/prog"
finds '25 lines' "one that is too long is seen" bad_help "$T/prog"
finds 'no examples' "... and that has no examples" bad_help "$T/prog"
printf '#!/bin/sh\nprintf "%%080d\\n" 1\n' >"$T/prog"
finds 'too wide' "one that is too wide is seen" bad_help "$T/prog"
done_testing
