#!/bin/sh
# SPDX-License-Identifier: MIT
# What the manuals say of the environment, in ENVIRONMENT of certrepo(7) and
# certrepo-fetcher(8): which variables are heeded, and which are not.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"

umask 022
unset https_proxy HTTPS_PROXY http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY
# shellcheck disable=SC2046 # one port a word
set -- $(free_ports 3)
proxy_port=$1 other_port=$2 ca_port=$3

# A server that is no CA, which the fetcher says of it when it was reached.
environment_setup() {
	make_key "$T/tls.key" && make_self_signed "$T/tls.key" "$T/tls.crt" \
		localhost ca.example.test && mkdir -m 700 "$T/state" &&
		start www openssl s_server -accept "127.0.0.1:$ca_port" \
			-cert "$T/tls.crt" -key "$T/tls.key" -www -quiet &&
		start proxy "$PYTHON" "$ROOT/tests/lib/connect_proxy.py" \
			"$proxy_port" "$T/asked" &&
		start other "$PYTHON" "$ROOT/tests/lib/connect_proxy.py" \
			"$other_port" "$T/asked.other" &&
		wait_port "$proxy_port" && wait_port "$other_port" &&
		wait_port "$ca_port"
}
PYTHON=$(command -v python3) || bail "no python3"
environment_setup || bail "cannot set up"
proxy=http://127.0.0.1:$proxy_port other=http://127.0.0.1:$other_port

conf() { # NAME [SETTING]: a configuration with the CA at NAME
	cat >"$T/certrepo.conf" <<END
store : { path = "$T/state/certrepo.db"; };
state_dir = "$T/state";
ca = ( { name = "a"; directory = "https://$1:$ca_port/dir"; $2 } );
webroot_prefixes = [ "/var/www" ];
END
}
make_key "$T/account.pem" ec
conf localhost "account_key = \"$T/account.pem\";"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
is "$rc" 0 "a store"

# fetcher VARIABLE=VALUE...: the directory is asked for
fetcher() {
	: >"$T/asked"
	: >"$T/asked.other"
	run env "$@" "$BUILD/certrepo-fetcher" -c "$T/certrepo.conf" account show
}
trusted="account_key = \"$T/account.pem\"; ca_file = \"$T/tls.crt\";"
conf ca.example.test "$trusted"
reached='is an HTML page'
fetcher A=1
unlike "$err" "$reached" "a name that nobody knows, without a proxy"
for v in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
	fetcher $v="$proxy"
	like "$err" "$reached" "$v is heeded"
done
for v in http_proxy HTTP_PROXY; do
	fetcher $v="$proxy"
	is "$(cat "$T/asked")" "" "$v is not"
done
fetcher https_proxy="$proxy" HTTPS_PROXY="$other" all_proxy="$other"
is "$(cat "$T/asked.other")" "" "the first of them counts: https_proxy"
fetcher HTTPS_PROXY="$proxy" all_proxy="$other" ALL_PROXY="$other"
is "$(cat "$T/asked.other")" "" "... then HTTPS_PROXY"
fetcher all_proxy="$proxy" ALL_PROXY="$other"
is "$(cat "$T/asked.other")" "" "... then all_proxy"
for no in no_proxy=example.test no_proxy=.example.test \
	NO_PROXY=a.test,ca.example.test 'no_proxy=*'; do
	fetcher https_proxy="$proxy" "$no"
	is "$(cat "$T/asked")" "" "$no is heeded"
done
fetcher https_proxy="$proxy" no_proxy="ca.example.test:$ca_port"
like "$err" "$reached" "... but with a port it means nothing"
conf gone.example.test "$trusted"
fetcher https_proxy="$proxy"
like "$err" 'CONNECT tunnel failed, response 502' \
	"a proxy that does not let it through is told as the manual has it"

conf localhost "account_key = \"$T/account.pem\";"
mkdir "$T/certs" && cp "$T/tls.crt" "$T/certs/" && openssl rehash "$T/certs"
fetcher SSL_CERT_FILE="$T/tls.crt" SSL_CERT_DIR="$T/certs" \
	CURL_CA_BUNDLE="$T/tls.crt"
like "$err" 'is not trusted by the system' \
	"SSL_CERT_FILE, SSL_CERT_DIR and CURL_CA_BUNDLE are not"
conf localhost "$trusted"
fetcher SSLKEYLOGFILE="$T/secrets"
ok "SSLKEYLOGFILE is heeded" test -s "$T/secrets"
fetcher LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 LANGUAGE=de
like "$err" "$reached" "LANG and LC_ALL are not"

# --- MariaDB ---
mariadb_start "$T/db" || bail "no MariaDB"
# shellcheck disable=SC2153 # mariadb_start sets them
cat >"$T/open.conf" <<END
store : { driver = "mariadb"; host = "$MARIADB_HOST"; port = $MARIADB_PORT;
	user = "$MARIADB_USER"; ca_file = "$MARIADB_CA"; };
ca = ( { name = "a"; directory = "https://localhost/dir"; } );
END
sed "s|ca_file|password_file = \"$MARIADB_PASSWORD_FILE\"; &|" \
	"$T/open.conf" >"$T/closed.conf"
run "$BUILD/certrepo-populate" -c "$T/closed.conf" init
is "$rc" 0 "a store on MariaDB"
run "$BUILD/certrepo-populate" -c "$T/open.conf" list
is "$rc" 78 "without a password"
run env MYSQL_PWD="$(cat "$MARIADB_PASSWORD_FILE")" \
	"$BUILD/certrepo-populate" -c "$T/open.conf" list
is "$rc" 0 "MYSQL_PWD is heeded"
mkdir "$T/home"
printf '[client]\npassword = wrong\nport = 1\n' >"$T/home/.my.cnf"
cp "$T/home/.my.cnf" "$T/home/my.cnf"
run env MYSQL_PWD=wrong MYSQL_HOST=nowhere.invalid MYSQL_TCP_PORT=1 \
	MYSQL_UNIX_PORT=/nowhere HOME="$T/home" MYSQL_HOME="$T/home" \
	MARIADB_HOME="$T/home" "$BUILD/certrepo-populate" \
	-c "$T/closed.conf" list
is "$rc" 0 "... not beside password_file, nor are MYSQL_HOME and its kin"
cat >"$T/openssl.cnf" <<'END'
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MaxProtocol = TLSv1.1
END
run env OPENSSL_CONF="$T/openssl.cnf" "$BUILD/certrepo-populate" \
	-c "$T/closed.conf" list
like "$err" 'no TLS connection' "OPENSSL_CONF is heeded: only TLS of old"
sed "s|$MARIADB_CA|$T/tls.crt|" "$T/closed.conf" >"$T/else.conf"
run env SSL_CERT_FILE="$MARIADB_CA" MARIADB_TLS_DISABLE_PEER_VERIFICATION=1 \
	"$BUILD/certrepo-populate" -c "$T/else.conf" list
like "$err" 'does not come from the CA of ca_file' \
	"nothing in the environment stands for ca_file"
done_testing
