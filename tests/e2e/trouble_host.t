#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-trouble(7), what people see of a host: nginx, curl, the scripted CA
# behind a real fetcher, and a sendmail that keeps its mail.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/trouble.sh"

NAME=www.example.test DIR=$T/tls
mkdir -p "$DIR" "$T/profiles" "$T/shipped" "$T/anchors"
cp "$ROOT"/installer-profiles/*.conf "$T/shipped"
# what goes into the service's files may be full; it takes root to have that
if mount -t tmpfs -o size=256k,mode=755 none "$DIR" 2>/dev/null; then
	small=yes
fi
trouble_sendmail
host_pki || bail 'no CA of the hosts'
scripted_start || bail 'no CA'
stage_store sqlite || bail 'no store'
DB=$SQLITE_DB
cat "$PEBBLE_ROOT" >>"$T/pki/ca.pem"
HOST_EXTRA=$TROUBLE_NOTIFY
conf() { # its state is not the fetcher's
	host_conf
	sed -i "s,^state_dir = .*,state_dir = \"$T/hoststate\";," "$HOST_CONF"
}
nginx_conf "$DIR/current/fullchain.pem" "$T/host.key" || bail 'no host'
conf
trouble_program certrepo-fetcher "$CONF"
trouble_program certrepo-populate "$CONF"
trouble_program certrepo-installer "$HOST_CONF"
printf '#!/bin/sh\ncat "%s"/*.crt >>"%s"\n' "$T/anchors" "$T/pki/ca.pem" \
	>"$T/bin/update-ca-certificates"
chmod 755 "$T/bin/update-ca-certificates"
as host1 web1
as pebble letsencrypt
as 'scripted intermediate' R12 only
as 'host test intermediate' R12 only
as example.test example.org
as "nginx -c $NGINX_CONF -e stderr -t" 'nginx -t'
as "$T/nginx" /etc/nginx
as "$DIR" /etc/nginx/tls
as "$T/host.key" /etc/ssl/private/www.example.org.key
as "$T/csr.pem" www.example.org.csr
as "$T/pki/ca.pem" /etc/ssl/certs/ca-certificates.crt
as "$T/corp-root.crt" corp-root.crt
as "$T/anchors" /usr/local/share/ca-certificates
as "$T/hoststate" /var/lib/certrepo-installer
as "127.0.0.1:$NGINX_PORT" 127.0.0.1:443

N=0
next() { # the store has another certificate, which begins later
	N=$((N + 1))
	FROM=$(date -u -d "$((50 - N)) minutes ago" +%Y%m%d%H%M%SZ) \
		issue "$T/n$N" && store_put $NAME "$T/n$N"
	fp=$(cert_fp "$T/n$N.crt")
}
nightly() { # what the timer starts
	trouble_mail certrepo-installer
}
well() { # what the store has is served, and nobody is told of trouble
	is "$(served)" "$fp" "${1:-... then it is served}"
	nightly
	is "$rc" 0 '... and the next run has nothing to say'
}
curl() { # port 443 of the name is nginx's
	command curl --noproxy '*' --cacert "$T/pki/ca.pem" \
		--connect-to "$NAME:443:127.0.0.1:$NGINX_PORT" "$@"
}
systemctl() { # ACTION UNIT
	case $* in
	'reload nginx')
		_newest=$(nginx_newest)
		nginx_reload 2>>"$T/log/nginx" && wait_for 5 nginx_reread
		;;
	'restart nginx')
		kill -CONT "$(cat "$NGINX_PIDFILE")"
		stop nginx
		nginx_run
		;;
	'enable --now certrepo-'*.timer) : >"$T/${3%.timer}.on" ;;
	status\ *) echo "$2" >"$T/asked" ;;
	*) return 4 ;;
	esac
}
nginx_newest() { # its worker that began last
	pgrep -n -P "$(cat "$NGINX_PIDFILE")"
}
nginx_reread() { # and the one before takes no connections any more
	[ "$(nginx_newest)" != "$_newest" ] && ! kill -0 "$_newest" 2>"$T/out"
}

# --- a certificate of which 5 days are left, as the host and the store have it ---
store_row $NAME || bail 'cannot enrol'
run certrepo-populate set $NAME challenge=http-01 webroot_path="$WEBROOT"
UNTIL=$(date -u -d '5 days' +%Y%m%d%H%M%SZ)
FROM=$(date -u -d '85 days ago' +%Y%m%d%H%M%SZ)
issue "$T/old" && store_put $NAME "$T/old"
UNTIL='' FROM=''
placeholder
nginx_run || bail 'nginx does not start'
nightly
nightly
situation 'A certificate expires soon, and the store has nothing newer'
shows "$mail"
follow 'populate show'
follow 'fetcher --once -v'
is "$rc" 0 '... it goes well: the fetcher was only not started'
follow 'certrepo-fetcher.timer'
ok '... which its timer does from now on' test -e "$T/certrepo-fetcher.on"
follow 'certrepo-installer'
sql 'SELECT crt FROM certs' >"$T/new.pem"
fp=$(cert_fp "$T/new.pem")
well

situation 'A customer says: the certificate has expired'
UNTIL=$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)
FROM=$(date -u -d '90 days ago' +%Y%m%d%H%M%SZ)
issue "$T/expired"
UNTIL='' FROM=''
cat "$T/expired.crt" "$T/expired.ca" >"$DIR/current/fullchain.pem"
systemctl reload nginx
printf %s "$(date -u -d '9 days ago' +%s)" >"$T/hoststate/heartbeat"
follow curl
shows "$err"
follow --status
is "$rc" 1 '... --status says so by its exit status, too'
shows "$err"
follow 'installer.timer'
ok '... the timer is on' test -e "$T/certrepo-installer.on"
follow 'installer -v'
follow --verify
is "$rc" 0 '... --verify says when it is over'
shows "$out"
well

situation 'A customer says: unable to get local issuer certificate'
openssl x509 -in "$DIR/current/fullchain.pem" -out "$T/nginx/cert.pem"
sed -i "s,$DIR/current/fullchain.pem,$T/nginx/cert.pem," "$NGINX_CONF"
systemctl reload nginx
follow curl
shows "$err"
nightly
shows "$mail"
follow grep
shows "$out"
sed -i "s,$T/nginx/cert.pem,$DIR/current/fullchain.pem," "$NGINX_CONF"
follow 'nginx -t'
follow 'reload nginx'
follow 'installer -v'
well

situation 'The service names another file than that of its certificate'
{ make_key "$T/snakeoil.key" && make_self_signed "$T/snakeoil.key" \
	"$T/snakeoil.pem" host1; } || bail 'no certificate of Debian'
as "$T/snakeoil.pem" /etc/ssl/certs/snakeoil.pem
as "$T/snakeoil.key" /etc/ssl/private/snakeoil.key
cp "$NGINX_CONF" "$T/good.conf"
sed -i "s,$DIR/current/fullchain.pem,$T/snakeoil.pem,
	s,$T/host.key,$T/snakeoil.key," "$NGINX_CONF"
systemctl reload nginx
next
nightly
shows "$mail"
nightly
like "$err" 'web: 127[^ ]* serves another .*; does the .* paste the lines' \
	'... the next run says what to do, too'
rm -rf "${DIR:?}"/*
next
nightly
like "$err" 'does the .* paste the lines .*the new files are gone again' \
	'... and where there was none before'
follow grep
shows "$out"
shows "$(grep ssl_cert "$T/good.conf")"
cp "$T/good.conf" "$NGINX_CONF"
follow 'nginx -t'
follow 'reload nginx'
follow 'installer --force'
well

situation 'Rolled back: the service was told, and does not serve the new one'
kill -STOP "$(cat "$NGINX_PIDFILE")"
next
nightly
kill -CONT "$(cat "$NGINX_PIDFILE")"
is "$rc" 1 '... a reload that is heard by nobody'
shows "$mail"
follow 'restart nginx'
follow --force
well

situation 'Rolled back: the configuration test failed'
echo 'servr { }' >>"$NGINX_CONF"
next
nightly
shows "$mail"
follow 'nginx -t'
is "$rc" 1 '... by hand, too'
sed -i '$d' "$NGINX_CONF"
follow 'nginx -t'
is "$rc" 0 '... mended'
follow 'installer -v'
well

situation 'The certificate in the store cannot be trusted'
make_ca "$T/pki/corp" 'Example Corp Root' &&
	make_sub_ca "$T/pki/corp" "$T/pki/corp/sub" 'Example Corp Issuing CA' &&
	cp "$T/pki/corp/ca.pem" "$T/corp-root.crt"
SIGNER=$T/pki/corp/sub
next
SIGNER=''
nightly
shows "$mail"
follow 'populate show'
shows "$out"
follow 'cp '
follow update-ca-certificates
follow 'certrepo-installer'
well

situation 'A secret file is readable by everyone'
chmod 644 "$T/host.key"
next
nightly
shows "$mail"
follow chmod
follow certrepo-installer
well
follow --new-key
is "$rc" 0 '... a new key is asked for'
rm "$T/hoststate/requests" "$T/hoststate/next/"*
sql "DELETE FROM host_requests;
	DELETE FROM sqlite_sequence WHERE name = 'host_requests'"
well '... and the old one goes on'

situation 'A new certificate waits for its window'
TZ=UTC
export TZ
HOST_SERVICE="window = \"$(date -d '6 hours' +%H:00)-$(
	date -d '7 hours' +%H:00)\";"
conf
next
nightly
is "$rc$mail" 0 '... of which nobody is told'
follow --status
shows "$out"
follow --force
HOST_SERVICE=''
conf
well

if [ -n "${small-}" ]; then
	situation 'The disk of a host is full'
	next
	dd if=/dev/zero of="$DIR/fill" bs=1k count=500 2>/dev/null
	nightly
	shows "$mail"
	follow df
	like "$out" '100%' '... df shows it'
	rm "$DIR/fill"
	follow certrepo-installer
	well
else
	skip 'The disk of a host is full: no tmpfs can be mounted here'
fi

situation 'Already running: a run is busy, or hangs'
printf '#!/bin/sh\nexec sleep 300\n' >"$T/bin/hangs"
chmod 755 "$T/bin/hangs"
NGINX_COMMAND="\"$T/bin/hangs\""
conf
next
start hangs "$BUILD/certrepo-installer" -c "$HOST_CONF"
hanging() {
	pid=$(cat "$T/hoststate/lock") && [ -n "$(pgrep -P "$pid" -f sleep)" ]
}
wait_for 20 hanging || bail "it does not hang"
touch -d '3 hours ago' "$T/hoststate/lock"
nightly
is "$rc" 75 '... its exit status'
as "$pid" 4711
shows "$err"
follow 'ps '
like "$out" 'sleep 300' '... ps shows what it waits for'
follow 'kill '
rm -f "$T/pid/hangs"
wait_for 5 sh -c "! kill -0 $pid" || bail 'it is not ended'
NGINX_COMMAND=''
conf
follow certrepo-installer
well

situation 'A run was ended from outside'
as "on $(uname -n)" 'on web1' only
printf '#!/bin/sh\ncase $3 in\nResult) echo oom-kill ;;\nExecMainStatus) echo 9 ;;
ConditionResult) echo yes ;;\nesac\n' >"$T/bin/systemctl"
chmod 755 "$T/bin/systemctl"
mkdir "$T/alert"
STATE_DIRECTORY=$T/alert
export STATE_DIRECTORY
trouble_mail sh "$ROOT/packaging/certrepo-alert" certrepo-installer
unset STATE_DIRECTORY
rm "$T/bin/systemctl"
shows "$mail"
journalctl() { # -u certrepo-installer.service
	echo "$2" >>"$T/asked"
}
follow 'systemctl status'
follow journalctl
is "$(sort -u "$T/asked")" certrepo-installer.service '... of this unit'
follow 'installer -v'
well

situation 'The configuration of a host is refused'
cp "$HOST_CONF" "$T/good.installer.conf"
sed -i 's/^state_dir/recheckk = 5;\n&/' "$HOST_CONF"
as "$HOST_CONF" /etc/certrepo/installer.conf
nightly
is "$rc" 78 '... its exit status'
shows "$err"
follow --dry-run
is "$rc" 78 '... as by hand'
cp "$T/good.installer.conf" "$HOST_CONF"
follow 'installer -v'
well

situation 'The certificate in the store belongs to another key'
mv "$T/host.key" "$T/lost.key"
make_key "$T/host.key"
nightly
shows "$mail"
KEY=$T/lost.key
next
KEY=''
nightly
shows "$mail"
follow --request
is "$rc" 0 '... it is asked for'
shows "$out"
follow 'populate pending'
like "$out" "$NAME" '... and the centre is asked'
follow 'populate approve'
is "$rc" 0 '... which approves it'
offer '{"not_before": "-60"}'
follow 'fetcher --once'
is "$rc" 0 '... and ordered'
follow certrepo-installer
sql 'SELECT crt FROM certs' >"$T/new.pem"
fp=$(cert_fp "$T/new.pem")
well
# another one, by hand
rm "$T/host.key"
make_key "$T/host.key"
follow 'openssl req'
follow 'populate add'
is "$rc" 0 '... a CSR is taken, too'
offer '{"not_before": "-50"}'
run certrepo-fetcher --once $NAME
run certrepo-installer
sql 'SELECT crt FROM certs' >"$T/new.pem"
fp=$(cert_fp "$T/new.pem")
well

situation 'The state in three commands'
follow 'populate list'
shows "$out"
follow 'populate show'
is "$rc" 0 '... all about one'
follow '--status'
is "$rc" 0 '... all is well'
shows "$out"

trouble_end
