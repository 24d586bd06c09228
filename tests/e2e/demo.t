#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo shows what it says it shows, twice in a row, also to an ordinary
# user, and leaves nothing running.
. "$(dirname "$0")/../lib/lib.sh"

plan 18
D=$T/demo

demo() { # [COMMAND PREFIX...]
	RUN_TIMEOUT=120 run "$@" sh "$ROOT/tests/demo.sh" "$BUILD" "$D"
}
left() { # processes that name the folder
	for p in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null | grep -F "$D/"
	done
}

demo
is "$rc" 0 "it ends well"
like "$out" '-> before: a certificate that no browser trusts' "before"
like "$out" '\$ certrepo-populate -c .* add www.example.test' "enrols"
like "$out" '\$ certrepo-fetcher -c .* --staging' "tries"
like "$out" '\$ certrepo-fetcher -c .* --once' "renews"
like "$out" '\$ certrepo-installer -c .* --dry-run' "plans"
like "$out" '\$ certrepo-installer -c ' "installs"
like "$out" '\$ certrepo-fetcher -c .* --force' "renews by force"
is "$(printf '%s\n' "$out" | grep -c '^   -> ')" 8 "each step says what it proves"
is "$(printf '%s\n' "$out" | sed -n '/^6 /,/^$/p' |
	awk '/^   (before|after|renewed) / { print $2 }' | sort -u | wc -l)" 3 \
	"three different certificates were served"
like "$out" 'renewed .* Pebble Intermediate' "the last one is the CA's"
is "$(printf '%s\n' "$out" | awk 'length > 80' | head -3)" '' \
	"it fits 80 columns"
is "$(left)" '' "nothing is left running"
ok "the configuration is there to read" grep -q directory \
	"$D/etc/certrepo.conf"

demo
is "$rc" 0 "it ends well a second time"

rm -rf "$D"
mkdir "$D"
: >"$D/precious"
demo
is "$rc" 1 "a folder that is not a demo's is refused"
ok "... and left alone" test -e "$D/precious"
rm -rf "$D"

if [ "$(id -u)" != 0 ]; then
	skip "as an ordinary user: that was one"
elif ! setpriv --reuid=65534 --regid=65534 --clear-groups \
	test -x "$BUILD/certrepo-fetcher"; then
	skip "as an ordinary user: nobody may not read this tree"
else
	mkdir "$T/home"
	chown 65534:65534 "$T/home"
	D=$T/home/demo
	demo setpriv --reuid=65534 --regid=65534 --clear-groups \
		env HOME="$T/home" TMPDIR="$T/home"
	is "$rc" 0 "it ends well for an ordinary user"
fi
