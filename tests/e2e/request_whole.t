#!/bin/sh
# SPDX-License-Identifier: MIT
# From a host that has nothing to a certificate in its place, by a request: sent
# by the installer, approved on the centre, issued by pebble, installed. Then a
# second host with the same name, and the next key of the first.
# shellcheck disable=SC2154,SC2034 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/stage.sh"

stage_dns || bail "no name server"
stage_start || bail "no CA"
stage_store sqlite || bail "no store"
N=www.example.test

host() { # HOST OPTION...: the installer there
	_h=$1
	shift
	run "$BUILD/certrepo-installer" -c "$T/$_h/installer.conf" "$@"
}
host_make() { # HOST NAME
	mkdir -p "$T/$1/tls" "$T/$1/state"
	cat >"$T/$1/installer.conf" <<-END
	store : { path = "$SQLITE_DB"; };
	host = "$1.example.test";
	trust_file = "$PEBBLE_ROOT";
	shipped_profile_dir = "$ROOT/installer-profiles";
	state_dir = "$T/$1/state";
	services = ( { name = "files"; profile = "files-only";
		certificates = ( { name = "$2"; key = "$T/$1/key";
			dir = "$T/$1/tls"; } ); } );
	END
	chmod 600 "$T/$1/installer.conf"
}
id_of() { # HOST: of its last request
	sql "SELECT MAX(id) FROM host_requests WHERE host = '$1.example.test'"
}
renewed() { # by the fetcher, without an error
	run fetcher --once
	[ "$rc" = 0 ] || diag "fetcher: $rc $err"
	[ "$rc" = 0 ]
}
# The pair on its disk.
fits() { # HOST
	[ "$(openssl x509 -in "$T/$1/tls/fullchain.pem" -noout -pubkey)" = \
		"$(openssl pkey -in "$T/$1/key" -pubout)" ]
}

host_make web1 $N
host web1 --request
is "$rc" 0 "a host with nothing asks" || diag "$err"
run populate pending
like "$out" "^1  web1\\.example\\.test/$N\$" "the centre has it"
like "$out" "$(openssl pkey -in "$T/web1/key" -pubout -outform DER |
	sha256sum | cut -d' ' -f1)" "... with the key that is on the host"
like "$out" "would be +a new certificate, $N" "... and what it would become"
run populate approve 1
is "$rc" 0 "approve" || diag "$err"
like "$out" "orders that follow for example.test: 1 \\(1 in 7 days\\)" \
	"... what follows"
ok "... it is issued" renewed
host web1
is "$rc" 0 "... and installed" || diag "$err"
ok "... and fits the key" fits web1

# --- the same name, another key ---
host_make web2 $N
host web2 --request
is "$rc" 0 "a second host asks" || diag "$err"
run populate approve "web2.example.test/$N"
like "$rc $err" "^1 .*approve it by that number" \
	"by host and name: another one may have come since"
run populate approve --yes "web2.example.test/$N"
is "$rc" 0 "approve, by host and name" || diag "$err"
like "$(echo "$out" | tr -s ' \n' ' ')" \
	"installer.conf of web2.example.test has to say $N\\+web2 where it says $N" \
	"... as a row of its own"
host web2
like "$err" "approved as \"?$N\\+web2" "... the host is told"
sed -i "s/name = \"$N\"/name = \"$N+web2\"/" "$T/web2/installer.conf"
ok "... it is issued" renewed
host web2
is "$rc" 0 "... and installed" || diag "$err"
ok "... and fits the key" fits web2

# --- the next key ---
openssl pkey -in "$T/web1/key" -pubout >"$T/first.pub"
host web1 --request --new-key $N
is "$rc" 0 "the first asks for its next key" || diag "$err"
run populate pending
like "$out" "web1\\.example\\.test/$N  \\(its next key\\)\$" "pending says so"
like "$(echo "$out" | tr -s ' \n' ' ')" "in the place of the key .*SHA-256 $(
	openssl pkey -pubin -in "$T/first.pub" -pubin -outform DER |
		sha256sum | cut -d' ' -f1); its certificate has the fingerprint $(
	openssl x509 -in "$T/web1/tls/fullchain.pem" -outform DER | sha256sum |
		cut -d' ' -f1) " "... which key and certificate go"
run populate reject "$(id_of web1)" --reason "not this week"
is "$rc" 0 "reject" || diag "$err"
host web1
like "$err" "not this week" "... the host is told why"
ok "... the pair stays" fits web1
host web1 --request --new-key $N
run populate approve "$(id_of web1)"
is "$rc" 0 "asked again, and approved" || diag "$err"
ok "... it is issued" renewed
host web1
is "$rc" 0 "... and installed, with the next key" || diag "$err"
ok "... which it fits" fits web1
isnt "$(openssl pkey -in "$T/web1/key" -pubout)" "$(cat "$T/first.pub")" \
	"... another one than before"
run populate pending
is "$out" "" "nothing waits any more"
done_testing
