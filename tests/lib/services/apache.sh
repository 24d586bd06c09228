# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Apache httpd. A new certificate is taken by a graceful restart. The test of
# the configuration does not see that the key is another's, and a graceful
# restart with that ends the server.

APACHE_PACKAGE=apache2
APACHE_USER=root
APACHE_FILES='fullchain key'

svc_apache_start() {
	svc_begin apache || return 1
	_d=$APACHE_DIR
	APACHE_PORT=$(free_port)
	APACHE_ENDPOINTS=tls:$APACHE_PORT
	APACHE_CONF=$_d/apache.conf
	mkdir "$_d/www"
	cat >"$APACHE_CONF" <<-END
	ServerRoot /usr/lib/apache2
	DefaultRuntimeDir $_d
	PidFile $_d/pid
	ErrorLog $_d/error.log
	Mutex file:$_d default
	User www-data
	Group www-data
	ServerName localhost
	Listen 127.0.0.1:$APACHE_PORT
	LoadModule mpm_event_module modules/mod_mpm_event.so
	LoadModule authz_core_module modules/mod_authz_core.so
	LoadModule socache_shmcb_module modules/mod_socache_shmcb.so
	LoadModule ssl_module modules/mod_ssl.so
	StartServers 1
	ThreadsPerChild 8
	MaxRequestWorkers 16
	MinSpareThreads 1
	MaxSpareThreads 16
	SSLSessionCache none
	DocumentRoot $_d/www
	<VirtualHost 127.0.0.1:$APACHE_PORT>
	SSLEngine on
	SSLCertificateFile $APACHE_CERT
	SSLCertificateKeyFile $APACHE_KEY
	</VirtualHost>
	END
	APACHE_TEST="apache2 -f $APACHE_CONF -t"
	APACHE_RELOAD="apache2 -f $APACHE_CONF -k graceful"
	svc_daemon apache "$_d/pid" apache2 -f "$APACHE_CONF" -k start
	svc_start apache "$APACHE_PORT"
}
svc_apache_stop() {
	svc_stop apache
}
svc_apache_alive() {
	svc_alive apache
}
