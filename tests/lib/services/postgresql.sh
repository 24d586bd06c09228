# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# PostgreSQL, its tools' folder in POSTGRESQL_BIN. A reload takes a new
# certificate (HUP; POSTGRESQL_PG_CTL as the user postgres, who alone may);
# files that do not fit are told to the log, and the old one stays.

# the newest that is there: 15, or 17 on Debian 13
POSTGRESQL_BIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
POSTGRESQL_PACKAGE=postgresql-$(basename "$(dirname "$POSTGRESQL_BIN")")
POSTGRESQL_USER=postgres
POSTGRESQL_FILES='fullchain key'

svc_postgresql_start() {
	svc_begin postgresql || return 1
	_d=$POSTGRESQL_DIR
	POSTGRESQL_PORT=$(free_port)
	POSTGRESQL_ENDPOINTS=postgres:$POSTGRESQL_PORT
	POSTGRESQL_PG_CTL="$POSTGRESQL_BIN/pg_ctl -D $_d/data"
	_as='setpriv --reuid=postgres --regid=postgres --init-groups'
	mkdir "$_d/data" && chown postgres: "$_d" "$_d/data" || return 1
	if ! (cd "$_d" && $_as "$POSTGRESQL_BIN/initdb" -D "$_d/data" -A trust \
		-E UTF8 --no-sync --no-instructions >"$POSTGRESQL_LOG" 2>&1); then
		diag "initdb: $(tail -3 "$POSTGRESQL_LOG")"
		return 1
	fi
	POSTGRESQL_CONF=$_d/data/postgresql.conf
	cat >>"$POSTGRESQL_CONF" <<-END
	listen_addresses = '127.0.0.1'
	port = $POSTGRESQL_PORT
	unix_socket_directories = '$_d'
	shared_buffers = 16MB
	fsync = off
	ssl = on
	ssl_cert_file = '$POSTGRESQL_CERT'
	ssl_key_file = '$POSTGRESQL_KEY'
	END
	svc_reload postgresql kill -HUP '$MAINPID'
	svc_command postgresql "$_as" "$POSTGRESQL_BIN/postgres" -D "$_d/data"
	svc_start postgresql "$POSTGRESQL_PORT"
}
svc_postgresql_stop() {
	svc_stop postgresql
}
svc_postgresql_alive() {
	svc_alive postgresql
}
