# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# Daemons that a set that does not fit leaves without TLS, or dead: the fault
# bad of the matrix, watched. Source after matrix.sh:
#
#	gone_watch postfix tls:$PORT	before matrix_ready
#	gone_faults			in place of matrix_faults

# Behind each activation: what is served at that moment, to $T/looked.
gone_watch() { # DAEMON tls:PORT
	_how=$(svc_get "$1" RELOAD)
	: "${_how:=$(svc_get "$1" RESTART)}"
	m_script m-watched <<-END
	$_how
	rc=\$?
	if [ -e "$T/look" ]; then
		sleep 0.5
		timeout 5 openssl s_client -connect 127.0.0.1:${2##*:} \
			-servername $NAME </dev/null 2>/dev/null |
			openssl x509 -noout 2>/dev/null &&
			echo TLS >>"$T/looked" || echo gone >>"$T/looked"
	fi
	exit \$rc
	END
	svc_set "$1" RELOAD "$T/bin/m-watched"
}
# What is seen after the activation and after the one on the way back; a daemon
# that has died is seen only when it was started.
gone_faults() { # [SEEN]
	for _g in $M_FAULTS; do
		[ "$_g" != bad ] || : >"$T/look"
		matrix_faults "$_g"
		[ "$_g" = bad ] || continue
		rm "$T/look"
		is "$(cat "$T/looked")" "${1:-gone
TLS}" "... TLS was gone meanwhile"
	done
}
