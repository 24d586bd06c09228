#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeRADIUS: EAP-TTLS and RadSec. It must be restarted.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

echo testing123 >"$T/secret"
chmod 600 "$T/secret"
matrix_begin freeradius
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$M_KEY
svc_freeradius_start || bail "freeradius does not start"
FREERADIUS_RELOAD="$_svc_lib/ctl $FREERADIUS_DIR try-restart"
M_CONF=$FREERADIUS_CONF/radiusd.conf M_BAD=died M_GONE="gone gone"
M_VERIFY="{ address = \"127.0.0.1:$FREERADIUS_PORT\";
	protocol = \"radius-eap\"; secret_file = \"$T/secret\"; },
	{ address = \"127.0.0.1:$FREERADIUS_RADSEC_PORT\";
	protocol = \"radsec\"; server_name = \"$NAME\"; }"
M_UNREAD=back
gone_watch freeradius tls:$FREERADIUS_RADSEC_PORT
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
m_tested_by freerad
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
not_ok "its test says no to a certificate of another key" $FREERADIUS_TEST
done_testing
