#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's one host, as it stands there, without the packages: as root,
# where /etc, /run, /usr/local, /usr/sbin, /var/lib, /var/log and /var/www are
# folders of our own. tests/packages/host.sh is the same with the packages, in
# a bare Debian. The CA is Let's Encrypt as tests/lib/letsencrypt.sh plays it.
# shellcheck disable=SC2154 # rc, out and err are run's
if [ -z "${README_APART-}" ] && [ "$(id -u)" = 0 ] &&
	unshare --mount --net true 2>/dev/null; then
	README_APART=1 exec unshare --mount --net sh "$0" "$@"
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/readme.sh"
. "$ROOT/tests/lib/letsencrypt.sh"

[ -n "${README_APART-}" ] || skip_all "no root for namespaces of our own"
umask 022

# --- folders of our own ---

apart() {
	mkdir "$T/own" && cd "$T/own" && cp -a /etc etc && cp -a /usr/sbin sbin &&
		mkdir local run lib log www && mkdir -p /var/www || return 1
	for d in etc:/etc local:/usr/local sbin:/usr/sbin run:/run \
		lib:/var/lib log:/var/log www:/var/www; do
		mount --bind "$T/own/${d%%:*}" "${d#*:}" || return 1
	done
	mkdir /var/log/nginx /var/lib/nginx
}
le_start
apart 2>"$T/log/apart" || {
	diag "$(tail -5 "$T/log/apart")"
	skip_all "no folders of our own"
}
# What the packages are for.
PATH=/usr/local/sbin:$PATH
for p in populate fetcher installer; do
	install -D "$BUILD/certrepo-$p" "/usr/local/sbin/certrepo-$p"
done
mkdir -p /usr/local/share/certrepo /var/www/html /etc/ssl/private \
	/etc/nginx/sites-available /etc/nginx/sites-enabled
cp -r "$ROOT/installer-profiles" /usr/local/share/certrepo/
install -d /usr/local/share/certrepo/cas
install -m 644 "$ROOT"/ca-presets/*.conf /usr/local/share/certrepo/cas/
rm -rf /etc/nginx/tls /etc/nginx/sites-enabled/* /etc/certrepo
sed -n 's/^    \(adduser\|install\) /\1 /p' "$ROOT/README.md" >"$T/by_hand"
is "$(grep -c certrepo "$T/by_hand")" 3 "README: what is made without packages"
run sh -e "$T/by_hand"
is "$rc $(stat -c %U /var/lib/certrepo)" '0 certrepo' "... by three commands"
# The world: who is trusted, and mail.
# shellcheck disable=SC2086 # a list
cat "$LE_CA" $LE_ROOTS >>/etc/ssl/certs/ca-certificates.crt
rm -f /usr/sbin/sendmail
printf '#!/bin/sh\ncat >>/var/log/mail\n' >/usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
touch /var/log/mail && chmod 666 /var/log/mail
on_host() {
	run nsenter "--net=$HOST_NET" "$@"
}
on_host service nginx start
[ "$rc" = 0 ] || bail "nginx does not start: $err"
wait_for 5 test -s /run/nginx.pid && adopt nginx /run/nginx.pid

# The fetcher runs as its own user: root becomes that, another is told.
as_another() {
	on_host certrepo-fetcher --once --verbose
	is "$rc" 0 "$1: as root it runs as its user"
	unlike "$err" 'belongs to' "... and has nothing to say of that"
	is "$(find /var/lib/certrepo ! -user certrepo)" '' \
		"... and leaves nothing behind"
}

# --- the text ---

mkdir "$T/blocks" && readme_blocks "$T/blocks" '^## One host'
follow() { # NAME [BLOCKS DOMAIN]
	for b in "${2:-$T/blocks}"/*.sh; do
		! grep -q '^apt install' "$b" || continue
		on_host sh -e "$b"
		is "$rc" 0 "$1: $(readme_title "$b")"
		[ "$rc" = 0 ] || bail "the rest builds on it"
		! grep -q 'nginx reload' "$b" ||
			wait_for 10 le_reloaded "${3:-www.example.org}" ||
			bail "nginx does not reload"
		[ "$1" != 'pasted again' ] || continue
		readme_shown "${b%.sh}.text"
		[ "$1" != README ] || ! grep -q 'certrepo-populate add' "$b" ||
			as_another "before the first run"
	done
}
cert=/etc/nginx/tls/www.example.org/current/fullchain.pem
follow README
served=$(le_served)
is "$served" "$(cert_fp $cert)" "the world is served what is installed"
is "$(grep -c BEGIN "$T/served")" 2 "... with its intermediate certificate"
for p in fetcher installer; do
	ok "... and the $p has sent its test mail" \
		grep -q "as certrepo-$p .*found them" /var/log/mail
done
follow 'pasted again'
is "$(le_served)" "$served" "... and the same certificate is served"
is "$(stat -c '%U %a %n' /etc/ssl/private/www.*.key /var/lib/certrepo \
	/var/lib/certrepo-installer)" \
	"root 600 /etc/ssl/private/www.example.org.key
certrepo 750 /var/lib/certrepo
root 700 /var/lib/certrepo-installer" "whose the key and the folders are"


# A second name is added, and takes nothing from the first.
readme_second "$T/blocks" shop.example.org "$T/second"
cp -r /etc/certrepo "$T/etc.before"
follow 'a second name' "$T/second" shop.example.org
is "$(diff -r "$T/etc.before" /etc/certrepo)" \
	"Only in /etc/certrepo/csr: shop.example.org.csr
Only in /etc/certrepo/installer.conf.d: shop.example.org.conf" \
	"... nothing that was there is another one"
is "$(le_served)" "$served" "... the first one is served as before"
is "$(le_served shop.example.org)" "$(cert_fp "$(echo $cert |
	sed s/www/shop/)")" "... and so is the second"
on_host certrepo-installer --verify
is "$rc $(printf '%s\n' "$out" | grep -c 'as installed$')" "0 2" \
	"... the host looks after both"

as_another "after it"
# What is root's there is named, all of it, with the command.
chown root /var/lib/certrepo/fetcher.id /var/lib/certrepo/fetcher.lock
on_host certrepo-fetcher --once
is "$rc" 78 "files of root's in the folder"
said=${err#*run, as root: }
like "$said" '^chown -h certrepo .*fetcher\.id' "... a command for them"
on_host sh -c "$said"
on_host certrepo-fetcher --once
is "$rc $out$err" "0 " "... which mends it"
on_host runuser -u nobody -- certrepo-fetcher --once
like "$rc $err" '^78 .* belongs to certrepo, and this runs as nobody: .* as root: certrepo-fetcher --once$' \
	"the fetcher as nobody says as whom to run it"
on_host runuser -u nobody -- certrepo-populate list
like "$rc $err" "^78 .* belongs to user certrepo .* as user nobody: run it as root( |\$)" \
	"populate as nobody: the same"

# From cron, with the environment that cron gives.
install -D -m 644 "$ROOT/packaging/cron.d/certrepo-fetcher" \
	/etc/cron.d/certrepo-fetcher
line=$(sed -n 's/^17 \* \* \* \*  *//p' /etc/cron.d/certrepo-fetcher)
path=$(sed -n 's/^PATH=//p' /etc/cron.d/certrepo-fetcher)
on_host runuser -u "${line%% *}" -- env -i PATH="$path" sh -c "${line#* }"
is "$rc $out$err" "0 " "cron runs it as its user, silent"

# The examples are the same, with comments.
no_comments() {
	sed 's/^#.*//; /^$/d' "$1"
}
for f in certrepo installer installer-www.example.org; do
	example=$ROOT/packaging/examples/$f.conf
	at=/etc/certrepo/$(echo $f | sed 's#^installer-#installer.conf.d/#').conf
	is "$(no_comments "$example")" "$(cat "$at")" \
		"the example $f.conf is the README's"
	# what is commented out in it would do, too
	rm -f "$at.d/notify.conf"
	sed 's/^#\([a-z]\)/\1/' "$example" >"$at"
done
unlike "$(cat /etc/certrepo/*.conf)" '^#[a-z]' "... with all its settings"
on_host certrepo-populate show www.example.org
is "$rc" 0 "... is taken by populate"
on_host certrepo-fetcher --once
is "$rc $err" '0 ' "... and by the fetcher"
on_host certrepo-installer --verify
is "$rc" 0 "... and by the installer"

# The same in certrepo(7).
sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$ROOT/man/certrepo.7" |
	sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p;}' >"$T/block"
like "$(cat "$T/block")" 'certrepo-fetcher' "certrepo(7) has the steps"
rm -rf /var/lib/certrepo/certrepo.db*
cd "$T" && cp /etc/certrepo/csr/www.example.org.csr .
sed -i '/ add /s#$# --webroot /var/www/acme#' "$T/block"
on_host sh -e "$T/block"
is "$rc" 0 "... and they work"
like "$err" 'renewed name=www\.example\.org' "... there is a certificate"
done_testing
