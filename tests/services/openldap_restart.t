#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenLDAP with slapd.conf: StartTLS and ldaps. It must be restarted, and ends
# with files that do not fit.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

SLAPD_CLASSIC=1
matrix_begin slapd openldap-restart
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_slapd_start || bail "slapd does not start"
SLAPD_RELOAD="$_svc_lib/ctl $SLAPD_DIR try-restart"
M_BAD=died M_GONE="gone gone"
gone_watch slapd tls:$SLAPD_LDAPS_PORT
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
m_tested_by openldap
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a certificate of another key" $SLAPD_TEST
done_testing
