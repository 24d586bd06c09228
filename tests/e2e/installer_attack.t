#!/bin/sh
# SPDX-License-Identifier: MIT
# The folder of the files belongs to the service's user, who plants links and
# swaps names while root works in it: what he gets is an error or his own file
# back. Nothing outside is read, written or removed.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
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
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain"; },
	{ file = "both.pem"; format = "fullchain-key"; } );
END
cat >"$T/profiles/fixed.conf" <<'END'
layout = "fixed";
files = ( { file = "full.pem"; format = "fullchain"; },
	{ file = "both.pem"; format = "fullchain-key"; } );
END
for n in 1 2 3 4 5 6; do
	issue_nth "$T/c$n" $n || bail "cannot issue"
done
# The folder that is watched, and a secret of root's.
mkdir "$T/outside"
echo "not yours" >"$T/outside/full.pem"
echo "not yours" >"$T/outside/both.pem"
(umask 077 && echo "root's secret" >"$T/outside/secret")
# not those of access
watch() {
	(cd "$T/outside" && stat -c '%n %i %a %u %s %Y' . ./* && cat ./*)
}
before=$(watch)
leaked() {
	find "$DIR" -type f -exec grep -l "root's secret" {} +
}
# Of all keys beneath DIR the user can read none.
readable() {
	find "$DIR" -type f -name '*both.pem*' |
		while read -r f; do
			as_user grep -l 'PRIVATE KEY' "$f" 2>/dev/null
		done
}
theirs() {
	rm -rf "$DIR" "$T/state"
	mkdir "$DIR" && chmod 755 "$DIR" && chown $UID_OF:$UID_OF "$DIR"
}

# --- generations ---
DIR=$T/theirs
theirs
host_conf
store_put $NAME "$T/c1"
run host
is "$rc" 0 "in a folder of the service's user"
one=$(readlink "$DIR/current")
store_put $NAME "$T/c2"
run host
is "$rc" 0 "... a renewal"
two=$(readlink "$DIR/current")
# The name of an old generation leads outside.
as_user mv "$DIR/$one" "$DIR/moved"
as_user ln -s "$T/outside" "$DIR/$one"
# Of one that was never ours, as older versions named them, too.
as_user ln -s "$T/outside" "$DIR/20200101T000000Z-00000000"
as_user ln -s "$T/outside/full.pem" "$DIR/.current.certrepo-link00"
for n in 3 4 5; do
	store_put $NAME "$T/c$n"
	run host
	is "$rc" 0 "... renewal $n, past planted links"
done
ok "... it is there" cmp "$DIR/current/full.pem" "$T/c5.crt" -n 200
is "$(watch)" "$before" "... nothing outside was touched"
is "$(readlink "$DIR/$one")" "$T/outside" "... what is not ours is left"
is "$(readable)" "" "... no key is his to read"
isnt "$(readlink "$DIR/current")" "$two" "... the link was changed"

# He changes the link himself: root reads nothing by it.
as_user rm "$DIR/current"
as_user ln -s "$T/outside" "$DIR/current"
store_put $NAME "$T/c6"
run host
isnt "$rc" 124 "a link of his own: an end comes"
is "$(watch)" "$before" "... nothing outside was touched"
is "$(leaked)" "" "... nothing was read"

# --- what his link says is written into root's journal ---
cat >"$T/profiles/plain.conf" <<END
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain"; },
	{ file = "both.pem"; format = "fullchain-key"; } );
activate = ( { command = [ "test", "!", "-e", "$T/broken" ]; } );
END
for how in newline elsewhere; do
	rm -f "$T/broken"
	theirs
	for n in 1 2; do
		store_put $NAME "$T/c$n"
		run host
	done
	if [ $how = newline ]; then
		text=$(printf 'x\nfile\t%s\t-\t0\t-\tsecret\nattr\t0644\t%s\t0\t-\ngen\t%s' \
			"$DIR/stolen" $UID_OF "../../../outside")
	else
		text=$T/outside
	fi
	as_user ln -sfn "$text" "$DIR/current"
	: >"$T/broken"
	run host --rollback web
	is "$rc" 1 "going back from a link of his ($how)"
	like "$err" "$DIR/current.*remove it" "... is refused"
	is "$(find "$T/state/journal" -type f)" "" "... nothing is begun"
	rm -f "$T/broken"
	run host
	is "$rc" 1 "the next run"
	run host --force
	is "$(stat -c %u "$DIR/current")" $UID_OF "... the link is his, not root's"
	ok "... nothing of root's is his" test ! -e "$DIR/stolen"
done
is "$(watch)" "$before" "nothing outside was touched by that"

# --- fixed paths ---
PROFILE=fixed DIR=$T/fixed
theirs
host_conf
store_put $NAME "$T/c1"
run host
is "$rc" 0 "fixed paths in a folder of the user's"
as_user rm "$DIR/full.pem"
as_user ln -s "$T/outside/secret" "$DIR/full.pem"
store_put $NAME "$T/c2"
run host
is "$rc" 1 "a link of his in place of a file"
like "$err" "full.pem belongs to user $UID_OF, .* not followed" "... says why"
is "$(watch)$(leaked)" "$before" "... neither read nor overwritten"
as_user rm "$DIR/full.pem"
as_user mkfifo "$DIR/full.pem"
run host --force
isnt "$rc" 0 "a FIFO in place of a file: does not wait for it"
as_user rm "$DIR/full.pem"
run host --force
is "$rc" 0 "... gone: put right"

# --- in a loop, while root works ---
loop() {
	# shellcheck disable=SC2016 # expanded by the shell of the loop
	setpriv --reuid $UID_OF --regid $UID_OF --clear-groups sh -c '
	cd "$1" || exit
	while :; do
		for f in full.pem both.pem current .*certrepo-* 20*; do
			mv -T "$f" "$f.x" && ln -s "$2" "$f"
			rm -f "$f"
			mv -T "$f.x" "$f"
		done
	done' sh "$DIR" "$T/outside/secret" >/dev/null 2>&1 &
	LOOP=$!
}
for layout in fixed plain; do
	PROFILE=$layout DIR=$T/loop-$layout
	theirs
	host_conf
	loop
	for n in 1 2 3 4 5 6; do
		store_put $NAME "$T/c$n"
		run host --force
	done
	kill $LOOP
	wait $LOOP 2>/dev/null
	is "$(watch)" "$before" "$layout, swapped in a loop: nothing outside"
	is "$(leaked)$(readable)" "" "... nothing was read, no key is open"
	theirs
	store_put $NAME "$T/c6"
	run host --force
	is "$rc" 0 "... and it goes on when he stops"
done

# --- the key and what goes with it ---
# From a folder of his: only what is a file there, by no other name.
PROFILE=plain DIR=$T/tls2 KEYS=$T/keys
HOST_CERT="key = \"$KEYS/host.key\";"
rm -rf "$T/state"
mkdir "$KEYS" && cp "$T/host.key" "$KEYS/" && chown -R $UID_OF "$KEYS"
host_conf
store_put $NAME "$T/c1"
run host
is "$rc" 0 "a key of the user's own"
cp "$T/host.key" "$T/outside/host.key" && chmod 600 "$T/outside/host.key"
before=$(watch)
as_user mv "$KEYS/host.key" "$KEYS/away"
as_user ln -s "$T/outside/host.key" "$KEYS/host.key"
store_put $NAME "$T/c2"
run host
is "$rc" 1 "a link to a key of root's in its place"
like "$err" "host.key belongs to user $UID_OF, .* not followed" "... says why"
ok "... is not taken" cmp -s "$DIR/current/full.pem" "$T/c1.crt" -n 200
as_user rm "$KEYS/host.key"
as_user mkfifo "$KEYS/host.key"
run host --force
is "$rc" 1 "a FIFO in its place: no wait"
like "$err" 'host.key: cannot be read: it is not a regular file' "... says why"
as_user rm "$KEYS/host.key"
as_user mv "$KEYS/away" "$KEYS/host.key"
for f in dh_file extra_file password_file; do
	case $f in
	dh_file) what='parts = [ "certificate", "dh" ]' ;;
	extra_file) what='parts = [ "certificate", "extra" ]' ;;
	password_file) what='format = "fullchain-key"; encoding = "pkcs12"' ;;
	esac
	cat >"$T/profiles/more.conf" <<-END
	layout = "generation";
	files = ( { file = "one"; $what;
		$f = "$KEYS/more"; } );
	END
	PROFILE=more DIR=$T/tls-$f
	rm -rf "$T/state"
	mkdir "$DIR"
	as_user ln -sf "$T/outside/secret" "$KEYS/more"
	host_conf
	run host
	is "$rc" 1 "$f: a link to a secret of root's"
	like "$err" "keys(/more)? belongs to user $UID_OF" "... says why"
	is "$(leaked)" "" "... it goes nowhere"
done
HOST_CERT="key = \"$T/host.key\";"

# --- a command of root's that is given a file in his folder ---
cat >"$T/profiles/copies.conf" <<END
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain"; } );
activate = ( { command = [ "cp", "\$file", "$T/copy" ]; } );
END
cat >"$T/profiles/copies-fixed.conf" <<END
include = "copies";
layout = "fixed";
END
cat >"$T/profiles/looks.conf" <<END
files = ( { file = "full.pem"; format = "fullchain"; } );
END
for PROFILE in copies copies-fixed looks; do
	DIR=$T/above/$PROFILE HOST_VERIFY=''
	[ $PROFILE != looks ] || HOST_VERIFY='{ address = "it";
		protocol = "command"; command = [ "true" ]; }'
	mkdir -p "$DIR"
	rm -rf "$T/state"
	chown $UID_OF "$T/above"
	host_conf
	store_put $NAME "$T/c1"
	run host -n
	is "$rc" 1 "$PROFILE: --dry-run"
	like "$out" "web: FAILS: \".*\" has no user, and others can change what it is given: folder $T/above belongs to user $UID_OF,.*run: chown root $T/above; or give it a user" \
		"... says what to do"
	run host
	is "$rc" 1 "... a run"
	like "$err" "chown root $T/above; or give it a user; nothing was changed" \
		"... says it, too"
	is "$(ls -A "$DIR")" '' "... nothing is changed"
	chown root "$T/above"
	run host
	is "$rc" 0 "... with a folder of root's it goes on"
	store_put $NAME "$T/c2"
	chown $UID_OF "$T/above"
	run host
	is "$rc" 1 "... until it is another's again"
	chown root "$T/above"
	run host
	chown $UID_OF "$T/above"
	run host --rollback web
	is "$rc" 78 "... nor does it go back there"
	like "$err" "run: chown root $T/above; or give it a user" "... says so"
	chown root "$T/above"
	run host --rollback web
	is "$rc" 0 "... and does then"
done
is "$(cert_fp "$T/copy")" "$(cert_fp "$T/c1.crt")" "the command was run"
sed -i 's|"\$file", ".*" \];|"$file", "/dev/null" ]; user = "nobody";|' \
	"$T/profiles/copies.conf"
PROFILE=copies DIR=$T/above/copies HOST_VERIFY=''
chown $UID_OF "$T/above"
host_conf
run host --force
is "$rc" 0 "one that has a user is run in any folder"

# --- his folder gives his group what is made in it ---
PROFILE=groups DIR=$T/groups
for layout in generation fixed; do
	cat >"$T/profiles/groups.conf" <<-END
	layout = "$layout";
	files = ( { file = "both.pem"; format = "fullchain-key";
		mode = "0640"; } );
	END
	theirs
	chmod g+s "$DIR"
	host_conf
	run host
	is "$rc" 0 "$layout: a set-group-ID folder of his"
	is "$(find "$DIR" -name both.pem -exec stat -c '%a %G' {} +)" \
		"640 root" "... gives his group nothing"
done

# --- what is trusted, root alone decides ---
theirs
cp "$T/pki/ca.pem" "$DIR/ca.pem" && chown $UID_OF "$DIR/ca.pem"
sed -i "s|^trust_file = .*|trust_file = \"$DIR/ca.pem\";|" "$T/installer.conf"
run host --force
isnt "$rc" 0 "a trust_file in his folder"
like "$err" "trust anchors .*$DIR.* belongs to user $UID_OF.*chown root" \
	"... is refused, with the command"
host_conf

# --- ACLs ---
if command -v setfacl >/dev/null && setfacl -m u:$UID_OF:r "$T/c1.crt" 2>/dev/null; then
	PROFILE=fixed DIR=$T/acl
	rm -rf "$T/state"
	mkdir "$DIR"
	setfacl -d -m u:$UID_OF:rw,g::rw,o::r "$DIR"
	host_conf
	store_put $NAME "$T/c1"
	run host
	is "$rc $(getfacl -cp "$DIR/both.pem" | xargs)" \
		"0 user::rw- group::--- other::---" \
		"a default ACL of the folder opens no key"
	setfacl -m u:61235:r "$DIR/both.pem"
	acl=$(getfacl -cnp "$DIR/both.pem")
	run host
	is "$rc $err" "0 " "an ACL of the administrator's: nothing to do"
	store_put $NAME "$T/c2"
	run host
	is "$rc $(getfacl -cnp "$DIR/both.pem")" "0 $acl" "... goes forward"
	run host --rollback $NAME
	is "$rc $(getfacl -cnp "$DIR/both.pem")" "0 $acl" "... and back"
else
	skip "no ACLs here"
fi
done_testing
