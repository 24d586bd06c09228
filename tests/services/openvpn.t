#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenVPN: restarted, and dies of files that do not fit. What it serves is asked
# by a client, both by the test and by the installer, as a command: that cannot
# tell a server that is stopped from one that is wrong.
# shellcheck disable=SC2034,SC2154 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

# It fails as it did before: that says nothing against the new set.
fault_stopped() {
	m_next
	svc_stop openvpn
	run host
	m_told 1 failed 'installed, but not seen to be served, as before'
	not_ok "... it is not started" svc_alive openvpn
	m_cell down
	M_FP=$fp
	m_start
	m_served '... the new one is served'
}

matrix_begin openvpn
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key SVC_ROOT=$T/pki/ca.pem
svc_openvpn_start || bail "openvpn does not start"
cat >"$T/bin/shows" <<END
#!/bin/sh
shown=\$("$OPENVPN_ASK") && [ -n "\$shown" ] || { echo "no answer"; exit 1; }
echo "\$CERTREPO_ADDRESS shows \$shown"
[ "\$shown" = "\$CERTREPO_FINGERPRINT" ]
END
chmod 755 "$T/bin/shows"
M_VERIFY="{ protocol = \"command\"; address = \"OpenVPN\";
	command = [ \"$T/bin/shows\" ]; }"
# the profile's own, of this configuration
OPENVPN_TEST="openvpn --cd $OPENVPN_DIR --config server.conf --show-digests"
OPENVPN_RELOAD="$_svc_lib/ctl $OPENVPN_DIR try-restart"
M_BAD=died
M_VERIFY_TIME=4 # once told, it has done it
svc_openvpn_expect "$M_FP"
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
