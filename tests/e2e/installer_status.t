#!/bin/sh
# SPDX-License-Identifier: MIT
# What a host knows of itself, with and without the store.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
placeholder
nginx_run || bail "nginx does not start"

run host --status
is "$rc $err" "1 " "a host on which it never ran is not known to be well"
is "$out" "nothing is known of this host yet" "... says so"
is "$(ls "$T/state" 2>&1)" "ls: cannot access '$T/state': No such file or directory" \
	"... and is left as it was"

issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
run host --status
is "$rc" 0 "all is well"
like "$out" "^web: $NAME
  served       [^ ]*  the files
  served       [^ ]*  127.0.0.1:$NGINX_PORT/$NAME \\(tls\\)
               until [^ ]*$" "... of the certificate and the endpoint"

stop nginx
run host
run host --status
is "$rc" 1 "nginx is down"
like "$out" 'failed .*127.0.0.1' "... says which endpoint"
like "$out" 'cannot be reached' "... and why"

# --- what cannot be changed, or asked for, is looked at all the same ---
nginx_run || bail "nginx does not start"
run host
run host --status
is "$rc" 0 "it was started"
stop nginx
mkdir "$T/state/journal/web"
run host
is "$rc" 1 "nginx is down, and a change is not finished"
run host --status
like "$out" 'failed .*127.0.0.1' "... says what is served"
rmdir "$T/state/journal/web"
nginx_run || bail "nginx does not start"
run host
run host --status
is "$rc" 0 "all is well again"
stop nginx
host_without_store
is "$rc" 69 "nginx is down, and the store away"
like "$err" "service web: 127.0.0.1:$NGINX_PORT/$NAME cannot be reached" "... is told"
run host --status
like "$out" 'failed .*127.0.0.1' "... and known"
nginx_run || bail "nginx does not start"
host_without_store
like "$rc $err" "^69 .*; nothing was changed; what is in place is valid until [-0-9TZ:]* \\($NAME\\) at the earliest" \
	"the store is still away: the run says how long there is time"
run host --status
is "$rc" 1 "--status knows"
like "$out" "^the store was last reached [-0-9TZ:]*; the last run \\([-0-9TZ:]*\\) ended with 69: MariaDB at 127.0.0.1:1 does not accept" "... since when, and why"
like "$out" 'served .*127.0.0.1' "... and what is served all the same"
run host --status --json
like "$rc $err" '^1 .*the last run .* ended with 69' "... as JSON, too"
run host
run host --status
is "$rc $(echo "$out" | head -1)" "0 web: $NAME" "it is back"

# --- what nobody has looked at, or could write down ---
mv "$T/state/folders" "$T/away" && : >"$T/state/folders"
run host
is "$rc" 1 "a run that comes to nothing"
run host --status
is "$rc" 1 "... is told by --status"
like "$out" 'the last run .* ended with 1: state_dir: .*
web: .*
  unknown .*
               was served; not looked at since ' "... which calls nothing served"
rm "$T/state/folders" && mv "$T/away" "$T/state/folders"
run host
run host --status
is "$rc" 0 "all is well again"
rm -rf "$T/state/journal" && : >"$T/state/journal"
run host --status
is "$rc" 1 "what is not finished cannot be read"
like "$err" "which changes are not finished is not known: .*state/journal" \
	"... which is said"
rm "$T/state/journal"
run host --status
is "$rc $err" "0 " "... where there is none, nothing is unfinished"
mv "$T/state/status" "$T/away" && mkdir "$T/state/status"
stop nginx
run host
is "$rc" 1 "what was found cannot be written down"
like "$err" "what this run found is not remembered: $T/state/status" "... which is said"
run host --status
is "$rc" 1 "... and known, as far as it can be"
rmdir "$T/state/status" && mv "$T/away" "$T/state/status"
nginx_run || bail "nginx does not start"
run host
stop nginx
{
	cat "$T/shipped/nginx.conf"
	echo 'check = ( { command = [ "false" ]; } );'
} >"$T/profiles/nginx.conf"
issue_nth "$T/next" 2 && store_put $NAME "$T/next"
run host
like "$rc $err" '^1 .*nothing was changed' "nginx is down, and a change cannot begin"
like "$err" "service web: 127.0.0.1:$NGINX_PORT/$NAME cannot be reached" "... both are told"
run host --status
like "$out" 'failed .*127.0.0.1.*
.*cannot be reached' "... and known"
rm "$T/profiles/nginx.conf"
run host
like "$err" 'installed, but the service does not run' "it is installed"
mv "$DB" "$DB.away"
run host --status --json web
is "$rc" 1 "as JSON, without a store"
mv "$DB.away" "$DB"
printf '%s' "$out" >"$T/json"
is "$(python3 -c 'import json, sys
for o in json.load(open(sys.argv[1])): print(o["service"], o["state"], o["ts"] > 0)' \
	"$T/json")" "web installed True
web failed True" "... an object for each"

nginx_run || bail "nginx does not start"
run host
run host --status
is "$rc" 0 "it was started"
like "$out" 'served .*the files
  served .*127.0.0.1' "... and nothing of before is left"
stop nginx
run host
{
	cat "$T/shipped/nginx.conf"
	echo 'running = ( { command = [ "false" ]; } );'
} >"$T/profiles/nginx.conf"
run host
run host --status
is "$rc" 0 "it is stopped, by the word of its profile"
like "$out" 'installed .*the files
  installed .*127.0.0.1.*
.*the service is stopped' "... which is no failure of the endpoint"
is "$(sqlite3 "$DB" "SELECT group_concat(state, ' ') FROM installs WHERE service = 'web'")" \
	"installed installed" "... nor in the store"
rm "$T/profiles/nginx.conf"
nginx_run || bail "nginx does not start"
HOST_EXTRA='report = false;' host_conf
sqlite3 "$DB" 'DELETE FROM installs'
run host
run host --status
is "$rc" 0 "it runs again, and the store is told nothing"
is "$(sqlite3 "$DB" 'SELECT count(*) FROM installs')" 0 "... indeed"

# Receipts of a time when they were sent.
printf '%s\thost1\tweb\t\t-\tfailed\t-\t-\t0\t0\t1\told news\t0.1.0\n' $NAME \
	>"$T/state/receipts"
run host
run host --status
is "$rc $(ls "$T/state/receipts" 2>/dev/null)" "0 " \
	"what waited for the store then is forgotten"
rm "$T/state/status"
echo 1 >"$T/state/heartbeat"
run host
run host --status
is "$rc" 0 "its daily look"
like "$out" 'served .*127.0.0.1' "... tells what it found, if only here"
before=$(stat -c '%i %Y' "$T/state/status")
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host --dry-run
is "$(stat -c '%i %Y' "$T/state/status")" "$before" "--dry-run writes nothing"

sed -i '$d' "$T/state/status"
run host --status
is "$rc" 1 "a damaged file is an empty one"
like "$err" "what was known of this host is lost.*state/status: it was cut" "... and says so"
# --- nobody runs it any more ---
run host
run host --status
is "$rc" 0 "all is well"
printf %s "$(date -u -d '3 days ago' +%s)" >"$T/state/heartbeat"
run host --status
is "$rc" 1 "no run for three days"
like "$err" "no run has looked at this host .* since $(date -u -d '3 days ago' +%Y-%m-%d)" "... says so"
run host
run host --status
is "$rc $err" "0 " "... until one does"

# --- a second certificate ---
# Its endpoint shows somebody else's as long as there is none.
B=b.example.test
store_row $B "$T/host.key" $B || bail "cannot enrol"
at=127.0.0.1:$NGINX_PORT
HOST_CERTS=", { name = \"$B\"; key = \"$T/host.key\"; dir = \"$T/b\"; }"
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; },
	{ address = \"$at\"; server_name = \"$B\"; }"
host_conf
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host -v
is "$rc $(served)" "0 $(cert_fp "$T/three.crt")" "one of two is issued"
run host
run host --status
is "$rc" 0 "... all is well"
like "$out" "served .*the files
  served .*$at/$NAME \(tls\)
.*
web: $B
  nothing is known of it yet$" "... nothing is said of the other"
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; }"
host_conf
issue_nth "$T/b-one" 1 $B && store_put $B "$T/b-one"
run host -v
like "$rc $err" "^0 .*activated service=web name=$B " \
	"nobody looks at the second: it is not said to be served"
is "$(receipt '' $B) $(receipt '')" "activated served" "... nor in the receipt"
run host
is "$(receipt '' $B) $(receipt '')" "activated served" "... nor later"
HOST_CERTS='' HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; }"
host_conf
run host

# --- it expires, and there is nothing newer ---
UNTIL=$(date -u -d '20 seconds' +%Y%m%d%H%M%SZ)
issue_nth "$T/short" 4 && store_put $NAME "$T/short"
UNTIL=''
run host
is "$rc" 0 "a certificate of a few seconds"
run host -v
is "$rc" 0 "... nothing to do"
like "$err" "service web: $NAME is in place, valid until " "... says -v"
while [ "$(date +%s)" -le "$(date -d "$(openssl x509 -in "$T/short.crt" \
	-noout -enddate | cut -d= -f2)" +%s)" ]; do
	sleep 0.5
done
run host --verify
is "$rc" 1 "when it has expired, --verify fails"
like "$out" 'as installed, but it has EXPIRED' "... and says why"
run host --status
is "$rc" 1 "so does --status"
like "$out" 'until .*: it has EXPIRED' "... and says why"
run host
is "$rc" 1 "so does a run"
like "$err" "$NAME: expired on " "... and says why"
run host
is "$rc $err" "1 " "... once a day"

run host --json
is "$rc" 64 "--json alone is an error"
run host --status --verify
is "$rc" 64 "so are two ways of looking"
done_testing
