#!/bin/sh
# SPDX-License-Identifier: MIT
# A host that cannot look, be it for want of descriptors or of the program
# that looks, says nothing of the service: nothing is rolled back, told or
# reported as failed because of it, and the next run looks. And what --verify
# says before anything is installed.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=web
host_setup || bail "cannot set up a host"
cat >"$T/profiles/web.conf" <<END
layout = "generation";
files = ( { file = "fullchain.pem"; format = "fullchain"; } );
activate = ( { command = [ "$T/bin/tell" ]; } );
start = ( { command = [ "$T/bin/begin" ]; } );
END
cat >"$T/bin/tell" <<END
#!/bin/sh
echo told >>"$T/told"
[ ! -e "$T/blinds" ] || mv "$T/bin/look" "$T/bin/look.gone"
[ ! -e "$T/breaks" ] || exit 0
[ ! -e "$T/fails" ] || exit 1
exec nginx -c "$NGINX_CONF" -e stderr -s reload
END
cat >"$T/bin/begin" <<END
#!/bin/sh
echo started >>"$T/told"
END
cat >"$T/bin/look" <<END
#!/bin/sh
shown=\$(openssl s_client -connect 127.0.0.1:$NGINX_PORT </dev/null 2>/dev/null |
	openssl x509 -noout -fingerprint -sha256 2>/dev/null |
	sed 's/.*=//; s/://g' | tr A-F a-f)
[ "\$shown" = "\$CERTREPO_FINGERPRINT" ]
END
chmod 755 "$T/bin/tell" "$T/bin/begin" "$T/bin/look"
sees() {
	[ ! -e "$T/bin/look.gone" ] || mv "$T/bin/look.gone" "$T/bin/look"
	rm -f "$T/blinds" "$T/breaks"
}
at=127.0.0.1:$NGINX_PORT
VERIFY_TIME=1

# --- before the first installation ---
HOST_VERIFY="{ address = \"$at\"; server_name = \"$NAME\"; }"
host_conf
run host --verify
is "$rc" 1 "--verify, and nobody is there"
like "$out" "$at/$NAME: cannot be reached: Connection refused; nothing is installed: $DIR/current/[a-z.]+ is not there" \
	"... says so, and that nothing is installed"
placeholder
nginx_run || bail "nginx does not start"
mv "$DIR" "$T/away"
run host --verify
is "$rc" 1 "--verify before the first installation"
like "$out" "$at/$NAME: $(served) until [0-9-]+T[0-9:]+Z, that of \"[^,]+\", serial [0-9A-F]+ of \"CN=[^,]+\", nothing is installed: $DIR/current/[a-z.]+ is not there" \
	"... says what the endpoint shows"
mv "$T/away" "$DIR"

# --- a command that is not there ---
HOST_VERIFY="{ protocol = \"command\"; address = \"web\";
	command = [ \"$T/bin/look\" ]; }"
host_conf
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
: >"$T/blinds"
run host
is "$rc $(served)" "1 $(cert_fp "$T/one.crt")" "the first one, unseen: it stays"
like "$err" 'installed, but it was not seen what is served: web could not be looked at: .*cannot be started' \
	"... says so"
is "$(cat "$T/told") $(receipt '')" "told installed" "... was told once, and is installed"
unlike "$(receipt web)" failed "... of the endpoint nothing is said"
: >"$T/told"
run host
is "$rc $(cat "$T/told")" "1 " "the next run cannot look either: nobody is told"
like "$err" 'could not be looked at' "... says so"
unlike "$(receipt '') $(receipt web)" failed "... and nothing failed"
sees
run host
is "$rc $err" "0 " "it can: all is well"
is "$(receipt '') $(receipt web)" "served served" "... and said to be served"

# --- seen before, and not after ---
: >"$T/told"
: >"$T/blinds"
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $(served)" "1 $(cert_fp "$T/two.crt")" "a renewal, unseen: it stays"
is "$(cat "$T/told")" told "... was told once, and not started"
sees
run host
is "$rc $err $(receipt web)" "0  served" "the next run sees it"

# --- and the one that is not served after all, is told again by the next ---
: >"$T/told"
: >"$T/blinds"
: >"$T/breaks"
issue_nth "$T/three" 3 && store_put $NAME "$T/three"
run host
is "$rc $(served)" "1 $(cert_fp "$T/two.crt")" "unseen, and not served either"
sees
run host
is "$rc $(served)" "0 $(cert_fp "$T/three.crt")" "the next run sees that, and tells it"
is "$(tr '\n' ' ' <"$T/told")" "told told " "... once"

# --- descriptors ---
HOST_VERIFY="{ address = \"localhost:$NGINX_PORT\"; addresses = \"ipv4\"; }"
host_conf
: >"$T/told"
few() { # N: the host, with so many descriptors
	run sh -c "ulimit -n $1 && exec \"$BUILD/certrepo-installer\" -c \"$T/installer.conf\""
}
tried=0
for n in 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	few $n
	case $err in
	*"could not be looked at"* | *"Too many open files"*) tried=$((tried + 1)) ;;
	esac
	case "$(cat "$T/told")$err$(receipt "localhost:$NGINX_PORT")" in
	*told* | *"cannot be reached"* | *"shows no"* | *failed*)
		fail "with $n descriptors: $err"
		;;
	esac
	unlike "$err" ': $' "few descriptors ($n): never without a reason"
done
is "$(cat "$T/told")" "" "few descriptors: nobody was told"
isnt "$tried" 0 "... and a look that could not be made is called so"

# --- on the way back, where only a person can restart the service ---
HOST_VERIFY="{ protocol = \"command\"; address = \"web\";
	command = [ \"$T/bin/look\" ]; }"
host_conf
echo 'wait = "1d";' >>"$T/profiles/web.conf"
: >"$T/blinds"
: >"$T/fails"
issue_nth "$T/four" 4 && store_put $NAME "$T/four"
run host
is "$rc" 1 "it cannot be told, nor looked at, and waits for a person"
like "$err" 'rolled back, the old set is in place, but web could not be looked at: .*cannot be started' \
	"... says what was not seen"
unlike "$err" 'does not serve it' "... and not that it was"
done_testing
