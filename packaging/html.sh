#!/bin/sh
# SPDX-License-Identifier: MIT
# The manuals as a folder of web pages, linked with each other and with nothing
# else: html.sh OUT PAGE... An index tells of each in a line, a style sheet is
# beside them.
set -eu
out=$1
shift
rm -rf "$out"
mkdir -p "$out"
cp "$(dirname "$0")/html.css" "$out/style.css"
cp "$(dirname "$0")/../README.md" "$out/README.txt"

# What is not one of our pages, or a section of another, keeps its name and
# loses its link. mandoc 1.14 links to a section whose name has a hyphen by
# another mark than it gives it.
mend_links() { # FILE
	sed -n 's/.*href="\([^"#]*\)\.html.*/\1/p' "$1" | sort -u |
		while read -r other; do
			[ -e "$out/$other.html" ] || printf '%s\n' \
				"s|<a class=\"Xr\" href=\"$other\.html\">\([^<]*\)</a>|\1|g"
		done >"$out/.sed"
	sed -n 's/.* id="\([^"]*\)".*/\1/p' "$1" >"$out/.ids"
	sed -n 's/.*class="Sx" href="#\([^"]*\)".*/\1/p' "$1" | sort -u |
		grep -vxFf "$out/.ids" | while read -r mark; do
		is=$(grep -x "$(echo "$mark" | sed 's/_/[-_]/g')" "$out/.ids") &&
			echo "s|href=\"#$mark\"|href=\"#$is\"|g" && continue
		printf '%s\n' \
			"s|<a class=\"Sx\" href=\"#$mark\">\([^<]*\)</a>|\1|g"
	done >>"$out/.sed"
	sed -z -f "$out/.sed" "$1" >"$out/.new"
	mv "$out/.new" "$1"
	rm "$out/.sed" "$out/.ids"
}
# In one line each, also where mandoc broke it.
what() { # FILE
	tr '\n' ' ' <"$1" |
		sed 's|.*<span class="Nd">\([^<]*\)</span>.*|\1|; s/  */ /g'
}
index() { # BASE-OF-A-PAGE...
	cat <<-END
		<!DOCTYPE html>
		<html lang="en">
		<head>
		<meta charset="utf-8"/>
		<meta name="viewport" content="width=device-width, initial-scale=1.0"/>
		<link rel="stylesheet" href="style.css"/>
		<title>certrepo</title>
		</head>
		<body>
		<h1>The manuals of certrepo</h1>
		<p>To begin with, step by step: the <a href="README.txt">README</a>,
		a text.</p>
		<dl>
	END
	for page; do
		name=${page%.*}
		echo "<dt><a href=\"$page.html\">$name(${page##*.})</a></dt>"
		echo "<dd>$(what "$out/$page.html")</dd>"
	done
	printf '</dl>\n</body>\n</html>\n'
}

pages=
for section in 7 8 5 1; do
	for page; do
		case $page in
		*."$section") ;;
		*) continue ;;
		esac
		base=${page##*/}
		mandoc -T html -O man=%N.%S.html,style=style.css "$page" |
			sed -e 's|^<html>|<html lang="en">|' \
				-e 's|^<body>|&<p><a href="index.html">Manuals</a></p>|' \
				>"$out/$base.html"
		pages="$pages $base"
	done
done
for page in $pages; do
	mend_links "$out/$page.html"
done
# shellcheck disable=SC2086 # words
index $pages >"$out/index.html"
