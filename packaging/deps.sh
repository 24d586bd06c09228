#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the Debian packages that are needed, by name, only those that are
# missing: deps.sh [build|demo|check|galera|page|all]. It says what for, before it begins.
# Without root it says what to run. Nothing missing, nothing said.
#
#	POLICY	where Debian asks whether servers may be started
set -eu

build="
	gcc libc6-dev make pkg-config
	libconfig-dev libssl-dev libsqlite3-dev libmariadb-dev
	libcurl4-openssl-dev libjansson-dev libldns-dev libpsl-dev libidn2-dev
	libunbound-dev dns-root-data
"
demo="
	perl openssl curl jq procps
	pebble bind9 bind9-utils bind9-dnsutils nginx-light
"
check="
	libcmocka-dev python3 python3-cryptography sqlite3 ca-certificates
	mariadb-server mariadb-client unbound
	strace faketime util-linux iproute2
	pmccabe mandoc shellcheck acl systemd
"
# The daemons of tests/lib/services and what asks them.
services="
	perl openssl procps util-linux
	apache2 haproxy socat postfix
	dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved
	slapd ldap-utils freeradius freeradius-utils eapoltest
	postgresql mariadb-server mariadb-client
	prosody ejabberd vsftpd mosquitto openvpn tomcat10
	lighttpd lighttpd-mod-openssl cockpit-ws
	openssh-server openssh-client
	adduser libidn12 libcanlock3 libsasl2-2
"
# Nodes that get their state from each other.
galera="
	galera-4 rsync mariadb-server mariadb-client
"
# A browser, what drives it, and what reads HTML and metrics.
page="
	chromium chromium-driver python3-selenium tidy prometheus
"
# What goes by another name in each release. C is formatted by clang-format-14
# alone: its test is skipped where there is none.
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_ID-}")
case $release in
12)
	check="$check clang-14 libclang-rt-14-dev clang-format-14"
	services="$services libpython3.11 libperl5.36 libgnutls-dane0"
	;;
*)
	check="$check clang libclang-rt-dev"
	services="$services libpython3.13 libperl5.40 libgnutls-dane0t64"
	;;
esac
case ${1-all} in
build) groups=build ;;
demo) groups='build demo' ;;
check) groups='build demo check' ;;
galera) groups='build demo check galera' ;;
page) groups='build demo check page' ;;
all) groups='build demo check services' ;;
*)
	echo "usage: deps.sh [build|demo|check|galera|page|all]" >&2
	exit 64
	;;
esac

# Those that cannot be installed beside others are unpacked.
unpack() {
	case $1 in
	check | galera | page)
		"$2/pebble.sh"
		;;
	all)
		"$2/pebble.sh" && "$2/exim.sh" && "$2/inn.sh"
		;;
	esac
}

missing=
for group in $groups; do
	case $group in
	build) packages=$build what='to build' ;;
	demo) packages=$demo what='for the demo' ;;
	check) packages=$check what='for the tests' ;;
	galera) packages=$galera what='for a cluster' ;;
	page) packages=$page what='for the page in a browser' ;;
	services) packages=$services what='for the tests on real daemons' ;;
	esac
	lack=
	for p in $packages; do
		case " $missing $lack " in
		*" $p "*) continue ;;
		esac
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
			grep -q 'ok installed' || lack="$lack $p"
	done
	[ -z "$lack" ] || echo "deps: missing $what:$lack"
	missing=$missing$lack
done
[ -n "$missing" ] || {
	unpack "${1-all}" "$(dirname "$0")"
	exit
}
if [ "$(id -u)" != 0 ]; then
	echo "deps: install them as root:" >&2
	echo "  apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "deps: installing them by apt-get, and what they depend on"
# Installing a server must not start one on the person's machine.
policy=${POLICY-/usr/sbin/policy-rc.d}
made=
log=$(mktemp)
# however this ends: with it no update would restart a server any more
trap '[ -z "$made" ] || rm -f "$policy"' EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e "$policy" ]; then
	echo "deps: $policy is there for that time: no server is started"
	made=1
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is meant to be split
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } \
	>"$log" 2>&1; then
	tail -20 "$log" >&2
	echo "deps: apt-get failed, the whole log is in $log" >&2
	exit 1
fi
rm -f "$log"
unpack "${1-all}" "$(dirname "$0")"
