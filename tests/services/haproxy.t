#!/bin/sh
# SPDX-License-Identifier: MIT
# HAProxy: one file with certificates and key, a reload that answers before
# the new processes are there.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin haproxy
SVC_CERT=$DIR/current/haproxy.pem SVC_KEY=
is "$(stat -L -c '%a %U' "$SVC_CERT")" "600 root" "the file is root's alone"
svc_haproxy_start || bail "haproxy does not start"
# the profile's own, of this configuration
HAPROXY_TEST="haproxy -c -f $HAPROXY_CONF"
matrix_ready
is "$(sed -n 's/^-----BEGIN \(.*\)-----$/\1/p' "$SVC_CERT" | tr '\n' +)" \
	"CERTIFICATE+CERTIFICATE+PRIVATE KEY+" \
	"its file: certificate, intermediate, key"
matrix_new
matrix_faults
matrix_table
done_testing
