#!/bin/sh
# SPDX-License-Identifier: MIT
# The installer's unit, run by a real systemd: within its limits it reads the
# store as its owner, writes to a service's folder, tests, reloads, starts and
# goes back, becomes other users and mails; and what it may not.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/systemd.sh"

systemd_can || skip_all "$why"
systemd_lay || bail "cannot install: $(tail -3 "$T/log/install")"
# not below /tmp, of which certrepo-alert has one of its own
mkdir -p "$IN/var/kept"
chmod 1777 "$IN/var/kept"
cat >"$IN/usr/sbin/sendmail" <<'END'
#!/bin/sh
cat >/var/kept/mail
END
chmod 755 "$IN/usr/sbin/sendmail"
mkdir -p "$IN/usr/local/etc" "$IN/home/x"

# nginx is a service there, which a profile of this site reloads by systemctl,
# and nginx's own one by nginx itself.
PROFILE=mine
HOST_EXTRA="notify : { mail = \"root\"; command = [ \"/bin/sh\", \"-c\",
	\"cat >$T/nobody/json; id -un >$T/nobody/user\" ]; user = \"nobody\"; };"
host_setup || bail "cannot set up a host"
cat >"$T/profiles/mine.conf" <<END
layout = "generation";
files = ( { file = "fullchain.pem"; format = "fullchain"; mode = "0644"; } );
test = ( { command = [ "nginx", "-t", "-q", "-c", "$NGINX_CONF", "-e", "stderr" ]; },
	{ command = [ "id", "-un" ]; user = "nobody"; } );
activate = ( { command = [ "systemctl", "reload", "web" ]; timeout = "20s"; } );
start = ( { command = [ "systemctl", "restart", "web" ]; timeout = "20s"; } );
END
mkdir -m 777 "$T/nobody"
chown -R 988:988 "$T/store"
cat >"$IN/etc/systemd/system/web.service" <<END
[Service]
ExecStart=$(command -v nginx) -c $NGINX_CONF -e stderr
ExecReload=$(command -v nginx) -s reload -c $NGINX_CONF -e stderr
END
drop_in certrepo-installer.service '[Service]' 'Environment=ASAN_OPTIONS=detect_leaks=0'
systemd_boot || bail "systemd does not start: $(tail -5 "$T/log/systemd")"
placeholder
inside systemctl start web
wait_port "$NGINX_PORT" || bail "nginx does not start"
installer_conf() {
	host_conf
	mkdir -p "$IN/etc/certrepo"
	sed "s#state_dir = .*#state_dir = \"/var/lib/certrepo-installer\";#" \
		"$HOST_CONF" >"$IN/etc/certrepo/installer.conf"
}
put() { # BASE: as its owner has it
	inside runuser -u certrepo -- sqlite3 "$DB" "UPDATE certs SET
		crt = CAST(readfile('$1.crt') AS TEXT),
		ca = CAST(readfile('$1.ca') AS TEXT) WHERE name = '$NAME'"
}
mail() {
	[ ! -e "$IN/var/kept/mail" ] || tr -s ' \n' ' ' <"$IN/var/kept/mail"
	rm -f "$IN/var/kept/mail"
}

unit_runs certrepo-installer.service
is "$(inside systemctl show -P ConditionResult certrepo-installer.service)" no \
	"without a configuration nothing is started"

# --- a first certificate, by systemctl ---
installer_conf
issue_nth "$T/one" 1 || bail "no certificate"
put "$T/one"
unit_runs certrepo-installer.service
is "$rc $result $err" "0 success " "a run: silent"
is "$(served)" "$(cert_fp "$T/one.crt")" "... what is new is served"
is "$(inside stat -c %U:%a /var/lib/certrepo-installer)" root:700 "its folder is root's"
is "$(inside runuser -u certrepo -- sqlite3 "$DB" "SELECT state FROM installs
	WHERE name = '$NAME' AND endpoint = ''")" served "... its receipt is in the store"
is "$(find "$T/store" ! -user 988)" "" "... whose files are its owner's"
unit_runs certrepo-installer.service
is "$rc $err$(mail)" "0 " "nothing to do: nothing is said"

# --- the service is down: it is not started, and people know ---
inside systemctl stop web
issue_nth "$T/two" 2 && put "$T/two"
unit_runs certrepo-installer.service
is "$rc" 1 "nginx is down"
like "$(mail)" "To: root Subject: certrepo on host1: 1 new matter .web." "... which is mailed"
is "$(cat "$T/nobody/user")" nobody "... and told to a command, as another user"
inside systemctl start web
wait_port "$NGINX_PORT"
unit_runs certrepo-installer.service
is "$rc $(served)" "0 $(cert_fp "$T/two.crt")" "nginx is up: served"
rm -f "$IN/var/kept/mail"

# --- one that dies of it: back, and started ---
drop_in web.service '[Service]' ExecReload= \
	'ExecReload=/bin/sh -c "systemctl kill -s KILL web"'
inside systemctl daemon-reload
issue_nth "$T/three" 3 && put "$T/three"
unit_runs certrepo-installer.service
is "$rc $(served)" "1 $(cert_fp "$T/two.crt")" "a reload that kills it: gone back, and started"
like "$(mail)" "rolled-back" "... which is mailed"
rm "$IN/etc/systemd/system/web.service.d/0.conf"
inside systemctl daemon-reload

# --- by nginx itself ---
PROFILE=nginx
installer_conf
issue_nth "$T/four" 4 && put "$T/four"
unit_runs certrepo-installer.service
is "$rc $(served)" "0 $(cert_fp "$T/four.crt")" "nginx -s reload, within the limits"

# --- what it may, and may not ---
drop_in certrepo-installer.service '[Service]' 'ExecStartPre=/bin/sh -c "\
	for d in /etc /home/x /usr/local/etc /srv /opt /tmp /usr /boot /proc/sys/kernel; do \
	touch $d/x 2>/dev/null && echo $d; done; \
	chmod u+s /tmp/x 2>/dev/null && echo suid; \
	mknod /tmp/y b 8 0 2>/dev/null && echo device; \
	grep -E \"NoNewPrivs|Seccomp:\" /proc/self/status"' \
	'ExecStart=' 'ExecStart=/bin/true'
inside systemctl daemon-reload
unit_runs certrepo-installer.service
is "$(echo "$err" | tr -s '\t\n' ' ')" \
	"/etc /home/x /usr/local/etc /srv /opt /tmp NoNewPrivs: 1 Seccomp: 2 " \
	"services' folders, and nothing of the system's"
like "$(mail)" "To: root Subject: certrepo on centre: certrepo-installer printed something" \
	"what is printed is mailed"
done_testing
