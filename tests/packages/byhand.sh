#!/bin/sh
# SPDX-License-Identifier: MIT
# byhand.sh CHROOT: where an administrator made the user and the folders before,
# or made them otherwise, they stay so.
# shellcheck disable=SC2046,SC2086 # packages are words
. "$(dirname "$0")/lib.sh"

must apt install adduser
must c adduser --system --group --quiet --home /srv/other certrepo
must c install -d -m 755 -o certrepo -g certrepo /var/lib/certrepo \
	/var/lib/certrepo/deep
must c install -d -m 750 -g certrepo /etc/certrepo /etc/certrepo/csr
must c install -d -m 711 /var/lib/certrepo-installer
must c install -d -m 700 /var/lib/certrepo-status
echo x >"$R/var/lib/certrepo/deep/roots-own"
echo x >"$R/etc/certrepo/certrepo.conf.of.mine"
echo x >"$R/etc/certrepo/csr/x"
chmod 600 "$R/etc/certrepo/certrepo.conf.of.mine"
passwd=$(c getent passwd certrepo)
was=$(state_of var/lib/certrepo var/lib/certrepo-installer \
	var/lib/certrepo-status etc/certrepo)
touch "$R/usr/local/sbin/certrepo-fetcher"
out=$(apt install $(debs certrepo-common certrepo certrepo-installer \
	certrepo-status) 2>&1)
is $? 0 "they are installed"
like "$out" 'certrepo: another certrepo, of make install, is in /usr/local' \
	"... and say which program runs"
no "... only where it is there" grep -q 'certrepo-installer: another' <<END
$out
END
rm "$R/usr/local/sbin/certrepo-fetcher"
is "$(c getent passwd certrepo)" "$passwd" "the user is as it was"
is "$(state_of var/lib/certrepo var/lib/certrepo-installer \
	var/lib/certrepo-status etc/certrepo)" "$was" \
	"so are the folders and what is in them"
must apt purge certrepo certrepo-installer certrepo-status certrepo-common
ok "a purge leaves the administrator's file" \
	test -f "$R/etc/certrepo/certrepo.conf.of.mine"
ok "... the user" c getent passwd certrepo
no "... but not the state" test -e "$R/var/lib/certrepo"

must c deluser --quiet certrepo
must c useradd -r -g nogroup -d /nonexistent certrepo
must apt install $(debs certrepo-common certrepo)
like "$(c id -Gn certrepo)" '(^| )certrepo( |$)' \
	"a user without a group of its own is given one"
is "$(owner_mode /var/lib/certrepo)" "certrepo:certrepo 750" "... and its state"

must c usermod -d /var/lib/certrepo certrepo
must apt install --reinstall $(debs certrepo)
is "$(c getent passwd certrepo | cut -d: -f6)" /nonexistent \
	"a home where the fetcher may write would have a .forward"

must apt remove certrepo
chown 4711:4711 "$R/var/lib/certrepo"
out=$(apt install $(debs certrepo) 2>&1)
is $? 0 "a folder of somebody else's is no reason to fail"
like "$out" "certrepo: /var/lib/certrepo is not the user certrepo's" \
	"... but said"
is "$(owner_mode /var/lib/certrepo)" "UNKNOWN:UNKNOWN 750" "... and left"
finish
