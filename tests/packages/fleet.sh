#!/bin/sh
# SPDX-License-Identifier: MIT
# The path of certrepo-fleet(7), block by block as it stands there and each
# pasted twice: tests/packages/fleet.sh CHROOT, by tests/packages.sh, in
# namespaces of its own. CHROOT is a bare Debian with the packages, not
# installed, in /debs; it becomes the centre, which is database server, name
# server and CA as well. Another one beside it becomes the host, web1.
#
# Nothing in the blocks is replaced, and the page is the one that the packages
# install. Let's Encrypt, by its own names and URLs, is two pebbles behind an
# nginx at the other end of a wire; the CA of one's own is Debian's caddy. What
# this does in place of the world: the zones example.net and example.org, into
# which the page's records are put; systemctl, which asks Debian's init scripts;
# scp, which copies between the two; sendmail, which takes all.
# shellcheck disable=SC2154 # rc, out and err are run's
set -u
C=$(realpath "$1") H=$(realpath "$1").web1
me=fleet
. tests/chroot.sh
page() { # what the packages installed
	zcat -f "$C"/usr/share/man/man7/certrepo-fleet.7*
}
if [ "${2-}" != --alone ]; then
	# shellcheck source=/dev/null
	suite=$(. "$C/etc/os-release" && echo "$VERSION_CODENAME")
	{ copy_chroot "$suite" "$H" && mount_chroot "$H" &&
		tame_chroot "$H"; } || exit
	for r in "$C" "$H"; do
		cp "$C"/debs/*.deb "$r/root/"
		echo 'APT::Install-Recommends "false";' \
			>"$r/etc/apt/apt.conf.d/lean"
		echo 'path-include /usr/share/man/*' \
			>"$r/etc/dpkg/dpkg.cfg.d/zz-manuals"
		cat >"$r/usr/sbin/sendmail" <<-'END'
			#!/bin/sh
			cat >>/var/mail/taken
		END
		chmod 755 "$r/usr/sbin/sendmail"
		chmod 1777 "$r/var/mail"
	done
	# What they fetch, while there is a network; they find it there, then.
	apt_of() { # CHROOT WORD of the machines
		sed -n '/^\.Sy On the .*as root.*:$/,/^\.Ed/p' \
			man/certrepo-fleet.7 |
			sed ':a;/\\e$/{N;s/\\e\n//;ba}' | awk -v w="$2" '
			/^\.Sy/ { on = $0 ~ w }
			on && /^apt-get install/' | sort -u >"$1/tmp/apt"
		in_chroot "$1" sh -c 'cd /root && sh -ex /tmp/apt &&
			apt-get install -y iproute2 nginx-light' \
			>"$1/tmp/apt.log" 2>&1 || {
			tail -20 "$1/tmp/apt.log" >&2
			exit 1
		}
	}
	apt_of "$C" 'centre|database|name server|CA'
	apt_of "$H" 'host'
	unshare --mount --net sh "$0" "$C" --alone
	rc=$?
	# the daemons of the two, and no others
	find /proc/[0-9]*/root -prune \( -lname "$C" -o -lname "$H" \) \
		2>/dev/null | cut -d/ -f3 | xargs -r kill -KILL 2>/dev/null
	exit $rc
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/letsencrypt.sh"
mount -t proc proc /proc # of the namespace this runs in
page >"$T/page.7"
FLEET=$T/page.7
. "$ROOT/tests/lib/fleet.sh"

# --- the world ---

web1_net() {
	nsenter "--net=$HOST_NET" unshare --net sleep infinity &
	echo $! >"$T/pid/web1"
	WEB1_NET=/proc/$!/ns/net
	wait_for 5 sh -c "[ \$(readlink $WEB1_NET) != \$(readlink $HOST_NET) ] &&
		[ \$(readlink $WEB1_NET) != \$(readlink /proc/$$/ns/net) ]" &&
		nsenter "--net=$HOST_NET" sh -ec "
		for a in 10 20 53; do ip addr add 192.0.2.\$a/32 dev lo; done
		ip link add web1 type veth peer name eth0 netns $!
		ip link set web1 up
		ip route add 192.0.2.80/32 dev web1 src 192.0.2.10" &&
		nsenter "--net=$WEB1_NET" sh -ec "
		ip link set lo up
		ip addr add 192.0.2.80/32 dev eth0
		ip link set eth0 up
		ip route add 192.0.2.10/32 dev eth0
		ip route add default via 192.0.2.10"
}
machine() { # PROGRAM CHROOT NET NAME
	cat >"$T/$1" <<-END
		#!/bin/sh
		exec nsenter "--net=$3" unshare --uts sh -c \
			'hostname $4; exec "\$@"' sh chroot "$2" env -i -C /root \
			HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			"\$@"
	END
	chmod 755 "$T/$1"
}
shims() { # CHROOT OTHER: where the other one is seen
	cat >"$1/usr/local/bin/scp" <<-END
		#!/bin/sh
		at() {
			case \$1 in
			root@$3*) echo "$2\${1#*:}" ;;
			root@*) echo "\${1#*:}" ;;
			*) echo "\$1" ;;
			esac
		}
		for a; do set -- "\$@" "\$(at "\$a")"; shift; done
		exec cp "\$@"
	END
	cat >"$1/usr/bin/systemctl" <<-'END'
		#!/bin/sh
		# caddy has no init script
		verb=$1 unit=$2
		[ "$unit" = caddy ] || exec service "$unit" "$verb" </dev/null
		pid=$(cat /run/caddy.pid 2>/dev/null)
		[ -z "$pid" ] || kill "$pid"
		while [ -n "$pid" ] && [ -s "/proc/$pid/cmdline" ]; do
			sleep 0.1
		done
		setpriv --reuid caddy --regid caddy --clear-groups \
			--inh-caps +net_bind_service \
			--ambient-caps +net_bind_service \
			env HOME=/var/lib/caddy setsid caddy run \
			--config /etc/caddy/Caddyfile </dev/null \
			>/var/log/caddy.log 2>&1 &
		echo $! >/run/caddy.pid
		for i in 1 2 3 4 5 6 7 8 9 10; do
			# it is notified when it listens
			! openssl s_client -connect 127.0.0.1:443 \
				</dev/null >/dev/null 2>&1 || exit 0
			! grep -q '"serving initial configuration"' \
				/var/log/caddy.log || exit 0
			sleep 0.5
		done
		cat /var/log/caddy.log >&2
		exit 1
	END
	chmod 755 "$1/usr/local/bin/scp" "$1/usr/bin/systemctl"
}
names() {
	for r in "$C" "$H"; do
		cat >"$r/etc/hosts" <<-END
			127.0.0.1 localhost
			192.0.2.10 centre.example.org db.example.org
			192.0.2.20 ca.example.org ca2.example.org
			192.0.2.53 ns1.example.net
			192.0.2.80 web1.example.org www.example.org
			$CA_ADDR acme-v02.api.letsencrypt.org
			$CA_ADDR acme-staging-v02.api.letsencrypt.org
		END
		echo 'nameserver 192.0.2.53' >"$r/etc/resolv.conf"
		echo 'hosts: files dns' >"$r/etc/nsswitch.conf"
		for f in $LE_CA $LE_ROOTS; do
			cp "$f" "$r/usr/local/share/ca-certificates/${f##*/}.crt"
		done
	done
	"$T/centre" update-ca-certificates && "$T/web1" update-ca-certificates
}
zone() { # NAME: its own, with what the page puts into it
	n=$(fleet_blocks | awk -F '\t' -v t="zone $1" '$2 == t { print $1 }')
	[ -n "$n" ] || return
	cat <<-'END'
		$TTL 60
		@ SOA ns1.example.net. hostmaster.example.net. 1 3600 600 864000 60
		@ NS ns1.example.net.
	END
	for k in $n; do
		fleet_block "$k" | sed 's/^ *//'
	done
}
name_server() {
	b=$C/etc/bind
	{ zone example.net && echo 'ns1 A 192.0.2.53'; } >"$b/db.example.net" &&
		zone example.org >"$b/db.example.org" || return
	cat >"$b/db.root" <<-'END'
		$TTL 60
		. SOA ns1.example.net. hostmaster.example.net. 1 3600 600 864000 60
		. NS ns1.example.net.
		example.net. NS ns1.example.net.
		example.org. NS ns1.example.net.
		ns1.example.net. A 192.0.2.53
	END
	cat >"$b/named.conf" <<-'END'
		options {
			directory "/var/cache/bind"; recursion yes;
			allow-recursion { any; }; dnssec-validation no;
			empty-zones-enable no;
		};
		zone "." { type primary; file "/etc/bind/db.root"; };
		zone "example.net" { type primary; file "/etc/bind/db.example.net"; };
		zone "example.org" { type primary; file "/etc/bind/db.example.org"; };
		include "/etc/bind/named.conf.local";
	END
	"$T/centre" service named start
}
# The pebbles ask the DNS of their own machine.
echo 'nameserver 192.0.2.53' >"$T/resolv"
mount --bind "$T/resolv" /etc/resolv.conf || bail "no resolv.conf of our own"
le_start
web1_net 2>"$T/log/net" || bail "no network: $(cat "$T/log/net")"
machine centre "$C" "$HOST_NET" centre
machine web1 "$H" "$WEB1_NET" web1
mkdir "$C/srv/web1" "$H/srv/centre"
{ mount --bind "$H" "$C/srv/web1" && mount --bind "$C" "$H/srv/centre"; } ||
	bail "the two cannot see each other"
shims "$C" /srv/web1 web1.
shims "$H" /srv/centre ''
{ names && name_server; } >"$T/log/world" 2>&1 ||
	bail "no world: $(cat "$T/log/world")"
"$T/web1" service nginx stop >/dev/null 2>&1

# --- the page ---

on() { # MACHINE COMMAND...
	_m=$1
	shift
	run "$T/$_m" "$@"
}
paste() { # N
	fleet_block "$1" >"$T/block"
	_m=$(fleet_blocks | sed -n "$1p" | cut -f2)
	case $_m in
	host) _on=web1 _r=$H ;;
	*) _on=centre _r=$C ;;
	esac
	cp "$T/block" "$_r/tmp/block"
	run "$T/$_on" bash -e /tmp/block
	[ -z "${VERBOSE-}" ] || diag "$(cat "$T/block")" "$out" "$err"
}
follow() { # TITLE K...
	_t=$1
	shift
	for _k; do
		_b=$(fleet_in "$_t" "$_k")
		[ -n "$_b" ] || bail "the page has no block $_k in: $_t"
		for _twice in '' ', again'; do
			paste "$_b"
			is "$rc" 0 "$_t, $_k$_twice ($_m)"
			[ "$rc" = 0 ] || bail "the rest builds on it"
			[ -n "$_twice" ] || said=$out
		done
	done
}
# Who issued what www.example.org is served with, as the centre sees it.
served() {
	"$T/centre" openssl s_client -connect web1.example.org:443 \
		-servername www.example.org \
		-verify_hostname www.example.org </dev/null 2>/dev/null \
		>"$T/served"
	sed -n '/^Verify return/p' "$T/served"
	openssl x509 -in "$T/served" -noout -issuer 2>/dev/null
}
served_key() {
	served >/dev/null
	openssl x509 -in "$T/served" -noout -pubkey
}

follow '1. Packages' 1
is "$(stat -c %U:%a "$C/etc/certrepo")" root:755 "... a folder for it"
follow '2. The database server' 1 2
like "$said" 'code: 0 \(ok\)' "... with a certificate that is verified"
follow '3. Configuration' 1
follow '4. Tables and accounts' 1
like "$said" 'created ' "... the tables"
follow '5. A way of proof' 1 4 5
follow '6. The first name' 1 2
like "$said" 'it works, at https://acme-staging' "... works at staging"
like "$said" "$(zone example.org | grep -o 'CNAME .*acme')" \
	"... and needs the record that the page has"
follow '6. The first name' 3
like "$said" 'until +20' "... is renewed"
follow '7. Who is told' 1
ok "... mail is taken" grep -q 'To: hostmaster@example.org' "$C/var/mail/taken"
follow '8. The first host' 1 3
like "$("$T/centre" certrepo-populate host list)" \
	'web1 +never +1 +0 +certrepo-host-web1' "... with an account of its own"
first=$(fleet_in '8. The first host' 4)
paste "$first"
is "$rc" 0 "8. The first host, 4"
like "$(served)" 'issuer=.*www\.example\.org' "... serves a placeholder"
follow '8. The first host' 5 6 7
like "$(served)" 'code: 0 \(ok\)
issuer=.*Pebble' "... serves the certificate, with its intermediate"
paste "$first"
is "$rc" 0 "8. The first host, 4, again"
like "$(served)" 'issuer=.*Pebble' "... which stays"
on centre certrepo-populate show www.example.org
like "$out" 'web1 www.example.org 127.0.0.1:443/www.example.org: served' \
	"... and the centre knows"

follow 'Making it' 1 2
follow 'Trusting it' 1 2 3 4
like "$(served)" 'code: 0 \(ok\)
issuer=.*Example Intermediate 1' "the CA of one's own: its certificate is served"
follow 'Another root' 1 2 3 4
paste "$(fleet_in 'Another root' 6)"
is "$rc $out" '0 www.example.org on web1' "another root: who is not there yet"
follow 'Another root' 5 6
is "$said" '' "... and nobody is"
like "$(served)" 'code: 0 \(ok\)
issuer=.*Example Intermediate 2' "another root, and all trust it"
follow 'Another root' 7 8 9
on web1 openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt \
	/srv/centre/etc/ssl/example-root-1.crt
isnt "$rc" 0 "... the old one is trusted no more"
on web1 certrepo-installer --verify
is "$rc" 0 "... and nothing broke"

old=$(served_key)
follow 'Another key for a host' 1 2
on web1 certrepo-installer
like "$rc $err" '^1 .*belongs to another key' \
	"a host whose key is to change keeps the old pair"
is "$(served_key)" "$old" "... and serves it"
follow 'Another key for a host' 3
isnt "$(served_key)" "$old" "... then another key"
like "$(served)" 'code: 0 \(ok\)' "... whose certificate is trusted"
is "$(served_key)" "$(openssl pkey -pubout \
	-in "$H/etc/ssl/private/www.example.org.key")" "... the new one"

follow '9. Each further host' 3
follow BACKUP 1
follow UPGRADE 1 2 3 4 5
"$T/centre" certrepo-populate show --json \
	www.example.org >"$T/before"
follow BACKUP 1 2
follow UNINSTALL 2 3
not_ok "nothing of the centre is left" sh -c "find '$C/etc/certrepo' \
	'$C/var/lib/certrepo' '$C/etc/mysql/certrepo' '$C'/etc/cron.*/certrepo* \
	2>/dev/null | grep ."
is "$("$T/centre" mariadb -BNe "SELECT COUNT(*) FROM mysql.user
	WHERE user LIKE 'certrepo%'")" 0 "... no account either"
on web1 certrepo-installer
is "$rc" 69 "... a host says so"
like "$(served)" 'code: 0 \(ok\)' "... and goes on"
follow RESTORE 1 2
follow '4. Tables and accounts' 1
follow RESTORE 3
follow '9. Each further host' 3
"$T/centre" certrepo-populate show --json \
	www.example.org >"$T/after"
ok "what was there is there again" cmp "$T/before" "$T/after"
on web1 certrepo-installer --verbose
is "$rc" 0 "... hosts are let in as before"
on centre certrepo-fetcher --once --force \
	www.example.org
is "$rc" 0 "... with the accounts that were"
unlike "$err" 'account ca=' "... and no new one"
on web1 certrepo-installer
is "$rc" 0 "... and what is renewed is served"

follow UNINSTALL 1
on web1 service nginx restart
is "$rc" 0 "... and its service starts as before"
like "$(served)" 'code: 0 \(ok\)' "... with its certificate"
follow '8. The first host' 3 4 5
follow 'A host that leaves' 1
like "$(served)" 'code: 0 \(ok\)' "... whose service goes on"
paste "$(fleet_in 'A host that leaves' 2)"
is "$rc" 0 "A host that leaves, 2 (centre)"
paste "$(fleet_in 'A host that leaves' 2)"
like "$rc $err" '^1 .*not enrolled' "... again, and it says so"
paste "$(fleet_in 'A host that leaves' 3)"
is "$rc" 0 "A host that leaves, 3 (centre)"
paste "$(fleet_in 'A host that leaves' 3)"
like "$rc $err" '^1 .*web1 has no account' "... again, and it says so"
is "$("$T/centre" mariadb -BNe "SELECT COUNT(*) FROM mysql.user
	WHERE user = 'certrepo-host-web1'")" 0 "... its account is gone"
on centre certrepo-populate list
unlike "$out" www.example.org "a host that left is forgotten"
is "$("$T/centre" mariadb -N certrepo -e 'SELECT COUNT(*) FROM installs')" 0 \
	"... its reports, too"
done_testing
