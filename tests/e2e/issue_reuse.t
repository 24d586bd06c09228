#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that reuses every valid authorization: the second time no challenge is
# asked for, none is answered, and the certificate is new all the same.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"

plan 8
stage_dns || bail "no name server"
stage_start PEBBLE_WFE_NONCEREJECT=50 PEBBLE_AUTHZREUSE=100 || bail "no CA"
stage_store sqlite || bail "no store"
enrol www.example.test ec www.example.test sub.example.test \
	alias.example.test
run fetcher --once
is "$rc" 0 "issued"
cert_ok www.example.test "a certificate" www.example.test sub.example.test \
	alias.example.test
first=$(cert_fp "$T/crt.pem")
like "$(cat "$PEBBLE_LOG")" 'POST /chalZ' "challenges were answered"

: >"$PEBBLE_LOG"
run fetcher --once --force www.example.test
is "$rc" 0 "issued again"
cert_ok www.example.test "a certificate again" www.example.test \
	sub.example.test alias.example.test
isnt "$(cert_fp "$T/crt.pem")" "$first" "another one"
unlike "$(cat "$PEBBLE_LOG")" 'POST /chalZ' \
	"no challenge was answered: the authorizations were valid already"
is "$(stage_proofs)" '' "nothing is left in DNS"
