# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2016,SC2153 # for the caller; $MAINPID
# OpenVPN for one client at a time, as a server for many demands a tunnel
# device. HUP makes it start afresh and so takes a new certificate; the clients
# are thrown out; with files that do not fit it ends. They trust OPENVPN_CA, the
# root in a file (SVC_ROOT); a program that asks as they do is OPENVPN_ASK: it
# prints the SHA-256 of the certificate shown. One that no CA has signed they
# refuse, unless it is expected: svc_openvpn_expect FINGERPRINT, for one look.

OPENVPN_PACKAGE=openvpn
OPENVPN_USER=root
OPENVPN_FILES='fullchain key'

_svc_openvpn_ask() { # DIR: the scripts that make a client of it
	cat >"$1/seen" <<-END
	#!/bin/sh
	[ "\$1" != 0 ] || echo "\$tls_digest_sha256_0" >>$1/shown
	END
	# --tls-exit: once, not for ever. It is let come to its end: the server
	# has room for one more handshake, and keeps one that was left for long.
	cat >"$1/ask" <<-END
	#!/bin/sh
	rm -f $1/shown
	: >$1/ask.log
	trust="--ca $OPENVPN_CA"
	! [ -s $1/expected ] || {
		trust="--peer-fingerprint \$(cat $1/expected)"
		rm $1/expected
	}
	timeout 10 openvpn --tls-client --dev null --nobind --proto udp \
		--remote 127.0.0.1 $OPENVPN_PORT \$trust \
		--cert $1/client.pem --key $1/client.key \
		--script-security 2 --tls-verify $1/seen --tls-exit \
		--tls-timeout 1 --verb 1 >$1/ask.log 2>&1 </dev/null &
	client=\$!
	i=0
	until [ \$i -ge 100 ]; do
		kill -0 \$client 2>/dev/null || break
		! grep -q 'Connection refused' $1/ask.log || break
		! grep -q 'Peer Connection Initiated' $1/ask.log || {
			sleep 0.1
			break
		}
		i=\$((i + 1))
		sleep 0.1
	done
	kill \$client 2>/dev/null
	wait \$client
	[ -s $1/shown ] && tail -1 $1/shown | tr -d :
	END
	chmod 755 "$1/seen" "$1/ask"
	make_key "$1/client.key" && make_self_signed "$1/client.key" \
		"$1/client.pem" client
}
svc_openvpn_expect() { # FINGERPRINT
	echo "$1" | sed 's/../&:/g; s/:$//' >"$OPENVPN_DIR/expected"
}
svc_openvpn_start() {
	svc_begin openvpn || return 1
	_d=$OPENVPN_DIR
	: "${OPENVPN_CA:=$SVC_ROOT}"
	OPENVPN_PORT=$(free_port)
	OPENVPN_ENDPOINTS=openvpn:$OPENVPN_PORT
	OPENVPN_CONF=$_d/server.conf
	OPENVPN_ASK=$_d/ask
	_svc_openvpn_ask "$_d" || return 1
	cat >"$OPENVPN_CONF" <<-END
	tls-server
	dev null
	proto udp
	local 127.0.0.1
	port $OPENVPN_PORT
	ca $_d/client.pem
	cert $OPENVPN_CERT
	key $OPENVPN_KEY
	dh none
	persist-key
	hand-window 5
	verb 3
	END
	svc_reload openvpn kill -HUP '$MAINPID'
	svc_command openvpn openvpn --config "$OPENVPN_CONF"
	# no TCP port to wait for
	svc_start openvpn
}
svc_openvpn_stop() {
	svc_stop openvpn
}
svc_openvpn_alive() {
	svc_alive openvpn
}
