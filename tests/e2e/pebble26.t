#!/bin/sh
# SPDX-License-Identifier: MIT
# pebble 2.6, which the tests of renewal information and of external account
# bindings build upon: what tests/lib/pebble.sh says of it is so.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"

N=www.example.test
KID=kid-1 MAC=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W
PEBBLE26=1
DNS_PORT=9 # nobody there: pebble believes, http-01 needs none
directory() {
	# shellcheck disable=SC2153 # from pebble_start
	curl -sS --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" "$PEBBLE_DIR"
}
seconds() { # start | end: of the window
	date -d "$(printf '%s\n' "$window" | sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p")" +%s
}
account() { # KEY WHAT...: another client of the CA
	_key=$1
	shift
	run "$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" "$PEBBLE_DIR" \
		"$PEBBLE_CA" "$_key" "$@"
}
window() {
	window=$(pebble_window "$T/crt.pem")
}

PEBBLE_VALIDITY=8640000 # 100 days
stage_start PEBBLE_VA_ALWAYS_VALID=1 PEBBLE_ALTERNATE_ROOTS=2 ||
	bail 'no pebble'
stage_store sqlite || bail 'no store'
like "$(directory)" \
	'"renewalInfo": "https://127.0.0.1:[0-9]*/draft-ietf-acme-ari-03/renewalInfo"' \
	'its directory has renewal information'
unlike "$(directory)" 'externalAccountRequired": true' \
	'... and wants no binding unless told'
enrol $N ec $N || bail 'cannot enrol'
run populate set $N challenge=http-01 webroot_path="$WEBROOT"
run fetcher --once
is "$rc" 0 'it issues'
cert_ok $N '... under its first root'
pebble_root 2 >"$T/root2.pem"
isnt "$(cert_fp "$T/root2.pem")" "$(cert_fp "$PEBBLE_ROOT")" \
	'... and has others'

# the RFC's own example, and a serial without a high bit
cat >"$T/rfc.pem" <<-END
	-----BEGIN CERTIFICATE-----
	MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
	cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
	BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
	7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
	qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
	yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
	+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
	-----END CERTIFICATE-----
END
is "$(ari_id "$T/rfc.pem")" aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE \
	"the identifier of the RFC's example"

window
like "$window" '^HTTP/2 200' 'a window for what it issued'
like "$window" '^retry-after: 21600' '... to be asked for again in 6 hours'
end=$(date -d "$(openssl x509 -in "$T/crt.pem" -noout -enddate | sed 's/.*=//')" +%s)
third=$((end - 8640000 / 3))
ok '... around two thirds of its life' \
	test "$(seconds start)" -lt $third -a "$(seconds end)" -gt $third
account "$T/state/account.pem" revoke "$T/crt.pem"
is "$rc" 0 'the certificate is revoked'
window
ok '... and its window is past' test "$(seconds end)" -lt "$(date +%s)"

PEBBLE_EAB="$KID:$MAC kid-2:b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH"
pebble_start || bail 'no pebble'
like "$(directory)" 'externalAccountRequired": true' 'told so, it wants a binding'
make_key "$T/key1.pem"
account "$T/key1.pem" register
is "$rc" 1 'an account without one'
like "$err" 'externalAccountRequired' '... is refused'
account "$T/key1.pem" register kid-2 "$MAC"
is "$rc" 1 'one with another key'
like "$err" '"status": 40[013]' '... is refused, too'
account "$T/key1.pem" register "$KID" "$MAC"
is "$rc" 0 'one that is right is taken'

mkdir -p "$T/old"
printf '#!/bin/sh\nexit 1\n' >"$T/old/pebble"
chmod 755 "$T/old/pebble"
run sh -c '. "$ROOT/tests/lib/lib.sh"; . "$ROOT/tests/lib/pebble.sh"
	PATH=$1:$PATH PEBBLE26=1 PEBBLE26_PLACE=$1
	pebble_start; echo went on' - "$T/old"
is "$rc" 1 'where there is none, a test fails'
like "$err" "gives up: no pebble 2.6.*deps.sh check" '... and says why'
done_testing
