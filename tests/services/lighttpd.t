#!/bin/sh
# SPDX-License-Identifier: MIT
# lighttpd: one file with certificates and key, which only root reads, at the
# start.
# shellcheck disable=SC2034,SC2154 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin lighttpd
SVC_CERT=$DIR/current/lighttpd.pem SVC_KEY=
is "$(stat -L -c '%a %U' "$SVC_CERT")" "600 root" "the file is root's alone"
svc_lighttpd_start || bail "lighttpd does not start"
LIGHTTPD_RELOAD="$_svc_lib/ctl $LIGHTTPD_DIR try-restart"
M_BAD=died
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
is "$(sed -n 's/^-----BEGIN \(.*\)-----$/\1/p' "$SVC_CERT" | tr '\n' +)" \
	"CERTIFICATE+CERTIFICATE+PRIVATE KEY+" \
	"its file: certificate, intermediate, key"
matrix_new
matrix_faults
matrix_table
done_testing
