#!/bin/sh
# SPDX-License-Identifier: MIT
# The hook for certspotter: its variables, as certspotter-script(8) has them, our
# store, and a sendmail that keeps what it gets.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"

mkdir "$T/bin"
cat >"$T/bin/sendmail" <<END
#!/bin/sh
cat >'$T/mail'
END
ln -s "$BUILD/certrepo-status" "$T/bin/"
chmod 755 "$T/bin/sendmail"
key_of() { # CSR: as certspotter computes it, of the SubjectPublicKeyInfo
	openssl req -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
		sha256sum | cut -d' ' -f1
}
for n in ours theirs; do
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$T/$n.key" -subj / -addext \
		subjectAltName=DNS:www.example.org -out "$T/$n.csr" 2>/dev/null
done
printf 'store : { path = "%s/db"; };\nwebroot_prefixes = ["/srv"];
ca = ( { name = "a"; directory = "https://ca.example"; agree_tos = true; contact = [ "mailto:a@example.org" ]; } );\n' \
	"$T" >"$T/c.conf"
p="$BUILD/certrepo-populate -c $T/c.conf"
{ $p init && $p add www.example.org --csr "$T/ours.csr" --webroot /srv; } \
	>"$T/log/init" 2>&1 || bail "no row: $(cat "$T/log/init")"
printf 'store : { path = "%s/db"; };\n' "$T" >"$T/status.conf"
printf 'Certificate:\n\tDNS Name = www.example.org\n\033[31mred\n' >"$T/text"

# What it sets beside what differs.
hook() { # NAME=VALUE...
	rm -f "$T/mail"
	run env -i PATH="$T/bin:/usr/bin:/bin" TMPDIR="$T" \
		MAILTO=hostmaster@example.org CONF="$T/status.conf" \
		EVENT=discovered_cert \
		SUMMARY='certificate discovered for .example.org' \
		WATCH_ITEM=.example.org ENTRY_INDEX=6464843 \
		LOG_URI=https://ct.example.net/logs/2026/ \
		ISSUER_DN='C=GB, O=Somebody Else, CN=Some CA' \
		NOT_BEFORE_RFC3339=2026-11-30T00:00:00Z \
		NOT_AFTER_RFC3339=2027-02-28T00:00:00Z \
		SERIAL=c170fbf3bf27481e5c351a4db6f2dc5f \
		SUBJECT_DN=CN=www.example.org TEXT_FILENAME="$T/text" "$@" \
		"$ROOT/packaging/monitoring/certrepo-certspotter"
	mail=$(cat "$T/mail" 2>/dev/null)
}

plan 22
hook PUBKEY_SHA256="$(key_of "$T/ours.csr")"
is "$rc $out$err$mail" "0 " "a key of ours: silent"
hook PUBKEY_HASH="$(key_of "$T/ours.csr")"
is "$rc $out$err$mail" "0 " "... as certspotter before 0.15 names it"
theirs=$(key_of "$T/theirs.csr")
hook PUBKEY_SHA256="$theirs"
is "$rc $out$err" "0 " "a key of somebody else"
like "$mail" '^To: hostmaster@example.org$' "... is mailed"
like "$mail" '^Subject: a certificate that is not by certrepo: certificate discovered for .example.org$' \
	"... in a word"
like "$mail" '^Its key is not one of those enrolled in the store of certrepo\.$' \
	"... and why"
like "$mail" '^ISSUER_DN  *C=GB, O=Somebody Else, CN=Some CA$' "... whose it is"
like "$mail" "^PUBKEY_SHA256  *$theirs\$" "... its key"
like "$mail" 'DNS Name = www.example.org$' "... its names"
not_ok "... and nothing that a terminal obeys" \
	grep -q "$(printf '\033')" "$T/mail"
hook PUBKEY_SHA256="$theirs" SUBJECT_DN="$(printf 'CN=x\nBcc: all@example.org\033[1m')" \
	SUMMARY="$(printf 'x\nBcc: all@example.org')"
like "$mail" '^SUBJECT_DN  *CN=x\?Bcc: all@example.org\?\[1m$' \
	"what it was issued to is one line"
not_ok "... and no header of the mail" grep -q '^Bcc:' "$T/mail"
# shellcheck disable=SC2016 # not to be run
hook PUBKEY_SHA256="$theirs" SERIAL='$(touch x)`touch x`'
# shellcheck disable=SC2016
like "$mail" '\$\(touch x\)`touch x`' "... nor a command"

mv "$T/db" "$T/away"
hook PUBKEY_SHA256="$(key_of "$T/ours.csr")"
like "$mail" '^Subject: a certificate, and perhaps not by certrepo' \
	"the store is away: mailed"
like "$mail" 'cannot be told: certrepo-status ended with status 78\.$' \
	"... which is said"
like "$mail" "$T/db" "... and what certrepo-status said of it"
mv "$T/away" "$T/db"
hook PUBKEY_SHA256=
like "$mail" '^certspotter did not say which key it is for\.$' "no key"
hook PUBKEY_SHA256=xyz
like "$mail" 'cannot be told: certrepo-status ended with status 64\.$' \
	"what is no key"
hook EVENT=malformed_cert PARSE_ERROR='asn1: structure error' PUBKEY_SHA256=
like "$mail" '^PARSE_ERROR  *asn1: structure error$' "a malformed one"
hook EVENT=error SUMMARY='Unable to contact 1 log'
like "$mail" '^Subject: a word of certspotter: Unable to contact 1 log$' \
	"what is no certificate is mailed"
like "$mail" '^This is not about one certificate\.$' "... as that"
printf '#!/bin/sh\nexit 75\n' >"$T/bin/sendmail"
hook PUBKEY_SHA256="$theirs"
not_ok "nobody could be told: it fails, and certspotter says so" [ "$rc" = 0 ]
