#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's one host, as it stands there: tests/packages/host.sh CHROOT, by
# tests/packages.sh, in namespaces of its own. CHROOT is a bare Debian with the
# packages, not installed, in /debs.
#
# The blocks of commands are run by `sh -e`, in order, once more, and for a
# second name as the README says; the lines that the README shows under one are
# looked for in what it prints. Nothing else in them is replaced: the host is
# www.example.org and shop.example.org, and Let's Encrypt, by its own
# names and URLs, is two pebbles behind an nginx at the other end of a wire.
# What this does in place of the world: it starts nginx when the packages are
# there, as the package would outside of a chroot; waits for its reload, as
# people cannot help; and lets Debian's Exim take mail for example.org.
# shellcheck disable=SC2154 # rc, out and err are run's
set -u
host=$(realpath "$1")
if [ "${2-}" != --alone ]; then
	me=host
	. tests/chroot.sh
	# a clock that is two months on, and what a Debian boots with
	in_chroot "$host" apt-get install -qq -y --no-install-recommends \
		faketime systemd-sysv >/dev/null 2>&1 || exit
	codename=$(. "$host/etc/os-release" && echo "$VERSION_CODENAME")
	mkdir -p "$host/root/certrepo/build/deb/$codename"
	cp "$host"/debs/*.deb "$host/root/certrepo/build/deb/$codename"
	sed -n '/^## One host/,$p' README.md |
		sed -n '/^```sh$/,/^```$/{/^```$/q;/^```/!p;}' >"$host/tmp/block"
	grep -q '^apt install' "$host/tmp/block" || {
		echo "host: the README does not begin with the packages" >&2
		exit 1
	}
	in_chroot "$host" sh -c 'cd /root/certrepo && sh -e /tmp/block' \
		>"$host/tmp/apt.log" 2>&1 || {
		tail -20 "$host/tmp/apt.log" >&2
		exit 1
	}
	exec unshare --mount --net sh "$0" "$host" --alone
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/readme.sh"
. "$ROOT/tests/lib/letsencrypt.sh"

SECOND=shop.example.org
cert_of() { # NAME
	echo "$host/etc/nginx/tls/$1/current/fullchain.pem"
}

# The world as the host sees it: names, who is trusted, mail.
world() {
	cp "$LE_HOSTS" "$host/etc/hosts"
	echo 'hosts: files' >"$host/etc/nsswitch.conf"
	for f in $LE_CA $LE_ROOTS; do
		cp "$f" "$host/usr/local/share/ca-certificates/${f##*/}.crt"
	done
	"$T/on_host" update-ca-certificates >"$T/log/trust" 2>&1 &&
		sed -i "s/^dc_other_hostnames=.*/dc_other_hostnames='example.org'/" \
			"$host/etc/exim4/update-exim4.conf.conf" &&
		echo 'hostmaster: mail' >>"$host/etc/aliases" &&
		"$T/on_host" update-exim4.conf &&
		"$T/on_host" service nginx start >"$T/log/nginx" 2>&1
}

# --- what is to be seen ---

# Everything that the blocks make, and whose it is. What is rewritten with what
# it was is the same. (What was sent waits to be read back by the next run.)
state() {
	(cd "$host" && find etc/certrepo etc/nginx etc/ssl/private var/www \
		var/lib/certrepo var/lib/certrepo-installer \
		-printf '%y %m %U:%G %p %l\n' |
		grep -v -e 'certrepo\.db-' -e installer/sent | sort
	find etc/certrepo etc/nginx etc/ssl/private -type f -exec sha256sum {} +
	) | sort
	"$T/on_host" certrepo-populate show --json www.example.org |
		grep -v '"ts_\(seen\|report\)'
}
# What cron runs, as whom and with what it has.
by_cron() { # FILE [COMMAND that runs it...]
	_file=$host/etc/cron.d/$1
	shift
	_line=$(sed -n 's/^[0-9]* \* \* \* \*  *//p' "$_file")
	_path=$(sed -n 's/^PATH=//p' "$_file")
	run "$T/on_host" runuser -u "${_line%% *}" -- env -i "PATH=$_path" \
		"$@" sh -c "${_line#* }"
}
mount -t proc proc /proc # of the namespace this runs in
le_start
cat >"$T/on_host" <<END
#!/bin/sh
exec nsenter "--net=$HOST_NET" chroot "$host" env -i HOME=/root \\
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
	LANG=C.UTF-8 "\$@"
END
chmod 755 "$T/on_host"
is "$(sed -n 's/^dc_eximconfig_configtype=//p' \
	"$host/etc/exim4/update-exim4.conf.conf")" "'local'" \
	"the mail server that comes with the packages delivers here alone"
world || bail "no world: $(cat "$T/log/trust" "$T/log/nginx")"
pass "README: the packages install"

mkdir "$T/blocks" && readme_blocks "$T/blocks" '^## One host'
follow() { # NAME [BLOCKS DOMAIN]
	for b in "${2:-$T/blocks}"/*.sh; do
		! grep -q '^apt install' "$b" || continue
		cp "$b" "$host/tmp/block"
		run "$T/on_host" sh -e /tmp/block
		is "$rc" 0 "$1: $(readme_title "$b")"
		[ "$rc" = 0 ] || bail "the rest builds on it"
		[ -z "${VERBOSE-}" ] || diag "$(cat "$b" "$T/out" "$T/err")"
		! grep -q 'nginx reload' "$b" ||
			wait_for 10 le_reloaded "${3:-www.example.org}" ||
			bail "nginx does not reload"
		[ "$1" = 'pasted again' ] || readme_shown "${b%.sh}.text"
	done
}
follow "README"
first=$(le_served)
is "$first" "$(cert_fp "$(cert_of www.example.org)")" \
	"the world is served what is installed"
like "$(openssl x509 -in "$T/served" -noout -issuer)" Pebble "... the CA's"
is "$(grep -c BEGIN "$T/served")" 2 "... with its intermediate certificate"
for p in fetcher installer; do
	# Exim delivers when it has taken it
	ok "... and hostmaster has the test mail of the $p" wait_for 10 \
		grep -q "as certrepo-$p .*found them" "$host/var/mail/mail"
done

state >"$T/before"
follow "pasted again"
state >"$T/after"
is "$(diff "$T/before" "$T/after")" '' "... nothing is another one"
is "$(le_served)" "$first" "... and the same certificate is served"

readme_second "$T/blocks" $SECOND "$T/second"
follow "a second name" "$T/second" $SECOND
is "$(le_served)" "$first" "... the first one is served as before"
second=$(le_served $SECOND)
is "$second" "$(cert_fp "$(cert_of $SECOND)")" "... and so is the second"

for p in fetcher installer; do
	by_cron certrepo-$p
	is "$rc $out$err" '0 ' "certrepo-$p by cron, with nothing to do: silent"
done
le_web faketime -f +59d
by_cron certrepo-fetcher faketime -f +59d
is "$rc $out" '0 ' "two months on, by cron: not due"
le_web faketime -f +61d
by_cron certrepo-fetcher faketime -f +61d
is "$rc" 0 "... with a third of its life left: renewed"
by_cron certrepo-installer
is "$rc" 0 "... and installed, by cron"
isnt "$(le_served)" "$first" "the world is served another certificate"
is "$(le_served)" "$(cert_fp "$(cert_of www.example.org)")" \
	"... the one that is installed"
isnt "$(le_served $SECOND)" "$second" "... and of the second name as well"
is "$(le_served $SECOND)" "$(cert_fp "$(cert_of $SECOND)")" \
	"... the one that is installed"

# --- with systemd ---

# One more name, so that something is due, by what the timers start.
for t in fetcher installer; do
	is "$("$T/on_host" systemctl is-enabled certrepo-$t.timer)" enabled \
		"certrepo-$t.timer is enabled"
done
"$T/on_host" service nginx stop >"$T/log/nginx" 2>&1
le_web
start systemd nsenter "--net=$HOST_NET" sh "$ROOT/tests/lib/boot.sh" "$host" \
	"$T/booted"
wait_for 20 test -s "$T/booted" || bail "no boot: $(cat "$T/log/systemd")"
cat >"$T/booted_host" <<END
#!/bin/sh
exec nsenter "--net=$HOST_NET" -m -p -u -t "$(cat "$T/booted")" env -i \\
	HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "\$@"
END
chmod 755 "$T/booted_host"
wait_for 20 "$T/booted_host" systemctl is-active boot.target ||
	bail "no boot: $(cat "$T/log/systemd" "$T/booted.console")"
on_systemd() { # NAME COMMAND...
	name=$1
	shift
	run "$T/booted_host" "$@"
	is "$rc" 0 "$name"
	[ "$rc" = 0 ] || diag "$("$T/booted_host" journalctl -n 30 --no-pager)"
}
on_systemd "nginx by systemd" systemctl start nginx
sed 's/DNS:www\.example\.org/&,DNS:example.org/' "$T/blocks/02.sh" \
	>"$host/tmp/block"
on_systemd "one more name: in the request" sh -e /tmp/block
sed 's/server_name www\.example\.org/& example.org/' "$T/blocks/05.sh" \
	>"$host/tmp/block"
on_systemd "... in nginx" sh -e /tmp/block
wait_for 10 le_reloaded example.org || bail "nginx does not reload"
on_systemd "... enrolled" certrepo-populate add www.example.org --replace
on_systemd "... certrepo-fetcher.service" \
	systemctl start certrepo-fetcher.service
on_systemd "... certrepo-installer.service" \
	systemctl start certrepo-installer.service
isnt "$(le_served)" '' "... and it is served"
like "$(openssl x509 -in "$T/served" -noout -ext subjectAltName)" \
	'DNS:example.org' "... with both names"
is "$(le_served)" "$(cert_fp "$(cert_of www.example.org)")" \
	"... as it is installed"
stop systemd
done_testing
