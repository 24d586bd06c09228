#!/bin/sh
# SPDX-License-Identifier: MIT
# PostgreSQL: a reload that says nothing of files that do not fit, and keeps
# the old ones; a setting it does not know keeps it from no certificate.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin postgresql
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_postgresql_start || bail "postgresql does not start"
M_CONFIG=served M_UNREAD=back
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
