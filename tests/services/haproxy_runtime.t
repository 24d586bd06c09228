#!/bin/sh
# SPDX-License-Identifier: MIT
# HAProxy over its runtime API: the same process takes the new certificate, and
# refuses one that does not fit.
# shellcheck disable=SC2034,SC2154 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

# The lines of a file as the profile's head describes it.
described() { # FIRST-WORD LAST-WORD
	sed -n "/^#	$1/,/^#	$2/s/^#	//p" "$T/shipped/haproxy-runtime.conf"
}
process() {
	echo "show info" | socat - "UNIX-CONNECT:$HAPROXY_SOCKET" |
		sed -n 's/^Pid: //p'
}

# socat is where the matrix takes a hand in the activation.
m_vars() { # [COMMAND for all of them]
	cat <<-END
	{ name = "test"; value = "${1:-$T/bin/m-test}"; },
	{ name = "start"; value = "${1:-$T/bin/m-start}"; },
	{ name = "socat"; value = "${1:-$T/bin/m-activate}"; },
	{ name = "socket"; value = "$T/haproxy/admin.sock"; },
	{ name = "set"; value = "$T/haproxy.set"; },
	{ name = "commit"; value = "$T/haproxy.commit"; }
	END
}

DIR=$T/tls M_EDIT="s|/etc/haproxy/tls|$T/tls|"
matrix_begin haproxy haproxy-runtime
SVC_CERT=$DIR/current/haproxy.pem SVC_KEY=
svc_haproxy_start || bail "haproxy does not start"
described prompt set >"$T/haproxy.set"
{ echo && described commit commit; } >"$T/haproxy.commit"
# the profile's own, of this configuration
HAPROXY_TEST="haproxy -c -f $HAPROXY_CONF"
HAPROXY_RELOAD='socat -t 30 "$@"'
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
pid=$(process)
matrix_new
is "$(process)" "$pid" "... by the same process"
matrix_faults
matrix_table

# --- what it says ---
"$T/bin/m-bad"
like "$(cat "$T/haproxy.set" "$SVC_CERT" "$T/haproxy.commit" |
	socat - "UNIX-CONNECT:$HAPROXY_SOCKET")" "Can't commit " \
	"of a certificate of another key it says no"
done_testing
