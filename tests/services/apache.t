#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache httpd: its test of the configuration does not see that the key is
# another's, and a graceful restart with that ends it.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

matrix_begin apache
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_apache_start || bail "apache does not start"
# as systemctl does, which starts nothing with a reload
svc_reload apache "$APACHE_RELOAD"
M_BAD=died M_EMPTY=
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
