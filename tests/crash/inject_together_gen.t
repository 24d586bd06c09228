#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call of the installer goes wrong once, with three services that share a
# certificate, with folders of generations. A renewal of theirs only with
# KILL_FULL=1: what differs from inject_together.t is the way back.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/inject.sh"

inject_setup generation 3 || bail "cannot set up"
[ -z "${KILL_FULL-}" ] || inject_sweep "a renewal" "$@"
inject_sweep "rolled back" -b "$@"
done_testing
