#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that reuses every valid authorization: the second time no challenge is
# asked for, none is answered, and the certificate is new all the same.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

# shellcheck disable=SC2153 # STORE is stage_store's
twice() { # STORE
	stage_store "$1" || bail "no store on $1"
	enrol www.example.test ec www.example.test sub.example.test \
		alias.example.test
	run fetcher --once
	is "$rc" 0 "$STORE: issued"
	cert_ok www.example.test "$STORE: a certificate" www.example.test \
		sub.example.test alias.example.test
	first=$(cert_fp "$T/crt.pem")
	like "$(cat "$PEBBLE_LOG")" 'POST /chalZ' "$STORE: challenges were answered"

	: >"$PEBBLE_LOG"
	run fetcher --once --force www.example.test
	is "$rc" 0 "$STORE: issued again"
	cert_ok www.example.test "$STORE: a certificate again" www.example.test \
		sub.example.test alias.example.test
	isnt "$(cert_fp "$T/crt.pem")" "$first" "$STORE: another one"
	unlike "$(cat "$PEBBLE_LOG")" 'POST /chalZ' \
		"$STORE: no challenge was answered: the proof was known already"
	is "$(stage_proofs)" '' "$STORE: nothing is left in DNS"
}

plan 16
stage_dns || bail "no name server"
for store in sqlite mariadb; do
	stop pebble # which would know the names from the other store
	rm -rf "$T/state"
	stage_start PEBBLE_WFE_NONCEREJECT=50 PEBBLE_AUTHZREUSE=100 ||
		bail "no CA"
	twice $store
done
