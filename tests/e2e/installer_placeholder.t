#!/bin/sh
# SPDX-License-Identifier: MIT
# --placeholder and a real nginx: it does not start without a certificate,
# starts with the placeholder, serves a first certificate in its place; every
# layout, key and thing in the way; a kill at each step.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
# shellcheck disable=SC2046,SC2086 # lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
rm -rf "$DIR"

# --- the hen and the egg ---
not_ok "nginx does not start without a certificate" nginx_test
host_without_store --placeholder -n
is "$rc" 0 "--placeholder -n"
like "$out" "^web: $NAME: would lay a placeholder, self-signed, until .*: $DIR/current/fullchain.pem\$" \
	"... says what it would do"
not_ok "... and does nothing" test -e "$DIR"
host_without_store --placeholder
is "$rc" 0 "--placeholder, with a store that does not answer"
like "$out" "^web: $NAME: laid a placeholder, self-signed, until [^ ]*: $DIR/current/fullchain.pem\$" \
	"... says so in a line"
is "$err" '' "... once, and nothing else"
ok "... nothing half-done is left" tidy
ok "... it is a set like any other" test -L "$DIR/current"
is "$(stat -c %a "$DIR/current/fullchain.pem")" 644 "... of the profile's mode"
is "$(ls "$T/state/backup" 2>/dev/null)" '' "... no backup is made"
is "$(openssl x509 -in "$DIR/current/fullchain.pem" -noout -pubkey)" \
	"$(openssl pkey -in "$T/host.key" -pubout)" "... of the host's key"
nginx_run || bail "nginx does not start"
placeholder=$(on_disk)
is "$(served)" "$placeholder" "nginx starts, and serves it"
run host --placeholder
is "$rc $err" "0 " "once more"
like "$out" "^web: $NAME: left as it is: $DIR/current is there, with a placeholder \(until .*\)\$" \
	"... says that nothing is to be done"
is "$(on_disk)" "$placeholder" "... and does nothing"

# --- what is said of it ---
run host
is "$rc $out$err" "0 " "enrolled, not issued: silent"
run host --status
is "$rc" 0 "--status"
like "$out" 'a placeholder, self-signed: no certificate from the store yet' \
	"... says what it is"
unlike "$out" 'EXPIRED|until' "... and of no end"
run host --verify
is "$rc" 0 "--verify"
like "$out" "$at: .*as installed: a placeholder, self-signed: no certificate from the store yet\$" \
	"... as well"
like "$(receipt_detail "$at")" 'a placeholder, self-signed' \
	"the store hears of it"

# --- it is replaced; a failure goes back to it ---
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
NGINX_COMMAND='"false"'
host_conf
run host
is "$rc" 1 "a first installation that fails"
like "$err" 'rolled back, the old set is served; what is in place is a placeholder, self-signed; the next run tries again' \
	"... says what is in place again"
is "$(served)" "$placeholder" "... which is served"
NGINX_COMMAND=''
host_conf
# older than the placeholder, and a folder of one that has ended
run host
is "$rc $out" "0 " "a first certificate, older than the placeholder"
is "$(served)" "$(cert_fp "$T/one.crt")" "... is served in its place"
run host --status
is "$rc" 0 "... all is well"
unlike "$out" placeholder "... and nothing of a placeholder"
run host --placeholder
is "$rc" 0 "--placeholder"
like "$out" "^web: $NAME: left as it is: $DIR/current is there\$" \
	"... leaves the certificate alone"
is "$(served)" "$(cert_fp "$T/one.crt")" "... which is served"
run host --rollback web
is "$rc" 1 "--rollback to the placeholder"
like "$err" 'what backup .* holds is a placeholder; nothing was changed' \
	"... is refused"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and nothing changed"
run host --force --rollback web
is "$rc" 0 "... unless forced"
like "$out" "^web: $NAME: went back to a placeholder, self-signed\$" \
	"... which says what it went back to"
is "$(served)" "$placeholder" "... and it is served"
run host -v
is "$rc" 0 "what it went back from"
is "$(served)" "$(cert_fp "$T/one.crt")" "... is not held: that was to nothing"

# --- one that was forgotten: for some days nobody is told, then they are ---
serves() { # FINGERPRINT
	[ "$(served)" = "$1" ]
}
fresh() {
	rm -rf "$T/state" "$DIR"
	sqlite3 "$DB" "UPDATE certs SET crt = '', ca = '' WHERE name = '$NAME';
		DELETE FROM installs"
}
laid_before() { # DAYS
	fresh
	run env ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		faketime -f "-${1}d" "$T/bin/host" --placeholder
	is "$rc" 0 "a placeholder of $1 days ago"
	ok "... nginx takes it" nginx_reload
	placeholder=$(on_disk)
	ok "... and serves it" wait_for 5 serves "$placeholder"
}
laid_before 2
run host
is "$rc $out$err" "0 " "... a run is silent"
laid_before 4
run host
is "$rc" 0 "... is well"
like "$err" "service web: $NAME: a placeholder is in its place since [^ ]*, and the store has none yet: it is not issued yet; on the central host certrepo-populate show $NAME tells why\$" \
	"... but people are told"
run host
is "$rc $out$err" "0 " "... once a day"
laid_before 60
not_ok "... has expired" openssl x509 -checkend 0 -noout \
	-in "$DIR/current/fullchain.pem"
run host
is "$rc" 1 "... is a failure"
like "$err" "service web: $NAME: the placeholder in $DIR/current/fullchain.pem ended on [^ ]*; for another one remove $DIR/current, then run: certrepo-installer --placeholder $NAME; the store has no certificate to put there: it is not issued yet\$" \
	"... and says what to do"
run host --status
is "$rc" 1 "--status"
like "$out" "the placeholder in .* ended on" "... says so"
unlike "$out" "no certificate from the store yet" "... and not that all is well"
run host --verify
is "$rc" 1 "--verify"
like "$out" "as installed, but the placeholder in .* ended on" "... likewise"
sqlite3 "$DB" "UPDATE certs SET enable = 'N' WHERE name = '$NAME'"
run host
is "$rc" 1 "... of a row that is disabled, too"
like "$err" "ended on .*: it is disabled\$" "... which it says"
sqlite3 "$DB" "UPDATE certs SET enable = 'Y' WHERE name = '$NAME'"
rm "$DIR/current"
run host --placeholder $NAME
is "$rc" 0 "what it says works"
run host
is "$rc" 0 "... and all is well"

# --- the store gives it back as the certificate ---
sqlite3 "$DB" "UPDATE certs SET crt = readfile('$DIR/current/fullchain.pem'),
	ca = '' WHERE name = '$NAME'"
run host
is "$rc" 1 "a placeholder from the store"
like "$err" "$NAME: refused: what the store has is a placeholder, not a certificate of a CA" \
	"... is none, though it lies here"
run host --status
unlike "$out" "installed since" "... and the state says so"

# --- somebody else's, under the same name ---
fresh
run host --placeholder
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/evil.key" -days 30 \
	-subj "/O=certrepo placeholder/CN=$NAME" \
	-out "$DIR/current/fullchain.pem" 2>/dev/null
run host
is "$rc" 1 "a placeholder of another key"
like "$err" "fullchain.pem is not of this host's key; for another one remove" \
	"... is told of"
run host --verify
is "$rc" 1 "... by --verify, too"

# --- no placeholder any more: what was said of it does not stay ---
fresh
run host --placeholder
run host
openssl req -x509 -key "$T/host.key" -days 30 -subj "/CN=$NAME" \
	-out "$DIR/current/fullchain.pem" 2>/dev/null
run host
is "$rc" 0 "something else in its place"
run host --status
unlike "$out" placeholder "... is not called a placeholder"
fresh
run host --placeholder
run host
rm "$DIR/current"
run host
run host --status
is "$rc" 1 "nothing in its place"
like "$out" "the placeholder is gone; no certificate from the store yet" "... likewise"
fresh
issue_nth "$T/two" 2 && store_put $NAME "$T/two"
run host
is "$rc $out" "0 " "the first certificate"
is "$(served)" "$(cert_fp "$T/two.crt")" "... takes its place"

# --- who can write the files gains nothing by making one ---
sqlite3 "$DB" "UPDATE certs SET enable = 'N' WHERE name = '$NAME'"
openssl req -x509 -key "$T/host.key" -days 3000 \
	-subj "/O=certrepo placeholder/CN=$NAME" \
	-out "$(readlink -f "$DIR/current")/fullchain.pem"
nginx_reload
wait_for 5 serves "$(on_disk)"
run host
is "$rc" 1 "one that somebody put in place of a certificate of the store"
like "$err" "what was installed is gone, there is a placeholder in $DIR/current/fullchain.pem, and the store has none to put there: it is disabled" \
	"... is told of"
sqlite3 "$DB" "UPDATE certs SET enable = 'Y' WHERE name = '$NAME'"
run host
is "$(served)" "$(cert_fp "$T/two.crt")" "... and replaced, once that can be"
stop nginx

# --- a key that is not there: the line says how to make one ---
fresh
mv "$T/host.key" "$T/host.away"
run host --placeholder
is "$rc" 1 "no key"
like "$err" "service web: $NAME: no placeholder: its key is not there; run: certrepo-installer --request $NAME, which makes one and asks for its certificate, then run this again; or make one by hand: \(umask 077; openssl genrsa -out $T/host.key 2048\)\$" \
	"... says how to make one"
not_ok "... nothing is done" test -e "$DIR"
printf '%s\n' "$err" | sed -n 's/.*make one by hand: //p' >"$T/make"
ok "... the command works" sh "$T/make"
run host --placeholder
is "$rc" 0 "... and then it goes on"
ok "... nginx takes it" nginx_test

# --- a key made anew ---
openssl genrsa -out "$T/host.key" 2048 2>/dev/null
not_ok "nginx does not start with one of another key" nginx_test
run host --placeholder -n
is "$rc" 0 "--placeholder -n"
like "$out" "^web: $NAME: would lay a placeholder" "... says so"
run host --placeholder
is "$rc $err" "0 " "--placeholder"
like "$out" "^web: $NAME: laid a placeholder" "... lays another"
ok "... and nginx takes it" nginx_test
mv "$T/host.away" "$T/host.key"

# --- keys ---
for key in 'RSA -pkeyopt rsa_keygen_bits:2048' \
	'EC -pkeyopt ec_paramgen_curve:P-384' ED25519; do
	fresh
	(umask 077 && openssl genpkey -quiet -algorithm $key -out "$T/new.key")
	cp -p "$T/host.key" "$T/host.away"
	mv "$T/new.key" "$T/host.key"
	run host --placeholder
	is "$rc" 0 "a key of ${key%% *}"
	ok "... nginx starts" nginx_run
	is "$(served)" "$(on_disk)" "... and serves it"
	stop nginx
	mv "$T/host.away" "$T/host.key"
done

# --- only one run at a time ---
fresh
mkdir -m 700 "$T/state"
(
	exec 9>"$T/state/lock"
	flock 9
	"$T/bin/host" --placeholder >"$T/two.out" 2>&1
	echo $? >"$T/two.rc"
)
is "$(cat "$T/two.rc")" 75 "beside another run"
not_ok "... nothing is done" test -e "$DIR"

# --- what an ordinary run left is not its matter ---
mkdir -p "$T/state/journal" "$T/state/service"
chmod 700 "$T/state/journal" "$T/state/service"
printf 'certrepo-journal\t2\nservice\tweb\ngen\tg\nstate\tinstall\nend\n' \
	>"$T/state/journal/web"
run host --placeholder
is "$rc" 1 "beside a change that is not finished"
like "$err" "no placeholder: an earlier change of service web is not finished yet: $T/state/journal/web\$" \
	"... says so"
ok "... and leaves it alone" test -s "$T/state/journal/web"

# --- usage ---
run host --placeholder --verify
is "$rc" 64 "--placeholder --verify"
run host --placeholder --force
is "$rc" 64 "--placeholder --force"
run host --placeholder nobody
is "$rc" 64 "--placeholder of a name that is none"

# --- every profile: those with a daemon are started with it in services/*.t ---
run_profile() { # PROFILE [VARS]
	PROFILE=$1 HOST_SERVICE=${2:+"vars = ( $2 );"}
	host_conf
	fresh
	mkdir "$DIR"
	run host --placeholder
}
(umask 077 && echo secret >"$T/password")
sed -i "s|/etc/tomcat10/keystore.password|$T/password|" "$T/shipped/tomcat.conf"
at_appliance='{ name = "target"; value = "x"; }'
for p in "$ROOT"/installer-profiles/*.conf; do
	p=$(basename "$p" .conf)
	case $p in
	esxi) run_profile $p "$at_appliance" ;;
	generic-ssh)
		run_profile $p "$at_appliance,
			{ name = \"to\"; value = \"x\"; },
			{ name = \"restart\"; value = \"x\"; }"
		;;
	*) run_profile $p ;;
	esac
	is "$rc $err" "0 " "profile $p"
	case $p in
	esxi | generic-ssh)
		like "$out" '^web: .*: left as it is: what it uses now is fetched from where it runs \(seed\)$' \
			"... needs none"
		is "$(ls -A "$DIR")" '' "... and has none"
		;;
	*)
		like "$out" '^web: .*: laid a placeholder' "... has one"
		ok "... in its place" test -s "${out##*: }"
		;;
	esac
done
# those that nothing of can be started here: it is replaced all the same
for p in files-only notify-operator reboot; do
	_activate=
	[ $p != reboot ] || _activate='{ name = "activate"; value = "true"; }'
	if [ $p = files-only ]; then
		HOST_VERIFY=''
	else
		unset HOST_VERIFY
	fi
	run_profile $p "$_activate"
	file=${out##*: }
	store_put $NAME "$T/one"
	run host
	is "$rc" 0 "$p: the first certificate"
	is "$(cert_fp "$file")" "$(cert_fp "$T/one.crt")" \
		"... is in the placeholder's place"
done
HOST_SERVICE=''
PROFILE=nginx
host_conf

# --- the folder is the service's user's: links that he planted ---
as_user() {
	setpriv --reuid 61234 --regid 61234 --clear-groups "$@"
}
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/outside"
	echo "not yours" >"$T/outside/fullchain.pem"
	before=$(cd "$T/outside" && stat -c '%n %i %a %u %s %Y' ./*)
	fresh
	mkdir "$DIR" && chown 61234:61234 "$DIR"
	as_user ln -s "$T/outside" "$DIR/current"
	run host --placeholder
	is "$rc" 1 "a link that the user planted"
	like "$err" "no placeholder: .*$DIR/current" "... is left, and said"
	is "$(readlink "$DIR/current")" "$T/outside" "... as it is"
	rm "$DIR/current"
	as_user ln -s "$T/outside/fullchain.pem" "$DIR/.current.certrepo-x"
	run host --placeholder
	is "$rc" 0 "in a folder of the user"
	is "$(stat -L -c '%U %a' "$DIR/current/fullchain.pem")" "root 644" \
		"... it is root's"
	cat >"$T/profiles/two.conf" <<-'END'
	layout = "fixed";
	files = ( { file = "full.pem"; format = "fullchain"; },
		{ file = "both.pem"; format = "fullchain-key"; } );
	END
	PROFILE=two
	host_conf
	fresh
	mkdir "$DIR" && chown 61234:61234 "$DIR"
	as_user ln -s "$T/outside/new" "$DIR/both.pem"
	run host --placeholder
	is "$rc" 1 "a link to nothing at a fixed path"
	like "$err" "no placeholder: .*$DIR/both.pem" "... is left, and said"
	not_ok "... and nothing is put beside it" test -e "$DIR/full.pem"
	not_ok "... nor where it leads" test -e "$T/outside/new"
	is "$(cd "$T/outside" && stat -c '%n %i %a %u %s %Y' ./*)" "$before" \
		"... nothing outside is touched"
fi

# --- killed at each step ---
kill_setup x
PROFILE=nginx
for layout in generation fixed; do
	if [ $layout = fixed ]; then
		cat >"$T/profiles/three.conf" <<-'END'
		layout = "fixed";
		files = ( { file = "cert.pem"; format = "certificate"; },
			{ file = "chain.pem"; format = "chain"; },
			{ file = "both.pem"; format = "key-fullchain"; } );
		END
		PROFILE=three
	fi
	host_conf
	fresh
	mkdir "$DIR"
	# nothing; all of one; or, where it may be, some
	here() {
		if [ $layout = generation ]; then
			[ -L "$DIR/current" ] || { echo none; return; }
			set -- "$DIR/current/fullchain.pem"
		else
			set -- $(ls "$DIR"/*.pem 2>/dev/null)
			[ $# -gt 0 ] || { echo none; return; }
			[ $# = 3 ] || { echo some; return; }
		fi
		for _x in "$@"; do
			cert_fp "$_x"
		done | sort -u | grep -c . | sed 's/^1$/all/'
	}
	strace -o "$T/trace" "$BUILD/certrepo-installer" -c "$HOST_CONF" \
		--placeholder >/dev/null 2>&1
	is "$(here)" all "$layout: all of it"
	# of $2 calls $1, the first one and how far it is to the next
	pick() { # CALL NUMBER MOST
		i=1 step=1
		[ -z "${KILL_FULL-}" ] && [ "$2" -gt "$3" ] || return 0
		step=$(($2 / $3))
		# the first ones are the loader's
		[ "$1" != openat ] || i=$(($2 / 2))
	}
	bad='' total=0
	for call in openat write fsync rename renameat2 renameat symlinkat \
		mkdirat unlinkat unlink fchmod fchown; do
		calls=$(grep -c "^$call(" "$T/trace")
		pick $call "$calls" 4
		while [ $i -le "$calls" ]; do
			fresh
			mkdir "$DIR"
			killed $call $i --placeholder || {
				i=$((i + step))
				continue
			}
			total=$((total + 1)) x=$(here)
			[ $layout = fixed ] || case $x in
			none | all) ;;
			*) bad="$bad; $call $i: at once $x" ;;
			esac
			# the next run, of either kind
			if [ $((total % 2)) = 0 ]; then
				host_without_store
				[ "$rc" = 69 ] || bad="$bad; $call $i: exit $rc $err"
				case $(here) in
				none | all) ;;
				*) bad="$bad; $call $i: then $(here)" ;;
				esac
				tidy || bad="$bad; $call $i: not tidy"
			fi
			run host --placeholder
			[ "$rc $(here)" = "0 all" ] && tidy ||
				bad="$bad; $call $i: in the end $rc $(here) $err"
			i=$((i + step))
		done
	done
	is "$bad" '' "$layout: $total kills leave nothing half-written"
	ok "... there were some" test "$total" -gt 15

	# an error is not an absence, and no half of a set either
	bad='' total=0
	for call in openat newfstatat fstat write fsync renameat2 readlinkat \
		symlinkat mkdirat fchmod; do
		calls=$(grep -c "^$call(" "$T/trace")
		pick $call "$calls" 3
		while [ $i -le "$calls" ]; do
			fresh
			mkdir "$DIR"
			strace -o /dev/null -e trace=$call \
				-e inject=$call:error=EIO:when=$i \
				"$BUILD/certrepo-installer" -c "$HOST_CONF" \
				--placeholder >"$T/eio.log" 2>&1 </dev/null
			rc=$? total=$((total + 1))
			case "$rc $(here)" in
			"0 all") ;;
			"0 "*) bad="$bad; $call $i: exit 0, $(here)" ;;
			*" none" | *" all") ;;
			*) tidy && bad="$bad; $call $i: exit $rc, $(here)" ;;
			esac
			run host --placeholder
			[ "$rc $(here)" = "0 all" ] && tidy ||
				bad="$bad; $call $i: in the end $rc $(here) $err"
			i=$((i + step))
		done
	done
	is "$bad" '' "$layout: $total errors leave no half of a set"
done
done_testing
