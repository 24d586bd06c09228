#!/bin/sh
# SPDX-License-Identifier: MIT
# Postfix: STARTTLS and smtps. Its check and its reload say yes to files that do
# not fit, and then there is no TLS.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

matrix_begin postfix
SVC_CERT=$DIR/current/key-fullchain.pem SVC_KEY=$T/host.key
svc_postfix_start || bail "postfix does not start"
M_CONF=$POSTFIX_CONF/main.cf
gone_watch postfix smtp:$POSTFIX_PORT
matrix_ready
matrix_new
is "$(sed -n "/-----BEGIN/{p;q}" "$SVC_CERT") $(stat -L -c %a "$SVC_CERT")" \
	"-----BEGIN PRIVATE KEY----- 600" "the key comes first, for root alone"
gone_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a certificate of another key" $POSTFIX_TEST
done_testing
