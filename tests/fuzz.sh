#!/bin/sh
# SPDX-License-Identifier: MIT
# Run every fuzzer of a build folder for some seconds, starting from its
# committed corpus: tests/fuzz.sh BUILD SECONDS [FUZZER...]. What it finds is
# kept in BUILD/findings; new inputs go to BUILD/corpus, not to the tree.
set -eu
cd "$(dirname "$0")/.."
build=$1
seconds=$2
shift 2
[ $# -gt 0 ] || set -- "$build"/tests/fuzz/fuzz_*
failed=0
mkdir -p "$build/findings"
for f in "$@"; do
	case $f in *.d | *.o) continue ;; esac
	name=$(basename "$f")
	name=${name#fuzz_}
	mkdir -p "$build/corpus/$name" "tests/fuzz/corpus/$name"
	log="$build/findings/$name.log"
	if "$f" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="$build/findings/$name-" \
		"$build/corpus/$name" "tests/fuzz/corpus/$name" \
		>"$log" 2>&1; then
		echo "$name: $(grep -o 'Done [0-9]* runs' "$log" | tail -n 1)"
	else
		echo "$name: failed"
		tail -n 30 "$log"
		failed=1
	fi
done
exit $failed
