#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call of the installer goes wrong once, while the next key and its
# certificate go live, at fixed paths: both are in place, or neither is, and
# no key is lost. KILL_FULL=1 tries all there are.
# shellcheck disable=SC2034 # INJECT_... are inject.sh's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/inject.sh"

INJECT_REKEY=yes INJECT_EVERY=101
inject_setup fixed 1 || bail "cannot set up"
inject_sweep "a new key" "$@"
inject_sweep "rolled back" -b "$@"
done_testing
