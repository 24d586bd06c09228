# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# Two MariaDB servers: a primary, and a replica of it that takes no writes.
# Source after mariadb.sh:
#
#	replica_start		both, in $T/primary and $T/replica
#	replica_use WHICH	mariadb_sql and MARIADB_... speak of that one
#	replica_stop WHICH	ends it; its folder stays
#	replica_again WHICH	starts it again
#	replica_level		waits until the replica has all

_replica_up() { # WHICH
	_id=1 _more=
	[ "$1" = primary ] || { _id=2 _more=--read-only=1; }
	[ -f "$T/$1/port" ] || _more=
	# shellcheck disable=SC2086 # words, or none
	mariadb_start "$T/$1" --log-bin=bin --binlog-format=ROW \
		--server-id=$_id $_more || return 1
	mv "$T/pid/mariadb" "$T/pid/$1"
}
replica_use() { # WHICH
	MARIADB_DIR=$T/$1
	MARIADB_PORT=$(cat "$MARIADB_DIR/port")
	MARIADB_SOCKET=$MARIADB_DIR/data/s.sock
	MARIADB_CA=$MARIADB_DIR/tls/ca.pem
}
replica_stop() { # WHICH
	stop "$1"
}
replica_again() { # WHICH
	_replica_up "$1"
}
_replica_has() {
	_there=$(mariadb_sql -NB -e 'SHOW MASTER STATUS' | cut -f 1,2)
	replica_use replica
	_here=$(mariadb_sql -NB -e "SELECT MASTER_POS_WAIT('${_there%	*}',
		${_there#*	}, 30)")
	[ -n "$_here" ] && [ "$_here" != NULL ] && [ "$_here" != -1 ]
}
replica_level() {
	replica_use primary
	_replica_has
	_rc=$?
	replica_use primary
	return $_rc
}
# What mariadb_start made on each comes from the primary's log.
replica_start() {
	_replica_up replica || return 1
	mariadb_sql -e "DROP DATABASE certrepo; DROP USER certrepo@'%'" ||
		return 1
	_replica_up primary || return 1
	mariadb_sql -e "CREATE USER copy@'%' IDENTIFIED BY 'copy-secret'
		REQUIRE SSL; GRANT REPLICATION SLAVE ON *.* TO copy@'%'" ||
		return 1
	replica_use replica
	mariadb_sql -e "CHANGE MASTER TO MASTER_HOST = '127.0.0.1',
		MASTER_PORT = $(cat "$T/primary/port"), MASTER_USER = 'copy',
		MASTER_PASSWORD = 'copy-secret', MASTER_SSL = 1,
		MASTER_SSL_CA = '$T/primary/tls/ca.pem',
		MASTER_SSL_VERIFY_SERVER_CERT = 0, MASTER_CONNECT_RETRY = 1,
		MASTER_LOG_FILE = 'bin.000001', MASTER_LOG_POS = 4;
		START SLAVE; SET GLOBAL read_only = 1" && replica_level
}
