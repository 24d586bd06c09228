#!/bin/sh
# SPDX-License-Identifier: MIT
# What goes wrong on a host: config tests and reloads that fail or lie,
# services that die, disks that are full or read-only, folders that vanish,
# a store that is away, a run that is running already.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
n=0
next() { # the next certificate is in the store: $T/cN, fingerprint $fp
	n=$((n + 1))
	issue_nth "$T/c$n" $n || bail "cannot issue"
	store_put $NAME "$T/c$n"
	fp=$(cert_fp "$T/c$n.crt")
}
# A wrapper of nginx that does what the file $T/how says.
cat >"$T/bin/web" <<END
#!/bin/sh
case \$*:\$(cat "$T/how") in
*-t*:test-fails*) echo "nginx: [emerg] no good" >&2; exit 1 ;;
*-t*:new-fails*) # only with a set that is not the one in \$T/good
	[ "\$(readlink "$DIR/current")" = "\$(cat "$T/good")" ] || exit 1 ;;
*-s*:reload-fails-once*) echo ok >"$T/how"; echo "no reload" >&2; exit 3 ;;
*-s*:reload-fails*) echo "no reload" >&2; exit 3 ;;
*-s*:reload-lies*) exit 0 ;;
*-s*:works-says-no*) # once
	nginx -c "$NGINX_CONF" -e stderr "\$@"
	sleep 0.3
	echo ok >"$T/how"
	exit 3 ;;
*-s*:hangs*) sleep 30 ;;
*-s*:back-kills*) echo kills >"$T/how"; echo "no reload" >&2; exit 3 ;;
*-s*:kills*) # it works, and ends the run that asked for it
	nginx -c "$NGINX_CONF" -e stderr "\$@"
	sleep 0.3
	kill -9 \$PPID ;;
*-s*:dies*) kill -QUIT "\$(cat "$NGINX_PIDFILE")"; exit 0 ;;
esac
exec nginx -c "$NGINX_CONF" -e stderr "\$@"
END
cat >"$T/bin/web-start" <<END
#!/bin/sh
echo started >>"$T/started"
nginx -c "$NGINX_CONF" -e stderr -g 'daemon on;' 2>/dev/null ||
	{ sed 's/^daemon off;//' "$NGINX_CONF" >"$NGINX_CONF.d"
	exec nginx -c "$NGINX_CONF.d" -e stderr; }
END
chmod 755 "$T/bin/web" "$T/bin/web-start"
NGINX_COMMAND="\"$T/bin/web\""
VERIFY_TIME=1
host_conf
how() {
	echo "$1" >"$T/how"
}

# --- a first installation that fails ---
how reload-lies
placeholder
nginx_run || bail "nginx does not start"
self=$(served)
rm "$DIR/current"
next
run host
is "$rc" 1 "a first installation that is not served"
like "$err" "activated, but not served.*rolled back" "... is rolled back"
ok "... to nothing" test ! -e "$DIR/current"
is "$(find "$DIR" -maxdepth 1 -name '20*')" "" "... and leaves no folder"
is "$(served)" "$self" "... what was served before still is"
is "$(receipt '')" rolled-back "... the receipt says so"
run host
like "$rc $err" "^1 certrepo-installer: service web: held, since it failed before: activated, but not served: $at serves another certificate: that of \"[^\"]*$NAME\" by \"CN=$NAME\" until [-0-9T:]+Z \(${self%"${self#????????????????}"}\.\.\., wanted ${fp%"${fp#????????????????}"}\.\.\.( of $DIR/current/[a-z.]+)?\); does the service's configuration name $DIR/current/fullchain.pem\? If not, paste the lines of certrepo-profiles\(7\), nginx, there, and reload it; mend it, then run: certrepo-installer --force web" "the next run holds"
run host
is "$rc $err" "1 " "... and says it once a day"
is "$(receipt '')" held "... the receipt says held"
how ok
run host --force
is "$rc $(served)" "0 $fp" "--force tries again"
old=$fp

# What is served is not taken away, whatever the command says.
rm "$DIR/current"
how works-says-no
next
run host
is "$rc $(served) $(on_disk)" "1 $fp $fp" "a first installation whose reload works and says no"
like "$err" "there is no way back \(there was none before, and what is new is served\), what is there stays" "... stays"
run host
is "$rc $(receipt "$at")" "0 served" "... and all is well"
old=$fp

# --- the config test fails ---
how test-fails
next
run host
is "$rc" 1 "the config test fails"
like "$err" "configuration test failed: .*web -t -q. exited with 1: \"nginx: .emerg. no good\"; rolled back, the old set is served" "... with its words"
is "$(served) $(on_disk)" "$old $old" "... the old set is in place and served"
is "$(receipt '')" rolled-back "... the receipt says so"
ok "... nothing half-done is left" tidy
how ok
run host
is "$rc $(served)" "0 $fp" \
	"it fails with the old set, too: not held against the new one"
old=$fp
how new-fails
readlink "$DIR/current" >"$T/good"
next
run host
is "$rc $(served) $(on_disk)" "1 $old $old" "it fails with the new set only"
how ok
run host
is "$rc $(served)" "1 $old" "... held"
next
run host
is "$rc $(served)" "0 $fp" "... until another certificate comes"
old=$fp

# --- the reload fails ---
how reload-fails-once
next
run host
is "$rc" 1 "the reload fails"
like "$err" "activation failed: .* exited with 3: \"no reload\"; rolled back" "... with its words"
is "$(served) $(on_disk)" "$old $old" "... the old set is in place and served"
how reload-fails
next
run host
is "$rc $(served) $(on_disk)" "1 $old $old" "it fails again on the way back: the handshake proves the old set"
ok "... nothing half-done is left" tidy
how ok
run host
is "$rc $(served)" "1 $old" "... held"

# --- what is served is not what is in place, and it cannot be told ---
next
run host
is "$rc $(served)" "0 $fp" "the next one is installed"
gen=$(readlink "$DIR/current")
other=$(find "$DIR" -maxdepth 1 -name '20*' ! -name "$gen" | head -1)
ln -sfn "${other##*/}" "$DIR/current"
nginx_reload && sleep 0.3
ln -sfn "$gen" "$DIR/current"
how reload-fails
run host
is "$rc" 1 "it serves something else, and the reload fails"
like "$err" "service web: $at serves another certificate.*, and the activation failed: .* exited with 3: \"no reload\"" "... both are said"
how ok
run host
is "$rc $(served)" "0 $fp" "... the next run tells it"
old=$fp

# --- the reload says yes and does nothing ---
how reload-lies
next
run host
is "$rc" 1 "a reload that lies"
like "$err" "activated, but not served: $at serves another certificate.*rolled back, the old set is served" "... is found out"
is "$(served) $(on_disk)" "$old $old" "... the old set is in place and served"
is "$(receipt "$at")" rolled-back "... the endpoint's receipt says so"

# --- the reload hangs ---
sed 's/"60s"/"1s"/' "$ROOT/installer-profiles/nginx.conf" \
	>"$T/profiles/nginx.conf"
how hangs
next
run host
is "$rc" 1 "a reload that hangs"
like "$err" "timed out after 1 s; rolled back" "... is ended"
is "$(served) $(on_disk)" "$old $old" "... the old set is in place and served"
rm "$T/profiles/nginx.conf"
how ok
run host
is "$rc $(served)" "0 $fp" "a changed profile ends the hold"
old=$fp

# --- the service dies of it ---
NGINX_START="\"$T/bin/web-start\""
VERIFY_TIME=2
host_conf
how dies
next
run host
adopt nginx "$NGINX_PIDFILE"
is "$rc" 1 "a service that dies"
like "$err" "not served: $at cannot be reached: Connection refused; rolled back, the old set is served" "... is found out"
is "$(cat "$T/started")" started "... is started again"
is "$(served) $(on_disk)" "$old $old" "... with the old set"

# --- a rollback that cannot be proven is tried again ---
NGINX_START='"/bin/false"'
host_conf
how dies
next
run host
is "$rc" 1 "it dies and cannot be started"
like "$err" "rolled back, but not proven: $at cannot be reached: Connection refused; .*/bin/false.* exited with 1; .*; the next run tries again; certrepo-installer --force web gives up the way back, and installs what the store has" "... says so, why, and what to do"
is "$(on_disk)" "$old" "... the old set is in place"
isnt "$(ls "$T/state/journal")" "" "... the journal stays"
run host -n
is "$rc" 1 "-n has no plan for it"
like "$out" "^web: first goes on with the way back from a change: activated, but not served" "... says what comes first"
isnt "$(printf '%s\n' "$out" | grep -c 'web: install')" 1 "... and no more"
run host --status
is "$rc" 1 "--status fails"
like "$out" "^not finished: $T/state/journal/web; " "... and names it"
run host --status --json
is "$rc" 1 "... in any form"
how ok
run host_without_store
nginx_run || bail "nginx does not start"
host_without_store
is "$rc $(served)" "69 $old" "the next run proves it, store or no store"
ok "... and closes the journal" tidy
run host
is "$rc $(served)" "1 $old" "... then it is held"
like "$(receipt_detail '')" "since it failed before" "... the receipt says so"

# ... and what it dies of is not tried on what somebody has started by hand
next
how dies
run host
is "$rc $(on_disk)" "1 $old" "it dies again"
nginx_run || bail "nginx does not start"
host_without_store
is "$rc $(served)" "69 $old" "started by hand meanwhile: it is left alone"
like "$err" "rolled back, the old set is served" "... as it proves all"
ok "... and closes the journal" tidy
how ok

# --- and what a person has mended meanwhile stays ---
how dies
next
run host
isnt "$(ls "$T/state/journal")" "" "it dies once more"
mkdir "$DIR/byhand"
make_self_signed "$T/host.key" "$DIR/byhand/fullchain.pem" $NAME
ln -sfn byhand "$DIR/current"
hand=$(on_disk)
how ok
nginx_run || bail "nginx does not start"
host_without_store
is "$rc $(served) $(on_disk)" "69 $hand $hand" "a link that was made by hand stays"
like "$err" "what the run before left: activated, but not served: .*; there is no way back \($DIR/current was changed by somebody else meanwhile\), what is there stays; .*mend it, then run: certrepo-installer --force web" "... says so"
ok "... the journal is closed" tidy
run host
is "$rc $(served)" "1 $hand" "... what failed does not take its place"
next
run host
is "$rc $(served)" "0 $fp" "... a new certificate does"
old=$fp

# --- a way back that leads nowhere ---
next
how dies
run host
is "$rc $(on_disk)" "1 $old" "it dies again"
how ok
run host
is "$rc" 1 "... and cannot be told of the set before"
like "$err" "rolled back, but not proven: $at cannot be reached: .*; .*web -s reload. exited with 1: .*nginx.pid.* failed" "... whose words are told"
run host -n --force
like "$out" "^web: gives up the way back from a change: activated, but not served" "--force would give it up, says -n"
like "$out" "web: install $NAME" "... and what it installs"
run host --force mail.example.test
is "$rc" 64 "--force of another"
run host --force
is "$rc $(on_disk)" "1 $fp" "--force gives it up"
like "$err" "there is no way back \(--force gives it up\), what is there stays" "... says so"
ok "... and closes the journal" tidy
nginx_run || bail "nginx does not start"
run host
is "$rc $(served)" "0 $fp" "... what the store has is served"
old=$fp

# The key was replaced: nothing can start with the set before.
cp -p "$T/host.key" "$T/first.key"
make_key "$T/host.key"
next
how dies
run host
is "$rc $(on_disk)" "1 $fp" "it dies of the certificate of a new key: that stays"
like "$err" "there is no way back \($T/host.key is not the key of certificate $NAME before\), what is there stays" "... says why"
hasnt=$(printf '%s\n' "$err" | grep -c 'not the key of the installed')
is "$hasnt" 0 "... and nothing that is over"
ok "... nothing half-done is left" tidy
how ok
nginx_run || bail "nginx does not start"
run host
is "$rc $(served)" "0 $fp" "... and is served by who starts it"
cp -p "$T/first.key" "$T/host.key"
next
NGINX_START="\"$T/bin/web-start\""
host_conf
how dies
run host
adopt nginx "$NGINX_PIDFILE"
is "$rc $(on_disk) $(served)" "1 $fp $fp" "the same, and it can be started: with the new set"
is "$(receipt "$at")" served "... the receipt says so"
how ok
run host
is "$rc" 0 "... and all is well"
old=$fp
NGINX_START='"/bin/false"'
stop nginx
nginx_run || bail "nginx does not start"

# The service has moved to another folder meanwhile.
how hangs
host_conf
next
start slow "$BUILD/certrepo-installer" -c "$HOST_CONF"
wait_for 5 test -s "$T/state/journal/web"
wait_for 5 sh -c 'pgrep -P "$1" >/dev/null' sh "$(cat "$T/pid/slow")"
stop slow KILL
how ok
DIR=$T/moved
placeholder
host_conf
sed -i "s,$T/tls/,$T/moved/," "$NGINX_CONF"
nginx_reload && sleep 0.3
run host
is "$rc $(served) $(on_disk)" "0 $fp $fp" "moved while a change was not finished"
like "$err" "there is no way back \($T/tls/current is not of this service any more\)" "... says so"
ok "... nothing half-done is left" tidy
DIR=$T/tls
host_conf
sed -i "s,$T/moved/,$T/tls/," "$NGINX_CONF"
nginx_reload && sleep 0.3
run host
is "$rc $(served)" "0 $fp" "moved back"
old=$fp

# A second certificate that is new, and the reload works although it says no.
B=second.example.test
cp "$NGINX_CONF" "$T/one.conf"
store_row $B && issue "$T/b" $B && store_put $B "$T/b"
mkdir "$T/tlsb"
nginx_add $B "$T/tlsb/current/fullchain.pem" "$T/host.key"
nginx_conf "$DIR/current/fullchain.pem" "$T/host.key"
HOST_CERTS=", { name = \"$B\"; key = \"$T/host.key\"; dir = \"$T/tlsb\"; }"
HOST_VERIFY="{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; },
	{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$B\"; }"
host_conf
next
how works-says-no
run host
is "$rc $(served) $(on_disk)" "1 $old $old" "it goes back, with a second certificate that is served"
is "$(tls_fp "$NGINX_PORT" $B)" "$(cert_fp "$T/b.crt")" "... which stays"
ok "... so that the service can start" nginx -t -q -c "$NGINX_CONF" -e stderr
ok "... nothing half-done is left" tidy
how ok
run host --force
is "$rc $(served)" "0 $fp" "--force tries again"
old=$fp
HOST_CERTS='' _nginx_more=''
unset HOST_VERIFY
cp "$T/one.conf" "$NGINX_CONF"
host_conf
nginx_reload && sleep 0.3

# --- the service does not run ---
stop nginx
next
run host
is "$rc $(on_disk)" "1 $fp" "a service that does not run: the files are put"
like "$err" "installed, but the service does not run" "... says so"
nginx_run || bail "nginx does not start"
run host
is "$rc $(served)" "0 $fp" "... it runs again, and serves it"
old=$fp
stop nginx
run host
is "$rc" 1 "idle, but the service is down"
like "$err" "$at cannot be reached: Connection refused" "... says so"
run host
is "$rc $err" "1 " "... once"
for x in web -v; do
	run host $x
	like "$rc $err" "^1 .*$at cannot be reached: Connection refused" \
		"... but again with $x"
done
if command -v script >/dev/null; then
	run script -qec "$T/bin/host" /dev/null
	like "$rc $out" "^1 .*$at cannot be reached" "... and on a terminal"
fi
next
how new-fails
readlink "$DIR/current" >"$T/good"
run host
is "$rc $(on_disk)" "1 $old" "... and the next one fails its test: the old files are back"
like "$err" "rolled back, the old set is in place, but $at does not serve it, nor did before" "... which nobody has seen"
is "$(receipt "$at")" failed "... nor does the receipt claim it"
store_put $NAME "$T/c$((n - 1))"
how ok
nginx_run || bail "nginx does not start"
run host
is "$rc $err" "0 " "... up again: silent"

# --- back by hand, what people find in their logs ---
how new-fails
readlink "$DIR/current" >"$T/good"
run host -vv --rollback web
is "$rc $out $(served)" "1  $old" "--rollback, to a set that fails its test"
like "$err" "not-gone-back service=web reason=" "... is no going back"
how ok
stop nginx
run host -v --rollback web
is "$rc" 1 "--rollback, when nginx is down"
old=$(on_disk)
like "$out" "^web: $NAME: went back to the certificate before, valid until 2" \
	"... did go back, and says to what"
like "$err" "installed service=web .*fingerprint=$old until=[^ ]* by=rollback" \
	"... the event says who wanted it"
nginx_run || bail "nginx does not start"
run host
is "$rc $err$(served)" "0 $old" "... and the next run leaves it"

# --- commands that are not there ---
NGINX_COMMAND="\"$T/bin/nothing\""
host_conf
next
run host
is "$rc $(served) $(on_disk)" "1 $old $old" "a command that is not there"
like "$err" "$T/bin/nothing" "... is named"
cp "$T/bin/web" "$T/bin/nothing"
run host
is "$rc $(served)" "0 $fp" "... not held: tried again by the next run"
old=$fp
NGINX_COMMAND="\"$T/bin/web\""
host_conf

# --- the store is away ---
next
host_without_store
is "$rc $(served)" "69 $old" "the store is away: nothing is touched"
like "$err" "127.0.0.1|mariadb" "... and it is named"
run host
is "$rc $(served)" "0 $fp" "... back again"
old=$fp
how reload-lies
next
sqlite3 "$DB" "CREATE TRIGGER no BEFORE INSERT ON installs
	BEGIN SELECT RAISE(FAIL, 'no receipts today'); END"
run host
is "$rc" 1 "the store does not take receipts"
like "$err" "kept for the next run" "... says so"
sqlite3 "$DB" 'DROP TRIGGER no'
how ok
run host
is "$(receipt "$at")" rolled-back "... the next run brings them"
ok "... and keeps none" test ! -e "$T/state/receipts"

# --- a look that says nothing ---
HOST_VERIFY="{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; },
	{ address = \"the queue\"; protocol = \"command\";
	command = [ \"sh\", \"-c\", \"echo no queue >&2; exit 3\" ]; }"
host_conf
next
run host
is "$rc $(served) $(on_disk)" "1 $fp $fp" "a look that fails as it did before"
like "$err" 'service web: installed, but not seen to be served, as before: the queue .*no queue' \
	"... says nothing against the new one"
is "$(receipt '') $(receipt "$at") $(receipt 'the queue')" "failed served failed" \
	"... the receipts tell it"
run host
is "$rc $(served)" "1 $fp" "... nothing is held, and it is looked at again"
run host --status
like "$out" 'failed .*the queue' "... as --status says"
old=$fp
unset HOST_VERIFY
host_conf
run host
is "$rc $(receipt '') $(receipt "$at")" "0 served served" "... all is well without it"

# --- running already ---
how hangs
next
start slow "$BUILD/certrepo-installer" -c "$HOST_CONF"
wait_for 5 test -s "$T/state/journal/web"
run host
is "$rc" 75 "a second one at once"
like "$err" "$(cat "$T/pid/slow")" "... names the other's pid"
how ok
stop slow KILL
run host
is "$rc $(served)" "0 $fp" "killed in a reload that hung: the next run finishes"
old=$fp

# --- a reload that works, and ends the run that asked for it ---
how kills
next
run host
is "$rc $(served)" "137 $fp" "killed by the reload, which worked"
run host
is "$rc $(served)" "0 $fp" "... the next run sees it, and tells nobody again"
ok "... nothing half-done is left" tidy
next
run host
cp "$NGINX_CONF" "$T/good.conf"
echo 'garbage {' >>"$NGINX_CONF"
run host
is "$rc $(served) $(on_disk)" "0 $fp $fp" "... nor does it test what somebody is at"
mv "$T/good.conf" "$NGINX_CONF"
old=$fp
how back-kills
next
run host
is "$rc $(on_disk)" "137 $old" "the same on the way back"
run host
is "$rc $(served)" "1 $old" "... the next run sees the old set, and tells nobody again"
like "$err" "no reload.*rolled back, the old set is served" "... says so"
ok "... nothing half-done is left" tidy
port=$(free_port)
make_key "$T/else.key" && make_self_signed "$T/else.key" "$T/else.crt" else.example
start else openssl s_server -accept "$port" -cert "$T/else.crt" \
	-key "$T/else.key" -quiet -www
wait_port "$port"
HOST_VERIFY="{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; },
	{ address = \"127.0.0.1:$port\"; server_name = \"$NAME\"; }"
host_conf
how kills
next
run host
run host
is "$rc $(served) $(on_disk)" "1 $fp $fp" "an endpoint that was wrong before is so after a kill"
like "$err" "installed, but not seen to be served, as before: 127.0.0.1:$port" "... which says nothing against the new one"
how ok
stop else
unset HOST_VERIFY
host_conf
run host
is "$rc" 0 "... all is well without it"
old=$fp

# --- a reload that hangs, and somebody removes the folder before the next run ---
for gone in folder generations; do
	how hangs
	next
	start slow "$BUILD/certrepo-installer" -c "$HOST_CONF"
	wait_for 5 test -s "$T/state/journal/web"
	wait_for 5 sh -c 'pgrep -P "$1" >/dev/null' sh "$(cat "$T/pid/slow")"
	stop slow KILL
	rm -rf "$DIR"
	[ $gone = folder ] || mkdir "$DIR"
	how ok
	run host
	is "$rc $(served) $(on_disk)" "0 $fp $fp" "no $gone to go back to: what the store has is installed"
	like "$err" "service web: what the run before left: .*; (there is no way back \(.*\), )?what is there stays" "... which is said"
	ok "... nothing half-done is left" tidy
	run host
	is "$rc $err" "0 " "... and that is all"
	old=$fp
done

# --- folders and disks ---
next
mv "$DIR" "$DIR.away"
DIR=$T/nowhere/tls
host_conf
run host
is "$rc" 1 "no folder, nor its parent"
like "$err" "folder $T/nowhere is not there" "... says which"
DIR=$T/tls
mv "$DIR.away" "$DIR"
host_conf
chmod 777 "$DIR"
run host
is "$rc $(served)" "1 $old" "a folder that everyone can write"
like "$err" "written by everyone" "... is refused"
chmod 755 "$DIR"
mv "$DIR/current" "$DIR/link"
mkdir "$DIR/current"
run host
is "$rc" 1 "a folder where the link belongs"
like "$err" "current is in the way" "... says what to do"
rmdir "$DIR/current"
mv "$DIR/link" "$DIR/current"
run host
is "$rc $(served)" "0 $fp" "all put right: it goes on"
old=$fp
ok "nothing half-done is left" tidy

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	# a disk of its own for the files, 64 KiB
	stop nginx
	mkdir "$T/small" && mount -t tmpfs -o size=64k tmpfs "$T/small" 2>/dev/null
fi
if mountpoint -q "$T/small" 2>/dev/null; then
	DIR=$T/small/tls
	cp -a "$T/tls" "$DIR"
	host_conf
	nginx_conf "$DIR/current/fullchain.pem" "$T/host.key"
	nginx_run || bail "nginx does not start"
	next
	dd if=/dev/zero of="$T/small/fill" bs=1k count=100 2>/dev/null
	sync
	run host
	is "$rc $(served) $(on_disk)" "1 $old $old" "the disk is full"
	like "$err" "No space left on device; nothing was changed; what is in place is valid until " "... says so"
	ok "... nothing half-done is left" tidy
	rm "$T/small/fill"
	run host
	is "$rc $(served)" "0 $fp" "... room again: it goes on"
	old=$fp
	next
	mount -o remount,ro "$T/small"
	run host
	is "$rc $(served) $(on_disk)" "1 $old $old" "the disk is read-only"
	like "$err" "Read-only file system; nothing was changed" "... says so"
	mount -o remount,rw "$T/small"
	run host
	is "$rc $(served)" "0 $fp" "... writable again: it goes on"
	old=$fp
	stop nginx
	umount "$T/small"
else
	skip "cannot mount a small disk"
fi

# --- a journal that is damaged ---
printf 'certrepo-journal\t2\nservice\tother\nservice\tweb\n' \
	>"$T/state/journal/other"
run host
isnt "$rc" 0 "a journal that was cut"
like "$err" "service other: the journal of a killed run: .*damaged" "... is left alone"
like "$err" "then run: rm $T/state/journal/other" "... says what to do"
ok "... and stays" test -s "$T/state/journal/other"
run host --status
is "$rc" 1 "... --status fails"
like "$out" "^not finished: $T/state/journal/other; " "... names it"
like "$out" "service other: the journal of a killed run: .*then run: rm $T/state/journal/other" "... tells of it for the service that is in it"
done_testing
