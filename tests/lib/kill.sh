# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SIGKILL at the Nth call of each kind that the installer makes, under strace
# and with real services. Source after lib.sh and host.sh. inject.sh does the
# same to many more of them, without.
#
#	kill_setup "openat write ..."	the kinds of calls; skips without strace
#	killed CALL N [OPTION...]	a run that is killed there; false when
#					it ended before
#	sweep TEXT [OPTION...]		kill_at CALL N [OPTION...] for each,
#					between which turn makes something to do
#
# kill_at, a test's own, runs killed, looks, and leaves in problem what is
# wrong. One of each kind in $few is tried, the one in the middle, or with
# KILL_FULL=1 every call of every kind.

kill_setup() { # CALLS
	command -v strace >/dev/null || skip_all "no strace"
	strace -o /dev/null true 2>/dev/null ||
		skip_all "strace may not trace here"
	# The leak checker cannot work under a tracer.
	ASAN_OPTIONS=detect_leaks=0:exitcode=99
	export ASAN_OPTIONS
	calls=$1
}
killed() { # CALL N [OPTION...]
	_what=$1:signal=KILL:when=$2 _kind=$1
	shift 2
	strace -o /dev/null -e trace="$_kind" -e inject="$_what" \
		"$BUILD/certrepo-installer" -c "$HOST_CONF" "$@" \
		>"$T/killed.log" 2>&1 </dev/null
	[ $? = 137 ]
}
# Each is a minute younger than the one before.
renewed=0
renew() { # BASE: issue it
	renewed=$((renewed + 1))
	FROM=$(date -u -d "$((9000 - renewed)) minutes ago" +%Y%m%d%H%M%SZ)
	issue "$T/$1" || bail "cannot issue"
	FROM=''
	cat "$T/$1.crt" "$T/$1.ca" >"$T/$1.full"
	cat "$T/$1.full" "$T/host.key" >"$T/$1.combined"
	cert_fp "$T/$1.crt" >"$T/$1.fp"
}
sweep() { # TEXT [OPTION...]
	_text=$1 _total=0
	shift
	_which=$few
	[ -z "${KILL_FULL-}" ] || _which=$calls
	for call in $_which; do
		store_put "$NAME" "$T/$new"
		_calls=$(strace -o "$T/trace" -e trace="$call" \
			"$BUILD/certrepo-installer" -c "$HOST_CONF" "$@" \
			>/dev/null 2>&1 </dev/null
			grep -c "^$call(" "$T/trace")
		turn
		_i=$(((_calls + 1) / 2)) _step=$_calls
		if [ -n "${KILL_FULL-}" ]; then
			_i=1 _step=1
			# the first ones are the loader's
			[ "$call" != openat ] || _i=$((_calls / 3))
		fi
		[ "$_i" -ge 1 ] || _i=1
		_bad=''
		while [ "$_i" -le "$_calls" ]; do
			kill_at "$call" "$_i" "$@"
			[ -z "$problem" ] || _bad="$_bad
$call $_i of $_calls: $problem"
			_total=$((_total + 1))
			turn
			_i=$((_i + _step))
		done
		is "$_bad" "" "$_text: killed at $call ($_calls of them)"
	done
	diag "$_total kills"
}
