#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-trouble(7), proofs that the CA does not see: BIND, nginx and pebble,
# and for CAA records the scripted CA; the mails go to a sendmail that keeps
# them.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/tests/lib/trouble.sh"

W=www.example.test ALIAS=www-example-test.example.net
GOOD="_acme-challenge.www IN CNAME $ALIAS."
STAGE_RECORDS="www IN A 127.0.0.1
$GOOD
@ IN CAA 0 issue \"ca.example\""
trouble_sendmail
stage_dns || bail 'no DNS'
# Of the zones only the one for proofs is in the fetcher's configuration.
mkdir "$T/dns/keys"
sed -i "s,$T/dns/\(.*\)\.key,$T/dns/keys/\1.key," "$T/dns/named.conf"
mv "$T"/dns/*.key "$T/dns/keys"
cp "$T/dns/keys/example.net.key" "$T/dns"
loaded() {
	for _z in example.test sub.example.test example.net; do
		[ -n "$(command dig +short +time=1 +tries=1 @127.0.0.1 \
			-p "$DNS_PORT" $_z SOA)" ] || return 1
	done
}
zone() { # SED COMMAND: of example.test, which only BIND serves
	stop named
	sed -i "$1" "$T/dns/example.test.db"
	start named "$(unconfined named)" -g -c "$T/dns/named.conf"
	wait_for 15 loaded || bail "no DNS: $(tail -3 "$T/log/named")"
}
make_key "$T/k"
make_self_signed "$T/k" "$T/c" $W || bail 'no certificate'
NGINX_ROOT=$T/www/html
nginx_start "$T/c" "$T/k" || bail 'no web server'
PEBBLE_HTTP_PORT=$NGINX_HTTP_PORT
stage_start PEBBLE_AUTHZREUSE=0 || bail 'no CA'
mkdir -p "$T/www/old"
conf() { # [SETTING...]
	STAGE_EXTRA="$TROUBLE_NOTIFY $*"
	stage_conf
}
stage_store sqlite || bail 'no store'
conf
LAG_PORT=$(free_port) GONE=$(free_port)
trouble_program certrepo-fetcher "$CONF"
trouble_program certrepo-populate "$CONF"
as "on $(hostname)" 'on centre' only
as pebble letsencrypt
as "$T/dns/example.net.key" /etc/certrepo/acme.key
as example.test example.org
as www-example-test www-example-org
as example.net acme.example.net
as "127.0.0.1:$DNS_PORT" 192.0.2.53 only
as "127.0.0.1:$GONE" 192.0.2.53 only
as "127.0.0.1:$LAG_PORT" 198.51.100.53 only
as "127.0.0.1:$NGINX_HTTP_PORT" 192.0.2.80:80 only
as ":$NGINX_HTTP_PORT/" / only
as @127.0.0.1 @192.0.2.53
as "$T/www" /var/www

nightly() { # what the timer starts
	trouble_mail certrepo-fetcher --once
}
near() { # five days are left, and it is the fetcher's turn
	_end=$(date -d '5 days 1 hour' +%s)
	sql "UPDATE certs SET ts_expire = $_end, ts_expire_seen = $_end,
		ts_not_before = $((_end - 90 * 86400)), ts_due = 0,
		ts_next_attempt = 0, renew = 1"
}
well() {
	is "$rc" 0 '... it is renewed'
	nightly
	like "$mail" 'matters? (is|are) over' '... and the mail says that it is over'
}
dig() {
	command dig +time=2 +tries=1 -p "$DNS_PORT" "$@" @127.0.0.1
}
curl() { # port 80 of the name is nginx's
	command curl --noproxy '*' --connect-to "$W:80:127.0.0.1:$NGINX_HTTP_PORT" \
		"$@"
}
systemctl() { # start nginx
	nginx_run
}
enrol $W ec $W || bail 'cannot enrol'
nightly
is "$rc$mail" 0 'all is well: nobody is told'

situation 'The DNS proof: a CNAME is missing, or leads elsewhere'
near
zone '/^_acme-challenge.www /d'
nightly
shows "$mail"
follow dig
is "$out" '' '... it is not there'
near
zone "/^www /a _acme-challenge.www IN CNAME www.sub.example.test."
nightly
shows "$mail"
zone "s/^_acme-challenge.www .*/$GOOD/"
follow dig
shows "$out"
follow --force
well

situation 'The DNS proof: a name server does not take it, or does not show it'
near
tsig-keygen -a hmac-sha384 key-example.net >"$T/dns/example.net.key"
nightly
shows "$mail"
cp "$T/dns/keys/example.net.key" "$T/dns"
near
sed -i "s/server = \"127.0.0.1:$DNS_PORT\"/server = \"127.0.0.1:$GONE\"/" "$CONF"
nightly
shows "$mail"
conf
follow dig
like "$out" 'ns1' '... it answers'
near
mkdir "$T/lag"
cp "$T/dns/example.net.db" "$T/lag/"
cat >"$T/lag/named.conf" <<END
options { directory "$T/lag"; pid-file none; session-keyfile none;
	listen-on port $LAG_PORT { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; };
controls { };
zone "example.net" { type primary; file "example.net.db"; };
END
start lag "$(unconfined named)" -g -c "$T/lag/named.conf"
lag_loaded() {
	[ -n "$(command dig +short +time=1 +tries=1 @127.0.0.1 \
		-p "$LAG_PORT" example.net SOA)" ]
}
wait_for 15 lag_loaded || bail 'no second DNS'
sed -i "s/check = \[.*\]/check = [\"127.0.0.1:$LAG_PORT\"]/
	s/resolvers =/ready_timeout = \"2s\"; resolvers =/" "$CONF"
nightly
shows "$mail"
stop lag
conf
follow --force
well

situation 'The web proof: the CA finds nothing at port 80, or somebody else'
run certrepo-populate set $W challenge=http-01 webroot_path="$T/www/old"
near
nightly
shows "$mail"
follow 'populate set'
follow --force
well
stop nginx
near
nightly
shows "$mail"
follow 'curl '
isnt "$rc" 0 '... nobody else reaches it'
follow 'start nginx'
follow 'curl '
is "$rc" 0 '... until it runs'
follow --force
well
stop nginx

situation 'A CAA record forbids the CA to issue'
scripted_start || bail 'no scripted CA'
as "${STAGE_DIRECTORY%/dir}" https://acme-v02.api.letsencrypt.org only
offer '{"caa": ["letsencrypt.org"]}'
sql 'DELETE FROM cas; DELETE FROM orders'
rm "$T/state/account.pem"
conf
near
certrepo-fetcher --once $W >"$T/out" 2>&1 || bail "no account: $(cat "$T/out")"
fault challenge-caa '' -1
near
nightly
shows "$mail"
follow 'fetcher caa'
is "$rc" 1 '... which says that nothing published allows it'
shows "$out"
zone "s/IN CAA .*/IN CAA 0 issue \"letsencrypt.org\"/"
follow 'fetcher caa'
is "$rc" 0 '... until it is'
fault clear
follow --force
well

trouble_end
