#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the Nth call of each kind, in a change of three services that
# share a certificate: two nginx with folders of generations, one with fixed
# paths. After the recovery that the next run begins with, all three hold and
# serve the old one, or all the new one. KILL_FULL=1 tries every call,
# otherwise five.
# shellcheck disable=SC2154 # rc is run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

kill_setup "openat write fsync rename unlink symlink mkdir chmod fchmod connect clone wait4 poll"

DIR=$T/tls HOST_CONF=$T/installer.conf
host_begin || bail "cannot set up a host"
for x in a b c; do
	renew "$x"
done
cat >"$T/profiles/fixed.conf" <<-END
	layout = "fixed";
	files = ( { file = "fullchain.pem"; format = "fullchain"; },
		{ file = "chain.pem"; format = "chain"; mode = "0644"; } );
	vars = ( { name = "nginx"; value = [ "nginx" ]; } );
	test = ( { command = [ "\$nginx", "-t", "-q" ]; } );
	activate = ( { command = [ "\$nginx", "-s", "reload" ]; } );
END

# --- three servers ---

user=''
[ "$(id -u)" != 0 ] || user='user root;'
list=''
for i in 1 2 3; do
	d=$T/n$i
	file=current/fullchain.pem
	mkdir -p "$d" "$DIR/$i/before"
	if [ $i = 3 ]; then
		file=fullchain.pem
		cp "$T/a.ca" "$DIR/3/chain.pem"
		cp "$T/a.full" "$DIR/3/fullchain.pem"
	else
		cp "$T/a.full" "$DIR/$i/before/fullchain.pem"
		ln -s before "$DIR/$i/current"
	fi
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
		ssl_certificate $DIR/$i/$file;
		ssl_certificate_key $T/host.key; } }
	END
	printf '#!/bin/sh\nexec nginx -c "%s" -e stderr "$@"\n' "$d/conf" \
		>"$T/bin/nginx$i"
	# the last one does not reload while this is there
	[ $i != 3 ] || sed -i "1a[ ! -e '$T/lies' ] || exit 0" "$T/bin/nginx3"
	chmod 755 "$T/bin/nginx$i"
	start nginx$i nginx -c "$d/conf" -e stderr
	wait_port "$port" || bail "nginx does not start"
	start=''
	[ $i = 3 ] || start=", { name = \"start\"; value = \"false\"; }"
	profile=nginx
	[ $i != 3 ] || profile=fixed
	list="$list${list:+,} { name = \"n$i\"; profile = \"$profile\";
		vars = ( { name = \"nginx\"; value = \"$T/bin/nginx$i\"; }
			$start );
		certificates = ( { name = \"$NAME\"; key = \"$T/host.key\";
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

# Which set is on disk, and served, three times each: a, b or c; or what not.
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
	converged || problem="$problem; then: exit $rc: $err, on disk $(here), served $(serve)"
	tidy || problem="$problem; not tidy in the end"
}

old=a new=b
store_put $NAME "$T/a"
run host
is "$rc $(here) $(serve)" "0 a a" "the first one"
converged() {
	[ "$rc $(here) $(serve)" = "0 $new $new" ]
}
turn() {
	x=$old old=$new new=$x
	renew "$new"
}
few="fsync rename wait4"
sweep "three services"

# --- the last one's reload lies: all go back ---
: >"$T/lies"
few="rename clone"
case $old in
a) new=b spare=c ;;
b) new=a spare=c ;;
esac
renew "$new"
renew "$spare"
converged() {
	[ "$rc $(here) $(serve)" = "1 $old $old" ]
}
turn() {
	x=$new new=$spare spare=$x
	renew "$new"
}
sweep "all rolled back"
done_testing
