#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the Nth call of each kind that the installer makes: after the
# recovery that the next run begins with (store reachable or not), the host
# holds the whole old set or the whole new one, nginx serves it, and the run
# converges. KILL_FULL=1 tries every call, otherwise five: inject_*.t do many.
# shellcheck disable=SC2154,SC2218 # rc is run's; turn is defined anew
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

kill_setup "openat write fsync rename unlink symlink mkdir chmod fchmod connect clone wait4 poll pwrite64 fdatasync"

host_setup || bail "cannot set up a host"
for x in a b c; do
	renew "$x"
done

# Which set is here: a, b, c; mixed; none.
here_generation() {
	for _x in a b c; do
		cmp -s "$DIR/current/fullchain.pem" "$T/$_x.full" &&
			echo $_x && return
	done
	echo mixed
}
here_fixed() {
	for _x in a b c; do
		cmp -s "$DIR/cert.pem" "$T/$_x.crt" &&
			cmp -s "$DIR/chain.pem" "$T/$_x.ca" &&
			cmp -s "$DIR/combined.pem" "$T/$_x.combined" &&
			echo $_x && return
	done
	echo mixed
}
serves() {
	_fp=$(served)
	for _x in a b c; do
		[ "$_fp" != "$(cat "$T/$_x.fp")" ] || echo $_x
	done
}

# One kill, from $old to $new. problem is what went wrong.
kill_at() { # CALL N [OPTION...]
	problem='' reached=''
	store_put $NAME "$T/$new"
	killed "$@" && reached=1
	if [ $layout = generation ]; then
		x=$(here_generation)
		case $x in
		"$old" | "$new") ;;
		*) problem="at once: $x" ;;
		esac
	fi
	# the recovery alone
	if [ -n "$reached" ]; then
		host_without_store
		[ "$rc" = 69 ] || problem="$problem; store down: exit $rc: $err"
		x=$(here_$layout)
		case $x in
		"$old" | "$new") ;;
		*) problem="$problem; recovered: $x" ;;
		esac
		[ "$(serves)" = "$x" ] ||
			problem="$problem; on disk $x, served $(serves)"
		tidy || problem="$problem; recovered, but not tidy:
$(find "$DIR" "$T/state" -name '.*certrepo-*'; ls "$T/state/journal")"
	fi
	run host
	converged || problem="$problem; then: exit $rc: $err, on disk
$(here_$layout), served $(serves)"
	tidy || problem="$problem; not tidy in the end"
}

# --- a renewal, folders of generations ---
layout=generation
few="rename wait4"
placeholder
nginx_run || bail "nginx does not start"
old=a new=b
store_put $NAME "$T/a"
run host
is "$rc $(serves)" "0 a" "the first one is installed"
converged() {
	[ "$rc" = 0 ] && [ "$(here_$layout)" = "$new" ] &&
		[ "$(serves)" = "$new" ]
}
turn() {
	x=$old old=$new new=$x
	renew "$new"
}
sweep "generations"

# --- a renewal, fixed paths ---
stop nginx
layout=fixed
DIR=$T/fixed DISK_FILE=$T/fixed/cert.pem PROFILE=fixed
mkdir -p "$DIR"
rm -rf "$T/state"
profile() { # ACTIVATE
	cat >"$T/profiles/fixed.conf" <<-END
	layout = "fixed";
	files = (
		{ file = "cert.pem"; format = "certificate"; },
		{ file = "chain.pem"; format = "chain"; mode = "0644"; },
		{ file = "combined.pem"; format = "fullchain-key"; } );
	test = ( { command = [ "nginx", "-t", "-q", "-c", "$NGINX_CONF",
		"-e", "stderr" ]; } );
	activate = ( { command = [ $1 ]; } );
	END
}
reload="\"nginx\", \"-s\", \"reload\", \"-c\", \"$NGINX_CONF\", \"-e\", \"stderr\""
profile "$reload"
host_conf
nginx_conf "$DIR/combined.pem" "$DIR/combined.pem"
old=a new=b
renew a
renew b
cp "$T/a.crt" "$DIR/cert.pem"
cp "$T/a.ca" "$DIR/chain.pem"
(umask 077 && cp "$T/a.combined" "$DIR/combined.pem")
nginx_run || bail "nginx does not start"
store_put $NAME "$T/a"
run host
is "$rc $err" "0 " "files at fixed paths, as they should be"
few=fsync
sweep "fixed paths"

# --- back by hand: what was installed last is what it goes back from ---
few=rename
converged() {
	[ "$rc" = 0 ] && [ "$(serves)" = "$(here_$layout)" ]
}
turn() {
	for _x in $old $new; do
		store_put $NAME "$T/$_x"
		run host --force
	done
}
turn
sweep "back by hand" --rollback web
old=a new=b
store_put $NAME "$T/a"
run host --force
is "$rc $(serves)" "0 a" "the first one again"
renew b
renew c

# --- an activation that lies: every run rolls back ---
few=clone
profile '"true"'
VERIFY_TIME=0
host_conf
fixed=$old
# $old stays; b and c, or whichever it is not, take turns to fail
case $fixed in
a) new=b spare=c ;;
b) new=a spare=c ;;
*) new=a spare=b ;;
esac
converged() {
	[ "$rc" = 1 ] && [ "$(here_$layout)" = "$old" ] &&
		[ "$(serves)" = "$old" ]
}
turn() {
	x=$new new=$spare spare=$x
	renew "$new"
}
sweep "rolled back"
done_testing
