# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# nginx as a host runs it (nginx.sh in the folder above is the web server of
# other tests). A reload takes a new certificate; with files that do not fit it
# succeeds, and the old processes stay.

NGINX_PACKAGE=nginx
NGINX_USER=root
NGINX_FILES='fullchain key'

svc_nginx_start() {
	svc_begin nginx || return 1
	_d=$NGINX_DIR
	NGINX_PORT=$(free_port)
	NGINX_ENDPOINTS=tls:$NGINX_PORT
	NGINX_CONF=$_d/nginx.conf
	mkdir "$_d/tmp"
	cat >"$NGINX_CONF" <<-END
	user www-data;
	pid $_d/pid;
	error_log $_d/error.log;
	worker_processes 1;
	events { worker_connections 64; }
	http {
	  access_log off;
	  client_body_temp_path $_d/tmp/body;
	  proxy_temp_path $_d/tmp/proxy;
	  fastcgi_temp_path $_d/tmp/fastcgi;
	  uwsgi_temp_path $_d/tmp/uwsgi;
	  scgi_temp_path $_d/tmp/scgi;
	  server {
	    listen 127.0.0.1:$NGINX_PORT ssl;
	    ssl_certificate $NGINX_CERT;
	    ssl_certificate_key $NGINX_KEY;
	    return 204;
	  }
	}
	END
	NGINX_TEST="nginx -c $NGINX_CONF -e stderr -t -q"
	NGINX_RELOAD="nginx -c $NGINX_CONF -e stderr -s reload"
	svc_daemon nginx "$_d/pid" nginx -c "$NGINX_CONF" -e "$_d/error.log"
	svc_start nginx "$NGINX_PORT"
}
svc_nginx_stop() {
	svc_stop nginx
}
svc_nginx_alive() {
	svc_alive nginx
}
