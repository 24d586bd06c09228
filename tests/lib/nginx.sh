# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# nginx on loopback, with TLS and a web root. Source after lib.sh.
#
#	nginx_start "$T/tls/fullchain.pem" "$T/tls/key.pem"
#	nginx_reload; nginx_test; stop nginx
#
# Afterwards: NGINX_PORT (https), NGINX_HTTP_PORT (http, serving NGINX_ROOT),
# NGINX_CONF, NGINX_PIDFILE, NGINX_LOG (its error log). Ports and paths that
# are set before are used. Each server name and file pair beyond the first is
# added with nginx_add NAME CERT KEY before the start.

_nginx_more=''

nginx_add() { # SERVER_NAME CERT KEY
	_nginx_more="$_nginx_more
	server {
		listen 127.0.0.1:@PORT@ ssl;
		server_name $1;
		ssl_certificate $2;
		ssl_certificate_key $3;
		location / { return 200 \"$1\\n\"; }
	}"
}

nginx_conf() { # CERT KEY: only write the configuration
	_d=$T/nginx
	NGINX_ROOT=${NGINX_ROOT:-$_d/www}
	NGINX_CONF=$_d/nginx.conf
	NGINX_PIDFILE=$_d/nginx.pid
	NGINX_LOG=$T/log/nginx
	mkdir -p "$_d/tmp" "$NGINX_ROOT" || return 1
	: "${NGINX_PORT:=$(free_port)}" "${NGINX_HTTP_PORT:=$(free_port)}"
	# its workers may read what only we may, and no other user is needed
	_user=''
	[ "$(id -u)" != 0 ] || _user='user root;'
	{
		cat <<-END
		$_user
		daemon off;
		pid $NGINX_PIDFILE;
		error_log stderr notice;
		worker_processes 1;
		events { worker_connections 2048; }
		http {
			access_log off;
			client_body_temp_path $_d/tmp; proxy_temp_path $_d/tmp;
			fastcgi_temp_path $_d/tmp; uwsgi_temp_path $_d/tmp;
			scgi_temp_path $_d/tmp;
			server {
				listen 127.0.0.1:$NGINX_HTTP_PORT;
				root $NGINX_ROOT;
			}
			server {
				listen 127.0.0.1:$NGINX_PORT ssl default_server;
				server_name localhost;
				ssl_certificate $1;
				ssl_certificate_key $2;
				location / { return 200 "ok\n"; }
			}
		END
		printf '%s\n' "$_nginx_more" | sed "s/@PORT@/$NGINX_PORT/"
		echo "}"
	} >"$NGINX_CONF"
}
nginx_start() { # CERT KEY
	nginx_conf "$1" "$2" && nginx_run
}
nginx_run() { # with the configuration there is
	start nginx nginx -c "$NGINX_CONF" -e stderr
	if ! wait_port "$NGINX_PORT" || ! wait_for 5 test -s "$NGINX_PIDFILE"; then
		diag "nginx does not start: $(tail -5 "$T/log/nginx")"
		return 1
	fi
}
nginx_test() {
	nginx -t -q -c "$NGINX_CONF" -e stderr
}
nginx_reload() {
	nginx -s reload -c "$NGINX_CONF" -e stderr
}
