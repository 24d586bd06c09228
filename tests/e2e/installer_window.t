#!/bin/sh
# SPDX-License-Identifier: MIT
# Hours in which a service may be changed: a new certificate waits for them,
# with those that go together, and for nothing when it is urgent.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

# An hour that is now, and one that is neither now nor soon.
TZ=UTC
export TZ
now=$(date +%H:00)-$(date -d '2 hours' +%H:00)
later=$(date -d '6 hours' +%H:00)-$(date -d '7 hours' +%H:00)

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
placeholder
nginx_run || bail "nginx does not start"
quiet() { # a run says nothing, but for the event
	printf '%s\n' "$out$err" |
		grep -Ev '^(certrepo-installer: served .*)?$'
}

HOST_SERVICE="window = \"$later\";"
host_conf
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "the first one waits for nothing"

issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(quiet)" "0 " "the next waits, which is no fault"
is "$(served)" "$(cert_fp "$T/one.crt")" "... the old one is served"
is "$(receipt '')" fetched "... and the receipt says fetched"
like "$(receipt_detail '')" 'waits for its window, which opens ... [0-9][0-9]:00' \
	"... and until when"
run host --dry-run
like "$out" 'web: waits for its window' "... and so does --dry-run"
TZ=Etc/GMT-6
run host --dry-run
TZ=UTC
unlike "$out" 'waits for its window' "... where TZ says it is another hour, not"

HOST_SERVICE="window = [ \"$later\", \"$now\" ];"
host_conf
run host
is "$rc $(served)" "0 $(cert_fp "$T/two.crt")" "in its hours it is installed"
is "$(receipt '')" served "... and the receipt says so"

HOST_SERVICE="window = \"$later\";"
host_conf
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host --force
is "$rc $(served)" "0 $(cert_fp "$T/three.crt")" "--force waits for nothing"

# of 121 hours: 25 are less than a quarter
UNTIL=$(date -u -d '25 hours' +%Y%m%d%H%M%SZ)
issue_nth "$T/late" 4 && store_put $NAME "$T/late"
UNTIL=''
run host --force
issue_nth "$T/four" 5 && store_put $NAME "$T/four"
HOST_SERVICE="window = \"$later\"; window_override = 0;"
host_conf
run host
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "nor does one with little life left"

# --- a missed reload ---
HOST_SERVICE="window = \"$later\";"
host_conf
cat "$T/three.crt" "$T/three.ca" >"$(readlink -f "$DIR/current")/fullchain.pem"
store_put $NAME "$T/three"
nginx_reload && sleep 0.3
cat "$T/four.crt" "$T/four.ca" >"$(readlink -f "$DIR/current")/fullchain.pem"
store_put $NAME "$T/four"
run host
is "$rc $(served)" "1 $(cert_fp "$T/three.crt")" "a missed reload waits for its hours, too"
like "$err" 'serves another certificate.*; waits for its window' "... and is told"
is "$(receipt "$at")" failed "... and reported"
run host --force
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "... but not with --force"

# --- a run that was killed in its hours ---
cat >"$T/bin/web" <<END
#!/bin/sh
case \$* in *-s*) echo told >>"$T/told" ;; esac
case \$*:\$(cat "$T/how") in
*-t*:test) kill -9 \$PPID; exit 0 ;;
*-s*:reload) kill -9 \$PPID; exit 0 ;;
*-s*:reloaded)
	nginx -c "$NGINX_CONF" -e stderr "\$@"
	sleep 0.3
	kill -9 \$PPID ;;
*-s*:dies) kill -9 \$PPID; kill \$(cat "$NGINX_PIDFILE"); exit 0 ;;
esac
exec nginx -c "$NGINX_CONF" -e stderr "\$@"
END
chmod 755 "$T/bin/web"
NGINX_COMMAND="\"$T/bin/web\""
killed() { # HOW: the Nth certificate, in its hours; then these are over
	echo "$1" >"$T/how"
	old=$(served)
	issue_nth "$T/k$2" "$2" && store_put $NAME "$T/k$2"
	fp=$(cert_fp "$T/k$2.crt")
	HOST_SERVICE="window = \"$now\";"
	host_conf
	run host
	is "$rc" 137 "killed in its hours: $1"
	HOST_SERVICE="window = \"$later\";"
	host_conf
	echo ok >"$T/how"
	: >"$T/told"
}
killed test 10
run host --dry-run
is "$rc" 1 "--dry-run has no plan"
like "$out" '^web: first undoes a change that is not finished: its window has closed' \
	"... says what comes first"
run host
is "$rc $(served) $(on_disk) $(cat "$T/told")" "0 $old $old " "the old files are back, and nobody is told"
like "$err" 'its window has closed meanwhile; rolled back, the old set is served; .*the next run tries again' "... says so"
HOST_SERVICE="window = \"$now\";"
host_conf
run host
is "$rc $(served)" "0 $fp" "... and in its hours it is installed"

killed reload 11
run host --dry-run
like "$out" '^web: first waits for its window, with a change' "--dry-run says that it waits"
for _i in 1 2; do
	run host
	is "$rc $(served) $(on_disk) $(cat "$T/told")" "1 $old $fp " "it waits, and nobody is told"
	like "$err" 'a run was ended while it told the service; waits for its window, which opens ... [0-9][0-9]:00; certrepo-installer --force web does not' "... says so"
done
HOST_SERVICE="window = \"$now\";"
host_conf
run host
is "$rc $(served) $(cat "$T/told")" "0 $fp told" "... and goes on in its hours"
UNTIL=$(date -u -d '25 hours' +%Y%m%d%H%M%SZ)
killed reload 12
UNTIL=''
run host --force
is "$rc $(served)" "0 $fp" "... or with --force"
killed reload 13
run host
is "$rc $(served)" "0 $fp" "... or when it is urgent"

killed reloaded 14
run host
is "$rc $(served) $(cat "$T/told")" "0 $fp " "it was told: nothing to wait for"
killed dies 15
run host
like "$err" 'rolled back|installed|not served' "it was down: nothing is waited for"
isnt "$(cat "$T/told")" '' "... it is told"
stop nginx
nginx_run || bail "nginx does not start"
HOST_SERVICE="window = \"$later\";"
host_conf
run host --force
is "$rc $(served)" "0 $fp" "all is well again"
store_put $NAME "$T/four"
run host --force

# --- what goes together ---
HOST_SERVICES=", { name = \"copy\"; profile = \"files-only\";
	certificates = ( { name = \"$NAME\"; key = \"$T/host.key\";
		dir = \"$T/copy\"; } ); }"
mkdir "$T/copy"
host_conf
run host
is "$rc" 0 "a service more, without hours"
is "$(cert_fp "$T/copy/fullchain.pem")" "$(cert_fp "$T/four.crt")" \
	"... has what the other has already"
issue_nth "$T/five" 6 && store_put $NAME "$T/five"
run host
is "$rc $(quiet) $(served)" "0  $(cert_fp "$T/four.crt")" "the next one waits"
is "$(cert_fp "$T/copy/fullchain.pem")" "$(cert_fp "$T/four.crt")" \
	"... for both"
is "$(sqlite3 "$DB" "SELECT state || ' ' || detail FROM installs WHERE
	service = 'copy'" | sed 's/opens .*/opens/')" \
	"fetched waits for service web, which uses $NAME too: waits for its window, which opens" \
	"... and the other says for whom"

# --- what waits hides nothing ---
stop nginx
run host
is "$rc" 2 "nginx is down while a certificate waits for its window"
like "$err" "cannot be reached.*; waits for its window" "... which is said"
nginx_run || bail "nginx does not start"

# --- configuration ---
HOST_SERVICE='window = "at night";'
host_conf
run host
is "$rc" 78 "hours that are none"
like "$err" 'installer.conf:[0-9]+: window: "at night" is not of the form' \
	"... are an error"
done_testing
