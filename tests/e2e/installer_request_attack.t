#!/bin/sh
# SPDX-License-Identifier: MIT
# The folder of the key belongs to the service's user, who plants links and
# files of his own where root makes a key, or puts the next one: he reads no key
# that he could not read before, and nothing outside is touched.
# shellcheck disable=SC2034,SC2119,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, to be another user"
command -v setpriv >/dev/null || skip_all "no setpriv"
UID_OF=61234
as_user() {
	setpriv --reuid $UID_OF --regid $UID_OF --clear-groups "$@"
}

PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "fixed";
files = ( { file = "full.pem"; format = "fullchain"; } );
END
theirs=$T/theirs key=$T/theirs/www.key next=$T/state/next/$NAME
mkdir "$theirs" && chmod 755 "$theirs" && chown $UID_OF:$UID_OF "$theirs"
HOST_CERT="key = \"$key\";"
host_conf
mkdir "$T/outside"
(umask 077 && echo "root's secret" >"$T/outside/secret")
# not those of access
watch() {
	(cd "$T/outside" && stat -c '%n %i %a %u %s %Y' . ./* && cat ./*)
}
before=$(watch)
# Keys beneath the folder that the user can read, but for his own.
readable() {
	for _f in "$theirs"/* "$theirs"/.[!.]*; do
		as_user grep -l 'PRIVATE KEY' "$_f" 2>/dev/null
	done | grep -v /mine
}
pub() {
	openssl pkey -in "$1" -pubout 2>/dev/null
}

# --- a first key ---
for to in "$T/outside/secret" "$T/outside/new" "$theirs/nothing"; do
	as_user ln -s "$to" "$key"
	run host --request
	is "$rc" 1 "a link of his to $(basename "$to") in the key's place"
	like "$err" 'no request: .*www.key' "... is told"
	is "$(ls "$theirs")" www.key "... and no key is made"
	as_user rm "$key"
done
is "$(watch)" "$before" "... nothing outside was touched"
run host --request
is "$rc" 0 "without it"
is "$(stat -c '%a %u' "$key")" "600 0" "... a key is made, root's alone"
is "$(readable)" "" "... he cannot read"
KEY=$key issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc" 0 "its certificate is installed"

# --- the next one ---
run host --request --new-key $NAME
is "$rc" 0 "a next key"
is "$(readable)" "" "... he cannot read"
is "$(ls -A "$theirs")" www.key "... it is not in his folder"
KEY=$next issue_nth "$T/two" 2 && store_put $NAME "$T/two"
pub "$next" >"$T/next.pub"
old=$(pub "$key")

# what is his has the owner and mode that he likes
as_user mv "$key" "$theirs/away"
as_user openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	-out "$theirs/mine" 2>/dev/null
as_user chmod 600 "$theirs/mine"
as_user cp -p "$theirs/mine" "$key"
run host
is "$rc" 1 "a key of his in its place"
like "$err" "www.key, in a folder that not only root can change, is not the key of the installed certificate" \
	"... is told"
is "$(pub "$key")" "$(pub "$theirs/mine")" "... and stays: no new key gets it"
is "$(readable)" "$key" "... he reads what is his"
as_user rm "$key"
as_user ln -s away "$key"
run host
is "$rc" 1 "a link of his to the right one"
ok "... stays" test -L "$key"
is "$(pub "$theirs/away")" "$old" "... and leads to what it did"
as_user rm "$key"
as_user ln -s "$T/outside/secret" "$key"
run host
is "$rc" 1 "a link of his to somewhere else"
is "$(watch)" "$before" "... nothing outside was touched"
as_user rm "$key"
as_user mv "$theirs/away" "$key"

# he swaps it while root works
cat >"$T/swap.pl" <<'END'
my ($key, $mine, $stop) = @ARGV;
until (-e $stop) {
	rename $key, "$key.away";
	link $mine, $key;
	rename "$key.away", $key;
}
END
chmod 755 "$T" "$T/swap.pl"
mkdir "$T/stop" && chmod 755 "$T/stop"
start swap setpriv --reuid $UID_OF --regid $UID_OF --clear-groups \
	perl "$T/swap.pl" "$key" "$theirs/mine" "$T/stop/now"
seen=''
for n in 3 4 5 6 7 8 9 10; do
	KEY=$next issue_nth "$T/two" $n && store_put $NAME "$T/two"
	run host --force
	seen=$seen$(as_user cat "$theirs"/* 2>/dev/null >"$T/can"
		pub "$T/can" | cmp -s - "$T/next.pub" && echo "read in round $n")
	[ -e "$next" ] || break
done
: >"$T/stop/now"
stop swap
is "$seen" "" "swapped while root works: he reads no key"
is "$(watch)" "$before" "... nothing outside was touched"
for f in "$theirs"/*; do
	[ "$(stat -c %u "$f")" = 0 ] || continue
	is "$(stat -c '%a' "$f")" 600 "... $(basename "$f") is root's alone"
done
done_testing
