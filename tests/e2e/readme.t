#!/bin/sh
# SPDX-License-Identifier: MIT
# What the README, and the manuals it leads to, speak of is there, and is as it
# says.
. "$(dirname "$0")/../lib/lib.sh"

plan 11

# A CA that wants eab_kid, in certrepo.conf(5): the key's file by the commands,
# and the configuration.
KEY='8PHy8/T19vf4+fr7/P3+//v/8PHy8/T19vf4+fr7/P0='
mkdir -p "$T/etc" "$T/lib" "$T/cas"
# a preset must be root's or one's own
cp "$ROOT"/ca-presets/*.conf "$T/cas"
ours() {
	sed -e "s#/etc/certrepo/#$T/etc/#g; s#/var/lib/certrepo/#$T/lib/#g"
}
sed -n '/^\.It Ic eab_key_file/,/^\.It Ic staging/p' "$ROOT/man/certrepo.conf.5" |
	sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p;}' | sed "s#echo KEY#echo $KEY#
	s#chgrp certrepo#chgrp $(id -g)#" | ours >"$T/key.sh"
run sh -e "$T/key.sh"
is "$rc $(stat -c %a "$T/etc/zerossl.hmac")" '0 640' \
	"the key of eab_kid is its group's to read"
{
	echo "state_dir = \"$T/lib\"; shipped_preset_dir = \"$T/cas\";"
	sed -n '/^A CA that binds accounts/,/^\.Ed/{/^\.\|^A /d;p;}' \
		"$ROOT/man/certrepo.conf.5" | ours
} >"$T/zerossl.conf"
like "$(cat "$T/zerossl.conf")" 'eab_kid = ' "the configuration for it"
run "$BUILD/certrepo-populate" -c "$T/zerossl.conf" init
is "$rc" 0 "... is taken by populate"
run "$BUILD/certrepo-fetcher" -c "$T/zerossl.conf" --once
is "$rc $err" '0 ' "... and by the fetcher"

# The pages that it leads to.
no_pages() {
	grep -o '`man [a-z.-]*`' "$ROOT/README.md" | tr -d '`' | sort -u |
		while read -r _ page; do
			ls "$ROOT/man/$page".[1-9] >/dev/null 2>&1 ||
				echo "$page"
		done
}
is "$(no_pages)" '' "the manuals that it names are there"

# Options that are written down somewhere exist.
unknown() {
	for p in fetcher installer populate status; do
		{
			"$BUILD/certrepo-$p" --help
			for c in $("$BUILD/certrepo-$p" --help | sed -n \
				'/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
				"$BUILD/certrepo-$p" "$c" --help
			done
		} >"$T/help"
		grep -oh "certrepo-$p [a-z-].*" "$ROOT/README.md" \
			"$ROOT"/packaging/[ces]*/* |
			grep -oE -- ' --[a-z-]+' | sort -u |
			while read -r o; do
				grep -q -e "$o" "$T/help" || echo "$p $o"
			done
	done
}
is "$(unknown)" '' "the options in it are those of the programs"

# The commands of the fetcher, which have a --help of their own.
bare() {
	sed -n '/^\.Sh SYN/,/^\.Sh DESC/{/^\.Nm/{n;s/^\.Cm //p;};}' \
		"$ROOT/man/certrepo-fetcher.8" | sort -u |
		while read -r w; do
			"$BUILD/certrepo-fetcher" --help | grep -q "^  $w " ||
				echo "$w: --help"
			grep -q "^\.It Cm $w " "$ROOT/man/certrepo-fetcher.8" ||
				echo "$w: manual"
		done
}
is "$(bare)" '' "each command is in --help, and has a text in the manual"

missing() {
	grep -oE '(packaging|schema|tests|installer-profiles|bench)/[a-z0-9_./*-]+[a-z]' \
		"$ROOT/README.md" "$ROOT/HACKING.md" -h | sort -u |
		while read -r f; do
			case $f in
			*fuzz | tests/unit/* | */NAME*) continue ;;
			esac
			# one with a star is all that it fits
			# shellcheck disable=SC2086
			ls -d "$ROOT"/$f >/dev/null 2>&1 || echo "$f"
		done
}
is "$(missing)" '' "the files it names are there"

# What each program links, of what is not the C library's: as it says.
links() { # PROGRAM
	objdump -p "$BUILD/certrepo-$1" | awk '$1 == "NEEDED" { print $2 }' |
		grep -vE '^(libc|libm|libasan|libubsan|libgcc_s|ld-linux.*)\.' |
		sed 's/\.so.*//; s/-gnutls//' | sort | tr '\n' ' '
}
_host='libconfig libcrypto libmariadb libsqlite3 libssl '
is "$(links installer)" "$_host" "the installer links what it says, no HTTP"
like "$(links fetcher)" "libcurl" "the fetcher does"
unlike "$(links populate)" "libcurl" "populate does not"
