# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Cockpit's web server, without cockpit-tls in front, which systemd must start.
# It takes the last NAME.cert of its folder and the NAME.key beside it, here
# links to COCKPIT_CERT and COCKPIT_KEY. It must be restarted; without a
# certificate it does not start, with one for another key it shows that, and
# every handshake fails.

COCKPIT_PACKAGE=cockpit-ws
COCKPIT_USER=root
COCKPIT_FILES='fullchain key'

svc_cockpit_start() {
	svc_begin cockpit || return 1
	_d=$COCKPIT_DIR
	COCKPIT_PORT=$(free_port)
	COCKPIT_ENDPOINTS=tls:$COCKPIT_PORT
	COCKPIT_CONF=$_d/cockpit/ws-certs.d
	mkdir -p "$COCKPIT_CONF" &&
		ln -s "$COCKPIT_CERT" "$COCKPIT_CONF/50-certrepo.cert" &&
		ln -s "$COCKPIT_KEY" "$COCKPIT_CONF/50-certrepo.key" || return 1
	svc_command cockpit env XDG_CONFIG_DIRS="$_d" /usr/lib/cockpit/cockpit-ws \
		--port "$COCKPIT_PORT" --address 127.0.0.1
	svc_start cockpit "$COCKPIT_PORT"
}
svc_cockpit_stop() {
	svc_stop cockpit
}
svc_cockpit_alive() {
	svc_alive cockpit
}
