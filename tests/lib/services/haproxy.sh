# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# HAProxy in master and worker mode, as Debian runs it. HAPROXY_CERT is one
# file with certificate, chain and key; or, with HAPROXY_KEY set, there is
# HAPROXY_CERT and the key beside it as HAPROXY_CERT.key. A new certificate is
# taken by a reload (USR2 to the master), or over HAPROXY_SOCKET, where an
# administrator may type "set ssl cert". HAPROXY_PROXIED takes the PROXY
# protocol.

HAPROXY_PACKAGE=haproxy
HAPROXY_USER=root
HAPROXY_FILES=combined

svc_haproxy_start() {
	svc_begin haproxy || return 1
	_d=$HAPROXY_DIR
	HAPROXY_PORT=$(free_port)
	HAPROXY_ENDPOINTS=tls:$HAPROXY_PORT
	HAPROXY_PROXY_PORT=$(free_port)
	HAPROXY_PROXIED=tls:$HAPROXY_PROXY_PORT
	HAPROXY_CONF=$_d/haproxy.cfg
	HAPROXY_SOCKET=$_d/admin.sock
	cat >"$HAPROXY_CONF" <<-END
	global
	  user haproxy
	  group haproxy
	  stats socket $HAPROXY_SOCKET mode 600 level admin
	  maxconn 64
	  nbthread 1
	defaults
	  mode http
	  timeout connect 2s
	  timeout client 5s
	  timeout server 5s
	frontend f
	  bind 127.0.0.1:$HAPROXY_PORT ssl crt $HAPROXY_CERT
	  bind 127.0.0.1:$HAPROXY_PROXY_PORT accept-proxy ssl crt $HAPROXY_CERT
	  http-request return status 200 content-type text/plain string ok
	END
	HAPROXY_TEST="haproxy -c -q -f $HAPROXY_CONF"
	svc_reload haproxy haproxy -Ws -c -q -f "$HAPROXY_CONF" '&&' \
		kill -USR2 '$MAINPID'
	svc_command haproxy haproxy -Ws -f "$HAPROXY_CONF"
	svc_start haproxy "$HAPROXY_PORT"
}
svc_haproxy_stop() {
	svc_stop haproxy
}
svc_haproxy_alive() {
	svc_alive haproxy
}
