#!/bin/sh
# SPDX-License-Identifier: MIT
# A certificate that falls out of the configuration while its service goes on
# with it: the host says so, by mail too, until it is put back, or its files are
# removed.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

mkdir -p "$T/bin"
printf '#!/bin/sh\ncat >>"%s"\n' "$T/mail" >"$T/bin/take"
chmod 755 "$T/bin/take"
NOTIFY="notify : { mail = \"root\"; sendmail = [ \"$T/bin/take\" ]; };"
host_setup || bail "cannot set up a host"
placeholder
nginx_run || bail "nginx does not start"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "installed"

mailed() {
	[ ! -e "$T/mail" ] || tr -s ' \n' ' ' <"$T/mail"
	rm -f "$T/mail"
}
# What a second name does that takes the place of the first: of the same
# service, and of another one.
cp "$HOST_CONF" "$T/whole.conf"
replaced() { # SERVICE
	sed "s/name = \"web\"/name = \"$1\"/
		s/$NAME/shop.example.test/; s#$DIR#$T/shop#
		s/verify = .*/verify = ( );/" "$T/whole.conf" >"$HOST_CONF"
}
mkdir "$T/shop"
store_row shop.example.test || bail "no row"

for service in web shop; do
	replaced $service
	run host --status
	is "$rc" 1 "$service instead: --status says so, before any run"
	run host
	is "$rc" 0 "... nothing that is configured is wrong"
	like "$err" "service web: $NAME: not configured any more, so that nothing renews it: what is in $DIR stays as it is, until [-0-9T:]+Z; put it back into the configuration, or remove it when nothing reads it" \
		"... it says what was dropped, where it is, how long, and what to do"
	is "$(served)" "$(cert_fp "$T/one.crt")" "... which is served"
	run host
	is "$rc $err" '0 ' "... once"
	run host --verbose
	like "$err" "not configured any more" "... and whoever asks"
	run host --status
	is "$rc" 1 "... and --status, whose exit status tells it"
	like "$out" "web: $NAME
  dropped      .*  the files
 +until .*
 +not configured any more" "... says it"
	run host --status --json
	like "$out" '"service":"web","name":"'$NAME'","endpoint":"",.*"state":"dropped"' \
		"... to programs, too"
	cp "$T/whole.conf" "$HOST_CONF"
	run host
	is "$rc $err" '0 ' "... put back, it is as before"
	run host --status
	is "$rc" 0 "... and all is well"
done

# by mail
HOST_EXTRA=$NOTIFY
host_conf
cp "$HOST_CONF" "$T/whole.conf"
run host
is "$rc $(mailed)" '0 ' "nothing to mail"
replaced shop
run host
like "$(mailed)" "Subject: certrepo on host1: expires in 59 days: 1 new matter \\(web.* service web, certificate $NAME: dropped not configured any more" \
	"dropped: mailed"
run host
is "$rc $(mailed)" '0 ' "... once"
host_without_store
like "$(mailed)" '^$' "... and without a store it is not over"
cp "$T/whole.conf" "$HOST_CONF"
run host
like "$(mailed)" "1 matter is over.* dropped since .* served since" \
	"put back: over"
replaced shop
run host
mailed >/dev/null
stop nginx
rm -r "$DIR"
run host
like "$(mailed)" "1 matter is over.* not configured, and its files are gone" \
	"removed: over"
run host --status
unlike "$out" dropped "... and forgotten"

# a renamed service
cp "$T/whole.conf" "$HOST_CONF"
placeholder
nginx_run || bail "nginx does not start"
run host
is "$(served)" "$(cert_fp "$T/one.crt")" "installed again"
sed -i 's/name = "web"/name = "nginx"/' "$HOST_CONF"
run host
is "$rc $err" '0 ' "another name of the service: nothing is dropped"
run host --status
unlike "$out" dropped "... for --status neither"
done_testing
