# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # shared; lists of words
# The fault matrix: a real daemon with its shipped profile, the real installer,
# and everything that may be wrong with a certificate, a key, a configuration,
# a reload. Source after lib.sh, host.sh and services/svc.sh:
#
#	matrix_begin apache [PROFILE]	CA, key, store; a placeholder is laid,
#					which has expired
#	SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
#	svc_apache_start || bail "apache does not start"
#	matrix_ready			installer.conf, from what X_... says:
#					the placeholder is served, and then
#					the first certificate
#	matrix_new			a renewal is served
#	matrix_faults [FAULT...]	all of $M_FAULTS, one after the other
#	matrix_table			the profile's row, as diagnostics
#
# A profile's commands are its variables test, activate and start (those it
# has); matrix_ready sets them to X_TEST, X_RELOAD (X_RESTART where there is
# none) and X_RESTART. After each fault it is looked, with openssl, whether
# what was served before is, and whether exit status and receipts tell so.
#
# To be set by a test, before matrix_begin or matrix_ready, where the defaults
# do not fit:
#
#	M_KEY		the private key of installer.conf ($T/host.key)
#	M_PREFIX	the folder the daemon is jailed in; M_KEY and DIR are in
#			there, and installer.conf has them as they are inside
#	M_EDIT		what sed is to change in the profile, its paths
#	M_CERT		more settings of the certificate
#	M_SERVICE	more settings of the service
#	M_VERIFY	groups of verify, in place of one for each X_ENDPOINTS
#	M_VERIFY_TIME	5, in seconds
#	M_CONF		the daemon's configuration (X_CONF), M_GARBAGE a line
#			that spoils it; or define matrix_break and matrix_mend
#	M_CONFIG	what such a configuration leads to: back (default), or
#			served where the daemon does not mind
#	M_STOPPED	what happens to a stopped service: down (default: it
#			stays so), or started
#	M_LEAF		the files with the certificate ($SVC_CERT), which get
#			one of another key in the fault bad
#	M_BAD M_EMPTY	died: after that fault it must have been started again
#			(M_EMPTY: as M_BAD)
#	M_UNREAD	what comes of a key that its user cannot read: kept
#			(default), back, served, or lost: nothing is touched,
#			but the daemon has noticed by itself

M_FAULTS='none otherkey expired name chain nokey badkey unread config lies bad
	empty stopped'

# --- the host ---

m_host() {
	host_begin "${M_KEY_TYPE:-ec}" &&
		sed -i "${M_EDIT-}" "$T/shipped/$M_PROFILE.conf" || return 1
	[ "$M_KEY" = "$T/host.key" ] || cp "$T/host.key" "$M_KEY" || return 1
	svc_keep $M_DAEMON "$M_KEY"
}
m_program() { # NAME
	command -v "$1" || ls "/usr/local/lib/certrepo-tests/$M_DAEMON"/*/*/"$1"
}
# The commands of the profile as it is are programs of the daemon's package;
# one that cannot be installed beside another is somewhere else.
m_defaults() {
	m_conf '' none
	run host -n
	# programs that are somewhere else are found to be missing
	[ "$rc" = 0 ] || [ ! -d "/usr/local/lib/certrepo-tests/$M_DAEMON" ] ||
		rc=0
	is "$rc" 0 "$M_PROFILE: as it is"
	like "$out" 'activate with "' "... has a way to tell the service"
	for _x in $(printf '%s\n' "$out" |
		sed -n 's/.*\(test\|activate\) with "\([^" ]*\).*/\2/p'); do
		[ "$_x" = systemctl ] || ok "... $_x is there" m_program $_x
	done
}
matrix_begin() { # DAEMON [PROFILE]
	[ "$(id -u)" = 0 ] || skip_all "needs root, for daemons' users"
	umask 022
	M_DAEMON=$1 M_PROFILE=${2:-$1} M_ROW='' M_N=0
	: "${DIR:=$T/tls}" "${M_KEY:=$T/host.key}"
	svc_use "$1" || bail "no daemon $1"
	m_host || bail "cannot set up a host"
	diag "$(svc_version "$1")"
	m_next
	m_defaults
	m_placeholder
}
# Two months ago, so that it has expired: the worst there can be of it.
m_placeholder() {
	m_conf '' none
	run env ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		faketime -f -60d "$T/bin/host" -vv --placeholder
	is "$rc" 0 "$M_PROFILE: a placeholder is laid"
	like "$out" "^$M_DAEMON: $NAME: laid a placeholder" "... in a line"
	M_FP=$(printf '%s\n' "$err" |
		sed -n 's/.*: placeholder .*fingerprint=\([0-9a-f]*\) .*/\1/p')
}
# The profile with those it includes.
m_profile() { # NAME
	cat "$T/shipped/$1.conf"
	_inc=$(sed -n 's/^include = "\(.*\)";/\1/p' "$T/shipped/$1.conf")
	[ -z "$_inc" ] || m_profile "$_inc"
}
# The variables, as far as the profile has them.
m_vars() { # [COMMAND for all of them]
	_sep=
	for _v in test activate start; do
		m_profile "$M_PROFILE" | grep -q "name = \"$_v\"" || continue
		echo "$_sep{ name = \"$_v\"; value = \"${1:-$T/bin/m-$_v}\"; }"
		_sep=,
	done
}
m_conf() { # VERIFY [COMMAND]; COMMAND none: the profile's own
	_mv=
	[ "${2-}" = none ] || _mv=$(m_vars ${2-})
	cat >"$T/installer.conf" <<-END
	store : { path = "$DB"; };
	host = "host1";
	trust_file = "$T/pki/ca.pem";
	profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped";
	state_dir = "$T/state";
	services = ( {
		name = "$M_DAEMON";
		profile = "$M_PROFILE";
		${M_PREFIX:+prefix = \"$M_PREFIX\";}
		vars = ( $_mv );
		certificates = ( { name = "$NAME";
			key = "${M_KEY#"${M_PREFIX-}"}";
			dir = "${DIR#"${M_PREFIX-}"}";
			${M_CERT-} } );
		verify = ( $1 );
		verify_time = ${M_VERIFY_TIME:-5};
		${M_SERVICE-}
	} );
	END
	chmod 600 "$T/installer.conf"
}
m_protocol() { # as svc_fp has it: as installer.conf does
	case $1 in
	xmpp) echo xmpp-client ;;
	*) echo "$1" ;;
	esac
}
m_verify() {
	_sep=
	for _e in $M_ENDPOINTS; do
		echo "$_sep{ address = \"127.0.0.1:${_e##*:}\";"
		echo "protocol = \"$(m_protocol ${_e%%:*})\";"
		echo "server_name = \"$NAME\"; }"
		_sep=,
	done
}
m_script() { # NAME: standard input becomes $T/bin/NAME
	{ echo '#!/bin/sh' && cat; } >"$T/bin/$1"
	chmod 755 "$T/bin/$1"
}
matrix_ready() {
	M_ENDPOINTS=$(svc_get $M_DAEMON ENDPOINTS)
	: "${M_CONF:=$(svc_get $M_DAEMON CONF)}" "${M_LEAF:=$SVC_CERT}"
	_reload=$(svc_get $M_DAEMON RELOAD)
	: "${_reload:=$(svc_get $M_DAEMON RESTART)}"
	_test=$(svc_get $M_DAEMON TEST)
	: >"$T/tester" && chmod 666 "$T/tester"
	m_script m-test <<-END
	id -un >"$T/tester"
	exec ${_test:-true}
	END
	m_script m-activate <<-END
	case \$(cat "$T/how" 2>/dev/null) in
	lies) exit 0 ;;
	bad | empty)
		"$T/bin/m-\$(cat "$T/how")" || exit 1
		: >"$T/how"
		;;
	esac
	exec $_reload
	END
	m_script m-start <<-END
	echo started >>"$T/started"
	exec $(svc_get $M_DAEMON RESTART)
	END
	# another key's certificate in place of the first one in each file
	m_script m-bad <<-END
	for f in $M_LEAF; do
		awk -v other="$T/other.crt" '/BEGIN CERT/ && !n {
			n = skip = 1
			while ((getline line <other) > 0) print line
		}
		!skip { print }
		/END CERT/ { skip = 0 }' "\$f" >"$T/spoilt" || exit 1
		cat "$T/spoilt" >"\$f" || exit 1
	done
	END
	m_script m-empty <<-END
	for f in $M_LEAF; do
		: >"\$f" || exit 1
	done
	END
	KEY=$T/other.key issue "$T/other" || bail "cannot issue"
	m_conf "${M_VERIFY-$(m_verify)}"
	m_first
	run host
	is "$rc $err" "0 " "$M_PROFILE: nothing to do: silent"
}
# The placeholder is served, and the first certificate takes its place.
m_first() {
	M_FAULT=first _before=$_failed
	m_forget
	m_served "$M_PROFILE: starts, and serves the placeholder"
	run host
	M_FP=$fp
	m_told 0 served ''
	m_told_endpoints served
	m_served '... the first certificate is served in its place'
	ok "... nothing half-done is left" tidy
	m_cell served
}
# The next certificate is in the store: $T/cN, its fingerprint in $fp.
m_next() {
	M_N=$((M_N + 1))
	issue_nth "$T/c$M_N" $M_N "$@" || bail "cannot issue"
	m_put "$T/c$M_N"
}
# What was said: also that it is to be read back, or it would be said again.
m_forget() {
	sqlite3 "$DB" 'DELETE FROM installs'
	rm -f "$T/state/sent"
}
m_put() { # BASE
	store_put $NAME "$1"
	fp=$(cert_fp "$1.crt")
}

# --- looking ---

# By openssl: every endpoint serves M_FP.
m_served() { # TEXT
	for _e in $M_ENDPOINTS; do
		is "$(svc_fp $_e $NAME)" "$M_FP" "$1 (${_e%%:*})"
	done
}
m_told() { # RC RECEIPT ERE: what the last run said; ERE '' is silence
	is "$rc" "$1" "$M_FAULT: exit status $1"
	if [ -n "$3" ]; then
		like "$err" "$3" "... says why"
	else
		# but for the event, where there is no syslog
		is "$(printf '%s\n' "$out$err" | grep -Ev \
			'^(certrepo-installer: served .*)?$')" '' "... and silent"
	fi
	is "$(m_receipt)" "$2" "... the receipt: ${2:-none}"
}
# What the receipt of the certificate says.
m_receipt() {
	sqlite3 "$DB" "SELECT state FROM installs WHERE host = 'host1' AND
		name = '$NAME' AND endpoint = ''"
}
# What the receipts of all endpoints say: that, and M_FP.
m_told_endpoints() { # RECEIPT
	is "$(sqlite3 "$DB" "SELECT DISTINCT state || ' ' || fingerprint
		FROM installs WHERE endpoint <> ''")" "$1 $M_FP" \
		"... of the endpoints: $1"
}
m_back() {
	m_told_endpoints rolled-back
	m_served '... the old one is served'
	ok "... nothing half-done is left" tidy
}

m_tested_by() { # USER: not by root, what that user can write
	is "$(cat "$T/tester")" "$1" "its test is run by user $1"
}

# --- a renewal ---

matrix_new() {
	M_FAULT=new _before=$_failed
	m_forget
	m_next
	run host
	M_FP=$fp
	m_told 0 served ''
	m_told_endpoints served
	m_served '... the new one is served'
	ok "... nothing half-done is left" tidy
	m_cell served
}

# --- faults ---

matrix_break() {
	cp -p "$M_CONF" "$T/conf.good"
	echo "${M_GARBAGE:-this is no setting \{}" >>"$M_CONF"
}
matrix_mend() {
	cat "$T/conf.good" >"$M_CONF"
}
fault_none() {
	sqlite3 "$DB" "UPDATE certs SET crt = '', ca = '' WHERE name = '$NAME'"
	run host
	m_told 0 '' ''
	m_served '... the old one is served'
	m_cell kept
}
m_refused() { # ERE
	run host
	m_told 1 refused "$1"
	m_served '... the old one is served'
	m_cell refused
}
fault_otherkey() {
	KEY=$T/other.key
	m_next
	KEY=''
	m_refused "belongs to another key"
}
fault_expired() {
	FROM=$(date -u -d '3 days ago' +%Y%m%d%H%M%SZ)
	UNTIL=$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)
	issue "$T/expired"
	FROM='' UNTIL=''
	m_put "$T/expired"
	m_refused 'refused: .*expired'
}
fault_name() {
	m_next mail.example.test
	m_refused "refused: .*$NAME"
}
fault_chain() {
	m_next
	sqlite3 "$DB" "UPDATE certs SET ca = '' WHERE name = '$NAME'"
	m_refused 'refused: .*cannot be trusted'
}
fault_nokey() {
	m_next
	mv "$M_KEY" "$M_KEY.away"
	m_refused "$M_KEY.*No such file"
	mv "$M_KEY.away" "$M_KEY"
}
fault_badkey() {
	m_next
	cp -p "$M_KEY" "$M_KEY.away"
	echo 'no key at all' >"$M_KEY"
	m_refused "$M_KEY"
	mv "$M_KEY.away" "$M_KEY"
}
fault_config() {
	m_next
	matrix_break
	run host
	if [ "${M_CONFIG:-back}" = back ]; then
		m_told 1 rolled-back 'rolled back, the old set is served'
		m_back
		m_cell back
	else
		M_FP=$fp
		m_told 0 served ''
		m_told_endpoints served
		m_served '... the new one is served all the same'
		m_cell served
	fi
	matrix_mend
	run host --force
	M_FP=$fp
	is "$rc" 0 "... and once it is put right, it goes on"
	m_served '... the new one is served'
}
fault_lies() {
	m_next
	echo lies >"$T/how"
	run host
	: >"$T/how"
	m_told 1 rolled-back 'activated, but not served: .*rolled back'
	m_back
	m_cell back
}
m_spoilt() { # HOW [died]
	m_next
	echo "$1" >"$T/how"
	: >"$T/started"
	run host
	m_told 1 rolled-back 'rolled back, the old set is served'
	m_back
	ok "... the service is alive" svc_alive $M_DAEMON
	is "$(cat "$T/started")" "${2:+started}" \
		"... and ${2:-did not die}: started again if so"
	if [ -s "$T/started" ]; then
		m_cell started
	else
		m_cell back
	fi
}
fault_bad() {
	m_spoilt bad ${M_BAD-}
}
fault_empty() {
	m_spoilt empty ${M_EMPTY-${M_BAD-}}
}
# The daemon's user cannot read the key, which the installer can.
fault_unread() {
	if [ "$(svc_get $M_DAEMON USER)" = root ] || [ -z "$SVC_KEY" ]; then
		m_cell -
		return
	fi
	m_next
	chown root: "$SVC_KEY" "$M_KEY" && chmod 600 "$SVC_KEY" "$M_KEY"
	run host
	case ${M_UNREAD:=kept} in
	served)
		M_FP=$fp
		m_told 0 served ''
		m_told_endpoints served
		m_served '... the new one is served all the same'
		;;
	back)
		m_told 1 rolled-back 'rolled back, the old set is served'
		m_back
		;;
	kept | lost)
		m_told 1 failed 'the check beforehand failed: "wc -c .*Permission denied"; nothing was changed'
		ok "... nothing half-done is left" tidy
		;;
	esac
	# a daemon that watches its key has lost it by itself
	[ $M_UNREAD != kept ] || m_served '... the old one is served'
	svc_keep $M_DAEMON "$SVC_KEY" "$M_KEY"
	run host --force # it is held
	M_FP=$fp
	is "$rc" 0 "... once it can, all is well"
	m_served '... the new one is served'
	m_cell $M_UNREAD
}
m_start() {
	ok "... when it is started, it runs" \
		"$_svc_lib/ctl" "$T/$M_DAEMON" start
	ln -sf "$T/$M_DAEMON/pid" "$T/pid/$M_DAEMON"
}
fault_stopped() {
	m_next
	svc_stop $M_DAEMON
	run host
	if [ "${M_STOPPED:-down}" = down ]; then
		m_told 1 installed 'installed, but (the service does not run|not seen to be served, nor before)'
		not_ok "... it is not started" svc_alive $M_DAEMON
		m_cell down
		m_start
		run host
		is "$rc" 0 "... all is well again"
	else
		m_told 0 served ''
		ln -sf "$T/$M_DAEMON/pid" "$T/pid/$M_DAEMON"
		m_cell started
	fi
	M_FP=$fp
	m_served '... the new one is served'
}
# What came of the fault, or FAIL.
m_cell() { # WORD
	if [ "$_failed" -eq "$_before" ]; then
		_cell=$1
	else
		_cell=FAIL
	fi
	M_ROW="$M_ROW $M_FAULT=$_cell"
}
matrix_faults() { # [FAULT...]
	[ $# -gt 0 ] || set -- $M_FAULTS
	for M_FAULT in "$@"; do
		_before=$_failed
		m_forget
		"fault_$M_FAULT"
	done
}
# Rows of several tests make one table, in the file MATRIX_TABLE if that is set.
matrix_table() {
	_head=$(printf '%-17s' profile) _line=$(printf '%-17s' $M_PROFILE)
	for _x in $M_ROW; do
		_head=$(printf '%s %-8s' "$_head" ${_x%%=*})
		_line=$(printf '%s %-8s' "$_line" ${_x#*=})
	done
	diag "$_head"
	diag "$_line"
	[ -z "${MATRIX_TABLE-}" ] ||
		printf '%s\n%s\n' "$_head" "$_line" >>"$MATRIX_TABLE"
}
