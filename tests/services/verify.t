#!/bin/sh
# SPDX-License-Identifier: MIT
# What each daemon serves, looked at by the installer over the protocol that
# the daemon speaks: the right certificate is found right, with the chain; of
# another one it says which it is. What stands behind a proxy is looked at as
# by that proxy.
#
#	verify.t [DAEMON...]
#
# shellcheck disable=SC2034,SC2048,SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/services/svc.sh"

NAME=www.example.test
[ "$(id -u)" = 0 ] || skip_all "needs root, to start daemons as their users"

pki() {
	make_ca "$T/pki" && make_sub_ca "$T/pki" "$T/pki/sub" "the middle one" &&
		make_key "$T/pki/key.pem" || return 1
	for _gen in this that; do
		make_cert "$T/pki/sub" "$T/pki/key.pem" "$T/pki/$_gen.pem" \
			$NAME localhost 127.0.0.1 || return 1
		mkdir "$T/pki/$_gen"
		cat "$T/pki/$_gen.pem" "$T/pki/sub/ca.pem" \
			>"$T/pki/$_gen/fullchain.pem"
	done
	mkdir "$T/pki/short" "$T/profiles"
	cat "$T/pki/this.pem" >"$T/pki/short/fullchain.pem"
	echo testing123 >"$T/secret"
	chmod 600 "$T/secret"
	cat >"$T/profiles/look.conf" <<-END
	description = "one file";
	layout = "fixed";
	files = ( { file = "fullchain.pem"; format = "fullchain"; } );
	END
}
# The daemon's files, as it wants them.
files() { # DAEMON
	_f=$T/tls/$1
	mkdir -p "$_f" && cp "$T/pki/key.pem" "$_f/key.pem" &&
		cp "$T/pki/ca.pem" "$_f/root.pem" &&
		cp "$T/pki/this/fullchain.pem" "$_f/" &&
		cp "$T/pki/this.pem" "$_f/cert.pem" &&
		cp "$T/pki/sub/ca.pem" "$_f/chain.pem" &&
		cat "$_f/fullchain.pem" "$_f/key.pem" >"$_f/combined.pem" &&
		cat "$_f/key.pem" "$_f/fullchain.pem" >"$_f/keyfirst.pem" &&
		svc_keep "$1" "$_f/"*.pem
}
begin() { # DAEMON
	files "$1" || return 1
	SVC_CERT=$T/tls/$1/$(svc_get "$1" FILES | cut -d' ' -f1).pem
	SVC_KEY=$T/tls/$1/key.pem
	SVC_ROOT=$T/tls/$1/root.pem
	svc_set "$1" CERT ''
	svc_set "$1" KEY ''
	"svc_$1_start"
}
# installer.conf that has FOLDER's certificate in place and looks at ENDPOINTS
conf() { # FOLDER ENDPOINT...
	_folder=$1
	shift
	_verify=
	for _e in "$@"; do
		_more=
		case $_e in
		v[12]@*)
			_more="proxy_protocol = \"${_e%%@*}\";"
			_e=${_e#*@}
			;;
		esac
		_proto=${_e%%:*}
		case $_proto in
		eap)
			_proto=radius-eap
			_more="secret_file = \"$T/secret\";"
			;;
		xmpp) _proto=xmpp-client ;;
		esac
		_verify="${_verify:+$_verify, }{ protocol = \"$_proto\";
			address = \"127.0.0.1:${_e##*:}\"; $_more
			server_name = \"$NAME\"; }"
	done
	cat >"$T/installer.conf" <<-END
	store : { path = "$T/none.db"; };
	state_dir = "$T/state";
	profile_dir = "$T/profiles";
	host = "host1";
	services = ( { name = "it"; profile = "look";
		certificates = ( { name = "$NAME"; dir = "$T/pki/$_folder";
			key = "$T/pki/key.pem"; } );
		verify = ( $_verify ); } );
	END
	chmod 600 "$T/installer.conf"
}
look() {
	run "$BUILD/certrepo-installer" -c "$T/installer.conf" --verify
}
right() { # FOLDER ENDPOINT
	conf "$1" "$2"
	look
	[ "$rc" = 0 ]
}

one() { # DAEMON
	diag "$(svc_version "$1")"
	if ! begin "$1"; then
		fail "$1: starts"
		return
	fi
	for e in $(svc_get "$1" ENDPOINTS); do
		conf this "$e"
		look
		is "$rc $err" "0 " "$1: $e, the right one"
		like "$out" "$(cert_fp "$T/pki/this.pem") until .*, as installed" \
			"... is named"
		[ "$rc" = 0 ] || diag "$out"
		conf that "$e"
		look
		is "$rc" 1 "$1: $e, another one"
		like "$out" ":${e##*:}/$NAME: .*serves another certificate: that of .* by .*the middle one.* until 20.* \($this_fp\.\.\., wanted" \
			"... says which"
		conf short "$e"
		look
		like "$rc $out" "1 .*another chain \(2 certificates; what it should read is in /.*\)" \
			"$1: $e, another chain"
	done
	for e in $(svc_get "$1" PROXIED); do
		for v in v1 v2; do
			conf this $v@"$e"
			look
			is "$rc $err" "0 " "$1: $e, by the PROXY protocol $v"
			[ "$rc" = 0 ] || diag "$out"
		done
		conf that v2@"$e"
		look
		like "$rc $out" "1 .*serves another certificate" \
			"... another one"
		conf this "$e"
		look
		like "$rc $out" "1 .*shows no certificate: " \
			"... and without it: no answer to speak of"
	done
	# shellcheck disable=SC2046 # a list
	conf this $(svc_get "$1" ENDPOINTS)
	look
	is "$rc" 0 "$1: all its endpoints together"
	"svc_$1_stop"
	look
	is "$rc" 1 "$1: stopped"
	like "$out" "cannot be reached: " "... says so"
}

# The other EAP methods, and who does not know the secret.
radius() {
	begin freeradius || return
	for m in "peap:tls = common virtual_server = inner" "tls:tls = common" \
		md5:; do
		M=${m%%:*} IN=$(echo "${m#*:}" | sed 's/ virtual/\n&/') perl -0pi -e '
			s/default_eap_type = \w+/default_eap_type = $ENV{M}/;
			s/^\s*(ttls|peap|tls|md5) \{\s[^}]*\}/\n$ENV{M} {\n$ENV{IN}\n}/m' \
			"$FREERADIUS_CONF/radiusd.conf"
		m=${m%%:*}
		$FREERADIUS_RESTART || diag "$(tail -3 "$FREERADIUS_LOG")"
		conf this "eap:$FREERADIUS_PORT"
		look
		if [ "$m" = md5 ]; then
			like "$rc $out" "1 .*shows no certificate: it (offers no EAP method with TLS|refuses us)" \
				"freeradius: no method with TLS"
		else
			is "$rc" 0 "freeradius: EAP method $m"
			[ "$rc" = 0 ] || diag "$out"
		fi
	done
	echo another >"$T/secret"
	look
	like "$rc $out" "1 .*cannot be reached: no answer in time; is this host a client" \
		"freeradius: another secret"
	echo testing123 >"$T/secret"
	svc_freeradius_stop
}

pki || bail "no certificates"
this_fp=$(cert_fp "$T/pki/this.pem" | cut -c1-16)
for daemon in ${*:-dovecot ejabberd exim freeradius haproxy mariadb nnrpd postfix postgresql prosody slapd vsftpd}; do
	svc_use "$daemon" || bail "$daemon: no such file"
	one "$daemon"
	[ "$daemon" != freeradius ] || radius
done
done_testing
