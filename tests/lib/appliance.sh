# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# An appliance (services/sshd.sh) and a host that looks after it by ssh. Source
# after lib.sh, host.sh and services/svc.sh.
#
#	appliance_setup		CA, store, the appliance with a self-signed
#				certificate; its public key is all we have here
#	appliance_conf VARS	installer.conf, of $PROFILE, with more variables
#	run host		the installer
#
# NAME is the appliance's; MIRROR our copy of its certificate, RUI its own,
# SELF the fingerprint of the one it came with. A renewal is made by
# appliance_new: $fp is its fingerprint. appliance_placeholder: it needs none.

NAME=esxi1.example.test

appliance_setup() {
	[ "$(id -u)" = 0 ] || skip_all "needs root, for a jail"
	DIR=$T/mirror MIRROR=$T/mirror/fullchain.pem
	host_begin || return 1
	svc_use sshd || return 1
	SVC_CERT=$T/self.crt SVC_KEY=$T/appliance.key
	mv "$T/host.key" "$SVC_KEY" &&
		make_self_signed "$SVC_KEY" "$SVC_CERT" $NAME &&
		openssl pkey -in "$SVC_KEY" -pubout -out "$T/public.pem" &&
		svc_sshd_start || return 1
	RUI=$SSHD_ROOT/etc/vmware/ssl/rui.crt
	SELF=$(cert_fp "$SVC_CERT")
	A_N=0
}
appliance_conf() { # [VARIABLE...]: { name = ...; value = ...; }
	_vars="{ name = \"target\"; value = \"$SSHD_HOST\"; },
		{ name = \"options\"; value = [ \"-F\", \"none\",
		\"-i\", \"$SSHD_IDENTITY\", \"-o\", \"Port=$SSHD_PORT\",
		\"-o\", \"UserKnownHostsFile=$SSHD_KNOWN_HOSTS\" ]; }"
	for _v in "$@"; do
		_vars="$_vars, $_v"
	done
	cat >"$T/installer.conf" <<-END
	store : { path = "$DB"; };
	host = "host1";
	trust_file = "$T/pki/ca.pem";
	profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped";
	state_dir = "$T/state";
	services = ( {
		name = "esxi1";
		profile = "$PROFILE";
		vars = ( $_vars );
		certificates = ( { name = "$NAME";
			public_key = "$T/public.pem"; dir = "$DIR"; } );
		verify = ( { address = "127.0.0.1:$SSHD_HTTPS_PORT";
			server_name = "$NAME"; } );
		verify_time = 2;
	} );
	END
	chmod 600 "$T/installer.conf"
}
appliance_new() {
	A_N=$((A_N + 1))
	KEY=$T/appliance.key issue_nth "$T/n$A_N" $A_N || bail "cannot issue"
	store_put $NAME "$T/n$A_N"
	fp=$(cert_fp "$T/n$A_N.crt")
}
appliance_placeholder() {
	run host --placeholder
	is "$rc $err" "0 " "$PROFILE: --placeholder"
	like "$out" "^esxi1: $NAME: left as it is: what it uses now is fetched from where it runs \(seed\)\$" \
		"... says that it needs none"
	is "$(ls -A "$DIR")" '' "... and puts nothing in the way of that"
}
appliance_served() {
	tls_fp "$SSHD_HTTPS_PORT" $NAME
}
# What a receipt says: of the certificate, or of an endpoint.
appliance_receipt() { # [%]
	sqlite3 "$DB" "SELECT state FROM installs WHERE host = 'host1' AND
		name = '$NAME' AND endpoint LIKE '${1-}' AND
		(endpoint = '') = ('${1-}' = '')"
}
# After svc_sshd_stop, or stop sshd: with the files it has.
appliance_up() {
	"$_svc_lib/ctl" "$SSHD_DIR" start || return 1
	ln -sf "$SSHD_DIR/pid" "$T/pid/sshd"
	for _x in hostd rhttpproxy; do
		ln -sf "$SSHD_ROOT/var/run/$_x.pid" "$T/pid/sshd-$_x"
		chroot "$SSHD_ROOT" /etc/init.d/$_x start >/dev/null
	done
}
# The installer, killed while the appliance restarts.
appliance_kill() { # TEXT
	rm -f "$SSHD_ROOT/var/run/hangs"
	echo 'echo $$ >/var/run/hangs; exec sleep 600' | appliance_script hostd
	host >"$T/killed" 2>&1 &
	_killed=$!
	ok "$1" wait_for 20 test -s "$SSHD_ROOT/var/run/hangs"
	_child=$(pgrep -P $_killed) || diag "$(cat "$T/killed")"
	# shellcheck disable=SC2086 # none, or one
	kill -KILL $_killed $_child
	wait $_killed 2>/dev/null
	adopt hangs "$SSHD_ROOT/var/run/hangs"
	stop hangs
}
# In its style of /etc/init.d; standard input is what it does.
appliance_script() { # NAME
	{ echo '#!/bin/sh' && cat; } >"$SSHD_ROOT/etc/init.d/$1"
}
# Both have it, it is served, and nothing half-done is left on either.
appliance_has() { # FINGERPRINT TEXT
	is "$(appliance_served)" "$1" "$2"
	is "$(cert_fp "$RUI") $(cert_fp "$MIRROR")" "$1 $1" \
		"... it is in the appliance's file, and in ours"
	is "$(cd "$SSHD_ROOT/etc/vmware/ssl" && echo *) $(ls "$DIR")" \
		"rui.crt rui.key fullchain.pem" "... and no other file"
	ok "... nothing half-done is left" tidy
}
