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
# Its certificates live PEBBLE_VALIDITY seconds, 90 days when it is not set.
# It validates at once (PEBBLE_VA_NOSLEEP) and rejects no nonce unless told.
#
# Debian's pebble 2.4 can lock up for good under concurrent orders (about one
# run in 15 with 10 in flight, none seen with 4). Where a test must have more
# in flight, let it run under pebble_retry.

_pebble_env=''

pebble_start() { # [VARIABLE=VALUE...]
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
	cat >"$T/pebble/config.json" <<-END
	{ "pebble": {
	  "listenAddress": "127.0.0.1:$PEBBLE_PORT",
	  "managementListenAddress": "127.0.0.1:$PEBBLE_MGMT",
	  "certificate": "$T/pebble/cert.pem",
	  "privateKey": "$T/pebble/key.pem",
	  "httpPort": $PEBBLE_HTTP_PORT, "tlsPort": $5,
	  "ocspResponderURL": "",
	  "certificateValidityPeriod": ${PEBBLE_VALIDITY:-7776000},
	  "externalAccountBindingRequired": false } }
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
		$_pebble_env pebble -config "$T/pebble/config.json" \
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
pebble_root() {
	_pebble_get /roots/0
}
# A look-up that needs the lock of pebble's memory store: what a locked-up
# pebble never answers (its directory it does).
pebble_alive() {
	curl -s -o /dev/null --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"https://127.0.0.1:$PEBBLE_MGMT/cert-status-by-serial/01"
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
