# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# Real daemons on loopback, as a host would run them but without systemd, each
# in a folder of its own under $T. Source after lib.sh; root is needed.
#
#	svc_use apache postfix
#	SVC_CERT=$T/fullchain.pem SVC_KEY=$T/key.pem
#	svc_apache_start || bail "apache does not start"
#	svc_apache_alive; svc_apache_stop
#
# What each of them (X, in capitals) leaves in variables:
#
#	X_PACKAGE	the Debian package; svc_version apache prints its version
#	X_USER		who reads the key: svc_keep apache FILE... gives it to it
#	X_FILES		what it wants: "fullchain key", "combined", ...
#	X_ENDPOINTS	where the certificate is served, "PROTOCOL:PORT ..."
#	X_DIR		its folder, X_LOG its log
#	X_TEST		its configuration test, or empty
#	X_RELOAD	how it takes a new certificate, or empty if it must restart
#	X_START X_RESTART X_STATUS X_STOP	what systemctl would do
#
# The commands are words without blanks; svc_argv makes "a", "b" of them, as
# the installer's configuration wants. X_CERT and X_KEY are its files when
# they are not SVC_CERT and SVC_KEY; SVC_ROOT is what clients trust.

# their users look into our folders
umask 022
_svc_lib=$ROOT/tests/lib/services

svc_use() { # DAEMON...
	for _s in "$@"; do
		# shellcheck disable=SC1090 # one of the files beside this one
		. "$_svc_lib/$_s.sh" || return 1
	done
}
svc_get() { # DAEMON NAME: its variable X_NAME
	_s=$(echo "$1" | tr '[:lower:]' '[:upper:]')
	eval "echo \"\${${_s}_$2-}\""
}
svc_set() { # DAEMON NAME VALUE
	_s=$(echo "$1" | tr '[:lower:]' '[:upper:]')
	eval "${_s}_$2=\$3"
}
svc_version() { # DAEMON
	dpkg-query -W -f '${Package} ${Version}\n' "$(svc_get "$1" PACKAGE)" \
		2>/dev/null || cat "/usr/local/lib/certrepo-tests/$1/version"
}
svc_argv() { # WORD...: "WORD", "WORD"
	_list=
	for _x in "$@"; do
		_list="${_list:+$_list, }\"$_x\""
	done
	echo "$_list"
}
# Files that the daemon's user may read, and nobody else.
svc_keep() { # DAEMON FILE...
	_s=$(svc_get "$1" USER)
	shift
	chown "$_s:" "$@" && chmod 600 "$@"
}

_svc_client() { # PORT NAME [OPTION...]
	_port=$1 _sname=$2
	shift 2
	timeout 10 openssl s_client -connect "127.0.0.1:$_port" \
		-servername "$_sname" "$@" </dev/null >"$T/svc_client" 2>/dev/null
	cert_fp "$T/svc_client"
}
# With EAP-TTLS in RADIUS; the certificates come root first, if it is sent.
_svc_eap() { # PORT
	cat >"$T/svc_eap.conf" <<-END
	network={
		key_mgmt=WPA-EAP
		eap=TTLS
		identity="bob"
		anonymous_identity="anonymous"
		password="pw"
		phase2="auth=PAP"
	}
	END
	rm -f "$T/svc_eap.pem"
	timeout 10 eapol_test -c "$T/svc_eap.conf" -a 127.0.0.1 -p "$1" \
		-s testing123 -t 5 -o "$T/svc_eap.pem" >"$T/log/eapol_test" 2>&1
	tac "$T/svc_eap.pem" | sed '/-----BEGIN CERT/q' | tac >"$T/svc_eap.leaf"
	cert_fp "$T/svc_eap.leaf"
}
# What is served: SHA-256 of the certificate at PROTOCOL:PORT.
svc_fp() { # PROTOCOL:PORT NAME
	_proto=${1%%:*} _port=${1##*:}
	case $_proto in
	tls) tls_fp "$_port" "$2" ;;
	eap) _svc_eap "$_port" ;;
	openvpn) "$OPENVPN_ASK" ;;
	xmpp*) _svc_client "$_port" "$2" -starttls "$_proto" -xmpphost "$2" ;;
	*) tls_fp "$_port" "$2" "$_proto" ;;
	esac
}

# --- for the daemons' files ---

# An empty folder, and the variables that are the same for all.
svc_begin() { # DAEMON
	_sd=$T/$1
	rm -rf "$_sd"
	mkdir -p "$_sd" && chmod 755 "$_sd" || return 1
	: >"$_sd/ports"
	svc_set "$1" DIR "$_sd"
	svc_set "$1" LOG "$_sd/start.log"
	[ -n "$(svc_get "$1" CERT)" ] || svc_set "$1" CERT "${SVC_CERT-}"
	[ -n "$(svc_get "$1" KEY)" ] || svc_set "$1" KEY "${SVC_KEY-}"
	for _x in start restart status stop; do
		svc_set "$1" "$(echo $_x | tr '[:lower:]' '[:upper:]')" \
			"$_svc_lib/ctl $_sd $_x"
	done
	svc_set "$1" TEST ''
	svc_set "$1" RELOAD ''
}
# A program in the foreground: what DIR/start does with it.
svc_command() { # DAEMON WORD...
	_sd=$T/$1
	shift
	cat >"$_sd/start" <<-END
	setsid $* >>$_sd/start.log 2>&1 </dev/null &
	echo \$! >$_sd/pid
	END
}
# The same, when it writes its own PIDFILE.
svc_command_pid() { # DAEMON PIDFILE WORD...
	_sd=$T/$1
	ln -s "$2" "$_sd/pid"
	shift 2
	echo "setsid $* >>$_sd/start.log 2>&1 </dev/null &" >"$_sd/start"
}
# A program that goes to the background and writes its own PIDFILE.
svc_daemon() { # DAEMON PIDFILE WORD...
	_sd=$T/$1
	[ "$2" = "$_sd/pid" ] || ln -s "$2" "$_sd/pid"
	shift 2
	echo "$* >>$_sd/start.log 2>&1" >"$_sd/start"
}
# What ExecReload= of its unit does, with $MAINPID.
svc_reload() { # DAEMON SHELL...
	_sd=$T/$1
	svc_set "$1" RELOAD "$_svc_lib/ctl $_sd reload"
	shift
	echo "$*" >"$_sd/reload"
}
# Start it, on these ports. The end of the test ends it, too.
svc_start() { # DAEMON PORT...
	_s=$1 _sd=$T/$1
	shift
	echo "$@" >"$_sd/ports"
	ln -sf "$_sd/pid" "$T/pid/$_s"
	if ! "$_svc_lib/ctl" "$_sd" start; then
		diag "$_s does not start: $(tail -5 "$_sd/start.log")"
		"$_svc_lib/ctl" "$_sd" stop
		return 1
	fi
}
svc_stop() { # DAEMON
	"$_svc_lib/ctl" "$T/$1" stop && rm -f "$T/pid/$1"
}
svc_alive() { # DAEMON
	"$_svc_lib/ctl" "$T/$1" status
}
