# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2119,SC2154,SC2317 # shared; called by kill.sh
# SIGKILL at the Nth call of each kind, in a change of three services of one
# certificate, each a real nginx. After the recovery that the next run begins
# with, all three hold and serve the old set, or all the new one. Source after
# lib.sh, host.sh and kill.sh.
#
#	three_begin
#	three_profile NAME FORMAT	one with fixed paths
#	three_server N FILE KEY PROFILE [SETTING...]	for N from 1 to 3
#	three_sweeps "three services" FEW FEW_BACK
#
# FILE is that of the certificate below DIR/N, KEY what nginx has for its
# key; the third does not reload while $T/lies is there. A test's own: here
# prints which set is on disk everywhere, a, b, c or "mixed"; ready NAME makes
# it one that is newer; waits prints the next keys, $stays those that stay when
# all goes back.

three_begin() {
	kill_setup "openat write fsync rename unlink symlink mkdir chmod fchmod connect clone wait4 poll"
	DIR=$T/tls HOST_CONF=$T/installer.conf
	host_begin || bail "cannot set up a host"
	live=$T/host.key stays='' _three=''
}
waits() {
	:
}
three_profile() { # NAME FORMAT
	cat >"$T/profiles/$1.conf" <<-END
	layout = "fixed";
	files = ( { file = "fullchain.pem"; format = "$2"; },
		{ file = "chain.pem"; format = "chain"; mode = "0644"; } );
	vars = ( { name = "nginx"; value = [ "nginx" ]; } );
	test = ( { command = [ "\$nginx", "-t", "-q" ]; } );
	activate = ( { command = [ "\$nginx", "-s", "reload" ]; } );
	END
}
three_server() { # N FILE KEY PROFILE [SETTING...]
	_no=$1 _file=$2 _key=$3 _profile=$4
	shift 4
	_d=$T/n$_no _user='' _start=''
	[ "$(id -u)" != 0 ] || _user='user root;'
	[ "$_profile" != nginx ] ||
		_start=', { name = "start"; value = "false"; }'
	_port=$(free_port)
	eval "PORT$_no=\$_port"
	mkdir -p "$_d"
	cat >"$_d/conf" <<-END
	$_user
	daemon off; pid $_d/pid; error_log stderr notice; worker_processes 1;
	events { worker_connections 64; }
	http { access_log off;
	client_body_temp_path $_d; proxy_temp_path $_d; fastcgi_temp_path $_d;
	uwsgi_temp_path $_d; scgi_temp_path $_d;
	server { listen 127.0.0.1:$_port ssl; server_name $NAME;
		ssl_certificate $DIR/$_no/$_file; ssl_certificate_key $_key; } }
	END
	{
		echo '#!/bin/sh'
		[ "$_no" != 3 ] || echo "[ ! -e '$T/lies' ] || exit 0"
		echo "exec nginx -c '$_d/conf' -e stderr \"\$@\""
	} >"$T/bin/nginx$_no"
	chmod 755 "$T/bin/nginx$_no"
	start "nginx$_no" nginx -c "$_d/conf" -e stderr
	wait_port "$_port" || bail "nginx does not start"
	_three="$_three${_three:+,} { name = \"n$_no\"; profile = \"$_profile\"; $*
		vars = ( { name = \"nginx\"; value = \"$T/bin/nginx$_no\"; }
			$_start );
		certificates = ( { name = \"$NAME\"; key = \"$live\";
			dir = \"$DIR/$_no\"; } );
		verify = ( { address = \"127.0.0.1:$_port\";
			server_name = \"$NAME\"; } );
		verify_time = 1; }"
	cat >"$HOST_CONF" <<-END
	store : { path = "$DB"; }; host = "host1"; keep = 1;
	trust_file = "$T/pki/ca.pem"; profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped"; state_dir = "$T/state";
	services = ( $_three );
	END
	chmod 600 "$HOST_CONF"
}
# Which set all three serve.
serve() {
	# shellcheck disable=SC2153 # PORT1 and so on, above
	_fp=$(tls_fp "$PORT1" "$NAME")
	[ "$(tls_fp "$PORT2" "$NAME")$(tls_fp "$PORT3" "$NAME")" = "$_fp$_fp" ] ||
		echo "mixed"
	for _x in a b c; do
		[ "$_fp" != "$(cat "$T/$_x.fp")" ] || echo $_x
	done
}
kill_at() { # CALL N: problem is what went wrong
	problem=''
	store_put "$NAME" "$T/$new"
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
	converged || problem="$problem; then: exit $rc: $err, on disk $(here), served $(serve), next $(waits)"
	tidy || problem="$problem; not tidy in the end"
}
three_sweeps() { # TEXT FEW FEW_BACK
	old=a new=b
	store_put "$NAME" "$T/a"
	run host
	is "$rc $(here) $(serve)" "0 a a" "the first one"
	ready "$new"
	converged() {
		[ "$rc $(here) $(serve)$(waits)" = "0 $new $new" ]
	}
	turn() {
		x=$old old=$new new=$x
		ready "$new"
	}
	few=$2
	sweep "$1"
	# the last one's reload lies: all go back
	: >"$T/lies"
	case $old in
	a) new=b spare=c ;;
	b) new=a spare=c ;;
	esac
	ready "$new"
	converged() {
		[ "$rc $(here) $(serve)$(waits)" = "1 $old $old$stays" ]
	}
	turn() {
		x=$new new=$spare spare=$x
		ready "$new"
	}
	few=$3
	sweep "all rolled back"
}
