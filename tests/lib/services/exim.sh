# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2016,SC2153 # for the caller; $MAINPID
# Exim, smtp with STARTTLS and smtps. Debian allows one mail server at a time,
# so where there is Postfix, packaging/deps.sh unpacks Exim into a folder. It
# watches its files and takes a new certificate by itself; HUP makes sure. With
# files that do not fit there is no TLS, which only its log tells.

EXIM_PACKAGE=exim4-daemon-light
EXIM_USER=Debian-exim
EXIM_FILES='fullchain key'

svc_exim_start() {
	svc_begin exim || return 1
	_d=$EXIM_DIR
	EXIM_PROGRAM=$(command -v exim4) ||
		EXIM_PROGRAM=/usr/local/lib/certrepo-tests/exim/usr/sbin/exim4
	EXIM_PORT=$(free_port)
	EXIM_SMTPS_PORT=$(free_port)
	EXIM_ENDPOINTS="smtp:$EXIM_PORT tls:$EXIM_SMTPS_PORT"
	EXIM_CONF=$_d/exim.conf
	EXIM_LOG=$_d/spool/log/main
	mkdir -p "$_d/spool/log" && chown -R Debian-exim: "$_d/spool" || return 1
	cat >"$EXIM_CONF" <<-END
	exim_path = $EXIM_PROGRAM
	exim_user = Debian-exim
	exim_group = Debian-exim
	primary_hostname = mail.example.test
	spool_directory = $_d/spool
	log_file_path = $_d/spool/log/%s
	pid_file_path = $_d/spool/pid
	local_interfaces = 127.0.0.1
	daemon_smtp_ports = $EXIM_PORT : $EXIM_SMTPS_PORT
	tls_on_connect_ports = $EXIM_SMTPS_PORT
	tls_advertise_hosts = *
	tls_certificate = $EXIM_CERT
	tls_privatekey = $EXIM_KEY
	keep_environment =
	smtp_accept_max = 20
	begin acl
	begin routers
	begin transports
	END
	EXIM_TEST="$EXIM_PROGRAM -C $EXIM_CONF -bV"
	svc_reload exim kill -HUP '$MAINPID'
	svc_command exim "$EXIM_PROGRAM" -C "$EXIM_CONF" -bdf
	svc_start exim "$EXIM_PORT" "$EXIM_SMTPS_PORT"
}
svc_exim_stop() {
	svc_stop exim
}
svc_exim_alive() {
	svc_alive exim
}
