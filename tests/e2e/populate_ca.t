#!/bin/sh
# SPDX-License-Identifier: MIT
# What certrepo-populate knows of today's CAs: the profiles that they offer,
# what these change, what they refuse in a CSR, when they want a renewal, and
# which chain a host would trust. What the fetcher notes of a CA is put into the
# store by hand; the host is a real one.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
LE=https://acme-v02.api.letsencrypt.org/directory
cat >"$T/certrepo.conf" <<END
store : { driver = "sqlite"; path = "$DB"; };
ca = ( { name = "le"; directory = "$LE"; account_key = "$T/le.pem";
	 agree_tos = true; },
       { name = "own"; directory = "https://127.0.0.1:1/own";
	 account_key = "$T/own.pem"; agree_tos = true; },
       { name = "picky"; directory = "https://127.0.0.1:1/picky";
	 account_key = "$T/picky.pem"; agree_tos = true; max_names = 1;
	 keys = [ "rsa" ]; client_auth = "refused"; },
       { name = "bound"; directory = "https://127.0.0.1:1/bound";
	 account_key = "$T/bound.pem"; eab_required = true;
	 web = "https://ca.example/eab"; } );
dns : { zones = ( { zone = "acme.example.net"; } ); };
state_dir = "$T/store"; csr_dir = "$T/store";
END
chmod 600 "$T/certrepo.conf"

populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
sql() {
	sqlite3 "$DB" ".timeout 5000" "$1"
}
# What a fetcher notes: CA DIRECTORY PROFILES
offer() {
	sql "INSERT OR REPLACE INTO cas (name, directory, profiles,
		renewal_info, ts_offer) VALUES ('$1', '$2', '$3',
		'https://127.0.0.1:1/ari', 1795910400)"
}
json() { # EXPRESSION over d, on $out
	printf '%s' "$out" | "$PYTHON" -c \
		"import json, sys; d = json.load(sys.stdin); print($1)"
}
# Lines that are broken for people, in one.
flat() {
	printf '%s' "$out" | tr -s ' \n' ' '
}
column() { # COLUMN of the row
	sql "SELECT $1 FROM certs WHERE name = '$NAME'"
}
# The command after WORDS in $err works.
works() { # WORDS NAME_OF_THE_TEST
	ok "$2" sh -c "PATH=$BUILD:\$PATH; cd '$T/store'; ${err##*"$1"}"
}
day() {
	date -ud "@$1" +%Y-%m-%dT%H:%M:%SZ
}

# --- a profile ---

populate set $NAME ca_profile=shortlived
is "$rc" 0 "a profile before the fetcher read the directory"
like "$(flat)" 'CA profile shortlived .* whether CA le offers it is not known, the fetcher has not read its directory yet: its next run does' \
	"... is taken, and what comes is said"
is "$(column ca_profile)" shortlived "... and in the row"
populate set $NAME ca_profile=
is "$rc $(column ca_profile)" "0 " "emptied"
like "$out" 'none is asked for, the CA chooses' "... and said"

offer le $LE "classic	https://letsencrypt.org/docs/profiles#classic
tlsserver	https://letsencrypt.org/docs/profiles#tlsserver
shortlived	six days; \$(reboot) \"now\""
populate set $NAME ca_profile=Tlsserver
like "$rc $err" '^1 .*: CA le does not offer the profile Tlsserver \(is tlsserver meant\?\); as its directory said on 2026-11-29T00:00:00Z, it offers: classic \("https://letsencrypt.org/docs/profiles#classic"\), tlsserver \(' \
	"one that is not offered: what is, in the CA's words"
is "$(column ca_profile)" "" "... and nothing is set"
populate set $NAME 'ca_profile=two words'
like "$rc $err" '^1 .*one word of plain ASCII' "what is no word is none"

issue_nth "$T/both" 1 && store_put $NAME "$T/both"
populate set $NAME ca_profile=shortlived
is "$rc" 0 "one that is offered"
like "$(flat)" 'live 160 h \(the certificate there: 64 days\) and are renewed 80 h before they end, .* 80 tries; once a day, 3, which is too few' \
	"... the hours of life, and who has to run how often"
like "$(flat)" 'no CN, which the one there has' "... no CN"
unlike "$out" 'clientAuth' "... no word of clientAuth, which it never had"
like "$(flat)" 'the CA says of it: "six days; \$\(reboot\) .now.*"' \
	"... the CA's words, quoted"
like "$(flat)" "it comes with the next renewal; at once by .*certrepo-fetcher -c $T/certrepo.conf --once --force $NAME ?\$" \
	"... and when"
populate show $NAME
like "$out" '^  CA profile   shortlived$' "show has it"
populate list --json
is "$(json "[r['ca_profile'] for r in d]")" "['shortlived']" "list --json, too"

# Names, more than the profile takes.
# shellcheck disable=SC2046 # words
make_csr "$T/other.key" "$T/many.csr" many.example.test \
	$(seq -s' ' -f 'h%g.example.test' 30)
populate add many.example.test --csr "$T/many.csr" --ca-profile tlsserver
like "$rc $err" '^1 .*the CSR has 31 names, and the profile tlsserver of CA le takes at most 25' \
	"more names than the profile takes"
populate add many.example.test --csr "$T/many.csr" --ca-profile classic
is "$rc" 0 "... which another takes"
like "$(flat)" 'CA profile classic - certificates live 90 days, 64 days from 2027-02-10 on|CA profile classic - certificates live (64|45) days' \
	"... with a life that will be another"
populate set many.example.test ca_profile=shortlived
like "$rc $err" '^1 .*takes at most 25' "... and no change to one that does not"
populate add many.example.test --csr "$T/many.csr" --ca-profile tlsserver
like "$rc $err" "^0 .*--ca-profile is not applied: use certrepo-populate -c $T/certrepo.conf set many\\.example\\.test ca_profile=tlsserver\$" \
	"--ca-profile for a name that is there: the command to use"
populate --yes remove many.example.test

# --- another CA ---

offer own https://127.0.0.1:1/own "inside	for servers of our own"
populate set $NAME ca=own
like "$rc $err" '^1 .*: CA own does not offer the profile shortlived; as .*; the row asks for it: first ' \
	"a CA that does not have the row's profile is refused"
is "$(column ca_name)" "" "... and not set"
works 'or none: ' "... the command for both at once works"
is "$(column ca_name)/$(column ca_profile)" "own/" "... the row is there"
populate set $NAME ca=own ca_profile=inside
like "$rc $(flat)" '^0 .*all that is known of it is what the CA says: "for servers of our own"' \
	"a profile of which nothing is known: the CA's words are all"
sql "UPDATE cas SET profiles = '' WHERE name = 'own'"
populate disable $NAME
populate enable $NAME
like "$rc $err" '^1 .*CA own offers no profiles, as its directory said on .*; the fetcher reads it anew with its next order' \
	"enable, when the CA has ended it: refused, and not by the fetcher at night"
populate show $NAME
like "$(flat)" 'note CA own does not offer the profile inside, .* with set www.example.test ca_profile=PROFILE' \
	"... show notes it"
populate set $NAME ca= ca_profile= enable=Y
is "$rc" 0 "back to the default"
sql "UPDATE cas SET directory = 'https://other.example/', profiles = 'x	y'
	WHERE name = 'own'"
populate -n set $NAME ca=own ca_profile=z
like "$rc $(flat)" '^0 .*is not known' \
	"what another CA of this name offered says nothing"

# --- a CA that binds accounts ---

make_csr "$T/other.key" "$T/store/eab.example.test.csr" eab.example.test
populate add eab.example.test --ca bound
is "$rc" 0 "a CA that wants eab_kid, which is not set: no error"
like "$(flat)" 'note CA bound opens no account without eab_kid and eab_key_file, from https://ca\.example/eab: set them in its group' \
	"... and a note"
populate --yes remove eab.example.test
sql "INSERT INTO cas (name, directory, account)
	VALUES ('bound', 'https://127.0.0.1:1/bound', 'https://ca/1')"
populate add eab.example.test --ca bound
unlike "$(flat)" 'eab_kid' "... not where it has an account of ours"
populate --yes remove eab.example.test

# --- what a CA refuses in a CSR ---

make_csr "$T/other.key" "$T/store/ec.example.test.csr" ec.example.test
populate add ec.example.test --ca picky
like "$rc $err" '^1 .*its key is EC P-256, and CA picky takes RSA keys alone: .*or take the CA le, which would; .*by: openssl req -new -newkey rsa:2048' \
	"a key that the CA does not take: the command"
works 'makes it by: ' "... which works"
populate add ec.example.test --ca picky
is "$rc" 0 "... and is taken"
openssl req -new -key "$T/store/ec.example.test.key" -subj / -addext \
	subjectAltName=DNS:ec.example.test -addext \
	extendedKeyUsage=serverAuth,clientAuth -out "$T/client.csr"
populate add ec.example.test --csr "$T/client.csr" --replace
like "$rc $err" '^1 .*asks for clientAuth \(extendedKeyUsage\), which CA picky refuses.* by: openssl req -new -key KEY -subj / -addext subjectAltName=DNS:ec.example.test -out ec.example.test.csr$' \
	"clientAuth: the same of --replace"
make_csr "$T/store/ec.example.test.key" "$T/two.csr" ec.example.test \
	b.example.test
populate add ec.example.test --csr "$T/two.csr" --replace
like "$rc $err" '^1 .*it has 2 names, and CA picky takes at most 1' \
	"more names than the CA takes"
populate set $NAME ca=picky
like "$rc $err" '^1 .*CA picky would refuse the stored CSR: its key is EC P-256' \
	"set: a CA that would not take the stored CSR"

# --- when it is renewed ---

now=$(date +%s)
sql "UPDATE certs SET ts_ari = $now + 2592000,
	ari_start = $now + 2500000, ari_end = $now + 2600000,
	ts_ari_poll = $now + 21600, ari_crt = 'of another',
	ari_url = 'https://ca.example/why \"' || char(27) || '[31m',
	crt_sha256 = '$(sha256sum <"$T/both.crt" | cut -d' ' -f1)'
	WHERE name = '$NAME'"
populate show $NAME
unlike "$out" 'the CA asks for renewal' "a window of another certificate is none"
like "$out" '^  renewal +20.*, when a third of its life is left$' "... the rule"
sql "UPDATE certs SET ari_crt = crt_sha256 WHERE name = '$NAME'"
populate show $NAME
like "$(flat)" " renewal $(day $((now + 2592000))), when the CA asks for it the CA asks for renewal between $(day $((now + 2500000))) and $(day $((now + 2600000))); chosen: $(day $((now + 2592000))) explained at \"https://ca.example/why '\\?\\[31m\" the CA is asked about it again at $(day $((now + 21600))) \\(in " \
	"of this one: the window, the instant, where it is explained, when next"
populate show $NAME --json
is "$(json "*(d['ari'][k] for k in ('ts_start', 'ts_end', 'ts_chosen', 'ts_poll')), d['renewal_rule'], d['ts_renewal']")" \
	"$((now + 2500000)) $((now + 2600000)) $((now + 2592000)) $((now + 21600)) ari $((now + 2592000))" \
	"... as JSON"
populate list --json
is "$(json "[r['ari']['ts_chosen'] for r in d if r['ari']]")" \
	"[$((now + 2592000))]" "... and in the list"
sed "s|^state_dir|days_left = 40; state_dir|" "$T/certrepo.conf" >"$T/40.conf"
chmod 600 "$T/40.conf"
run "$BUILD/certrepo-populate" -c "$T/40.conf" show $NAME
like "$out" 'by days_left = 40, which is before the CA asks for it' \
	"days_left that is earlier counts"

# --- a chain that the host does not trust ---

SIGNER=$T/pki/other issue_nth "$T/bad" 2
store_put $NAME "$T/bad"
run host
is "$rc $(receipt '')" "1 refused" "the host does not trust the chain"
populate show $NAME
like "$(flat)" 'chain not trusted by host1 it ends below "a root nobody trusts" no other chain of this CA is known: these hosts need the root it leads to' \
	"show names the chain; another one is not known"
top=$(openssl x509 -in "$T/pki/sub/ca.pem" -outform DER | sha256sum |
	cut -d' ' -f1)
sql "UPDATE cas SET chains = 'host test root	$top	1795910400'
	WHERE name = 'le'"
populate show $NAME
like "$(flat)" 'on 2026-11-29 the CA also gave one that ends below "host test root": preferred_chain = "host test root"; written to' \
	"... another one that the CA gave, and the setting"
setting=$(printf '%s\n' "$out" | sed -n 's/^ *\(preferred_chain = .*\)/\1/p')
sed "s|directory = \"$LE\";|& $setting|" "$T/certrepo.conf" >"$T/chain.conf"
chmod 600 "$T/chain.conf"
run "$BUILD/certrepo-populate" -c "$T/chain.conf" show $NAME
like "$rc $(flat)" '^0 .*"host test root", which preferred_chain asks for already: it comes with the next renewal; at once by: ' \
	"... which the configuration takes as it is printed, and no more"
issue_nth "$T/good" 3 && store_put $NAME "$T/good"
placeholder
nginx_run || bail "nginx does not start"
run host
is "$rc $(receipt '')" "0 served" "the host takes a chain that it trusts"
populate show $NAME
unlike "$out" 'not trusted by' "... and it is not spoken of"
done_testing
