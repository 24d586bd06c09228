#!/bin/sh
# SPDX-License-Identifier: MIT
# Tomcat: a keystore of PKCS#12, and a restart that is over long before it
# listens; with a keystore that it cannot read it runs and never does.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

echo secret-of-tomcat >"$T/password"
chgrp tomcat "$T/password" && chmod 640 "$T/password"
M_EDIT="s|/etc/tomcat10/keystore.password|$T/password|"
matrix_begin tomcat
SVC_CERT=$DIR/current/keystore.p12 SVC_KEY=
is "$(stat -L -c '%a %U %G' "$SVC_CERT")" "640 root tomcat" \
	"the keystore is for root and Tomcat"
TOMCAT_PASSWORD_FILE=$T/password
svc_tomcat_start || bail "tomcat does not start"
: >"$TOMCAT_DIR/simple"
TOMCAT_RELOAD="$_svc_lib/ctl $TOMCAT_DIR try-restart"
M_VERIFY_TIME=20 # it takes its time, more so on a busy machine
matrix_ready
is "$(openssl pkcs12 -in "$SVC_CERT" -passin "file:$T/password" -nodes |
	sed -n 's/^-----BEGIN \(.*\)-----$/\1/p' | sort | tr '\n' +)" \
	"CERTIFICATE+CERTIFICATE+PRIVATE KEY+" \
	"its file: certificate, intermediate, key"
# what comes after </Server> it does not read
matrix_break() {
	cp -p "$M_CONF" "$T/conf.good"
	echo '<Server' >"$M_CONF"
}
# a keystore of another password: one of another key cannot be made
m_script m-bad <<END
openssl pkcs12 -export -in "$T/other.crt" -inkey "$T/other.key" \\
	-passout pass:another -out "$T/spoilt" &&
	cat "$T/spoilt" >"$SVC_CERT"
END
matrix_new
m_tested_by tomcat
matrix_faults
matrix_table

# --- its test ---
"$T/bin/m-bad"
ok "its test says yes to a keystore it cannot read" \
	setpriv --reuid=tomcat --regid=tomcat --clear-groups $TOMCAT_TEST
done_testing
