#!/bin/sh
# SPDX-License-Identifier: MIT
# `make html`: every manual is a page that the index names with its line, each
# link leads somewhere, and nothing is fetched from elsewhere.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
bad_pages() { # FOLDER
	"$PYTHON" tests/lib/web_pages.py "$1"
	grep -EHn 'url\(|@import' "$1"/*.css
}
# FOLDER: manuals whose line, as whatis(1) has it, is not in the index
untold() {
	for _m in man/*.[1-9]; do
		_b=${_m##*/}
		_line=$(mandoc -T ascii -O width=300 "$_m" | sed "s/.$(printf '\b')//g" |
			sed -n '/^NAME/{n;s/^ *//;s/.* - //p;q;}')
		grep -qF "<a href=\"$_b.html\">${_b%.*}(${_b##*.})</a>" \
			"$1/index.html" || echo "$_b: not in the index"
		# quotes and the like are written otherwise there
		grep -qF "<dd>${_line%%[\"\'<&]*}" "$1/index.html" ||
			echo "$_b: \"$_line\" is not in the index"
	done
}

plan 15
# Other paths: the pages speak of where things are.
is "$(make -s O="$T/b" PREFIX=/opt/c html 2>&1)" \
	"the web pages begin at $T/b/html/index.html" "they are made"
H=$T/b/html
clean "the pages" bad_pages "$H"
clean "the index" untold "$H"
ok "... which leads to the README" sh -c '
	grep -q "href=\"README.txt\"" "$1/index.html" &&
		cmp README.md "$1/README.txt"' sh "$H"
is "$(grep -rlE '/usr/local/(sbin|lib|share/(certrepo|doc))' "$H")" "" \
	"they speak of the PREFIX"
like "$(cat "$H/certrepo.7.html")" "certrepo $(make -s version)</td>" \
	"... and of the version"

# Two at once.
two=
for i in 1 2; do
	make -s O="$T/two" html >"$T/two.$i" 2>&1 &
	two="$two $!"
done
for p in $two; do
	ok "two of them at once" wait "$p"
done
clean "... are one" bad_pages "$T/two/html"

F=$T/f
mkdir "$F"
cat >"$F/a.html" <<'END'
<html><head><link href="https://www.example.org/x.css"/></head>
<body><p id="x"><i>x</p></i><p id="x"><a href="b.html">b</a>
<a href="#z">z</a></body></html>
END
echo '@import "x";' >"$F/x.css"
finds 'closes nothing' "an element out of order is seen" bad_pages "$F"
finds 'id x again' "a name used twice is seen" bad_pages "$F"
finds 'b\.html leads nowhere' "a link that leads nowhere is seen" bad_pages "$F"
finds '#z is not in' "... also within a page" bad_pages "$F"
finds 'x\.css is fetched' "what is fetched is seen" bad_pages "$F"
finds '@import' "... also by the style sheet" bad_pages "$F"
