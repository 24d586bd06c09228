#!/bin/sh
# SPDX-License-Identifier: MIT
# MariaDB: FLUSH SSL, which fails when the files do not fit.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin mariadb
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_mariadb_start || bail "mariadb does not start"
# the profile's own, of this configuration
MARIADB_TEST="mariadbd --defaults-file=$MARIADB_CONF --verbose --help"
M_UNREAD=back
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
m_tested_by mysql
matrix_faults
matrix_table
done_testing
