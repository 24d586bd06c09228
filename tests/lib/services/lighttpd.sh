# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2016,SC2153 # for the caller; $MAINPID
# lighttpd with one file for certificate, chain and key, LIGHTTPD_CERT. USR1,
# a graceful restart, takes a new certificate; it is no longer root then, and
# ends when it cannot read the file, or when that does not fit.

LIGHTTPD_PACKAGE=lighttpd-mod-openssl
LIGHTTPD_USER=www-data
LIGHTTPD_FILES=combined

svc_lighttpd_start() {
	svc_begin lighttpd || return 1
	_d=$LIGHTTPD_DIR
	LIGHTTPD_PORT=$(free_port)
	LIGHTTPD_ENDPOINTS=tls:$LIGHTTPD_PORT
	LIGHTTPD_CONF=$_d/lighttpd.conf
	mkdir "$_d/www"
	cat >"$LIGHTTPD_CONF" <<-END
	server.modules = ( "mod_openssl" )
	server.document-root = "$_d/www"
	server.bind = "127.0.0.1"
	server.port = $LIGHTTPD_PORT
	server.username = "www-data"
	server.groupname = "www-data"
	ssl.engine = "enable"
	ssl.pemfile = "$LIGHTTPD_CERT"
	END
	LIGHTTPD_TEST="lighttpd -tt -f $LIGHTTPD_CONF"
	svc_reload lighttpd kill -USR1 '$MAINPID'
	svc_command lighttpd lighttpd -D -f "$LIGHTTPD_CONF"
	svc_start lighttpd "$LIGHTTPD_PORT"
}
svc_lighttpd_stop() {
	svc_stop lighttpd
}
svc_lighttpd_alive() {
	svc_alive lighttpd
}
