#!/bin/sh
# SPDX-License-Identifier: MIT
# Every kind of request gets its certificate by dns-01, on both stores, from a
# CA that rejects half of all nonces and reuses no authorization, with a chain
# of two intermediates; then all of it once more, by force.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

check_all() { # WHEN
	cert_ok rsa.example.test "$STORE: RSA 2048, $1"
	cert_ok rsa4096.example.test "$STORE: RSA 4096, $1"
	cert_ok ec.example.test "$STORE: EC P-256, $1"
	cert_ok ec.example.test+384 "$STORE: EC P-384 under a label, $1" \
		ec.example.test
	cert_ok two.example.test "$STORE: names in two zones with two keys, $1" \
		two.example.test sub.example.test
	cert_ok alias.example.test "$STORE: CNAMEs into a third zone, $1" \
		alias.example.test alias2.example.test hop.example.test
	cert_ok x.dn.example.test "$STORE: a DNAME into it, $1"
	cert_ok star.example.test "$STORE: a wildcard and its apex, $1" \
		star.example.test '*.star.example.test'
	cert_ok '*.only.example.test' "$STORE: a wildcard alone, $1"
	is "$(stage_proofs)" '' "$STORE: no proof is left in DNS, $1"
	is "$(sql 'SELECT count(*) FROM orders')" 0 "$STORE: no order is left, $1"
	is "$(sql 'SELECT count(*) FROM proofs')" 0 "$STORE: nor a proof's row, $1"
}

kinds() { # STORE
	stage_store "$1" || bail "no store on $1"
	enrol rsa.example.test rsa rsa.example.test
	enrol rsa4096.example.test rsa4096 rsa4096.example.test
	enrol ec.example.test ec ec.example.test
	enrol ec.example.test+384 ec384 ec.example.test
	enrol two.example.test ec two.example.test sub.example.test
	enrol alias.example.test ec alias.example.test alias2.example.test \
		hop.example.test
	enrol x.dn.example.test ec x.dn.example.test
	enrol star.example.test ec star.example.test '*.star.example.test'
	enrol '*.only.example.test' ec '*.only.example.test'
	RUN_TIMEOUT=150 run fetcher --once
	is "$rc" 0 "$STORE: the fetcher has issued all that was due"
	check_all "first"
	is "$(grep -c 'BEGIN CERT' "$T/ca.pem")" 2 \
		"$STORE: the store has the whole chain"

	run fetcher --once
	is "$rc/$out/$err" 0// "$STORE: a second run has nothing to do or say"

	before=$(sql "SELECT crt FROM certs WHERE name = 'ec.example.test'")
	RUN_TIMEOUT=150 run fetcher --once --force rsa.example.test \
		rsa4096.example.test ec.example.test ec.example.test+384 \
		two.example.test alias.example.test x.dn.example.test \
		star.example.test \
		'*.only.example.test'
	is "$rc" 0 "$STORE: named and forced, it issues all anew"
	check_all "again"
	is "$(sql "SELECT old_crt FROM certs WHERE name = 'ec.example.test'")" \
		"$before" "$STORE: the one before is kept as the old one"
	isnt "$(sql "SELECT crt FROM certs WHERE name = 'ec.example.test'")" \
		"$before" "$STORE: ... and differs from the new one"
}

plan 60
stage_dns || bail "no name server"
stage_start PEBBLE_WFE_NONCEREJECT=50 PEBBLE_AUTHZREUSE=0 \
	PEBBLE_CHAIN_LENGTH=2 || bail "no CA"
kinds sqlite
kinds mariadb
