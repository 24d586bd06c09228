#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call of the installer goes wrong once, with three services that share a
# certificate, at fixed paths.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/inject.sh"

inject_setup fixed 3 || bail "cannot set up"
inject_sweep "a renewal" "$@"
inject_sweep "rolled back" -b "$@"
done_testing
