# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# A MariaDB server of our own, with TLS, on loopback. Source after lib.sh, then:
#
#	mariadb_start DIR [mariadbd options]
#		makes DIR (data, certificates, logs), starts the server and
#		sets MARIADB_HOST (127.0.0.1) MARIADB_PORT MARIADB_SOCKET
#		MARIADB_CA MARIADB_USER (certrepo, all rights on the database)
#		MARIADB_PASSWORD_FILE MARIADB_DATABASE (certrepo) MARIADB_DIR
#		MARIADB_PID. Waits until it answers. Started on a DIR that
#		was started before, it goes on with its data and its port.
#		The end of the test ends it, too.
#	mariadb_stop	 ends it (by its pid); DIR stays
#	mariadb_kill	 the same with SIGKILL
#	mariadb_sql ...	 the mariadb client as root over the socket
#
# The certificate is for 127.0.0.1 and localhost, from a CA made in DIR.

_mariadb_tls() { # DIR: a CA and a certificate for the server
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1/ca.key" -out "$1/ca.pem" -days 30 \
		-subj "/CN=certrepo test CA" 2>/dev/null &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-nodes -keyout "$1/key.pem" -out "$1/req.pem" \
			-subj "/CN=localhost" 2>/dev/null || return 1
	printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >"$1/ext"
	openssl x509 -req -in "$1/req.pem" -CA "$1/ca.pem" \
		-CAkey "$1/ca.key" -CAcreateserial -days 30 \
		-extfile "$1/ext" -out "$1/cert.pem" 2>/dev/null
}

_mariadb_port() { # a free one
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1")->sockport' 2>/dev/null ||
		python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The server refuses to run as root, and its user must reach DIR.
_mariadb_init() { # DIR
	mkdir -p "$1/data" "$1/tls" "$1/tmp" && _mariadb_tls "$1/tls" || return 1
	_mariadb_port >"$1/port"
	(umask 077 && echo "test-$$-$(date +%s)" >"$1/password")
	[ "$(id -u)" != 0 ] || chown -R mysql: "$1/data" "$1/tls" "$1/tmp"
	mariadb-install-db --no-defaults --datadir="$1/data" --tmpdir="$1/tmp" \
		--auth-root-authentication-method=normal \
		--innodb-log-file-size=4M \
		--skip-test-db ${_mariadb_user:+--user=mysql} \
		>"$1/install.log" 2>&1
}

_mariadb_wait() { # seconds/10
	_left=$1
	while [ "$_left" -gt 0 ]; do
		kill -0 "$MARIADB_PID" 2>/dev/null || return 1
		if mariadb_sql -e 'SELECT 1' >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.1
		_left=$((_left - 1))
	done
	return 1
}

mariadb_start() {
	MARIADB_DIR=$1
	shift
	_mariadb_user=
	[ "$(id -u)" != 0 ] || _mariadb_user=mysql
	_mariadb_new=
	if [ ! -f "$MARIADB_DIR/port" ]; then
		_mariadb_new=1
		_mariadb_init "$MARIADB_DIR" || {
			cat "$MARIADB_DIR/install.log" >&2
			return 1
		}
	fi
	MARIADB_HOST=127.0.0.1
	MARIADB_PORT=$(cat "$MARIADB_DIR/port")
	MARIADB_SOCKET=$MARIADB_DIR/data/s.sock
	MARIADB_CA=$MARIADB_DIR/tls/ca.pem
	MARIADB_USER=certrepo
	MARIADB_PASSWORD_FILE=$MARIADB_DIR/password
	MARIADB_DATABASE=certrepo
	mariadbd --no-defaults --datadir="$MARIADB_DIR/data" \
		--socket="$MARIADB_SOCKET" --port="$MARIADB_PORT" \
		--bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin \
		--pid-file="$MARIADB_DIR/data/pid" \
		--log-error="$MARIADB_DIR/data/err.log" \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=4M \
		--innodb-flush-log-at-trx-commit=2 --performance-schema=off \
		--ssl-ca="$MARIADB_DIR/tls/ca.pem" \
		--ssl-cert="$MARIADB_DIR/tls/cert.pem" \
		--ssl-key="$MARIADB_DIR/tls/key.pem" \
		${_mariadb_user:+--user=mysql} "$@" \
		>>"$MARIADB_DIR/out.log" 2>&1 &
	MARIADB_PID=$!
	echo $MARIADB_PID >"$T/pid/mariadb"
	if ! _mariadb_wait 300; then
		echo "# mariadbd does not start:" >&2
		tail -n 20 "$MARIADB_DIR/data/err.log" >&2
		return 1
	fi
	[ -n "$_mariadb_new" ] || return 0
	mariadb_sql -e "CREATE DATABASE certrepo;
		CREATE USER certrepo@'%' IDENTIFIED BY '$(cat "$MARIADB_PASSWORD_FILE")';
		GRANT ALL ON certrepo.* TO certrepo@'%' WITH GRANT OPTION"
}

# Its client from 11.4 on insists on TLS that it can trust otherwise.
mariadb_sql() {
	mariadb --no-defaults --skip-ssl --socket="$MARIADB_SOCKET" \
		--user=root "$@"
}

_mariadb_end() { # SIGNAL
	[ -n "${MARIADB_PID-}" ] || return 0
	kill "-$1" "$MARIADB_PID" 2>/dev/null
	wait "$MARIADB_PID" 2>/dev/null
	MARIADB_PID=
	rm -f "$T/pid/mariadb"
}

mariadb_stop() {
	_mariadb_end TERM
}

mariadb_kill() {
	_mariadb_end KILL
}
