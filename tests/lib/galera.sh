# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# A Galera cluster of three nodes on loopback. Source after mariadb.sh:
#
#	galera_start [mariadbd options]
#		makes three nodes in $T/galera/1 to 3, and starts them
#	galera_use N		mariadb_sql and MARIADB_... speak of that node
#	galera_kill N...	SIGKILL, all at once
#	galera_rejoin N		starts one that was killed; the others are there
#	galera_restart		all were killed: brings the cluster back as its
#				administrator does, by the node that knows most
#	galera_size N		how many nodes are in the cluster of node N
#	galera_ready N COUNT	is N in a cluster of that many, and synced
#
# Nodes get their state from another by rsync, when they lack too much of it.

GALERA_LIB=/usr/lib/galera/libgalera_smm.so

_galera_options() { # N
	_base=$(sed -n "$1p" "$T/galera/ports")
	_all=$(sed 's/^/127.0.0.1:/' "$T/galera/ports" | paste -s -d ,)
	_ist=$(sed -n "$((3 + $1))p" "$T/galera/more")
	_sst=$(sed -n "$1p" "$T/galera/more")
	echo "--wsrep-on=ON --wsrep-provider=$GALERA_LIB
		--wsrep-node-name=node$1 --wsrep-node-address=127.0.0.1:$_base
		--wsrep-cluster-name=certrepo --wsrep-cluster-address=gcomm://$_all
		--wsrep-sst-method=rsync
		--wsrep-sst-receive-address=127.0.0.1:$_sst
		--wsrep-slave-threads=2 --wsrep-sync-wait=0
		--binlog-format=ROW --innodb-autoinc-lock-mode=2
		--wsrep-provider-options=base_host=127.0.0.1;base_port=$_base;gmcast.listen_addr=tcp://127.0.0.1:$_base;ist.recv_addr=127.0.0.1:$_ist;gcache.size=32M;gcache.recover=yes;evs.keepalive_period=PT0.2S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.inactive_check_period=PT0.3S"
}
_galera_up() { # N [OPTION...]
	_node=$1
	shift
	# shellcheck disable=SC2046,SC2086 # words
	mariadb_start "$T/galera/$_node" $(_galera_options "$_node") \
		$GALERA_EXTRA "$@" || return 1
	mv "$T/pid/mariadb" "$T/pid/node$_node"
}
galera_use() { # N
	MARIADB_DIR=$T/galera/$1
	MARIADB_PORT=$(cat "$MARIADB_DIR/port")
	MARIADB_SOCKET=$MARIADB_DIR/data/s.sock
}
_galera_status() { # N NAME
	galera_use "$1"
	timeout 5 mariadb --no-defaults --skip-ssl --socket="$MARIADB_SOCKET" \
		--user=root -NB -e "SHOW STATUS LIKE '$2'" 2>/dev/null | cut -f 2
}
galera_size() { # N
	_galera_status "$1" wsrep_cluster_size
}
galera_ready() { # N COUNT
	[ "$(_galera_status "$1" wsrep_ready)" = ON ] &&
		[ "$(_galera_status "$1" wsrep_local_state_comment)" = Synced ] &&
		[ "$(galera_size "$1")" = "$2" ]
}

galera_start() { # [OPTION...]
	[ -f "$GALERA_LIB" ] || return 1
	mkdir -p "$T/galera"
	free_ports 3 | tr ' ' '\n' >"$T/galera/ports"
	free_ports 6 | tr ' ' '\n' >"$T/galera/more"
	GALERA_EXTRA=$*
	_galera_up 1 --wsrep-new-cluster || return 1
	stop node1 # cleanly: what the others begin with
	for _k in 2 3; do
		cp -a "$T/galera/1" "$T/galera/$_k"
		free_port >"$T/galera/$_k/port"
		sed -i 's/^safe_to_bootstrap.*/safe_to_bootstrap: 0/' \
			"$T/galera/$_k/data/grastate.dat"
	done
	_galera_up 1 --wsrep-new-cluster && _galera_up 2 && _galera_up 3 &&
		wait_for 30 galera_ready 1 3
}
galera_kill() { # N...
	for _k in "$@"; do
		kill -9 "$(cat "$T/pid/node$_k")" 2>/dev/null
	done
	for _k in "$@"; do
		wait "$(cat "$T/pid/node$_k")" 2>/dev/null
		rm -f "$T/pid/node$_k"
	done
}
# What a node that was killed had last, "UUID:SEQNO": as galera_recovery(1) of
# the package asks.
_galera_position() { # N
	_user=''
	[ "$(id -u)" != 0 ] || _user=--user=mysql
	rm -f "$T/galera/$1/data/recover.err"
	# shellcheck disable=SC2046,SC2086 # words
	timeout 60 mariadbd --no-defaults --datadir="$T/galera/$1/data" $_user \
		--innodb-log-file-size=4M --innodb-buffer-pool-size=32M \
		$(_galera_options "$1") \
		--wsrep-recover --log-error="$T/galera/$1/data/recover.err" \
		>/dev/null 2>&1
	sed -n 's/.*WSREP: Recovered position: *\([0-9a-f-]*:[0-9-]*\).*/\1/p' \
		"$T/galera/$1/data/recover.err" | tail -1
}
galera_rejoin() { # N
	rm -f "$T/galera/$1/data/gvwstate.dat"
	_galera_up "$1" --wsrep-start-position="$(_galera_position "$1")"
}
galera_restart() {
	_best='' _most=-2
	for _k in 1 2 3; do
		_at=$(_galera_position "$_k")
		_seq=${_at##*:}
		rm -f "$T/galera/$_k/data/gvwstate.dat"
		[ "${_seq:--2}" -le "$_most" ] || { _most=$_seq _best=$_k; }
		eval "_at$_k=\$_at"
	done
	[ -n "$_best" ] || return 1
	sed -i 's/^safe_to_bootstrap.*/safe_to_bootstrap: 1/' \
		"$T/galera/$_best/data/grastate.dat"
	eval "_at=\$_at$_best"
	_galera_up "$_best" --wsrep-new-cluster --wsrep-start-position="$_at" ||
		return 1
	for _k in 1 2 3; do
		[ "$_k" != "$_best" ] || continue
		eval "_at=\$_at$_k"
		_galera_up "$_k" --wsrep-start-position="$_at" || return 1
	done
	wait_for 60 galera_ready "$_best" 3
}
