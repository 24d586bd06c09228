#!/bin/sh
# SPDX-License-Identifier: MIT
# The scripted CA offers and refuses what its tests build upon: asked by curl
# and by another client than ours.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

MAC=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W
client() { # KEY WHAT...
	_key=$T/$1.pem
	[ -s "$_key" ] || make_key "$_key" || bail 'no key'
	shift
	run "$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" \
		"$STAGE_DIRECTORY" "$PEBBLE_CA" "$_key" "$@"
}
order() { # KEY JSON NAME...; afterwards ID: that of the certificate
	_who=$1
	shift
	client "$_who" order "$@"
	printf '%s\n' "$out" | sed -n '/BEGIN/,$p' >"$T/chain.pem"
	ID=$(ari_id "$T/chain.pem" 2>/dev/null)
}
refused() { # KEY JSON STATUS TYPE TEST
	order "$1" "$2" www.example.test
	like "$rc:$err" "^1:$3 .*error:$4\"" "$5"
}
get() { # PATH
	run curl -sSi --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		"${STAGE_DIRECTORY%/dir}/$1"
}
window() { # ID
	get "renewal-info/$1"
}
seconds() { # start | end: of the window
	date -d "$(printf '%s\n' "$out" | sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p")" +%s
}

scripted_start || bail 'no scripted CA'
get dir
unlike "$out" 'renewalInfo|profiles|caaIdent|externalAcc' 'at first it offers nothing'

# --- renewal information ---
offer '{"ari": {}, "caa": ["ca.example"], "life": 576000, "not_before": "+0"}'
get dir
like "$out" '"renewalInfo": "https://127.0.0.1:[0-9]*/renewal-info"' 'it has renewal information'
like "$out" '"caaIdentities": \["ca.example"\]' '... and a CAA identity'
client one register
is "$rc" 0 'an account'
order one '{}' www.example.test other.example.test
is "$rc" 0 'a certificate'
like "$(openssl x509 -in "$T/chain.pem" -noout -serial)" '=[89A-F]' \
	'... whose serial begins with 00 in DER'
begin=$(date -d "$(openssl x509 -in "$T/chain.pem" -noout -startdate | sed 's/.*=//')" +%s)
window "$ID"
like "$out" 'Retry-After: 21600' 'its window, to be asked for in 6 hours'
# PROTOCOL_FACTS 4.1: 160 h: from 78 h (and a bit) on, 3.2 h
ok "... is Let's Encrypt's: from hour 78 on" \
	test $((($(seconds start) - begin) / 3600)) = 78
ok '... for 3.2 hours' test $(($(seconds end) - $(seconds start))) = 11520
window "$(echo "$ID" | sed 's/\.A/./')"
like "$out" '^HTTP/1.1 404' 'an identifier that lacks bits is refused'
windows '* -20 -10' 'www.example.test 2030-01-01T00:00:00Z 2030-01-02T00:00:00Z https://ca.example/why' \
	'any raw {"suggestedWindow": 7}'
window "$ID"
like "$out" '"start": "2030-01-01T00:00:00Z".*"explanationURL": "https://ca.example/why"' \
	'a window by name, with its reason'
windows "$ID -20 -10"
window "$ID"
ok 'moved into the past' test "$(seconds end)" -lt "$(date +%s)"
windows 'any raw {"suggestedWindow": 7}'
window aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE
like "$out" '^{"suggestedWindow": 7}$' 'an answer as it is written'
rm "$T/scripted/windows"
fault 500 renewalInfo 1 www.example.test
window "$ID"
like "$out" '^HTTP/1.1 500' 'an error for a name'
offer '{"ari": {"retry_after": null, "unknown": 401}}'
window "$ID"
unlike "$out" 'Retry-After' 'no Retry-After'
window aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE
like "$out" '^HTTP/1.1 401' 'another refusal'
is "$(requests renewalInfo)" 8 'they are counted'

# --- what is replaced ---
first=$ID
client two register
refused two "{\"replaces\": \"$first\"}" 403 unauthorized "another's certificate is not replaced"
client one order "{\"replaces\": \"$first\"}" third.example.test
like "$rc:$err" '^1:400 .*malformed' '... nor one of other names'
refused one '{"replaces": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"}' 404 malformed '... nor an unknown one'
order one "{\"replaces\": \"$first\"}" www.example.test
is "$rc" 0 'its own is'
refused one "{\"replaces\": \"$first\"}" 409 alreadyReplaced '... once'
like "$(grep newOrder "$REQUESTS" | tail -1)" "\"replaces\": \"$first\"" 'it is in the log'
while read -r f status type; do
	fault "replaces-$f"
	refused one "{\"replaces\": \"$ID\"}" "$status" "$type" "replaces-$f"
done <<-END
	already 409 alreadyReplaced
	malformed 400 malformed
	unauthorized 403 unauthorized
	404 404 malformed
	429 429 rateLimited
	bad-nonce 400 badNonce
END
fault replaces-malformed
order one '{}' www.example.test
is "$rc" 0 '... and only of one that replaces'
fault clear

# --- profiles ---
offer '{"profiles": {"classic": "as ever", "short": {"text": "6 days",
	"life": 576000, "cn": false, "names": 2}, "mtls": {"client_auth": true}},
	"life": null, "default_profile": "classic"}'
get dir
like "$out" '"profiles": {"classic": "as ever", "short": "6 days", "mtls": ""}' 'its profiles'
order one '{"profile": "short"}' www.example.test
like "$out" '"profile": "short"' 'one is obeyed'
begin=$(date -d "$(openssl x509 -in "$T/chain.pem" -noout -startdate | sed 's/.*=//')" +%s)
end=$(date -d "$(openssl x509 -in "$T/chain.pem" -noout -enddate | sed 's/.*=//')" +%s)
is "$((end - begin)) $(openssl x509 -in "$T/chain.pem" -noout -subject)" \
	'576000 subject=' '... its life, and no CN'
unlike "$(openssl x509 -in "$T/chain.pem" -noout -ext extendedKeyUsage)" Client '... no clientAuth'
order one '{"profile": "mtls"}' www.example.test
like "$(openssl x509 -in "$T/chain.pem" -noout -ext extendedKeyUsage -subject)" \
	'Client' 'another has it'
order one '{}' www.example.test
like "$out" '"profile": "classic"' 'the default is shown'
refused one '{"profile": "none"}' 400 invalidProfile 'one that is not offered'
client one order '{"profile": "short"}' a.example.test b.example.test c.example.test
like "$err" 'more than 2' 'too many names for one'
for at in newOrder finalize; do
	fault profile-unauthorized $at
	refused one '{"profile": "short"}' 403 unauthorized "refused at $at"
	is "$(tail -1 "$REQUESTS" | grep -c "\"$at\"")" 1 '... there'
done
fault profile-malformed
refused one '{"profile": "short"}' 400 malformed 'refused as pebble does'

# --- bindings ---
offer "{\"eab\": {\"keys\": {\"a\": {\"key\": \"$MAC\", \"once\": true},
	\"old\": {\"key\": \"$MAC\", \"state\": \"expired\"},
	\"other\": {\"key\": \"$MAC\", \"state\": \"product\"}}}}"
get dir
like "$out" '"externalAccountRequired": true' 'it wants bindings'
client one register
is "$rc" 0 'not of who is known'
while read -r kid mac words; do
	# shellcheck disable=SC2086 # none, or two
	client three register ${mac:+$kid $mac}
	like "$rc:$err" "^1:.*$words" "binding: $kid: $words"
done <<-END
	none
	who $MAC not known
	a b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH does not verify
	old $MAC has expired
	other $MAC kId mismatch
END
client three register a "$MAC"
is "$rc" 0 'binding: right'
client three register old "$MAC"
like "$rc:$err" '^1:.*kId mismatch' '... and then no other'
client four register a "$MAC"
like "$rc:$err" '^1:.*not awaiting' '... nor by another account'
offer "{\"eab\": {\"announced\": false, \"keys\": {}}}"
get dir
unlike "$out" 'externalAccountRequired' 'it wants them and does not say so'
client four register
like "$rc:$err" '^1:.*externalAccountRequired' '... but refuses'
offer '{"eab": null}'

# --- accounts ---
client one contact mailto:a@example.test
like "$out" '"status": "valid", "contact": \["mailto:a@example.test"\]' 'a contact is changed'
client one contact tel:1
like "$rc:$err" '^1:.*unsupportedContact' '... to one that can be'
offer '{"contact": "finalize"}'
refused two '{}' 400 badCSR 'none, where one is needed'
client two deactivate
client two contact mailto:b@example.test
like "$rc:$err" '^1:.*deactivated' 'deactivated: refused'

# --- other chains ---
offer '{"alternates": [1, "cross", "loop", "404", "host"], "contact": null}'
order one '{}' www.example.test
is "$(printf '%s\n' "$out" | grep -c 'rel="alternate"')" 5 'it says where other chains are'
ok 'its own' openssl verify -CAfile "$PEBBLE_ROOT" -untrusted "$T/chain.pem" "$T/chain.pem"
link() { # ENDING: fetched as our client would
	run "$PYTHON" -W ignore "$ROOT/tests/lib/acme_account.py" \
		"$STAGE_DIRECTORY" "$PEBBLE_CA" "$T/one.pem" get \
		"$(sed -n "s,^Link: <\(.*/$1\)>.*,\1,p" "$T/links")"
	printf '%s\n' "$out" >"$T/other.pem"
}
printf '%s\n' "$out" >"$T/links"
link 1
ok '... under another root' openssl verify -CAfile "$ROOT_1" -untrusted "$T/other.pem" "$T/other.pem"
link cross
is "$(grep -c BEGIN "$T/other.pem")" 3 '... longer'
ok '... under an old root' openssl verify -CAfile "$ROOT_OLD" -untrusted "$T/other.pem" "$T/other.pem"
link 404
like "$rc:$err" '^1:404' '... not there'
link loop
is "$(grep -c 'alternate' "$T/other.pem"):$(grep -c /loop1 "$T/other.pem")" 6:1 '... one after another'
is "$(requests alternate)" 4 'they are counted'
offer '{"alternates": ["many"], "links": "joined"}'
order one '{}' www.example.test
is "$(printf '%s\n' "$out" | grep '^Link: ' | grep -o '/many' | wc -l)" 200 'very many'
is "$(printf '%s\n' "$out" | grep -c '^Link: ')" 1 '... all in one header'
done_testing
