#!/bin/sh
# SPDX-License-Identifier: MIT
# The commands around a change: the check beforehand, the condition "running",
# the ones afterwards, their environment; a profile that includes another.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

DIR=$T/files PROFILE=web
host_setup || bail "cannot set up a host"
mkdir -p "$DIR"
# nginx -t leaves an empty pid file behind.
cat >"$T/profiles/web.conf" <<END
include = "base";
post = ( { command = [ "sh", "-c",
	"echo \\"\$SITE\\" >>$T/post; test ! -e $T/post-fails" ];
	env = [ "SITE=a b" ]; },
	{ command = [ "sh", "-c", "echo \\"\$*\\" >$T/words", "-",
	"\$service", "\$name", "\$domain", "\$dir" ]; } );
END
cat >"$T/profiles/base.conf" <<END
files = ( { file = "full.pem"; format = "fullchain"; } );
check = ( { command = [ "test", "!", "-e", "$T/busy" ]; } );
running = ( { command = [ "test", "-s", "$NGINX_PIDFILE" ]; } );
test = ( { command = [ "nginx", "-c", "$NGINX_CONF", "-e", "stderr", "-t",
	"-q" ]; } );
activate = ( { command = [ "nginx", "-c", "$NGINX_CONF", "-e", "stderr", "-s",
	"reload" ]; } );
post = ( { command = [ "false" ]; } );
END
HOST_VERIFY="{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; }"
VERIFY_TIME=2
host_conf
make_self_signed "$T/host.key" "$DIR/full.pem" $NAME
nginx_conf "$DIR/full.pem" "$T/host.key"
nginx_run || bail "nginx does not start"
self=$(served)

# --- check ---
: >"$T/busy"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc $(served) $(cert_fp "$DIR/full.pem")" "1 $self $self" \
	"a check that fails: nothing is touched"
like "$err" "the check beforehand failed: .*; nothing was changed" "... is told"
is "$(receipt '')" failed "... also the store"
rm "$T/busy"
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "... the next run goes on"

# --- post ---
is "$(cat "$T/post")" "a b" "afterwards, with its environment"
is "$(cat "$T/words")" "web $NAME $NAME $DIR" "... and the variables there are"
run host
is "$rc $err $(cat "$T/post")" "0  a b" "... only after a change"
: >"$T/post-fails"
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(served)" "1 $(cert_fp "$T/two.crt")" "one that fails undoes nothing"
like "$err" "served, but afterwards: .* exited with 1" "... is told"
is "$(receipt '')" served "... the receipt says served"
like "$(receipt_detail '')" "but afterwards" "... and what failed"
rm "$T/post"
run host -n
like "$rc $out" "^1 .*served, but afterwards: .* exited with 1" "... -n, too"
is "$(cat "$T/post" 2>/dev/null)" "" "... which runs nothing"
run host
is "$rc $err" "1 " "the next run is not content either, and says so once"
is "$(cat "$T/post")" "a b" "... tries again"
like "$(receipt '') $(receipt_detail '')" "^served .*but afterwards" \
	"... and the receipt stays"
rm "$T/post-fails" "$T/post" "$T/words"
run host -v
is "$rc $(cat "$T/post")" "0 a b" "... until it succeeds"
like "$err" "post service=web" "... an event says so"
ok "... all of it" test -s "$T/words"
is "$(receipt '') $(receipt_detail '')" "served " "... the receipt knows"
rm "$T/post"
run host
is "$rc $err" "0 " "... and that is all"
ok "... indeed" test ! -e "$T/post"
: >"$T/post-fails"
run host --force
is "$rc" 1 "it fails again"
run host
run host
is "$rc $(wc -l <"$T/post")" "1 3" "... twice more"
run host
is "$rc $(wc -l <"$T/post")" "1 3" "... is not tried for ever"
run host -v
like "$err" "served, but afterwards: .* exited with 1" "... -v says what it was"
rm "$T/post-fails"
run host --force
is "$rc" 0 "... --force does not wait"
rm "$T/post"

# --- running ---
stop nginx
rm -f "$NGINX_PIDFILE"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(cert_fp "$DIR/full.pem")" "0 $(cert_fp "$T/three.crt")" \
	"a stopped service gets its files"
is "$(receipt '')" installed "... the receipt says installed"
ok "... it stays stopped" test ! -s "$NGINX_PIDFILE"
ok "... nothing runs afterwards" test ! -e "$T/post"
run host
is "$rc $err" "0 " "... and that is no fault"
cp "$NGINX_CONF" "$T/good.conf"
echo rubbish >>"$NGINX_CONF"
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
run host
is "$rc $(cert_fp "$DIR/full.pem")" "1 $(cert_fp "$T/three.crt")" \
	"the test counts all the same"
is "$(receipt '')" rolled-back "... it is rolled back"
ok "... it stays stopped" test ! -s "$NGINX_PIDFILE"
cp "$T/good.conf" "$NGINX_CONF"
nginx_run || bail "nginx does not start"
run host
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "it runs: it is told"
ok "nothing half-done is left" tidy

# --- what --dry-run finds out ---
issue_nth "$T/five" 5 && store_put $NAME "$T/five"
run host --dry-run
is "$rc $(echo "$out" | grep -c FAILS)" "0 0" "--dry-run: all is there"
sed -i 's/^activate = .*/activate = ( { command = [ "no-reload", "it is", "-s",/' \
	"$T/profiles/base.conf"
sed -i '2,$s/"reload" ]; } );/"x" ]; } );/
	$astart = ( { command = [ "/no/start" ]; } );' "$T/profiles/base.conf"
run host --dry-run
like "$out" "web: activate with \"no-reload 'it is' " "--dry-run quotes words"
like "$out" "FAILS: there is no no-reload in /usr/sbin:" \
	"... a missing program is found"
like "$out" "FAILS: /no/start cannot be run: No such file" \
	"... one of the last resort, too"
mv "$DIR" "$DIR.away"
run host --dry-run
like "$out" "$NAME FAILS: folder $DIR is not there" "... and a missing folder"
rmdir "$DIR" 2>/dev/null
mv "$DIR.away" "$DIR"

# --- a check by a user who is not let in ---
if [ "$(id -u)" = 0 ]; then
	install -d -m 700 "$T/private" && touch "$T/private/k"
	sed -i "s#^check = .*#check = ( { command = [ \"wc\", \"-c\", \"$T/private/k\" ]; user = \"nobody\"; } );#" "$T/profiles/base.conf"
	chmod 711 "$T"
	run host
	like "$rc $err" "^1 .*the check beforehand failed: .*; nobody cannot get into $T/private \\(root:root, 0700\\): see CATALOGUE in certrepo-profiles\\(7\\); nothing was changed" \
		"a folder that does not let in a check's user is named"
fi
done_testing
