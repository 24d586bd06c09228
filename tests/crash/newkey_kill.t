#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the Nth call of each kind, in a change of a key and its certificate
# in three services that have both: nginx with a folder of generations, one with
# fixed paths, and one that goes alone otherwise, with the key in its own file.
# After the recovery that the next run begins with, all three hold and serve the
# old pair, or all the new one. KILL_FULL=1 tries every call, otherwise some.
# shellcheck disable=SC2119,SC2154 # no arguments; rc is run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

kill_setup "openat write fsync rename unlink symlink mkdir chmod fchmod connect clone wait4 poll"

DIR=$T/tls HOST_CONF=$T/installer.conf
host_begin || bail "cannot set up a host"
next=$T/state/next/$NAME
live=$T/live.key
for x in a b c; do
	make_key "$T/$x.key" || bail "no key"
done
cp "$T/a.key" "$live" && chmod 600 "$live"

# A newer certificate, of its own key.
pair() { # a|b|c
	renewed=$((renewed + 1))
	FROM=$(date -u -d "$((9000 - renewed)) minutes ago" +%Y%m%d%H%M%SZ)
	KEY=$T/$1.key issue "$T/$1" || bail "cannot issue"
	FROM=''
	cat "$T/$1.crt" "$T/$1.ca" >"$T/$1.full"
	cert_fp "$T/$1.crt" >"$T/$1.fp"
}
# It is what is asked for, and the key that is to follow.
ask_for() { # a|b|c
	pair "$1"
	mkdir -p "$T/state" && chmod 700 "$T/state"
	[ -d "$T/state/next" ] || mkdir -m 700 "$T/state/next"
	rm -f "$next"
	install -m 600 "$T/$1.key" "$next"
}
for x in a b c; do
	pair "$x"
done
for p in fixed combined; do
	f='{ file = "fullchain.pem"; format = "fullchain"; }'
	[ $p = fixed ] ||
		f='{ file = "fullchain.pem"; format = "fullchain-key"; }'
	cat >"$T/profiles/$p.conf" <<-END
	layout = "fixed";
	files = ( $f, { file = "chain.pem"; format = "chain"; mode = "0644"; } );
	vars = ( { name = "nginx"; value = [ "nginx" ]; } );
	test = ( { command = [ "\$nginx", "-t", "-q" ]; } );
	activate = ( { command = [ "\$nginx", "-s", "reload" ]; } );
	END
done

# --- three servers ---

user=''
[ "$(id -u)" != 0 ] || user='user root;'
list=''
for i in 1 2 3; do
	d=$T/n$i
	file=fullchain.pem key=$live
	mkdir -p "$d" "$DIR/$i"
	cp "$T/a.ca" "$DIR/$i/chain.pem"
	cp "$T/a.full" "$DIR/$i/fullchain.pem"
	case $i in
	1)
		file=current/fullchain.pem profile=nginx
		start=', { name = "start"; value = "false"; }'
		mkdir "$DIR/1/before"
		mv "$DIR/1/"*.pem "$DIR/1/before/"
		ln -s before "$DIR/1/current"
		;;
	2) profile=fixed start='' ;;
	3)
		profile=combined key=$DIR/3/fullchain.pem
		cat "$T/a.key" >>"$key"
		chmod 600 "$key"
		;;
	esac
	eval "PORT$i=\$(free_port)"
	eval "port=\$PORT$i"
	cat >"$d/conf" <<-END
	$user
	daemon off; pid $d/pid; error_log stderr notice; worker_processes 1;
	events { worker_connections 64; }
	http { access_log off;
	client_body_temp_path $d; proxy_temp_path $d; fastcgi_temp_path $d;
	uwsgi_temp_path $d; scgi_temp_path $d;
	server { listen 127.0.0.1:$port ssl; server_name $NAME;
		ssl_certificate $DIR/$i/$file; ssl_certificate_key $key; } }
	END
	printf '#!/bin/sh\nexec nginx -c "%s" -e stderr "$@"\n' "$d/conf" \
		>"$T/bin/nginx$i"
	# the last one does not reload while this is there
	[ $i != 3 ] || sed -i "1a[ ! -e '$T/lies' ] || exit 0" "$T/bin/nginx3"
	chmod 755 "$T/bin/nginx$i"
	start nginx$i nginx -c "$d/conf" -e stderr
	wait_port "$port" || bail "nginx does not start"
	alone=
	[ $i != 3 ] || alone='alone = true;'
	list="$list${list:+,} { name = \"n$i\"; profile = \"$profile\"; $alone
		vars = ( { name = \"nginx\"; value = \"$T/bin/nginx$i\"; }
			$start );
		certificates = ( { name = \"$NAME\"; key = \"$live\";
			dir = \"$DIR/$i\"; } );
		verify = ( { address = \"127.0.0.1:$port\";
			server_name = \"$NAME\"; } );
		verify_time = 1; }"
done
cat >"$HOST_CONF" <<-END
	store : { path = "$DB"; }; host = "host1"; keep = 1;
	trust_file = "$T/pki/ca.pem"; profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped"; state_dir = "$T/state";
	services = ( $list );
END
chmod 600 "$HOST_CONF"

# Which pair is on disk, three times each and the key: a, b or c; or what not.
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
serve() {
	# shellcheck disable=SC2153 # PORT1 and so on, above
	_fp=$(tls_fp "$PORT1" $NAME)
	[ "$(tls_fp "$PORT2" $NAME)$(tls_fp "$PORT3" $NAME)" = "$_fp$_fp" ] ||
		echo "mixed"
	for _x in a b c; do
		[ "$_fp" != "$(cat "$T/$_x.fp")" ] || echo $_x
	done
}

# --- kills ---

kill_at() { # CALL N: problem is what went wrong
	problem=''
	store_put $NAME "$T/$new"
	if killed "$@"; then
		host_without_store
		[ "$rc" = 69 ] || problem="store down: exit $rc: $err"
		x=$(here)
		case $x in
		"$old" | "$new") ;;
		*) problem="$problem; recovered: $x" ;;
		esac
		[ "$(serve)" = "$x" ] ||
			problem="$problem; on disk $x, served $(serve)"
		tidy || problem="$problem; recovered, but not tidy"
	fi
	run host
	converged || problem="$problem; then: exit $rc: $err, on disk $(here), served $(serve), next $(ls "$T/state/next")"
	tidy || problem="$problem; not tidy in the end"
}

old=a new=b
store_put $NAME "$T/a"
run host
is "$rc $(here) $(serve)" "0 a a" "the first one"
ask_for "$new"
converged() {
	[ "$rc $(here) $(serve)$(ls "$T/state/next")" = "0 $new $new" ]
}
turn() {
	x=$old old=$new new=$x
	ask_for "$new"
}
few="fsync rename wait4 clone"
sweep "a new key"

# --- the last one's reload lies: all go back, and the next key stays ---
: >"$T/lies"
few="rename fsync"
case $old in
a) new=b spare=c ;;
b) new=a spare=c ;;
esac
ask_for "$new"
converged() {
	[ "$rc $(here) $(serve) $(ls "$T/state/next")" = "1 $old $old $NAME" ]
}
turn() {
	x=$new new=$spare spare=$x
	ask_for "$new"
}
sweep "all rolled back"
done_testing
