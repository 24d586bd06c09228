#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the Nth call of each kind, in a change of three services that
# share a certificate: two nginx with folders of generations, one with fixed
# paths. KILL_FULL=1 tries every call, otherwise five.
# shellcheck disable=SC2154 # DIR and live are three.sh's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"
. "$ROOT/tests/lib/three.sh"

three_begin
for x in a b c; do
	renew "$x"
done
for i in 1 2; do
	mkdir -p "$DIR/$i/before"
	cp "$T/a.full" "$DIR/$i/before/fullchain.pem"
	ln -s before "$DIR/$i/current"
	three_server $i current/fullchain.pem "$live" nginx
done
mkdir "$DIR/3"
cp "$T/a.ca" "$DIR/3/chain.pem"
cp "$T/a.full" "$DIR/3/fullchain.pem"
three_profile fixed fullchain
three_server 3 fullchain.pem "$live" fixed

here() {
	for _x in a b c; do
		cmp -s "$DIR/1/current/fullchain.pem" "$T/$_x.full" &&
			cmp -s "$DIR/2/current/fullchain.pem" "$T/$_x.full" &&
			cmp -s "$DIR/3/fullchain.pem" "$T/$_x.full" &&
			cmp -s "$DIR/3/chain.pem" "$T/$_x.ca" &&
			echo $_x && return
	done
	echo mixed
}
ready() {
	renew "$1"
}
three_sweeps "three services" "fsync rename wait4" "rename clone"
done_testing
