#!/bin/sh
# SPDX-License-Identifier: MIT
# Exim: STARTTLS and smtps. It says yes to files that do not fit, and then there
# is no TLS.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

M_UNREAD=lost
matrix_begin exim
# It watches its files, and has no TLS when its key is gone or spoilt: for the
# faults that do that to ours, it gets its own, in a folder where nothing else is
# written: for Exim, any change beside it is one of its files.
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/keys/exim.key
mkdir "$T/keys" && cp "$T/host.key" "$SVC_KEY" && svc_keep exim "$SVC_KEY"
svc_exim_start || bail "exim does not start"
EXIM_TEST="$EXIM_PROGRAM -C $EXIM_CONF -bP primary_hostname"
gone_watch exim tls:$EXIM_SMTPS_PORT
matrix_ready
matrix_new
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a certificate of another key" $EXIM_TEST
done_testing
