#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call of the installer goes wrong once, while the next key and its
# certificate go live in two services, with folders of generations: both are in
# place, or neither is, and no key is lost. That it goes well only with
# KILL_FULL=1: what differs from inject_newkey.t is the way back.
# shellcheck disable=SC2034 # INJECT_... are inject.sh's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/inject.sh"

INJECT_REKEY=yes INJECT_EVERY=307
inject_setup generation 2 || bail "cannot set up"
[ -z "${KILL_FULL-}" ] || inject_sweep "a new key" "$@"
inject_sweep "rolled back" -b "$@"
done_testing
