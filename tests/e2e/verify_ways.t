#!/bin/sh
# SPDX-License-Identifier: MIT
# An RSA and an EC certificate of one service, every address of a name, with
# SNI and without, and a command that looks: each decides whether a new
# certificate stays.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
at=127.0.0.1:$NGINX_PORT

# --- both key types in one nginx ---
EC=$NAME+ec
make_key "$T/rsa.key" rsa && make_key "$T/ec.key" ec
store_row $EC "$T/ec.key" $NAME
DIR=$T/tls
mkdir -p "$DIR/rsa" "$DIR/ec"
two_conf() {
	nginx_conf "$DIR/rsa/current/fullchain.pem" "$T/rsa.key"
	# the other kind, beside the first
	sed -i "s|ssl_certificate_key $T/rsa.key;|&\\
		ssl_certificate $DIR/ec/current/fullchain.pem;\\
		ssl_certificate_key $T/ec.key;|" "$NGINX_CONF"
}
sqlite3 "$DB" "DELETE FROM certs WHERE name = '$NAME'"
store_row $NAME "$T/rsa.key"
HOST_CERTS=", { name = \"$EC\"; key = \"$T/ec.key\"; dir = \"$DIR/ec\"; }"
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; key_type = \"rsa\";
	certificate = \"$NAME\"; }, { address = \"$at\"; server_name = \"$NAME\";
	key_type = \"ec\"; certificate = \"$EC\"; }"
HOST_CERT="key = \"$T/rsa.key\";"
DIR=$T/tls/rsa
host_conf
DIR=$T/tls
two_conf
for k in rsa ec; do
	mkdir -p "$DIR/$k/before"
	make_self_signed "$T/$k.key" "$DIR/$k/before/fullchain.pem" $NAME
	ln -s before "$DIR/$k/current"
done
nginx_run || bail "nginx does not start"
KEY=$T/rsa.key issue_nth "$T/r1" 1 && store_put $NAME "$T/r1"
KEY=$T/ec.key issue_nth "$T/e1" 1 && store_put $EC "$T/e1"
run host
is "$rc" 0 "both types of key at once"
is "$(receipt "$at/$NAME+rsa") $(receipt "$at/$NAME+ec" $EC)" "served served" \
	"... each with its receipt"
run host --verify
is "$rc" 0 "... both are served"
like "$out" "$at/$NAME\+rsa: $(cert_fp "$T/r1.crt") " "... the RSA one"
like "$out" "$at/$NAME\+ec: $(cert_fp "$T/e1.crt") " "... and the EC one"
# nginx that does not take the EC one: the RSA one alone is not enough
sed -i "s|$DIR/ec/current/fullchain.pem|$T/e1.full|" "$NGINX_CONF"
cat "$T/e1.crt" "$T/e1.ca" >"$T/e1.full"
nginx_reload 2>/dev/null
KEY=$T/ec.key issue_nth "$T/e2" 2 && store_put $EC "$T/e2"
run host
is "$rc" 1 "one of them is not taken"
like "$err" "$at/$NAME\+ec serves another certificate.*rolled back" "... which is said"
stop nginx
rm -rf "$T/state"

# --- with SNI and without ---
sqlite3 "$DB" "DELETE FROM certs"
rm -rf "$DIR"
mkdir -p "$DIR"
unset HOST_CERT HOST_CERTS
KEY=$T/host.key
store_row $NAME "$T/host.key"
make_key "$T/default.key" && make_self_signed "$T/default.key" "$T/default.crt" other.test
_nginx_more=
nginx_add $NAME "$DIR/current/fullchain.pem" "$T/host.key"
nginx_conf "$T/default.crt" "$T/default.key"
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; }"
host_conf
placeholder
nginx_run || bail "nginx does not start"
issue_nth "$T/a" 1 && store_put $NAME "$T/a"
run host
is "$rc $(served)" "0 $(cert_fp "$T/a.crt")" "with SNI alone"
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; sni = \"both\"; }"
host_conf
issue_nth "$T/b" 2 && store_put $NAME "$T/b"
run host
is "$rc" 1 "both ways, of which one shows another"
like "$err" "not the same everywhere, but serial [0-9A-F]+ at $at, [0-9A-F]+ at $at without SNI" \
	"... which is said"
is "$(served)" "$(cert_fp "$T/a.crt")" "... and the old one is back"
stop nginx
nginx_conf "$DIR/current/fullchain.pem" "$T/host.key"
nginx_run || bail "nginx does not start"
run host --force
is "$rc $(served)" "0 $(cert_fp "$T/b.crt")" "both ways, the same"

# --- every address of a name ---
named_host() { # ADDRESS...: the host, with these addresses of two.test
	cp /etc/hosts "$T/hosts"
	for _a in "$@"; do
		echo "$_a two.test" >>"$T/hosts"
	done
	run unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec host' "$T/hosts"
}
if [ "$(id -u)" = 0 ] && unshare -m mount --bind /etc/hosts /etc/hosts 2>/dev/null; then
	HOST_VERIFY="{ address = \"two.test:$NGINX_PORT\"; }"
	host_conf
	named_host 127.0.0.1
	is "$rc" 0 "a name with one address"
	issue_nth "$T/c" 3 && store_put $NAME "$T/c"
	named_host 127.0.0.1 127.0.0.2
	is "$rc" 1 "a name with two, of which one does not answer"
	like "$err" "two.test:$NGINX_PORT shows no certificate at 127.0.0.2:$NGINX_PORT: Connection refused" \
		"... which is said"
	sed "s|listen 127.0.0.1:$NGINX_PORT|listen 127.0.0.2:$NGINX_PORT|
		s|daemon off|daemon on|; s|$T/nginx/nginx.pid|$T/nginx/second.pid|
		/listen 127.0.0.1:$NGINX_HTTP_PORT/s/127.0.0.1/127.0.0.2/
		s|$DIR/current/fullchain.pem|$T/b.full|" "$NGINX_CONF" >"$T/second.conf"
	cat "$T/b.crt" "$T/b.ca" >"$T/b.full"
	nginx -c "$T/second.conf" -e stderr 2>/dev/null
	ln -s "$T/nginx/second.pid" "$T/pid/second"
	named_host 127.0.0.1 127.0.0.2
	issue_nth "$T/d" 4 && store_put $NAME "$T/d"
	named_host 127.0.0.1 127.0.0.2
	is "$rc" 1 "a name with two, of which one keeps the old one"
	like "$err" "not the same everywhere, but serial [0-9A-F]+ at 127.0.0.[12]:$NGINX_PORT, [0-9A-F]+ at 127.0.0.[12]:" \
		"... which is said"
	stop second
	HOST_VERIFY="{ address = \"two.test:$NGINX_PORT\"; addresses = \"any\"; }"
	host_conf
	named_host 127.0.0.2 127.0.0.1
	is "$rc" 0 "any of two"
else
	skip "no mount namespaces here"
fi

# --- a command ---
cat >"$T/bin/looks" <<'END'
#!/bin/sh
echo "$CERTREPO_FINGERPRINT" >>"$1.asked"
[ "$CERTREPO_NAME" = www.example.test ] || exit 9
[ ! -e "$1.refuse" ] || [ "$(cat "$1.refuse")" != "$CERTREPO_FINGERPRINT" ] || {
	echo "the queue still has another one"
	exit 3
}
openssl x509 -in "$CERTREPO_FILE" -noout
END
chmod 755 "$T/bin/looks"
HOST_VERIFY="{ address = \"the queue\"; protocol = \"command\";
	command = [ \"$T/bin/looks\", \"$T/looks\" ]; }"
host_conf
run host
is "$rc $err" "0 " "a command, content"
issue_nth "$T/e" 5 && store_put $NAME "$T/e"
: >"$T/looks.asked"
run host
is "$rc $(served)" "0 $(cert_fp "$T/e.crt")" "... with a new one, too"
is "$(tail -1 "$T/looks.asked")" "$(cert_fp "$T/e.crt")" "... which it was told"
is "$(receipt 'the queue')" served "... and the receipt"
issue_nth "$T/f" 6 && store_put $NAME "$T/f"
cert_fp "$T/f.crt" >"$T/looks.refuse"
run host
is "$rc" 1 "a command that is not"
like "$err" "the queue is not right: .*looks\" exited with 3: \"the queue still has another one\"; rolled back, the old set is served" \
	"... says so"
is "$(served)" "$(cert_fp "$T/e.crt")" "... and the old one is back"
is "$(tail -1 "$T/looks.asked")" "$(cert_fp "$T/e.crt")" "... for which it was asked"
done_testing
