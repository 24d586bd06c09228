#!/bin/sh
# SPDX-License-Identifier: MIT
# What the README tells people to write is accepted as it stands: with nobody
# at the other end the store is unavailable (69), not the configuration wrong.
. "$(dirname "$0")/../lib/lib.sh"

plan 17

# The first indented block after a line that names FILE.
block() { # FILE
	awk -v f="$1" '!on && index($0, f) { on = 1; next }
		on == 1 && /^        / { on = 2 }
		on == 2 && NF && !/^        / { exit }
		on == 2 { sub(/^        /, ""); print }' "$ROOT/README.md"
}
# The same with folders of ours, and a port where nobody listens.
ours_paths() {
	sed -e "s#/etc/certrepo/#$T/etc/certrepo/#g"
}
ours() {
	sed -e "s#\"/etc/#\"$T/etc/#g" -e "s#\"/var/#\"$T/var/#g" \
		-e "s#db.example.org\";#127.0.0.1\"; port = $port;#"
}

port=$(free_port)
mkdir -p "$T/etc/certrepo" "$T/etc/ssl/certs" "$T/etc/ssl/private" \
	"$T/etc/nginx/tls" "$T/var/lib/certrepo/accounts" "$T/var/www"
make_ca "$T/ca" && cp "$T/ca/ca.pem" "$T/etc/certrepo/db-ca.pem"
cp "$T/ca/ca.pem" "$T/etc/ssl/certs/ca-certificates.crt"
make_key "$T/etc/ssl/private/www.example.org.key"
(umask 077 && echo secret >"$T/etc/certrepo/db.password")
(umask 077 && printf 'key "acme" { algorithm hmac-sha512; secret "%s"; };\n' \
	"$(openssl rand -base64 48)" >"$T/etc/certrepo/acme.key")

block '/etc/certrepo/certrepo.conf`' >"$T/central"
like "$(cat "$T/central")" 'preset = "letsencrypt"' "the central configuration"
# a preset must be root's or one's own
mkdir "$T/cas" && cp "$ROOT"/ca-presets/*.conf "$T/cas"
{
	ours <"$T/central"
	echo "state_dir = \"$T/var/lib/certrepo\";"
	echo "shipped_preset_dir = \"$T/cas\";"
} >"$T/certrepo.conf"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" list
is "$rc" 69 "... is accepted by populate"
run "$BUILD/certrepo-fetcher" -c "$T/certrepo.conf" --once
is "$rc" 69 "... and by the fetcher"

# A CA that wants eab_kid: the key's file by the commands, its group beside
# the other, and the same in the manual.
KEY='8PHy8/T19vf4+fr7/P3+//v/8PHy8/T19vf4+fr7/P0='
block 'gives out for `eab_kid`' | sed "s#echo KEY#echo $KEY#
	s#chgrp certrepo#chgrp $(id -g)#" | ours_paths >"$T/key.sh"
like "$(cat "$T/key.sh")" "zerossl.hmac" "the key of eab_kid"
run sh -e "$T/key.sh"
is "$rc $(stat -c %a "$T/etc/certrepo/zerossl.hmac")" '0 640' \
	"... is its group's to read"
{
	echo "state_dir = \"$T/var/lib/certrepo\";"
	echo "shipped_preset_dir = \"$T/cas\";"
	echo "store : { path = \"$T/store.db\"; }; ca = ("
	block 'its group in the list `ca`' | ours_paths
	echo ');'
} >"$T/zerossl.conf"
run "$BUILD/certrepo-populate" -c "$T/zerossl.conf" init
is "$rc" 0 "... its CA's group is accepted"
run "$BUILD/certrepo-fetcher" -c "$T/zerossl.conf" --once
is "$rc $err" '0 ' "... by the fetcher, too"
sed -n '/^\.It Ic eab_key_file/,/^\.It Ic staging/p' "$ROOT/man/certrepo.conf.5" |
	sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p;}' >"$T/manual"
is "$(cat "$T/manual")" "$(block 'gives out for `eab_kid`')" \
	"the manual has the same commands"
ok "... and the same group" grep -q 'eab_key_file = "/etc/certrepo/zerossl' \
	"$ROOT/man/certrepo.conf.5"

block '/etc/certrepo/installer.conf`' >"$T/host"
like "$(cat "$T/host")" 'profile = "nginx"' "the host's configuration"
{
	ours <"$T/host"
	echo "state_dir = \"$T/var/lib/certrepo-installer\";"
	echo "shipped_profile_dir = \"$T/profiles\";"
} >"$T/installer.conf"
# a profile must be root's or one's own
mkdir "$T/profiles" && cp "$ROOT"/installer-profiles/*.conf "$T/profiles"
run "$BUILD/certrepo-installer" -c "$T/installer.conf"
is "$rc" 69 "... is accepted by the installer"

# Options that are written down somewhere exist.
unknown() {
	for p in fetcher installer populate; do
		{
			"$BUILD/certrepo-$p" --help
			for c in $("$BUILD/certrepo-$p" --help | sed -n \
				'/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
				"$BUILD/certrepo-$p" "$c" --help
			done
		} >"$T/help"
		grep -oh "certrepo-$p [a-z-].*" "$ROOT/README.md" \
			"$ROOT"/packaging/cron.d/* "$ROOT"/packaging/systemd/* |
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
	grep -oE '(packaging|schema|tests|installer-profiles|bench)/[a-z0-9_./-]+[a-z]' \
		"$ROOT/README.md" "$ROOT/HACKING.md" -h | sort -u |
		while read -r f; do
			case $f in
			*fuzz | tests/unit/* | */NAME*) continue ;;
			esac
			[ -e "$ROOT/$f" ] || echo "$f"
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
