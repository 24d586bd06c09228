# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SIGKILL at the Nth call of each kind that the installer makes. Source after
# lib.sh and host.sh.
#
#	kill_setup "openat write ..."	the kinds of calls; skips without strace
#	killed CALL N [OPTION...]	a run that is killed there; false when
#					it ended before
#	sweep TEXT [OPTION...]		kill_at CALL N [OPTION...] for each,
#					between which turn makes something to do
#
# kill_at, a test's own, runs killed, looks, and leaves in problem what is
# wrong. $samples of each kind are tried, or with KILL_FULL=1 every call.

kill_setup() { # CALLS
	command -v strace >/dev/null || skip_all "no strace"
	strace -o /dev/null true 2>/dev/null ||
		skip_all "strace may not trace here"
	# The leak checker cannot work under a tracer.
	ASAN_OPTIONS=detect_leaks=0:exitcode=99
	export ASAN_OPTIONS
	calls=$1 samples=1
}
killed() { # CALL N [OPTION...]
	_what=$1:signal=KILL:when=$2 _kind=$1
	shift 2
	strace -o /dev/null -e trace="$_kind" -e inject="$_what" \
		"$BUILD/certrepo-installer" -c "$HOST_CONF" "$@" \
		>"$T/killed.log" 2>&1 </dev/null
	[ $? = 137 ]
}
sweep() { # TEXT [OPTION...]
	_text=$1 _total=0
	shift
	for call in $calls; do
		store_put "$NAME" "$T/$new"
		_calls=$(strace -o "$T/trace" -e trace="$call" \
			"$BUILD/certrepo-installer" -c "$HOST_CONF" "$@" \
			>/dev/null 2>&1 </dev/null
			grep -c "^$call(" "$T/trace")
		turn
		# the first calls of some kinds are the loader's
		_i=1 _step=1
		[ -n "${KILL_FULL-}" ] || _step=$((_calls / samples + 1))
		[ "$call" != openat ] || _i=$((_calls / 3))
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
