#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual's pages are clean mdoc, each program has one with the sections
# people look for, and each option is in it. (tests/unit/test_settings.c
# compares configuration pages with the tables of settings.)
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

bad_pages() { # FOLDER
	# A page that is not written yet is no fault of the one that names it.
	sources "$1" -name '*.[1-9]' | xargs mandoc -T lint -W warning 2>&1
}
# PROGRAM: its commands, one a line
commands_of() {
	"$1" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}
# PROGRAM PAGE: options in --help that the page does not have as .Fl
missing_options() {
	[ -f "$2" ] || {
		echo "$2 is missing"
		return
	}
	for _s in 'EXIT STATUS' DIAGNOSTICS; do
		grep -q "^\.Sh $_s\$" "$2" || echo "$2: no section $_s"
	done
	{ "$1" --help && for _s in $(commands_of "$1"); do
		"$1" "$_s" --help
	done; } | sed -n '/^Examples:/,/^usage:/d
		s/^  .*--\([a-z][a-z-]*\).*/\1/p' | sort -u |
		while read -r _o; do
			_e=$(echo "$_o" | sed 's/-/\\\\*-/g')
			grep -Eq "Fl \\\\?-?\\\\?-?$_e( |\$)" "$2" ||
				echo "$2: option --$_o is missing"
		done
}

clean "pages of the tree" bad_pages .
for p in populate fetcher installer status; do
	[ -x "$BUILD/certrepo-$p" ] || continue
	clean "certrepo-$p" missing_options "$BUILD/certrepo-$p" \
		"man/certrepo-$p.8"
done

printf '.Dd x\n.Dt A 1\n.Sh NAME\n.Foo bar\n' >"$T/a.1"
finds 'a\.1.*' "an unknown macro is seen" bad_pages "$T"
cat >"$T/prog" <<'EOF'
#!/bin/sh
echo "  -c, --config=FILE  x
      --dry-run      y"
EOF
chmod +x "$T/prog"
printf '.Sh DIAGNOSTICS\n.It Fl c , Fl -config Ar FILE\n' >"$T/a.8"
finds 'no section EXIT STATUS' "a missing section is seen" \
	missing_options "$T/prog" "$T/a.8"
finds 'dry-run is missing' "a missing option is seen" \
	missing_options "$T/prog" "$T/a.8"
printf '.Sh EXIT STATUS\n.It Fl -dry-run\n' >>"$T/a.8"
clean "present ones are found" missing_options "$T/prog" "$T/a.8"
finds 'missing' "a missing page is seen" missing_options "$T/prog" "$T/b.8"
done_testing
