#!/bin/sh
# SPDX-License-Identifier: MIT
# A look that gets no answer, once: looked again before it is believed, as what
# was served before decides whether a service is told, and what the way back
# has to reach. What answers is nginx, by a command that can be kept from it.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=web
host_setup || bail "cannot set up a host"
# Told, it dies when $T/dies is there; $T/mute counts looks without an answer.
cat >"$T/profiles/web.conf" <<END
layout = "generation";
files = ( { file = "fullchain.pem"; format = "fullchain"; } );
activate = ( { command = [ "$T/bin/tell" ]; } );
start = ( { command = [ "$T/bin/revive" ]; } );
END
cat >"$T/bin/tell" <<END
#!/bin/sh
echo told >>"$T/told"
if [ -e "$T/dies" ]; then
	kill \$(cat "$NGINX_PIDFILE") 2>/dev/null
	while [ -s "$NGINX_PIDFILE" ]; do sleep 0.05; done
	exit 0
fi
exec nginx -c "$NGINX_CONF" -e stderr -s reload
END
cat >"$T/bin/revive" <<END
#!/bin/sh
rm "$T/dies"
nginx -c "$NGINX_CONF" -e stderr -g 'daemon on;' 2>/dev/null
END
cat >"$T/bin/look" <<END
#!/bin/sh
if [ -s "$T/mute" ]; then
	sed -i 1d "$T/mute"
	echo "no answer"
	exit 1
fi
shown=\$(openssl s_client -connect 127.0.0.1:$NGINX_PORT </dev/null 2>/dev/null |
	openssl x509 -noout -fingerprint -sha256 2>/dev/null |
	sed 's/.*=//; s/://g' | tr A-F a-f)
echo "shows \$shown"
[ -n "\$shown" ] && [ "\$shown" = "\$CERTREPO_FINGERPRINT" ]
END
chmod 755 "$T/bin/tell" "$T/bin/revive" "$T/bin/look"
sed -i 's/^daemon off;$//' "$NGINX_CONF"
HOST_VERIFY="{ protocol = \"command\"; address = \"web\";
	command = [ \"$T/bin/look\" ]; }"
VERIFY_TIME=1
host_conf
mute() { # LOOKS
	yes no | head -n "$1" >"$T/mute"
}
end() {
	[ ! -s "$NGINX_PIDFILE" ] || kill "$(cat "$NGINX_PIDFILE")"
}
placeholder
"$T/bin/revive" 2>/dev/null
wait_port "$NGINX_PORT" || bail "nginx does not start"
ln -sf "$NGINX_PIDFILE" "$T/pid/nginx"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc $(served)" "0 $(cert_fp "$T/one.crt")" "the first one is served"

# --- nothing to do ---
: >"$T/told"
for n in 1 2; do
	mute $n
	run host
	is "$rc $err" "0 " "no answer, $n times: silent"
	is "$(cat "$T/told")" "" "... and nobody is told"
done
mute 3
run host
is "$rc $(cat "$T/told")" "0 told" "three times: the service is told"

# --- what was served before is to be served again ---
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
mute 1
: >"$T/dies"
run host
is "$rc $(receipt '')" "1 rolled-back" "it dies of what it is told: back"
like "$err" 'rolled back, the old set is served; what is in place is valid until [-0-9TZ:]*; mend it, then run: certrepo-installer --force web$' "... says so"
is "$(served)" "$(cert_fp "$T/one.crt")" "... it was started, with the old one"
is "$(receipt web)" rolled-back "... the receipt of the endpoint knows"
end
done_testing
