#!/bin/sh
# SPDX-License-Identifier: MIT
# An unfinished journal of the version before, as that version left it: the
# old set comes back, by its service too, nothing is removed by the journal's
# paths, and the next renewal goes on.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=p HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
printf '#!/bin/sh\necho told >>"%s"\n' "$T/told" >"$T/act"
chmod 755 "$T/act"
issue "$T/next" || bail "cannot issue"

# The fixture NAME becomes $T/state and $DIR.
left_by_1() { # NAME LAYOUT
	rm -rf "$T/state" "$DIR" "$T/told"
	cp -R "$ROOT/tests/data/journal1/$1/state" "$T/state"
	cp -R "$ROOT/tests/data/journal1/$1/tls" "$DIR"
	find "$T/state" -type f -exec sed -i "s|@T@|$T|g" {} +
	chmod -R go= "$T/state"
	# what git does not keep
	find "$DIR" "$T/state/backup" \( -name full.pem -o -name 0 \) \
		-exec chmod 640 {} +
	find "$T/state/backup" -name 1 -exec chmod 644 {} +
	cat >"$T/profiles/p.conf" <<-EOF
	layout = "$2";
	files = ( { file = "full.pem"; format = "fullchain"; mode = "0640"; },
		{ file = "cert.pem"; format = "certificate"; } );
	activate = ( { command = [ "$T/act" ]; } );
	EOF
	host_conf
}
all() { # what is in DIR
	find "$DIR" | sort
}
old_is_back() { # TEXT
	_old=$(echo "$ROOT"/tests/data/journal1/fixed/state/backup/web/*/0)
	ok "$1: the old set is there" cmp "$_old" "$_here/full.pem"
	ok "... whole" cmp "${_old%0}1" "$_here/cert.pem"
	is "$(stat -c %a "$_here/full.pem" "$_here/cert.pem" | xargs)" \
		"640 644" "... as it was"
	is "$(ls "$T/state/journal")" "" "... the journal is closed"
}
for left in generation fixed half; do
	layout=fixed _here=$DIR
	[ $left = generation ] && layout=generation _here=$DIR/current
	left_by_1 $left $layout
	before=$(all)
	host_without_store
	is "$rc" 69 "$left: at the next run, without a store"
	old_is_back "$left"
	[ $left = half ] || is "$(cat "$T/told")" told "... its service is told"
	[ $left = half ] || is "$(all)" "$before" "... nothing was removed"
	store_put $NAME "$T/next"
	run host --force
	is "$rc" 0 "... and the next renewal goes on"
	ok "... is there" grep -qxF "$(sed -n 2p "$T/next.crt")" \
		"$_here/cert.pem"
done

# The journal's word is not taken for what another put in the way.
left_by_1 fixed fixed
mkdir "$T/outside" && echo "not yours" >"$T/outside/full.pem"
chown -R 61234 "$DIR"
rm "$DIR/full.pem"
ln -s "$T/outside/full.pem" "$DIR/full.pem" && chown -h 61234 "$DIR/full.pem"
host_without_store
is "$(cat "$T/outside/full.pem")" "not yours" \
	"a link of another's in the way is not followed"
_here=$DIR
old_is_back "... it is replaced"

# A state folder that others can write to is not believed at all.
left_by_1 fixed fixed
chmod 777 "$T/state"
before=$(cat "$DIR/full.pem")
run host
is "$rc" 78 "a state folder open to others"
like "$err" "$T/state is writable by others.*chmod" "... says what to do"
is "$(cat "$DIR/full.pem")" "$before" "... nothing is touched"
done_testing
