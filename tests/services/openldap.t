#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenLDAP: StartTLS and ldaps. Told by a change in cn=config, it keeps running;
# files that do not fit are refused, and leave it without TLS.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

matrix_begin slapd openldap
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_slapd_start || bail "slapd does not start"
sed -n '/dn: cn=config/,/^#$/s/^#	//p' "$T/shipped/openldap.conf" |
	sed "s|DIR/current/fullchain.pem|$SVC_CERT|; s|(the setting.*)|$SVC_KEY|" \
		>"$T/told.ldif"
is "$(cat "$SLAPD_LDIF")" "$(cat "$T/told.ldif")" \
	"slapd is told by the file that the profile describes"
pid=$(cat "$SLAPD_DIR/pid")
M_CONF=$SLAPD_CONF/cn=config.ldif
gone_watch slapd tls:$SLAPD_LDAPS_PORT
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
m_tested_by openldap
is "$(cat "$SLAPD_DIR/pid")" "$pid" "... by the same process"
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a certificate of another key" $SLAPD_TEST
done_testing
