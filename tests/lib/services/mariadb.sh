# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# A MariaDB server whose own certificate is what is renewed (mariadb.sh in the
# folder above is the one of the store). FLUSH SSL takes a new certificate;
# with files that do not fit it fails, and the old one stays.

MARIADB_PACKAGE=mariadb-server
MARIADB_USER=mysql
MARIADB_FILES='fullchain key'

# The arguments of the profile's mariadb-admin.
_svc_mariadb_flush() {
	sed -n '/"mariadb-admin"/,/\]/p' "$ROOT/installer-profiles/mariadb.conf" |
		grep -o '"[^"]*"' | sed 's/"//g; /^mariadb-admin$/d' | xargs
}
svc_mariadb_start() {
	svc_begin mariadb || return 1
	_d=$MARIADB_DIR
	MARIADB_PORT=$(free_port)
	MARIADB_ENDPOINTS=mysql:$MARIADB_PORT
	MARIADB_CONF=$_d/my.cnf
	MARIADB_SOCKET=$_d/data/s.sock
	MARIADB_LOG=$_d/data/err.log
	mkdir "$_d/data" "$_d/tmp" && chown mysql: "$_d/data" "$_d/tmp" ||
		return 1
	cat >"$MARIADB_CONF" <<-END
	[mariadbd]
	user = mysql
	datadir = $_d/data
	tmpdir = $_d/tmp
	socket = $MARIADB_SOCKET
	pid-file = $_d/data/pid
	log-error = $MARIADB_LOG
	port = $MARIADB_PORT
	bind-address = 127.0.0.1
	skip-name-resolve
	skip-log-bin
	innodb-buffer-pool-size = 32M
	innodb-log-file-size = 8M
	innodb-flush-log-at-trx-commit = 0
	performance-schema = off
	ssl-cert = $MARIADB_CERT
	ssl-key = $MARIADB_KEY
	END
	if ! mariadb-install-db --defaults-file="$MARIADB_CONF" --skip-test-db \
		--auth-root-authentication-method=normal --user=mysql \
		>"$_d/start.log" 2>&1; then
		diag "mariadb-install-db: $(tail -3 "$_d/start.log")"
		return 1
	fi
	printf '[client]\nsocket = %s\nuser = root\n' "$MARIADB_SOCKET" \
		>"$_d/client.cnf"
	MARIADB_RELOAD="mariadb-admin --defaults-file=$_d/client.cnf \
		$(_svc_mariadb_flush)"
	svc_command mariadb "$(unconfined mariadbd)" --defaults-file="$MARIADB_CONF"
	svc_start mariadb "$MARIADB_PORT"
}
svc_mariadb_stop() {
	svc_stop mariadb
}
svc_mariadb_alive() {
	svc_alive mariadb
}
