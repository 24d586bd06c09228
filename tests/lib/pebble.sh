# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# pebble, the ACME test server, under a certificate of our own test CA.
# Source after lib.sh.
#
#	pebble_start PEBBLE_WFE_NONCEREJECT=50 PEBBLE_CHAIN_LENGTH=2
#
# Before: DNS_PORT (or DNS_ADDR, address:port) is where pebble looks names
# up, if it is to; PEBBLE_HTTP_PORT is where it fetches http-01 proofs, one is
# chosen when it is empty. Afterwards: PEBBLE_DIR (the directory's URL),
# PEBBLE_CA (trust anchor of its HTTPS), PEBBLE_ROOT (trust anchor of what it
# issues), PEBBLE_PORT, PEBBLE_MGMT, PEBBLE_HTTP_PORT, PEBBLE_LOG.
#
# PEBBLE_EAB="KID:KEY ..." makes an account want an external account binding
# with one of these (KEY: its MAC key, base64url). PEBBLE_ALTERNATE_ROOTS=N
# offers N other chains by Link; pebble_root N is the root of the Nth.
# PEBBLE26=1 starts Debian 13's pebble 2.6 (packaging/pebble.sh), which has
# renewal information: its directory says renewalInfo,
# https://.../draft-ietf-acme-ari-03/renewalInfo, its window lies around two
# thirds of the life, Retry-After: 21600; of a certificate that was revoked (by
# acme_account.py) the window is past; newOrder takes `replaces` and does not
# look at it. Its management port cannot set a window (2.8 can): that is for the
# scripted CA. pebble_window CERT asks; ari_id CERT is what it asks for.
#
# Its certificates live PEBBLE_VALIDITY seconds, 90 days when it is not set.
# It validates at once (PEBBLE_VA_NOSLEEP) and rejects no nonce unless told.
#
# Debian's pebble 2.4 can lock up for good under concurrent orders (about one
# run in 15 with 10 in flight, none seen with 4). Where a test must have more
# in flight, let it run under pebble_retry.

_pebble_env=''

# The program: PEBBLE. That a test lacks it is never passed over in silence.
_pebble_program() {
	PEBBLE=$(command -v pebble) || bail "no pebble: run packaging/deps.sh"
	[ "${PEBBLE26:-0}" != 0 ] || return 0
	_p=${PEBBLE26_PLACE:-/usr/local/lib/certrepo-tests/pebble}/usr/bin/pebble
	[ ! -x "$_p" ] || PEBBLE=$_p
	grep -q renewalInfo "$PEBBLE" || bail "no pebble 2.6, and $PEBBLE has no" \
		"renewal information: run packaging/deps.sh check as root"
}

pebble_start() { # [VARIABLE=VALUE...]
	_pebble_program
	mkdir -p "$T/pebble" || return 1
	PEBBLE_CA=$T/pebble/https-ca/ca.pem
	PEBBLE_ROOT=$T/pebble/root.pem
	PEBBLE_LOG=$T/log/pebble
	if [ ! -s "$PEBBLE_CA" ]; then
		make_ca "$T/pebble/https-ca" "certrepo test HTTPS CA" &&
			make_key "$T/pebble/key.pem" &&
			make_cert "$T/pebble/https-ca" "$T/pebble/key.pem" \
				"$T/pebble/cert.pem" localhost 127.0.0.1 ||
			return 1
	fi
	# shellcheck disable=SC2046 # one port a word
	set -- "$@" -- $(free_ports 4)
	_pebble_env=''
	while [ "$1" != -- ]; do
		_pebble_env="$_pebble_env $1"
		shift
	done
	PEBBLE_PORT=$2 PEBBLE_MGMT=$3
	: "${PEBBLE_HTTP_PORT:=$4}"
	PEBBLE_DIR=https://127.0.0.1:$PEBBLE_PORT/dir
	# shellcheck disable=SC2086 # the list is meant to be split
	cat >"$T/pebble/config.json" <<-END
	{ "pebble": {
	  "listenAddress": "127.0.0.1:$PEBBLE_PORT",
	  "managementListenAddress": "127.0.0.1:$PEBBLE_MGMT",
	  "certificate": "$T/pebble/cert.pem",
	  "privateKey": "$T/pebble/key.pem",
	  "httpPort": $PEBBLE_HTTP_PORT, "tlsPort": $5,
	  "ocspResponderURL": "",
	  "certificateValidityPeriod": ${PEBBLE_VALIDITY:-7776000},
	  "externalAccountMACKeys": { $(
		printf '%s\n' ${PEBBLE_EAB-} | sed '/^$/d
			s/\(.*\):\(.*\)/"\1": "\2"/' | paste -sd,) },
	  "externalAccountBindingRequired": $(
		[ -n "${PEBBLE_EAB-}" ] && echo true || echo false)
	} }
	END
	pebble_restart
}

# Stop it if it runs, start it anew on the same ports: it then knows nothing
# of what was and signs with another CA.
pebble_restart() {
	stop pebble
	_addr=${DNS_ADDR:-${DNS_PORT:+127.0.0.1:$DNS_PORT}}
	# shellcheck disable=SC2086 # the list is meant to be split
	start pebble env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 \
		$_pebble_env "$PEBBLE" -config "$T/pebble/config.json" \
		-strict ${_addr:+-dnsserver "$_addr"}
	if ! wait_port "$PEBBLE_PORT" 15 || ! pebble_alive; then
		diag "pebble does not start: $(tail -5 "$PEBBLE_LOG")"
		return 1
	fi
	pebble_root >"$PEBBLE_ROOT"
}

_pebble_get() { # PATH: of the management interface
	curl -sSf --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"https://127.0.0.1:$PEBBLE_MGMT$1"
}
pebble_root() { # [N]: of the Nth alternate chain
	_pebble_get "/roots/${1:-0}"
}
# A look-up that needs the lock of pebble's memory store: what a locked-up
# pebble never answers (its directory it does).
pebble_alive() {
	curl -s -o /dev/null --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"https://127.0.0.1:$PEBBLE_MGMT/cert-status-by-serial/01"
}

# RFC 9773 section 4.1, made by openssl alone: the number of a certificate with
# the bytes it has in DER.
ari_id() { # CERT
	_aki=$(openssl x509 -in "$1" -noout -ext authorityKeyIdentifier |
		sed -n 's/^ *\(keyid:\)\{0,1\}\(\([0-9A-F]\{2\}:\)*[0-9A-F]\{2\}\)$/\2/p' |
		tr -d :)
	_serial=$(openssl x509 -in "$1" -noout -serial | sed 's/.*=//
		s/^[89A-F]\(.\(..\)*\)$/00&/')
	[ -n "$_aki" ] && [ -n "$_serial" ] &&
		perl -MMIME::Base64=encode_base64url -e '
			print join(".", map { encode_base64url(pack("H*", $_)) }
				@ARGV), "\n"' "$_aki" "$_serial"
}
pebble_window() { # CERT: the answer's head and body
	curl -sSi --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"${PEBBLE_DIR%/dir}/draft-ietf-acme-ari-03/renewalInfo/$(ari_id "$1")"
}

# Run COMMAND with a time limit. When it is not done by then and pebble is
# locked up, that is pebble's fault: say so, restart it, run AGAIN (which
# makes the starting state anew; pebble has forgotten everything), and repeat,
# at most 5 times. Otherwise as run() does: rc, out, err.
pebble_retry() { # SECONDS AGAIN COMMAND...
	_limit=$1 _again=$2
	shift 2
	_try=1
	while :; do
		RUN_TIMEOUT=$_limit run "$@"
		if pebble_alive; then
			return 0
		fi
		if [ $_try -ge 5 ]; then
			bail "pebble locked up $_try times in a row"
		fi
		_try=$((_try + 1))
		diag "pebble locked up (its known fault): restarted, try $_try"
		if ! pebble_restart || ! $_again; then
			bail "pebble does not restart"
		fi
	done
}
