#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fuzzer over its corpus and a few seconds more (longer: make fuzz).
set -u
cd "$(dirname "$0")/../.." || exit 1
fuzz=$(dirname "$BUILD")/fuzz
n=0
for f in "$fuzz"/tests/fuzz/fuzz_*; do
	case $f in *.d | *.o | *'*'*) continue ;; esac
	n=$((n + 1))
	if out=$(sh tests/fuzz.sh "$fuzz" "${FUZZ_SECONDS:-4}" "$f" 2>&1); then
		echo "ok $n - $out"
	else
		echo "not ok $n - $(basename "$f")"
		echo "$out" | sed 's/^/# /'
	fi
done
want=0
for f in tests/fuzz/fuzz_*.c; do
	[ -e "$f" ] && want=$((want + 1))
done
n=$((n + 1))
if [ $((n - 1)) -eq $want ] && [ $want -gt 0 ]; then
	echo "ok $n - all $want fuzzers were built and run"
else
	echo "not ok $n - $want fuzzers in the tree, $((n - 1)) built"
fi
echo "1..$n"
