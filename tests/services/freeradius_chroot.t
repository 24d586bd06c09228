#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeRADIUS in a chroot: certificate and key are in there, and its
# configuration and installer.conf name them as they are called inside.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

echo testing123 >"$T/secret"
chmod 600 "$T/secret"
FREERADIUS_CHROOT=$T/jail M_PREFIX=$T/jail DIR=$T/jail/tls M_KEY=$T/jail/tls/key.pem
matrix_begin freeradius
# as the manual has it
cat >"$T/profiles/freeradius.conf" <<'END'
include = "freeradius";
test = ( { command = [ "$test" ]; timeout = "60s"; } );
END
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
is "$(grep -c "= /tls/current/fullchain.pem" "$M_CONF")" 2 \
	"the configuration knows nothing of the chroot's place"
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
ok "... nor does installer.conf" grep -q '"/tls"' "$T/installer.conf"
matrix_new
m_tested_by root
gone_faults
M_PROFILE=freeradius-chroot
matrix_table

# --- its test ---
"$T/bin/m-bad"
not_ok "its test says no to a certificate of another key" $FREERADIUS_TEST
done_testing
