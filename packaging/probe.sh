#!/bin/sh
# SPDX-License-Identifier: MIT
# Which of these flags a compiler has: probe.sh CACHE CC FLAG... prints them.
# It is asked once and answers from the file CACHE then, until it is another
# compiler or other flags. CC may be several words ("ccache gcc"). No compiler
# has none.
set -eu
cache=$1 cc=$2
shift 2
# shellcheck disable=SC2086 # words
key="$cc $($cc --version 2>/dev/null | sed 1q) $*"
if [ -r "$cache" ]; then
	{
		read -r of
		read -r have
	} <"$cache" || of=
	[ "$of" != "$key" ] || {
		echo "$have"
		exit
	}
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo 'int main(void) { return 0; }' >"$tmp/x.c"
has() { # FLAG...
	# shellcheck disable=SC2086 # words
	$cc -Werror -O2 -Wl,--fatal-warnings "$@" -o "$tmp/x" "$tmp/x.c" \
		2>/dev/null
}
if has "$@"; then
	have=$*
else
	has || exit 0
	have=
	for flag; do
		! has "$flag" || have="$have$flag "
	done
fi
mkdir -p "${cache%/*}"
printf '%s\n' "$key" "$have" >"$cache.$$"
mv "$cache.$$" "$cache"
echo "$have"
