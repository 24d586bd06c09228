# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2016,SC2153 # for the caller; $MAINPID
# Prosody for PROSODY_HOST (www.example.test): clients with STARTTLS and with
# TLS at once, servers with STARTTLS. HUP takes a new certificate; files that
# do not fit are told to the log, STARTTLS is no longer offered, and TLS at once
# keeps the old one.

PROSODY_PACKAGE=prosody
PROSODY_USER=prosody
PROSODY_FILES='fullchain key'

svc_prosody_start() {
	svc_begin prosody || return 1
	_d=$PROSODY_DIR
	: "${PROSODY_HOST:=www.example.test}"
	PROSODY_LOG=$_d/data/log
	PROSODY_CONF=$_d/prosody.cfg.lua
	# shellcheck disable=SC2046 # a list of numbers
	set -- $(free_ports 3)
	PROSODY_PORT=$1 PROSODY_TLS_PORT=$2 PROSODY_SERVER_PORT=$3
	PROSODY_ENDPOINTS="xmpp:$1 tls:$2 xmpp-server:$3"
	mkdir "$_d/data" && chown prosody: "$_d/data" || return 1
	cat >"$PROSODY_CONF" <<-END
	pidfile = "$_d/data/pid"
	data_path = "$_d/data"
	log = { info = "$PROSODY_LOG" }
	interfaces = { "127.0.0.1" }
	c2s_ports = { $PROSODY_PORT }
	c2s_direct_tls_ports = { $PROSODY_TLS_PORT }
	s2s_ports = { $PROSODY_SERVER_PORT }
	s2s_direct_tls_ports = { }
	component_ports = { }
	http_ports = { }
	https_ports = { }
	modules_enabled = { "roster", "saslauth", "tls", "disco" }
	modules_disabled = { "http", "admin_shell" }
	authentication = "internal_plain"
	ssl = {
	  certificate = "$PROSODY_CERT";
	  key = "$PROSODY_KEY";
	}
	c2s_direct_tls_ssl = {
	  certificate = "$PROSODY_CERT";
	  key = "$PROSODY_KEY";
	}
	VirtualHost "$PROSODY_HOST"
	END
	svc_reload prosody kill -HUP '$MAINPID'
	svc_command prosody setpriv --reuid=prosody --regid=prosody \
		--init-groups prosody -F --config "$PROSODY_CONF"
	svc_start prosody "$@"
}
svc_prosody_stop() {
	svc_stop prosody
}
svc_prosody_alive() {
	svc_alive prosody
}
