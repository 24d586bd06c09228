#!/bin/sh
# SPDX-License-Identifier: MIT
# Going back by hand: it says to what, and that a certificate of another key
# will not be served for long.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain-key"; } );
END
host_conf
for n in 1 2 3; do
	issue_nth "$T/c$n" $n || bail "cannot issue"
done
run host --rollback web
is "$rc" 1 "nothing was installed yet"
like "$err" 'service web: there is no backup to go back to' "... says so"
store_put $NAME "$T/c1"
run host
store_put $NAME "$T/c2"
run host
is "$rc" 0 "two renewals"
run host --rollback web
is "$rc" 0 "back"
like "$out" "^web: $NAME: went back to the certificate before, valid until 2" \
	"... says to what"
like "$out" "^web: $NAME: what it went back from is held from now on
to install what is held, run: certrepo-installer --force web$" \
	"... and what becomes of the other"
ok "... is there" grep -qxF "$(sed -n 2p "$T/c1.crt")" "$DIR/current/full.pem"
run host --status
is "$rc" 1 "--status knows at once"
like "$out" "held  .*the files" "... that the other is held"
like "$out" "a newer one or --force ends this" "... until when"
run host --status --json
before=$out
run host
run host --status --json
is "$out" "$before" "... and the next run says the same"
run host -n --force
like "$out" "web: install $NAME" "--force would install it, says -n"

# Another key, and its certificate; back behind that.
store_put $NAME "$T/c3"
run host
mv "$T/host.key" "$T/old.key" && make_key "$T/host.key" ec
issue_nth "$T/c4" 4 || bail "cannot issue"
store_put $NAME "$T/c4"
run host
is "$rc" 0 "a new key"
run host --rollback web
is "$rc" 1 "back behind a new key"
like "$err" "service web: $NAME: .*host.key is not the key of the installed certificate" \
	"... says that it will not do"

# One that has expired meanwhile.
rm -rf "$T/state" "$DIR"
mkdir "$DIR"
mv "$T/host.key" "$T/new.key" && cp -p "$T/old.key" "$T/host.key"
UNTIL=$(date -u -d '8 seconds' +%Y%m%d%H%M%SZ)
issue_nth "$T/short" 1 && store_put $NAME "$T/short"
UNTIL=''
run host
is "$rc" 0 "a certificate of a few seconds"
store_put $NAME "$T/c2"
run host
is "$rc" 0 "... and the next one"
while openssl x509 -in "$T/short.crt" -noout -checkend 0 >/dev/null; do
	sleep 0.5
done
run host --rollback web
is "$rc $out" "1 " "it has expired: no way back"
like "$err" "service web: $NAME: what backup 2[^ ]* holds EXPIRED on 2[^ ]*; nothing was changed; --force goes back to it all the same" \
	"... says so"
ok "... what was there stays" grep -qxF "$(sed -n 2p "$T/c2.crt")" \
	"$DIR/current/full.pem"
run host --rollback web --force
is "$rc" 0 "... but with --force"
like "$out" "went back to the certificate before, it EXPIRED on 2" "... says so"
ok "... is there" grep -qxF "$(sed -n 2p "$T/short.crt")" \
	"$DIR/current/full.pem"
mv "$T/new.key" "$T/host.key"

# A generation that somebody removed, or an empty copy, is nothing to go back
# to: what is there stays.
rm -rf "$T/state" "$DIR"
mkdir "$DIR"
rm "$T/host.key" && mv "$T/old.key" "$T/host.key"
for n in 1 2 3; do
	store_put $NAME "$T/c$n"
	run host
done
here=$(readlink "$DIR/current")
for gen in "$DIR"/2*; do
	[ "$gen" = "$DIR/$here" ] || rm -r "$gen"
done
run host --rollback web
is "$rc $(readlink "$DIR/current")" "1 $here" "the generation before is gone"
like "$err" "which the link led to before, is not there any more" "... says so"
ok "... what is there stays" test -s "$DIR/current/full.pem"

sed -i 's/generation/fixed/' "$T/profiles/plain.conf"
rm -rf "$T/state" "$DIR"
mkdir "$DIR"
for n in 1 2; do
	store_put $NAME "$T/c$n"
	run host
done
for copy in "$T"/state/backup/web/*/0-*; do
	cp -p "$copy" "$T/copy"
	: >"$copy"
done
run host --rollback web
is "$rc" 1 "a backup that is empty"
like "$err" "the copy of $DIR/full.pem in ${copy%/*} is damaged; nothing was changed" \
	"... is none"
rm "$copy"
run host --rollback web
is "$rc" 1 "one that is gone"
like "$err" "the copy of $DIR/full.pem in ${copy%/*} has vanished; nothing was changed" \
	"... says so"
# An older program's copy has no digest in its name.
: >"${copy%-*}"
sed -i 's/\t0-[0-9a-f]*$/\t0/' "${copy%/*}/manifest"
run host --rollback web
is "$rc" 1 "an older program's that is empty"
like "$err" "the set before is not whole" "... is none either"
ok "... what was there is back" grep -qxF "$(sed -n 2p "$T/c2.crt")" \
	"$DIR/full.pem"
mv "$T/copy" "${copy%-*}"
run host --rollback web
is "$rc" 0 "one that is whole"
ok "... is gone back to" grep -qxF "$(sed -n 2p "$T/c1.crt")" \
	"$DIR/full.pem"
store_put $NAME "$T/c2"
run host --force

# Two services, one folder after the other's.
mkdir "$T/other"
run host --force
sed -i "s|dir = \"$DIR\"|dir = \"$T/other\"|" "$T/installer.conf"
run host --rollback web
is "$rc" 1 "a backup of files that are another's now"
like "$err" "is of a time when $DIR/full.pem was a file of this service" \
	"... is not touched"

# --- standard descriptors that are closed ---
host_conf
# shellcheck disable=SC2016 # of sh
sh -c '"$1" -c "$2" --force 2>&- <&-' sh "$BUILD/certrepo-installer" \
	"$T/installer.conf" >/dev/null
is "$(grep -c service "$T/state/lock")" 0 "no message goes into the lock's file"
done_testing
