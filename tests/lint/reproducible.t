#!/bin/sh
# SPDX-License-Identifier: MIT
# Two builds make the same programs, whatever the folder, the hour, the umask,
# the language, the time zone and the number of jobs. Here the installer, which
# has all of common/ in it, and quickly; `make check-reproducible` takes all
# programs as they are shipped.
#
#	PROGRAMS	which
#	FLAGS		CFLAGS; empty: the Makefile's
. "$(dirname "$0")/../lib/lib.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL WERROR
export CCACHE_DISABLE=1
: "${PROGRAMS=installer}" "${FLAGS=-O0 -g}"

sources() { # FOLDER DATE: the tree, last changed then
	mkdir -p "$1"
	(cd "$ROOT" && tar cf - Makefile debian packaging schema common \
		fetcher installer populate status) | tar xf - -C "$1"
	find "$1" -type f -exec touch -d "$2" {} +
}
build() { # FOLDER JOBS
	# shellcheck disable=SC2086 # words
	make -s -C "$1" -j"$2" ${FLAGS:+"CFLAGS=$FLAGS"} $PROGRAMS \
		>"$T/log/make" 2>&1 || diag "$(cat "$T/log/make")"
}

# shellcheck disable=SC2086 # words
set -- $PROGRAMS
plan $(($# + 1))
sources "$T/a" '2026-01-01 00:00 UTC'
sources "$T/another/place" '2024-02-29 12:00 UTC'
# The other: a language that sorts otherwise, where there is one.
language=$(locale -a | grep -m 1 -iE '^(de|en|fr)_.*utf' || echo C.UTF-8)
(umask 022 && LC_ALL=C TZ=UTC build "$T/a" 1)
(umask 077 && LC_ALL=$language TZ=Pacific/Auckland HOME=/nonexistent \
	build "$T/another/place" 4)
for p; do
	ok "certrepo-$p is the same" cmp "$T/a/build/certrepo-$p" \
		"$T/another/place/build/certrepo-$p"
done
# That it would be seen: a program that has the date in it.
echo 'char made[] = __DATE__ __TIME__ __FILE__;' >>"$T/a/common/base/num.c"
not_ok "a date stops the build with -Werror" make -s -C "$T/a" WERROR=1 \
	CFLAGS=-O0 build/obj/common/base/num.o
