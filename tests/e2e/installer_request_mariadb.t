#!/bin/sh
# SPDX-License-Identifier: MIT
# --request and a next key on MariaDB, by an account of the host's own, which
# calls procedures and may do nothing else; a real nginx and a real Postfix have
# the key together, Postfix in the file of its certificate.
# shellcheck disable=SC2034,SC2086,SC2153,SC2154 # for the libraries; word lists
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/services/svc.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, for Postfix"
svc_use postfix || bail "no Postfix"
host_setup || bail "cannot set up a host"
key=$T/host.key next=$T/state/next/$NAME mail=$T/mail
mariadb_start "$T/mariadb" || bail "MariaDB does not start"
my_store() { # USER PASSWORD_FILE
	echo "store : { driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; connect_timeout = 3; timeout = 5; };"
}
my_host_conf() {
	host_conf
	sed -i "s|^store : .*|$(my_store h1 "$T/host.password")|" "$HOST_CONF"
}
hex() { # FILE
	od -An -v -tx1 "$1" | tr -d ' \n'
}
store_put() { # NAME BASE
	mariadb_sql certrepo -e "UPDATE certs SET
		crt = UNHEX('$(hex "$2.crt")'),
		ca = UNHEX('$(hex "$2.ca")')
		WHERE name = '$1'"
}
requests() { # COLUMNS
	mariadb_sql -NB certrepo -e \
		"SELECT $1 FROM host_requests ORDER BY id" | tr '\t' '|'
}
pub() { # FILE: of a key
	openssl pkey -in "$1" -pubout
}
# Both serve this certificate, and both have its key.
both() { # BASE
	_want=$(cert_fp "$1.crt")
	[ "$(served)" = "$_want" ] &&
		[ "$(tls_fp "$POSTFIX_PORT" $NAME smtp)" = "$_want" ] &&
		[ "$(openssl x509 -in "$1.crt" -noout -pubkey)" = \
			"$(pub "$key")" ] &&
		[ "$(pub "$mail/current/key-fullchain.pem")" = "$(pub "$key")" ]
}

sed -i "s|^store : .*|$(my_store "$MARIADB_USER" "$MARIADB_PASSWORD_FILE")|" \
	"$T/certrepo.conf"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
is "$rc" 0 "init" || bail "$err"
(umask 077 && echo "host-$$" >"$T/host.password")
grants=
for p in host_certs_get host_receipts_put host_requests_put \
	host_requests_mine; do
	grants="$grants GRANT EXECUTE ON PROCEDURE certrepo.$p TO h1@'%';"
done
mariadb_sql certrepo -e "CREATE USER h1@'%' IDENTIFIED BY 'host-$$' REQUIRE SSL;
	$grants
	GRANT SELECT ON host_certs TO h1@'%';
	GRANT SELECT, INSERT, UPDATE, DELETE ON host_installs TO h1@'%';
	INSERT INTO hosts (host, account, ts_added) VALUES ('host1', 'h1', 1);
	INSERT INTO host_names VALUES ('h1', '$NAME', 'host1')" ||
	bail "no account"

# --- a first key, for both ---
rm -rf "$DIR" "$key"
SVC_CERT=$mail/current/key-fullchain.pem SVC_KEY=$key
mkdir "$mail"
HOST_SERVICES=", { name = \"mail\"; profile = \"postfix\";
	certificates = ( { name = \"$NAME\"; key = \"$key\"; dir = \"$mail\"; } );
	verify_time = 5; }"
my_host_conf
run host --request
is "$rc $err" "0 " "--request"
is "$(requests 'account, host, name, state, new_key')" \
	"h1|host1|$NAME|pending|0" "... is there, in the name of the account"
run host --request
is "$(requests 'count(*)')" 1 "... once"
mariadb_sql -NBr certrepo -e "SELECT csr FROM host_requests" >"$T/sent.csr"
is "$(openssl req -in "$T/sent.csr" -noout -pubkey)" "$(pub "$key")" \
	"... with a CSR of the key"
# another host's name
sed 's/^host = .*/host = "host2";/' "$HOST_CONF" >"$T/other.conf"
chmod 600 "$T/other.conf"
run "$BUILD/certrepo-installer" -c "$T/other.conf" --request
is "$rc" 1 "in the name of another host"
like "$err" 'this account does not speak for host2' "... the store refuses"
run host
is "$rc $out$err" "0 " "a run that waits is silent"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" add $NAME \
	--csr "$T/sent.csr" --enable
is "$rc" 0 "the centre takes it"
mariadb_sql certrepo -e "UPDATE host_requests SET state = 'approved'"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host --placeholder
is "$rc" 0 "a placeholder of that key, to start with"
nginx_run || bail "nginx does not start"
svc_postfix_start || bail "Postfix does not start"
HOST_SERVICES=", { name = \"mail\"; profile = \"postfix\";
	vars = ( { name = \"test\"; value = [ $(svc_argv $POSTFIX_TEST) ]; },
		{ name = \"activate\"; value = [ $(svc_argv $POSTFIX_RELOAD) ]; },
		{ name = \"start\"; value = [ \"false\" ]; } );
	certificates = ( { name = \"$NAME\"; key = \"$key\"; dir = \"$mail\"; } );
	verify = ( { address = \"127.0.0.1:$POSTFIX_PORT\"; protocol = \"smtp\";
		server_name = \"$NAME\"; } );
	verify_time = 10; }"
my_host_conf
run host
is "$rc" 0 "installed in both"
ok "... and served by both" both "$T/one"

# --- the next one, for both ---
pub "$key" >"$T/first.pub"
run host --request --new-key $NAME
is "$rc" 0 "a next key"
is "$(requests 'state, new_key' | tail -1)" "pending|1" "... is asked for"
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc" 0 "the old one's certificate is renewed"
ok "... and served by both" both "$T/two"
mariadb_sql certrepo -e "UPDATE host_requests SET state = 'rejected',
	reason = 'on holiday', ts_decided = 1 WHERE state = 'pending'"
run host
like "$err" 'rejected: "on holiday"' "rejected, with the reason"
run host --request --new-key $NAME
is "$(requests 'state, new_key' | tail -1)" "pending|1" "asked for again"
KEY=$next issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc" 0 "a certificate of the next key"
ok "... is served by both, which have the key" both "$T/three"
isnt "$(pub "$key")" "$(cat "$T/first.pub")" "... which is another"
not_ok "... and next no more" test -e "$next"
run host
is "$rc $out$err" "0 " "then all is well"
run host --rollback $NAME
is "$rc" 0 "--rollback"
ok "... both go back, with the key" both "$T/two"
is "$(pub "$key")" "$(cat "$T/first.pub")" "... from before"
ok "... and the other is the next one" test -s "$next"

svc_postfix_stop
done_testing
