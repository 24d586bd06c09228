#!/bin/sh
# SPDX-License-Identifier: MIT
# The installer is built with its own libraries alone. Then `make install` below
# another PREFIX: nothing of it speaks of the usual places, what is there already
# stays, and `make uninstall` leaves the tree as it was.
. "$(dirname "$0")/../lib/lib.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL WERROR
D=$T/dest P=/opt/c/usr E=/opt/c/conf V=/opt/c/state
# -O0: it is quick, and they are not to be run much
mk() { # TARGET...: below DESTDIR
	make -s -C "$ROOT" O="$BUILD/elsewhere" SAN= CFLAGS=-O0 \
		PREFIX="$P" SYSCONFDIR="$E" LOCALSTATEDIR="$V" DESTDIR="$D" "$@" \
		>"$T/make.log" 2>&1
}
tree() { # FOLDER: what is there, with modes and contents
	(cd "$1" && find . -printf '%y %m %p %l\n' | sort -k 3 &&
		find . -type f | sort | xargs sha256sum)
}
places() {
	(cd "$D" && find . -type f | sed 's|^\.||' | sort)
}
traces() {
	find "$D" -type f | while read -r _f; do
		strings "$_f" | grep -E '/usr/local/|/etc/(certrepo|cron)|/var/lib/certrepo' |
			sed "s|^|$_f: |"
	done
}

# A machine that has the installer's libraries, and no header of others.
mkdir "$T/pc" "$T/include" "$T/include/curl" "$T/include/ldns"
for p in libconfig openssl libssl libcrypto sqlite3 libmariadb; do
	ln -s "$(pkg-config --variable=pcfiledir "$p")/$p.pc" "$T/pc/"
done
for h in curl/curl ldns/ldns jansson libpsl idn2 unbound; do
	echo "#error $h.h is not here" >"$T/include/$h.h"
done
few() { # TARGET...
	PKG_CONFIG_LIBDIR=$T/pc C_INCLUDE_PATH=$T/include mk "$@"
}

plan 83
rm -f "$BUILD/elsewhere/certrepo-installer"
ok "the installer needs no other libraries" few -j2 installer
[ "$_failed" = 0 ] || diag "$(tail -20 "$T/make.log")"
is "$(ldd "$BUILD/elsewhere/certrepo-installer" |
	grep -E 'curl|jansson|ldns|psl|idn|unbound')" "" "... and loads none"
rm -f "$BUILD/elsewhere/obj/fetcher/cas.o" "$BUILD/elsewhere/obj/populate/idn.o"
not_ok "the fetcher is not built there" few fetcher
is "$(grep -c 'missing for' "$T/make.log")" 1 "... which takes one line"
like "$(cat "$T/make.log")" "missing for certrepo-fetcher: apt-get install\
 libcurl4-openssl-dev libjansson-dev libldns-dev libpsl-dev libunbound-dev" \
	"... with the names of Debian's packages"
few populate
like "$(cat "$T/make.log")" 'missing for certrepo-populate: .* libidn2-dev libpsl-dev$' \
	"populate neither"

mkdir -p "$D$P/sbin" "$D$P/share/man" "$D$E/cron.d" "$D$P/lib"
(umask 077 && mkdir -p "$D$E/certrepo" "$D$V/lib/certrepo")
echo 'store = 1;' >"$D$E/certrepo/certrepo.conf"
mkdir -p "$D$P/share/certrepo/cas" "$D$P/share/bash-completion/completions"
echo 'mine' >"$D$P/share/certrepo/cas/mine.conf"
echo 'another' >"$D$P/share/bash-completion/completions/other"
wants=$D$E/systemd/system/timers.target.wants
mkdir -p "$wants"
ln -s "$P/lib/systemd/system/certrepo-fetcher.timer" "$wants/"
tree "$D" >"$T/before"

ok "it installs" mk -j2 install
[ "$_failed" = 0 ] || diag "$(tail -20 "$T/make.log")"
places >"$T/places"
for f in $P/sbin/certrepo-fetcher $P/sbin/certrepo-populate \
	$P/sbin/certrepo-installer $P/sbin/certrepo-status \
	$P/share/certrepo/grants.sql \
	$P/share/certrepo/monitoring/certrepo.rules.yml \
	$P/share/certrepo/monitoring/certrepo-certspotter \
	$P/share/certrepo/cas/letsencrypt.conf \
	$P/share/certrepo/installer-profiles/nginx.conf \
	$P/share/man/man8/certrepo-fetcher.8 $E/cron.d/certrepo-installer \
	$P/lib/systemd/system/certrepo-fetcher.timer; do
	ok "there is $f" grep -qx "$f" "$T/places"
done
is "$(traces)" "" "nothing speaks of the usual places"
is "$(find "$D" ! -type l -perm /022)" "" "nothing is writable by others"
is "$(find "$D$P/sbin" "$D$P/share/certrepo/monitoring/certrepo-certspotter" \
	-type f ! -perm 755)" "" "... programs can be run"
is "$(find "$D" -name '*.new')" "" "... and no temporary file is left"
like "$(cat "$D$P/lib/systemd/system/certrepo-fetcher.service")" \
	"ExecStart=$P/sbin/certrepo-fetcher" "the unit names the program"
like "$("$D$P/sbin/certrepo-installer" --help)" "$E/certrepo/installer\.conf" \
	"--help names the configuration"
run "$D$P/sbin/certrepo-fetcher" --once
like "$err" "$E/certrepo/certrepo\.conf" "... and so do messages"

version=$(make -s -C "$ROOT" version)
is "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$ROOT/debian/changelog")" "$version" \
	"the version is that of the packages"
for p in fetcher installer populate status; do
	run "$D$P/sbin/certrepo-$p" --version
	is "$out" "certrepo-$p $version" "... as certrepo-$p says"
done
is "$(for m in "$D$P"/share/man/man*/*; do
	mandoc "$m" | tail -1 | grep -v "^certrepo $version .* certrepo $version\$"
done)" "" "... and the foot of each manual"

# Again, over what is there, of which the cron line was changed.
tree "$D" >"$T/first"
echo precious >"$T/precious"
ln -s "$T/precious" "$D$P/sbin/.certrepo-installer.new"
(umask 077 && mk install)
tree "$D" >"$T/second"
ok "a second time changes nothing" cmp "$T/first" "$T/second"
is "$(cat "$T/precious")" precious "... nor what a link beside it leads to"
echo '7 * * * * root other' >"$D$E/cron.d/certrepo-installer"
mk install
is "$(cat "$D$E/cron.d/certrepo-installer")" '7 * * * * root other' \
	"a cron line that was changed is left as it is"
like "$(cat "$T/make.log")" "left as it is: .*$E/cron.d/certrepo-installer" \
	"... and that is said"
ok "it uninstalls" mk uninstall
ok "... but a line that was changed" test -e "$D$E/cron.d/certrepo-installer"
like "$(cat "$T/make.log")" "changed: .*$E/cron.d/certrepo-installer" \
	"... which it says"
like "$(cat "$T/make.log")" "left: .*$E/certrepo" "... as where people's files are"
like "$(cat "$T/make.log")" "left: .*: systemctl disable certrepo-fetcher.timer" \
	"... and what starts a unit that is gone"
# Of a unit that the packages have as well.
mk install
mkdir -p "$D/usr/lib/systemd/system"
: >"$D/usr/lib/systemd/system/certrepo-fetcher.timer"
ln -sf nowhere "$D$P/share/man/man8/certrepo-fetcher.8"
echo half >"$D$P/sbin/.certrepo-fetcher.new"
mk uninstall
like "$(cat "$T/make.log")" \
	"left: .*: systemctl reenable certrepo-fetcher.timer" \
	"what starts a unit that another installation has, is turned to that"
rm -r "${D:?}/usr"
rm "$D$E/cron.d/certrepo-installer"
tree "$D" >"$T/after"
ok "all else is as it was before" cmp "$T/before" "$T/after"
diff "$T/before" "$T/after" | sed 's/^/# /'
# Paths that no script, unit or manual can hold.
rm -rf "${D:?}"
for bad in PREFIX=usr PREFIX=/ PREFIX='/a b' PREFIX='/a&b' PREFIX='/a|b' \
	PREFIX="/a\"b" PREFIX="/a'b" PREFIX='/a`b' SYSCONFDIR=etc \
	SYSCONFDIR=/a/../b LOCALSTATEDIR='/a;b'; do
	mk "$bad" install-common
	is "$? $(grep -c . "$T/make.log")" "2 2" "$bad is refused"
	like "$(cat "$T/make.log")" "${bad%%=*}=.*: it must be a full path" \
		"... and why"
	not_ok "... and nothing laid" test -e "$D"
done
P=$P/ V=$V/
ok "a slash at the end is cut" mk install-centre
P=${P%/} V=${V%/}
is "$(find "$D" -name '*.service' -exec grep -hE '//|StateDirectory=' {} +)" "" \
	"... in units as well"
mv "$D" "$T/a b"
D="$T/a  b's"
ok "DESTDIR may be of any name" mk install-common
ok "... and has them" test -e "$D$P/share/man/man7/certrepo.7"
ok "... until the end" mk uninstall
not_ok "... which takes them away" test -e "$D$P/share/man/man7/certrepo.7"
# A part alone, as the packages have it.
rm -rf "${D:?}"
mk install-installer
is "$(places | grep -c 'sbin/')" 1 "a part has its program alone"
