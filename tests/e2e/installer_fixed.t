#!/bin/sh
# SPDX-License-Identifier: MIT
# Fixed paths, every format, owners and modes, links, several certificates
# under one reload, files alone.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

DIR=$T/fixed PROFILE=all
host_setup || bail "cannot set up a host"
mkdir -p "$DIR" "$T/combined" "$T/keys"
me=$(id -un) group=$(id -gn)
[ "$(id -u)" != 0 ] || group=daemon
cat >"$T/profiles/all.conf" <<END
description = "every format there is";
files = (
	{ file = "cert.pem"; format = "certificate"; },
	{ file = "chain.pem"; format = "chain"; },
	{ file = "inter.pem"; format = "chain-without-root"; mode = "0640"; },
	{ file = "full.pem"; format = "fullchain"; owner = "$me";
	  group = "$group"; mode = "0444"; },
	{ file = "key-first.pem"; format = "key-fullchain"; },
	{ file = "$T/combined/\$name.pem"; format = "fullchain-key";
	  group = "$group"; mode = "0640"; } );
vars = ( { name = "nginx"; value = [ "nginx", "-e", "stderr" ]; },
	{ name = "log"; value = [ ]; } );
test = ( { command = [ "\$nginx", "-c", "$NGINX_CONF", "-t", "-q" ]; } );
activate = (
	{ command = [ "sh", "-c", "echo \"\$1\" >>\"\$2\"", "-", "\$\$log",
		"$T/activated" ]; },
	{ command = [ "\$nginx", "-c", "$NGINX_CONF", "-s", "reload" ]; } );
END
HOST_VERIFY="{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; }"
HOST_SERVICE=''
host_conf
combined=$T/combined/$NAME.pem
nginx_conf "$DIR/key-first.pem" "$DIR/key-first.pem"

# --- what was there before ---
make_self_signed "$T/host.key" "$T/self.crt" $NAME
(umask 077 && cat "$T/host.key" "$T/self.crt" >"$DIR/key-first.pem")
cp "$T/self.crt" "$DIR/cert.pem"
cp "$T/self.crt" "$T/keys/real.pem"
ln -s ../keys/real.pem "$DIR/full.pem"
nginx_run || bail "nginx does not start"
self=$(served)

# --- every format ---
issue_nth "$T/one" 1
cat "$T/pki/sub/ca.pem" "$T/pki/ca.pem" >"$T/one.ca" # with its root
store_put $NAME "$T/one"
run host
is "$rc" 0 "installed"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and served"
same() { # FILE WANTED...
	_f=$1
	shift
	cat "$@" | cmp -s - "$_f"
}
ok "certificate" same "$DIR/cert.pem" "$T/one.crt"
ok "chain, as the store has it" same "$DIR/chain.pem" "$T/one.ca"
ok "chain-without-root" same "$DIR/inter.pem" "$T/pki/sub/ca.pem"
ok "fullchain" same "$DIR/full.pem" "$T/one.crt" "$T/pki/sub/ca.pem"
ok "key-fullchain" same "$DIR/key-first.pem" "$T/host.key" "$T/one.crt" \
	"$T/pki/sub/ca.pem"
ok "fullchain-key, by \$name" same "$combined" "$T/one.crt" \
	"$T/pki/sub/ca.pem" "$T/host.key"
is "$(readlink "$DIR/full.pem")" ../keys/real.pem "a link stays"
ok "... what it leads to is replaced" same "$T/keys/real.pem" "$T/one.crt" \
	"$T/pki/sub/ca.pem"
is "$(stat -Lc %a "$DIR/cert.pem" "$DIR/inter.pem" "$DIR/full.pem" \
	"$DIR/key-first.pem" "$combined" | xargs)" "644 640 444 600 640" \
	"modes, 0644 and with a key 0600 by default"
is "$(stat -Lc %U:%G "$DIR/full.pem")" "$me:$group" "owner and group"
is "$(cat "$T/activated")" "\$log" "\$\$ stands for a dollar"
ok "nothing half-done is left" tidy
run host
is "$rc $err" "0 " "nothing to do"

# --- what others change is put right ---
if [ "$(id -u)" = 0 ]; then
	chown nobody "$DIR/full.pem"
	run host
	is "$rc $(stat -Lc %U "$DIR/full.pem")" "0 root" "a wrong owner"
else
	skip "not root"
fi
echo >>"$DIR/inter.pem"
run host
ok "a changed file" same "$DIR/inter.pem" "$T/pki/sub/ca.pem"
rm "$combined"
run host
ok "a file that is gone" same "$combined" "$T/one.crt" \
	"$T/pki/sub/ca.pem" "$T/host.key"

# --- a label given by hand ---
label() { # FILE [LABEL]
	"$PYTHON" -c 'import os, sys
f, n = sys.argv[1], "security.selinux"
if len(sys.argv) > 2:
	os.setxattr(f, n, sys.argv[2].encode() + b"\0")
print(os.getxattr(f, n).rstrip(b"\0").decode())' "$@" 2>/dev/null
}
by_hand=system_u:object_r:dovecot_cert_t:s0
if label "$T/keys/real.pem" $by_hand >/dev/null; then
	label "$DIR/cert.pem" $by_hand >/dev/null
	issue_nth "$T/label" 1 && store_put $NAME "$T/label"
	run host --force
	is "$rc $(served)" "0 $(cert_fp "$T/label.crt")" "files with labels"
	is "$(label "$DIR/cert.pem") $(label "$T/keys/real.pem")" \
		"$by_hand $by_hand" "... have them still"
	run host --rollback $NAME
	is "$rc $(label "$DIR/cert.pem") $(label "$T/keys/real.pem")" \
		"0 $by_hand $by_hand" "... and on the way back"
else
	skip "security.selinux cannot be set: not root, or not on this file system"
fi

# --- back to what was there before ---
rm -rf "$T/state/backup/web"
for _f in cert.pem full.pem key-first.pem inter.pem chain.pem; do
	rm -f "$DIR/$_f"
done
rm -rf "$T/state"
(umask 077 && cat "$T/host.key" "$T/self.crt" >"$DIR/key-first.pem")
cp "$T/self.crt" "$DIR/cert.pem"
for _f in chain.pem inter.pem; do
	cp "$T/self.crt" "$DIR/$_f"
done
ln -s "$T/keys/real.pem" "$DIR/full.pem"
cp "$T/self.crt" "$T/keys/real.pem"
chmod 600 "$T/keys/real.pem"
nginx_reload 2>/dev/null
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(served)" "0 $(cert_fp "$T/two.crt")" "over files of the administrator's"
run host --rollback $NAME
is "$rc $(served)" "0 $self" "--rollback brings them back"
is "$(readlink "$DIR/full.pem")" "$T/keys/real.pem" "... a link stays"
ok "... what it leads to is as it was" same "$T/keys/real.pem" "$T/self.crt"
is "$(stat -c %a "$T/keys/real.pem")" 600 "... with its mode"
is "$(stat -c %a "$DIR/key-first.pem")" 600 "... with their modes"
run host
is "$rc $(served)" "0 $self" "... held"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(served)" "0 $(cert_fp "$T/three.crt")" "... until a newer one comes"

# --- two certificates, two endpoints, one reload ---
stop nginx
NAME2=shop.example.test
make_key "$T/shop.key" rsa
store_row $NAME2 "$T/shop.key"
mkdir -p "$T/www" "$T/shop"
_nginx_more=''
nginx_add $NAME2 "$T/shop/key-first.pem" "$T/shop/key-first.pem"
nginx_conf "$DIR/key-first.pem" "$DIR/key-first.pem"
HOST_CERTS=", { name = \"$NAME2\"; key = \"$T/shop.key\"; dir = \"$T/shop\"; }"
HOST_VERIFY="$HOST_VERIFY, { address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME2\"; }"
host_conf
(umask 077 && make_self_signed "$T/shop.key" "$T/shop/self.crt" $NAME2 &&
	cat "$T/shop.key" "$T/shop/self.crt" >"$T/shop/key-first.pem")
nginx_run || bail "nginx does not start"
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
KEY=$T/shop.key issue_nth "$T/shop4" 4 $NAME2 && store_put $NAME2 "$T/shop4"
: >"$T/activated"
run host
is "$rc" 0 "two certificates at once"
is "$(served)" "$(cert_fp "$T/four.crt")" "... one served"
is "$(tls_fp "$NGINX_PORT" $NAME2)" "$(cert_fp "$T/shop4.crt")" "... the other, too"
is "$(wc -l <"$T/activated")" 1 "... by one reload"
is "$(receipt "127.0.0.1:$NGINX_PORT/$NAME2" $NAME2)" served "... each has its receipt"
issue_nth "$T/five" 5 && store_put $NAME "$T/five"
KEY=$T/other.key issue_nth "$T/shop5" 5 $NAME2 && store_put $NAME2 "$T/shop5"
run host
is "$rc" 1 "one good, one refused"
is "$(served)" "$(cert_fp "$T/five.crt")" "... the good one is installed"
is "$(tls_fp "$NGINX_PORT" $NAME2)" "$(cert_fp "$T/shop4.crt")" "... the other stays"
is "$(receipt '') $(receipt '' $NAME2)" "served refused" "... the receipts say so"

# --- a file that is a mount point ---
if [ "$(id -u)" = 0 ] && mount --bind "$DIR/chain.pem" "$DIR/chain.pem" 2>/dev/null
then
	KEY=$T/shop.key issue_nth "$T/shop6" 6 $NAME2 && store_put $NAME2 "$T/shop6"
	issue_nth "$T/six" 6
	cat "$T/pki/ca.pem" >>"$T/six.ca"
	store_put $NAME "$T/six"
	run host
	is "$rc" 1 "a file that is mounted by itself"
	like "$err" "chain.pem cannot be replaced .is it mounted by itself\? Mount its folder instead.*; rolled back" "... says what to do"
	is "$(served)" "$(cert_fp "$T/five.crt")" "... the old set is served"
	umount "$DIR/chain.pem"
	ok "... nothing half-done is left" tidy
	store_put $NAME "$T/five"
	run host
else
	skip "cannot mount"
fi

# --- two services, one of which fails ---
KEY=$T/shop.key issue_nth "$T/shop6" 6 $NAME2 && store_put $NAME2 "$T/shop6"
run host
is "$rc" 0 "all well again"
HOST_SERVICES=", { name = \"mail\"; profile = \"files-only\"; certificates = (
	{ name = \"$NAME\"; key = \"$T/host.key\"; dir = \"$T/mail\"; } ); }"
host_conf
run host
is "$rc" 2 "a service that fails, beside one that is well: partly failed"
like "$err" "service mail: folder $T/mail is not there" "... says which"
mkdir "$T/mail"
run host mail
is "$rc" 0 "... put right, by name"
ok "... it has its file" same "$T/mail/fullchain.pem" "$T/five.crt" "$T/five.ca"
HOST_SERVICES=''

# --- links, which stay ---
PROFILE=files-only DIR=$T/linked HOST_VERIFY='' HOST_CERTS=''
mkdir -p "$DIR" "$T/a" "$T/b"
chmod 755 "$DIR" "$T/a" "$T/b"
ln -s "$T/a/one.pem" "$DIR/fullchain.pem"
ln -s ../b/two.pem "$T/a/one.pem"
echo root:x:0:0 >"$T/b/two.pem"
host_conf
run host
is "$rc" 1 "over two links, to what is neither certificate nor key: refused"
like "$err" "link $T/linked/fullchain.pem leads to $T/b/two.pem, which holds no certificate and no key; .*link_targets" "... says what to do"
is "$(cat "$T/b/two.pem")" root:x:0:0 "... it is as it was"
rm "$T/b/two.pem"
run host --force
is "$rc" 1 "... nor to where there is no file yet"
HOST_SERVICE="link_targets = [ \"$T/b/two.pem\" ];"
host_conf
run host
is "$rc" 0 "... unless it was said that it may"
HOST_SERVICE=''
host_conf
ok "... it is made there" same "$T/b/two.pem" "$T/five.crt" "$T/five.ca"
is "$(readlink "$DIR/fullchain.pem") $(readlink "$T/a/one.pem")" \
	"$T/a/one.pem ../b/two.pem" "... the links stay"
ok "... nothing half-done is left" tidy
is "$(cd "$T" && find linked a ! -type d | sort | tr '\n' ' ')" \
	'a/one.pem linked/fullchain.pem ' "... nor beside the links"
run host
is "$rc $out$err" "0 " "nothing to do"
chmod 777 "$T/a"
issue_nth "$T/seven" 7 && store_put $NAME "$T/seven"
run host
is "$rc" 1 "a link that others can change: nothing is written where it leads"
like "$err" "link $T/a/one.pem is not followed: folder $T/a, or one above it, can be changed by others" \
	"... says why"
ok "... the old one is there" same "$T/b/two.pem" "$T/five.crt" "$T/five.ca"
chmod 755 "$T/a"
run host
is "$rc" 0 "... put right"
ok "... the new one is there" same "$T/b/two.pem" "$T/seven.crt" \
	"$T/pki/sub/ca.pem"
run host --rollback $NAME
ok "--rollback brings the old one back" same "$T/b/two.pem" "$T/five.crt" \
	"$T/five.ca"
HOST_SERVICES=", { name = \"mail\"; profile = \"files-only\"; certificates = (
	{ name = \"$NAME\"; key = \"$T/host.key\"; dir = \"$T/b\"; } ); }"
ln -s two.pem "$T/b/fullchain.pem"
host_conf
run host
is "$rc" 78 "two services whose links lead to one file"
like "$err" "$T/b/two.pem is there twice" "... are an error"
HOST_SERVICES=''

# --- files alone ---
PROFILE=files-only DIR=$T/only HOST_VERIFY='' HOST_CERTS=''
mkdir -p "$DIR"
host_conf
issue_nth "$T/eight" 8 && store_put $NAME "$T/eight"
run host
is "$rc $out" "0 " "files-only"
ok "... the file is there" same "$DIR/fullchain.pem" "$T/eight.crt" "$T/eight.ca"
is "$(receipt '')" installed "... the receipt says installed"
run host
is "$rc $err" "0 " "nothing to do"
done_testing
