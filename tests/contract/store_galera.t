#!/bin/sh
# SPDX-License-Identifier: MIT
# A Galera node: while it is not ready (alone, out of its cluster) all three
# programs say so, and end with 69; and who decides something reads what the
# whole cluster has committed.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"

lib=/usr/lib/galera/libgalera_smm.so
[ -f "$lib" ] || skip_all "no galera-4"
port=$(free_port)
mariadb_start "$T/db" --wsrep-on=ON --wsrep-provider="$lib" \
	--wsrep-node-address="127.0.0.1:$port" --wsrep-new-cluster \
	--wsrep-cluster-address=gcomm:// --wsrep-sst-method=skip \
	--binlog-format=ROW --innodb-autoinc-lock-mode=2 \
	--wsrep-provider-options="base_host=127.0.0.1;base_port=$port;gmcast.listen_addr=tcp://127.0.0.1:$port;ist.recv_addr=127.0.0.1:$(free_port)" ||
	bail "no Galera node"
echo "$MARIADB_PID" >"$T/pid/mariadb"
ready() { # ON | OFF
	mariadb_sql -N -e "SHOW STATUS LIKE 'wsrep_ready'" | grep -q "$1"
}
# To a cluster where nobody answers; that statement may not come back.
leave_cluster() {
	mariadb_sql -e "SET GLOBAL
		wsrep_cluster_address = 'gcomm://127.0.0.1:9'" 2>/dev/null &
	wait_for 20 ready OFF
}
enter_cluster() {
	mariadb_sql -e "SET GLOBAL wsrep_cluster_address = 'gcomm://'"
	wait_for 20 ready ON
}

host_setup || bail "cannot set up a host"
(umask 077 && echo secret >"$T/host.password")
my_store() { # USER PASSWORD_FILE
	echo "store : { driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; connect_timeout = 3; timeout = 4; };"
}
sed -i "s|^store : .*|$(my_store "$MARIADB_USER" "$MARIADB_PASSWORD_FILE")|" \
	"$T/certrepo.conf"
populate() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}
populate init
is "$rc" 0 "init on a Galera node" || diag "$err"
sed "s/@PASSWORD@/'secret'/g" "$ROOT/schema/grants.sql" | mariadb_sql certrepo
store_row "$NAME" || bail "cannot enrol"
host_conf
sed -i "s|^store : .*|$(my_store certrepo-host "$T/host.password")|" "$HOST_CONF"

says='is a Galera node that is not ready: .*no majority.*wsrep_ready'
ok "the node loses its cluster" leave_cluster
populate list
is "$rc" 69 "populate: 69"
like "$err" "$says" "populate: says which node that is"
run "$BUILD/certrepo-fetcher" -c "$T/certrepo.conf" --once
is "$rc" 69 "fetcher: 69"
like "$err" "$says" "fetcher: says which node that is"
run host
is "$rc" 69 "installer: 69"
like "$err" "$says" "installer: says which node that is"
unlike "$out$err" 'alformed|1835|no time is left' "no riddles"
ok "it is back" enter_cluster
populate list
is "$rc" 0 "and all is well"

# What the sessions ask for.
mariadb_sql -e "SET GLOBAL general_log_file = '$T/db/data/general.log';
	SET GLOBAL general_log = ON"
populate list
is "$(grep -c 'wsrep_sync_wait = 7' "$T/db/data/general.log")" 1 \
	"populate sees what the cluster has committed"
run "$BUILD/certrepo-fetcher" -c "$T/certrepo.conf" --once
is "$(grep -c 'wsrep_sync_wait = 7' "$T/db/data/general.log")" 2 \
	"so does the fetcher"
run host
is "$(grep -c 'wsrep_sync_wait = 7' "$T/db/data/general.log")" 2 \
	"a host does not wait for it"
mariadb_stop
done_testing
