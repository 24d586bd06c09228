#!/bin/sh
# SPDX-License-Identifier: MIT
# vsftpd: AUTH TLS. It is restarted, and dies of files that do not fit; the way
# of the profile to test them finds that before.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

matrix_begin vsftpd
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_vsftpd_start || bail "vsftpd does not start"
# one line: without the address it would listen
VSFTPD_TEST="vsftpd $VSFTPD_CONF $(sed -n \
	'/-obackground/,/]/s/[^"]*"\(-o[^"]*\)"[^"]*/\1 /gp' \
	"$T/shipped/vsftpd.conf" | tr -d '\n')"
VSFTPD_RELOAD="$_svc_lib/ctl $VSFTPD_DIR try-restart"
M_BAD=died M_GONE="gone gone" M_GARBAGE="nonsense=YES"
gone_watch vsftpd "$VSFTPD_ENDPOINTS"
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
gone_faults
matrix_table

# --- its test ---
ok "the test says yes" $VSFTPD_TEST
"$T/bin/m-bad"
not_ok "... and no to a certificate of another key" $VSFTPD_TEST
done_testing
