# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # rc, out and err are run's
# The README's blocks of commands, for tests that run them. Source after
# lib.sh.

# Those of the section SECTION (of its heading, ERE), numbered: NN.sh is what is
# to be run, NN.title the bold words before it, NN.text what is shown after it.
readme_blocks() { # FOLDER SECTION
	awk -v dir="$1" -v section="$2" '
		/^## / { on = $0 ~ section }
		!on { next }
		/^\*\*/ { title = substr($0, 3); sub(/,?\*\*.*/, "", title) }
		/^```sh$/ {
			at = sprintf("%s/%02d", dir, ++n); file = at ".sh"
			print title > (at ".title"); next }
		/^```text$/ { file = at ".text"; next }
		/^```$/ { file = ""; next }
		file { print > file }' "$ROOT/README.md"
}
readme_title() { # BLOCK
	cat "${1%.sh}.title"
}
# Each line of FILE, if it is there, is among what the last run printed; "..."
# stands for anything.
readme_shown() { # FILE
	[ -s "$1" ] || return 0
	while read -r _line; do
		_ere=$(printf '%s\n' "$_line" | sed 's/[][\.*^$+?(){}|]/\\&/g
			s/\\\.\\\.\\\./.*/g')
		like "$out
$err" "$_ere" "... it shows \"$_line\""
	done <"$1"
}
# The blocks that are followed once more for a second name, with that name, as
# their own text has it.
readme_second() { # FOLDER NAME TO
	mkdir "$3"
	for _b in "$1"/0[2-8].*; do
		sed "s/www\.example\.org/$2/g" "$_b" >"$3/${_b##*/}"
	done
}
