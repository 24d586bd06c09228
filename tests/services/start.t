#!/bin/sh
# SPDX-License-Identifier: MIT
# The daemons that other tests use: each starts with an old certificate, shows
# it wherever it serves one, takes a new one in its own way, and stops.
#
#	start.t [DAEMON...]
#
# shellcheck disable=SC2086 # commands are lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/services/svc.sh"

NAME=www.example.test
[ "$(id -u)" = 0 ] || skip_all "needs root, to start daemons as their users"

# --- certificates ---

pki() {
	make_ca "$T/pki" && make_sub_ca "$T/pki" "$T/pki/sub" &&
		make_key "$T/pki/key.pem" || return 1
	for _gen in old new; do
		make_cert "$T/pki/sub" "$T/pki/key.pem" "$T/pki/$_gen.pem" \
			$NAME localhost 127.0.0.1 || return 1
	done
}
# All the files any of them wants, in a folder of the daemon's own.
files() { # DAEMON old|new
	_f=$T/tls/$1
	mkdir -p "$_f" && cp "$T/pki/key.pem" "$_f/key.pem" &&
		cp "$T/pki/$2.pem" "$_f/cert.pem" &&
		cp "$T/pki/ca.pem" "$_f/root.pem" &&
		cp "$T/pki/sub/ca.pem" "$_f/chain.pem" &&
		cat "$_f/cert.pem" "$_f/chain.pem" >"$_f/fullchain.pem" &&
		cat "$_f/fullchain.pem" "$_f/key.pem" >"$_f/combined.pem" &&
		cat "$_f/key.pem" "$_f/fullchain.pem" >"$_f/keyfirst.pem" &&
		openssl pkcs12 -export -in "$_f/combined.pem" \
			-passout pass:changeit -out "$_f/p12.pem" &&
		svc_keep "$1" "$_f/"*.pem
}
begin() { # DAEMON
	files "$1" old || return 1
	SVC_CERT=$T/tls/$1/$(svc_get "$1" FILES | cut -d' ' -f1).pem
	SVC_KEY=$T/tls/$1/key.pem
	SVC_ROOT=$T/tls/$1/root.pem
	svc_set "$1" CERT ''
	svc_set "$1" KEY ''
	"svc_$1_start"
}

# --- one daemon ---

shows() { # ENDPOINT CERTIFICATE
	[ "$(svc_fp "$1" $NAME)" = "$(cert_fp "$2")" ]
}
all_show() { # DAEMON old|new
	for _e in $(svc_get "$1" ENDPOINTS); do
		ok "$1: $_e shows the $2 one" \
			wait_for 10 shows "$_e" "$T/pki/$2.pem"
	done
}
one() { # DAEMON
	diag "$(svc_version "$1")"
	if [ "$1" = cockpit ] && ! unshare --mount true 2>/dev/null; then
		skip "cockpit: it may not have a /run of its own here"
		return
	fi
	if ! begin "$1"; then
		fail "$1: starts"
		return
	fi
	pass "$1: starts"
	ok "$1: is alive" "svc_$1_alive"
	all_show "$1" old
	files "$1" new
	_test=$(svc_get "$1" TEST)
	[ -z "$_test" ] || ok "$1: its test of the configuration" $_test
	_how=$(svc_get "$1" RELOAD)
	ok "$1: is told" ${_how:-$(svc_get "$1" RESTART)}
	all_show "$1" new
	ok "$1: stops" "svc_$1_stop"
	not_ok "$1: is gone" "svc_$1_alive"
	ok "$1: leaves nothing behind" wait_for 5 nothing_left "$1"
}
# Processes that were started with something in the daemon's folder.
left() { # DAEMON
	grep -lsF "$T/$1/" /proc/[0-9]*/cmdline
}

nothing_left() { # DAEMON
	! left "$1"
}

pki || bail "no certificates"
all=
for f in "$ROOT"/tests/lib/services/*.sh; do
	f=$(basename "$f" .sh)
	[ "$f" = svc ] || all="$all $f"
done
[ $# -gt 0 ] || set -- $all
for daemon in "$@"; do
	svc_use "$daemon" || bail "$daemon: no such file"
	one "$daemon"
	if [ "$daemon" = freeradius ]; then
		diag "again, in a chroot"
		FREERADIUS_CHROOT=$T/tls/freeradius
		one "$daemon"
	fi
done
done_testing
