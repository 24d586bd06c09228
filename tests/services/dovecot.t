#!/bin/sh
# SPDX-License-Identifier: MIT
# Dovecot: imap, pop3, lmtp and sieve with STARTTLS, imaps and pop3s. Its reload
# says yes to files that do not fit, and then there is no TLS.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

matrix_begin dovecot
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
svc_dovecot_start || bail "dovecot does not start"
gone_watch dovecot tls:$DOVECOT_IMAPS_PORT
matrix_ready
matrix_new
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a certificate of another key" $DOVECOT_TEST
done_testing
