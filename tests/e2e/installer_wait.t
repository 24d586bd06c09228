#!/bin/sh
# SPDX-License-Identifier: MIT
# Services that only a person or a reboot can make take a certificate: they may
# wait, are looked at by each run, and are told again only after their time.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=notify-operator
host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
placeholder
nginx_run || bail "nginx does not start"
said() { # what a run says, but for the event
	printf '%s\n' "$err" |
		grep -Ev '^(certrepo-installer: (waiting|served) .*)?$'
}
restart() {
	nginx_reload && sleep 0.3
}

# --- a person ---
before=$(served)
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc" 0 "the files are in place, and wait for a person"
is "$(on_disk)" "$(cert_fp "$T/one.crt")" "... the new ones"
is "$(served)" "$before" "... nobody was told"
like "$(said)" "^certrepo-installer: service web: installed, waits until it is restarted: $at serves another certificate" \
	"... it says what it waits for"
is "$(receipt '') $(receipt "$at")" "waiting waiting" "... and so do the receipts"
ok "... nothing half-done is left" tidy
run host
is "$rc $out$err" "0 " "the next run is silent"
restart
run host
is "$rc $out$(said)" "0 " "once it is restarted, too"
is "$(receipt '') $(receipt "$at")" "served served" "... and the receipts say so"

# a restart that nobody asked for, with what was there before
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(on_disk)" "0 $(cert_fp "$T/three.crt")" "a newer one while the last waits"
restart
run host
is "$rc $(receipt "$at")" "0 served" "... is served after one restart"

# --- the way back ---
run host --rollback web
is "$rc $(on_disk)" "0 $(cert_fp "$T/two.crt")" "--rollback: the files are back"
is "$(receipt "$at")" waiting "... and wait for a person as well"
restart
run host
is "$(receipt "$at")" served "... who restarts it"

# --- without verify nobody would know ---
HOST_VERIFY='' host_conf
run host
is "$rc" 78 "without verify it cannot be used"
like "$err" 'only verify can tell' "... says why"
unset HOST_VERIFY

# --- a reboot, which ends the run that asked for it ---
PROFILE=reboot
cat >"$T/bin/reboots" <<-END
#!/bin/sh
echo reboot >>"$T/reboots"
[ ! -e "$T/slow" ] || exit 0
nginx -s reload -c "$NGINX_CONF" -e stderr
[ ! -e "$T/kills" ] || kill -9 \$PPID
END
chmod 755 "$T/bin/reboots"
HOST_SERVICE="vars = ( { name = \"activate\"; value = \"$T/bin/reboots\"; } );"
host_conf
reboots() {
	wc -l <"$T/reboots"
}
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
: >"$T/kills"
run host
is "$rc $(reboots)" "137 1" "rebooted in the middle of the run"
sleep 0.3
run host
is "$rc $(reboots)" "0 1" "... the run afterwards does not ask again"
is "$(receipt "$at") $(served)" "served $(cert_fp "$T/four.crt")" "... but finds it served"
ok "... and nothing is left" tidy
rm "$T/kills"

: >"$T/slow"
issue_nth "$T/five" 5 && store_put $NAME "$T/five"
run host
is "$rc $(reboots) $(receipt "$at")" "0 2 waiting" "a reboot that is yet to come"
run host
is "$rc $(reboots)" "0 2" "... is not asked for twice"
sed -i 's/^waiting.*/waiting	1000/' "$T/state/service/web"
run host
is "$rc $(reboots) $(receipt "$at")" "0 3 waiting" "... but again after its time"
rm "$T/slow"
restart
run host
is "$rc $(reboots) $(receipt "$at")" "0 3 served" "... and then it is served"

# it cannot even be asked for
printf '#!/bin/sh\nexit 1\n' >"$T/bin/reboots"
issue_nth "$T/six" 6 && store_put $NAME "$T/six"
run host
is "$rc $(on_disk)" "1 $(cert_fp "$T/five.crt")" "no reboot to be had: the old files are back"
like "$err" 'the activation failed: .*; rolled back, the old set is served' "... says why"
is "$(receipt "$at")" rolled-back "... and so does the receipt"
done_testing
