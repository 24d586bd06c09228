#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenLDAP: StartTLS and ldaps. Told by a change in cn=config, it keeps running;
# files that do not fit are refused, and leave it without TLS. Then the same by
# a restart.
# shellcheck disable=SC2034,SC2154 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

matrix_begin slapd openldap
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_slapd_start || bail "slapd does not start"
pid=$(cat "$SLAPD_DIR/pid")
M_CONF=$SLAPD_CONF/cn=config.ldif
gone_watch slapd tls:$SLAPD_LDAPS_PORT
matrix_ready
matrix_new
is "$(cat "$SLAPD_DIR/pid")" "$pid" "... by the same process"
gone_faults
matrix_table

# --- without cn=config: a restart ---
diag "again, by a restart"
SLAPD_RELOAD="$_svc_lib/ctl $SLAPD_DIR try-restart"
M_BAD=died M_ROW=
matrix_ready
matrix_new
matrix_faults lies bad stopped
M_PROFILE=by-restart
matrix_table
done_testing
