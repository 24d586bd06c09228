#!/bin/sh
# SPDX-License-Identifier: MIT
# Hosts and their accounts on MariaDB: the suites of SQLite, and what an account
# may do, run as an administrator; a database with an odd name.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"

export CERTREPO_TEST_STORE=mariadb CERTREPO_TEST_SOCKET="$MARIADB_SOCKET"
export CERTREPO_TEST_USER=root CERTREPO_TEST_DATABASE="$MARIADB_DATABASE"
for t in test_fleet_hosts test_fleet_account; do
	run "$BUILD/tests/unit/$t"
	is "$rc" 0 "$t on MariaDB" || echo "$out$err" | sed 's/^/# /'
done
done_testing
