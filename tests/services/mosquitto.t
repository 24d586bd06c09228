#!/bin/sh
# SPDX-License-Identifier: MIT
# Mosquitto: a signal is all that it is told by, so only a handshake says what
# it made of that. A setting it does not know keeps it from no certificate.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin mosquitto
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_mosquitto_start || bail "mosquitto does not start"
M_CONFIG=served M_UNREAD=served
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
