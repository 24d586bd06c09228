#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the tests of a build folder under prove: tests/run.sh BUILD [FILE...].
# C tests are BUILD/tests/unit/test_*, shell tests are tests/*/*.t; those of
# tests/services, which need every daemon, run only when they are named. A test
# gets BUILD in its environment and starts what it needs in a folder of its
# own; nothing outlives it.
set -eu
cd "$(dirname "$0")/.."
BUILD=$(cd "$1" && pwd)
shift
export BUILD
export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99"
export UBSAN_OPTIONS="print_stacktrace=1"
export CMOCKA_MESSAGE_OUTPUT=TAP
if [ $# -eq 0 ]; then
	# Those that take longest first, so that the short ones fill the gaps.
	set -- tests/crash/*.t tests/contract/*.t tests/e2e/*.t tests/fuzz/*.t \
		tests/lint/*.t "$BUILD"/tests/unit/test_*
fi
files=
for f in "$@"; do
	case $f in
	*.d | *.o | *'*'*) ;;
	*) files="$files $f" ;;
	esac
done
# shellcheck disable=SC2086 # the list is meant to be split
exec prove --timer -j "${JOBS:-4}" -e '' $files
