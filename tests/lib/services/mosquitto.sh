# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2016,SC2153 # for the caller; $MAINPID
# Mosquitto, MQTT in TLS. HUP takes a new certificate; one for another key ends
# TLS, and an empty file leaves the old one.

MOSQUITTO_PACKAGE=mosquitto
MOSQUITTO_USER=mosquitto
MOSQUITTO_FILES='fullchain key'

svc_mosquitto_start() {
	svc_begin mosquitto || return 1
	_d=$MOSQUITTO_DIR
	MOSQUITTO_PORT=$(free_port)
	MOSQUITTO_ENDPOINTS=tls:$MOSQUITTO_PORT
	MOSQUITTO_CONF=$_d/mosquitto.conf
	cat >"$MOSQUITTO_CONF" <<-END
	user mosquitto
	log_dest stderr
	allow_anonymous true
	listener $MOSQUITTO_PORT 127.0.0.1
	certfile $MOSQUITTO_CERT
	keyfile $MOSQUITTO_KEY
	END
	svc_reload mosquitto kill -HUP '$MAINPID'
	svc_command mosquitto mosquitto -c "$MOSQUITTO_CONF"
	svc_start mosquitto "$MOSQUITTO_PORT"
}
svc_mosquitto_stop() {
	svc_stop mosquitto
}
svc_mosquitto_alive() {
	svc_alive mosquitto
}
