#!/bin/sh
# SPDX-License-Identifier: MIT
# Prosody: a signal is all that it is told by, so only a handshake says what
# it made of that.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin prosody
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_prosody_start || bail "prosody does not start"
: >"$PROSODY_DIR/simple" # as its unit
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
