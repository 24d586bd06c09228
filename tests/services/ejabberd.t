#!/bin/sh
# SPDX-License-Identifier: MIT
# ejabberd: its reload succeeds whatever it finds, and with files that do not
# fit there is no TLS on any of its ports.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin ejabberd
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_ejabberd_start || bail "ejabberd does not start"
M_GARBAGE='nonsense: [ 1' M_UNREAD=served
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
