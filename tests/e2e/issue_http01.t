#!/bin/sh
# SPDX-License-Identifier: MIT
# http-01 by web root: the row says where; rows of the 2019 system (certbot =
# Y) too; a path outside the allowed prefixes is refused. With a CA that
# rejects half of the nonces.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/nginx.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

http01() { # STORE
	stage_store "$1" || bail "no store on $1"
	enrol one.web.example.test rsa one.web.example.test
	enrol two.web.example.test ec two.web.example.test alt.web.example.test
	enrol old.web.example.test ec old.web.example.test
	enrol out.web.example.test ec out.web.example.test
	for n in one two; do
		run populate set $n.web.example.test challenge=http-01 \
			webroot_path="$WEBROOT"
		is "$rc" 0 "$STORE: a web root is set for $n"
	done
	run populate set out.web.example.test challenge=http-01 \
		webroot_path="$T/elsewhere"
	is "$rc" 1 "$STORE: populate refuses one outside the prefixes"
	# the store may say so all the same
	sql "UPDATE certs SET challenge = 'http-01',
		webroot_path = '$T/elsewhere'
		WHERE name = 'out.web.example.test'"
	sql "UPDATE certs SET certbot = 'Y', webroot_path = '$WEBROOT'
		WHERE name = 'old.web.example.test'"
	run fetcher --once
	is "$rc" 2 "$STORE: all but one: partly failed"
	cert_ok one.web.example.test "$STORE: one name"
	cert_ok two.web.example.test "$STORE: two names, one web root" \
		two.web.example.test alt.web.example.test
	cert_ok old.web.example.test "$STORE: a row of the 2019 system"
	is "$(sql "SELECT count(crt) FROM certs
		WHERE name = 'out.web.example.test'")" 0 \
		"$STORE: nothing for the path that is not allowed"
	like "$(sql "SELECT fail_detail FROM certs
		WHERE name = 'out.web.example.test'")" elsewhere \
		"$STORE: ... and the row says why"
	not_ok "$STORE: ... where nothing was written" test -e "$T/elsewhere"
	is "$(find "$WEBROOT" -type f)" '' "$STORE: the web root is clean again"
}

plan 22
stage_dns || bail "no name server"
make_key "$T/k" && make_self_signed "$T/k" "$T/c" www.example.test
NGINX_ROOT=$T/www
nginx_start "$T/c" "$T/k" || bail "no web server"
PEBBLE_HTTP_PORT=$NGINX_HTTP_PORT
stage_start PEBBLE_WFE_NONCEREJECT=50 PEBBLE_AUTHZREUSE=0 || bail "no CA"
http01 sqlite
http01 mariadb
