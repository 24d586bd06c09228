#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the Nth call of each kind, in a change of a key and its certificate
# in three services that have both: nginx with a folder of generations, one with
# fixed paths, and one that goes alone otherwise, with the key in its own file.
# KILL_FULL=1 tries every call, otherwise some.
# shellcheck disable=SC2034,SC2154 # live and stays are three.sh's, too
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"
. "$ROOT/tests/lib/three.sh"

three_begin
live=$T/live.key stays=$NAME next=$T/state/next/$NAME
for x in a b c; do
	make_key "$T/$x.key" || bail "no key"
done
cp "$T/a.key" "$live" && chmod 600 "$live"

# A newer certificate, of its own key, which is the one that is to follow.
pair() { # a|b|c
	KEY=$T/$1.key
	renew "$1"
	KEY=''
}
ready() {
	pair "$1"
	mkdir -p "$T/state" && chmod 700 "$T/state"
	[ -d "$T/state/next" ] || mkdir -m 700 "$T/state/next"
	rm -f "$next"
	install -m 600 "$T/$1.key" "$next"
}
waits() {
	ls "$T/state/next"
}
for x in a b c; do
	pair "$x"
done
mkdir -p "$DIR/1/before" "$DIR/2" "$DIR/3"
for d in "$DIR/1/before" "$DIR/2" "$DIR/3"; do
	cp "$T/a.ca" "$d/chain.pem"
	cp "$T/a.full" "$d/fullchain.pem"
done
ln -s before "$DIR/1/current"
cat "$T/a.key" >>"$DIR/3/fullchain.pem"
chmod 600 "$DIR/3/fullchain.pem"
three_profile fixed fullchain
three_profile combined fullchain-key
three_server 1 current/fullchain.pem "$live" nginx
three_server 2 fullchain.pem "$live" fixed
three_server 3 fullchain.pem "$DIR/3/fullchain.pem" combined 'alone = true;'

# With its key, three times.
here() {
	for _x in a b c; do
		cat "$T/$_x.full" "$T/$_x.key" >"$T/combined"
		cmp -s "$DIR/1/current/fullchain.pem" "$T/$_x.full" &&
			cmp -s "$DIR/2/fullchain.pem" "$T/$_x.full" &&
			cmp -s "$DIR/2/chain.pem" "$T/$_x.ca" &&
			cmp -s "$DIR/3/fullchain.pem" "$T/combined" &&
			cmp -s "$DIR/3/chain.pem" "$T/$_x.ca" &&
			cmp -s "$live" "$T/$_x.key" &&
			[ "$(stat -c %a "$live")" = 600 ] &&
			echo $_x && return
	done
	echo mixed
}
three_sweeps "a new key" "fsync rename wait4 clone" "rename fsync"
done_testing
