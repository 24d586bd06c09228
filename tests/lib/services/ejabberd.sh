# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# ejabberd for EJABBERD_HOST (www.example.test): clients with STARTTLS and with
# TLS at once, servers with STARTTLS. ejabberdctl reload_config takes a new
# certificate; with files that do not fit it succeeds, and there is no TLS; a
# start fails then. Without epmd, which would outlive it.

EJABBERD_PACKAGE=ejabberd
EJABBERD_USER=ejabberd
EJABBERD_FILES='fullchain key'

_svc_ejabberd_conf() {
	cat <<-END
	hosts:
	  - "$EJABBERD_HOST"
	loglevel: info
	certfiles:
	  - "$EJABBERD_CERT"
	  - "$EJABBERD_KEY"
	acme:
	  auto: false
	s2s_use_starttls: optional
	listen:
	  -
	    port: $EJABBERD_PORT
	    ip: "127.0.0.1"
	    module: ejabberd_c2s
	    starttls: true
	  -
	    port: $EJABBERD_TLS_PORT
	    ip: "127.0.0.1"
	    module: ejabberd_c2s
	    tls: true
	  -
	    port: $EJABBERD_SERVER_PORT
	    ip: "127.0.0.1"
	    module: ejabberd_s2s_in
	modules:
	  mod_disco: {}
	END
}
svc_ejabberd_start() {
	svc_begin ejabberd || return 1
	_d=$EJABBERD_DIR
	: "${EJABBERD_HOST:=www.example.test}"
	EJABBERD_LOG=$_d/log/ejabberd.log
	EJABBERD_CONF=$_d/etc/ejabberd.yml
	# shellcheck disable=SC2046 # a list of numbers
	set -- $(free_ports 4)
	EJABBERD_PORT=$1 EJABBERD_TLS_PORT=$2 EJABBERD_SERVER_PORT=$3
	EJABBERD_ENDPOINTS="xmpp:$1 tls:$2 xmpp-server:$3"
	mkdir "$_d/etc" "$_d/log" "$_d/spool" && : >"$_d/etc/inetrc" &&
		_svc_ejabberd_conf >"$EJABBERD_CONF" || return 1
	cat >"$_d/etc/ctl.cfg" <<-END
	ERL_DIST_PORT=$4
	ERL_OPTIONS="-env ERL_CRASH_DUMP_BYTES 0 -setcookie certrepo
		-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +A 1 +sbwt none"
	EJABBERD_PID_PATH=$_d/spool/pid
	END
	chown -R ejabberd: "$_d/etc" "$_d/log" "$_d/spool"
	_ctl="ejabberdctl --config-dir $_d/etc --config $EJABBERD_CONF
		--ctl-config $_d/etc/ctl.cfg --logs $_d/log --spool $_d/spool"
	# shellcheck disable=SC2086,SC2116 # into one line
	_ctl=$(echo $_ctl)
	# it listens long before it has read the certificates
	echo "$_ctl status" >"$_d/ready"
	EJABBERD_RELOAD="$_ctl reload_config"
	svc_command_pid ejabberd "$_d/spool/pid" env HOME="$_d/spool" \
		setpriv --reuid=ejabberd --regid=ejabberd --init-groups \
		"$_ctl" foreground
	echo 60 >"$_d/wait"
	svc_start ejabberd "$1" "$2" "$3"
}
svc_ejabberd_stop() {
	svc_stop ejabberd
}
svc_ejabberd_alive() {
	svc_alive ejabberd
}
