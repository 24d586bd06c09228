#!/bin/sh
# SPDX-License-Identifier: MIT
# Cockpit: a folder that it has its files in, the last of which counts.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"
. "$ROOT/tests/lib/gone.sh"

unshare --mount true 2>/dev/null || skip_all "it may not have a /run of its own here"
COCKPIT_ETC=$T/etc DIR=$T/etc/cockpit/ws-certs.d
M_KEY=$DIR/50-certrepo.key
matrix_begin cockpit
SVC_CERT=$DIR/50-certrepo.cert SVC_KEY=$M_KEY
# what Cockpit makes for itself
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
	-subj /CN=localhost -keyout "$DIR/0-self-signed.key" \
	-out "$DIR/0-self-signed.cert" 2>/dev/null
svc_cockpit_start || bail "cockpit does not start"
COCKPIT_RELOAD="$_svc_lib/ctl $COCKPIT_DIR try-restart"
M_BAD=died M_GONE="gone gone"
# a certificate without a key, which counts
matrix_break() {
	cp "$T/other.crt" "$DIR/60-mine.cert"
}
matrix_mend() {
	rm "$DIR/60-mine.cert"
}
gone_watch cockpit "$COCKPIT_ENDPOINTS"
M_VERIFY_TIME=4 # once told, it has done it
matrix_ready
matrix_new
gone_faults
matrix_table

# --- its test ---
ok "its test says yes" $COCKPIT_TEST
"$T/bin/m-bad"
not_ok "... and no to a certificate of another key" $COCKPIT_TEST
done_testing
