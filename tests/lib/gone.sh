# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# Daemons that a set that does not fit leaves without TLS, or dead: the fault
# bad of the matrix, watched. Source after matrix.sh:
#
#	gone_watch postfix tls:$PORT	before matrix_ready
#	gone_faults			in place of matrix_faults

# Behind each activation: what is served at that moment, to $T/looked.
gone_watch() { # DAEMON PROTOCOL:PORT
	_starttls="-starttls ${2%%:*}"
	[ "${2%%:*}" != tls ] || _starttls=
	_how=$(svc_get "$1" RELOAD)
	: "${_how:=$(svc_get "$1" RESTART)}"
	m_script m-watched <<-END
	$_how
	rc=\$?
	if [ -e "$T/look" ]; then
		sleep 0.5 # old processes may answer for a moment
		timeout 5 openssl s_client -connect 127.0.0.1:${2##*:} \
			-servername $NAME $_starttls </dev/null 2>/dev/null |
			openssl x509 -noout 2>/dev/null &&
			echo TLS >>"$T/looked" || echo gone >>"$T/looked"
	fi
	exit \$rc
	END
	svc_set "$1" RELOAD "$T/bin/m-watched"
}
# M_GONE is what is seen after the activation and after the one on the way back
# (gone TLS); that a daemon has died is mended only when it is started. What
# mends its configuration shows that TLS can be seen.
gone_faults() {
	for _g in $M_FAULTS; do
		case $_g in
		config) _seen=TLS ;;
		bad) _seen=${M_GONE:-gone TLS} ;;
		*) _seen= ;;
		esac
		rm -f "$T/looked"
		[ -z "$_seen" ] || : >"$T/look"
		matrix_faults "$_g"
		rm -f "$T/look"
		[ -z "$_seen" ] || is "$(tr '\n' ' ' <"$T/looked")" "$_seen " \
			"... after each activation: $_seen"
	done
}
