#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call of the installer goes wrong once, with folders of generations.
# shellcheck disable=SC2034 # INJECT_BUILD is inject.sh's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/inject.sh"

inject_setup generation 1 || bail "cannot set up"
inject_sweep "a renewal" "$@"
inject_sweep "rolled back" -b "$@"
if [ "$BUILD" != "$ROOT/build" ]; then
	INJECT_BUILD=$BUILD
	inject_sweep "rolled back, sanitized" -b -m 97 "$@"
fi
done_testing
