#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-status whose standard output is closed, or full: what cannot be
# written is an error, and none of those that speak of the fleet.
# shellcheck disable=SC2154 # rc and out are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

status_store
key=$(sqlite3 "$T/db" "SELECT key_sha256 FROM certs WHERE name = 'well.example.org'")
# To a full device, and to none. At no fixed instant: what faketime loads takes the
# first descriptor that is free.
lost() { # STATUS WORD...
	_l_want="$1 certrepo-status: cannot write to standard output"
	shift
	rc=0
	"$BUILD/certrepo-status" -c "$T/status.conf" "$@" >/dev/full 2>"$T/err" ||
		rc=$?
	is "$rc $(cat "$T/err")" "$_l_want" "$* >/dev/full"
	rc=0
	"$BUILD/certrepo-status" -c "$T/status.conf" "$@" >&- 2>"$T/err" || rc=$?
	is "$rc $(cat "$T/err")" "$_l_want" "$* >&-"
}

plan 31
lost 74
lost 74 -v
for form in --json --prometheus --html; do
	lost 74 $form
done
lost 74 well.example.org
lost 74 old.example.org
lost 74 well.example.org gone.example.org
lost 74 --host web1.example.org
lost 74 --owner web@example.org
lost 74 --key "$key"
# a plugin knows no status but its own
lost 3 --nagios
lost 3 --nagios well.example.org
lost 3 --nagios --nix
# --- what prints nothing loses nothing ---
rc=0
"$BUILD/certrepo-status" -c "$T/status.conf" --html --output "$T/page" \
	>&- 2>"$T/err" || rc=$?
is "$rc $(cat "$T/err")" "0 " "a file, from where standard output is closed"
is "$(head -c 15 "$T/page")" "<!DOCTYPE html>" "... which is there"
status --html --output "$T/none/page"
is "$rc $out" "74 " "a file that cannot be written: the same"
