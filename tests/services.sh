#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests of the daemons, tests/services.sh BUILD, and what came of each fault
# with each profile as one table. Those that take longest go first.
set -u
cd "$(dirname "$0")/.." || exit 1
MATRIX_TABLE=$(mktemp) || exit 1
export MATRIX_TABLE
trap 'rm -f "$MATRIX_TABLE"' EXIT
trap 'exit 130' INT TERM
long='tests/services/esxi.t tests/services/together.t tests/services/tomcat.t
tests/services/start.t tests/services/openvpn.t tests/services/ejabberd.t
tests/services/dovecot.t tests/services/prosody.t'
others=$(printf '%s\n' tests/services/*.t |
	grep -vxF "$(echo "$long" | tr ' ' '\n')")
rc=0
# shellcheck disable=SC2086 # lists
sh tests/run.sh "$1" $long $others || rc=$?
sed -n 1p "$MATRIX_TABLE"
grep -v '^profile ' "$MATRIX_TABLE" | sort
exit $rc
