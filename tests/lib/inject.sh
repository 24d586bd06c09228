# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # variables are shared
# Each call of the installer goes wrong once: see inject.c and inject_sweep.c.
# Source after lib.sh and host.sh.
#
#	inject_setup generation 1     what the shards are made from; with
#	                              INJECT_REKEY=yes, the key changes as well
#	inject_sweep "a renewal" [OPTION...] [POINT...]
#
# It is the plain build that is tested, for its speed. A service has no
# daemon: inject_cmd.c takes its place. The shards work in memory where there
# is room, since all they do is to make files.
#
# A test's arguments are options (see there) and points, to try these alone.
# KILL_FULL=1 tries all there are, otherwise some.

_inject_cleanup() {
	_st=$?
	rm -rf "$SHARDS"
	(exit $_st)
	_cleanup
}
_inject_build() {
	# three tests may want it at once
	mkdir -p "$ROOT/build"
	(flock 9 && env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" \
		SAN= build/certrepo-installer >"$T/log/make" 2>&1) \
		9>>"$ROOT/build/inject.lock" || {
		diag "$(tail -20 "$T/log/make")"
		return 1
	}
	mkdir -p "$T/x" &&
		_inject_cc -fPIC -shared -o "$T/x/inject.so" inject.c &&
		_inject_cc -o "$T/x/sweep" inject_sweep.c &&
		_inject_cc -static -o "$T/x/cmd" inject_cmd.c
}
_inject_cc() {
	(cd "$ROOT/tests/lib" && "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 \
		-Wall -Wextra -Wno-unused-parameter -Werror "$@")
}
_inject_service() { # N
	_files="@D@/w/tls/$1/cert.pem @D@/w/tls/$1/chain.pem"
	_files="$_files @D@/w/tls/$1/combined.pem"
	[ "$INJECT_LAYOUT" = fixed ] ||
		_files="@D@/w/tls/$1/current/fullchain.pem
			@D@/w/tls/$1/current/combined.pem"
	_key=$T/host.key
	if [ -n "${INJECT_REKEY-}" ]; then
		_key=@D@/w/tls/$1/key.pem
		_files="$_files $_key"
	fi
	_words=
	for _x in $_files; do
		_words="$_words, \"$_x\""
	done
	{
		echo "layout = \"$INJECT_LAYOUT\";"
		if [ "$INJECT_LAYOUT" = fixed ]; then
			echo 'files = (
			{ file = "cert.pem"; format = "certificate"; },
			{ file = "chain.pem"; format = "chain"; mode = "0644"; },
			{ file = "combined.pem"; format = "fullchain-key"; } );'
		else
			echo 'files = (
			{ file = "fullchain.pem"; format = "fullchain"; },
			{ file = "combined.pem"; format = "fullchain-key"; } );'
		fi
		echo "activate = ( { command = [ \"$T/x/cmd\", \"load\",
			\"@D@/w/loaded/$1\" $_words ]; } );"
	} >"$T/setup/profiles/s$1.conf"
	echo "${_sep-} { name = \"s$1\"; profile = \"s$1\"; verify_time = 1;
		certificates = ( { name = \"$NAME\"; key = \"$_key\";
			dir = \"@D@/w/tls/$1\"; } );
		verify = ( { protocol = \"command\"; address = \"s$1\";
			command = [ \"$T/x/cmd\", \"look\",
				\"@D@/w/loaded/$1\", \"$T/setup/seen\" ]; } ); }"
	_sep=,
}
_inject_sets() {
	mkdir -p "$T/setup/sets" "$T/setup/seen" "$T/setup/profiles"
	_nth=1
	for _x in z a b c; do
		_set=$T/setup/sets/$_x
		KEY=$T/host.key
		if [ -n "${INJECT_REKEY-}" ]; then
			case $_x in
			b | c) KEY=$T/next.key ;;
			esac
			openssl pkey -in "$KEY" -out "$_set.key.pem" || return 1
		fi
		issue_nth "$_set" $_nth && store_put "$NAME" "$_set" &&
			cp "$DB" "$T/setup/db.$_x" || return 1
		_nth=$((_nth + 1))
		cp "$_set.crt" "$T/setup/seen/$(cert_fp "$_set.crt")"
		cp "$_set.crt" "$_set.cert.pem"
		cp "$_set.ca" "$_set.chain.pem"
		cat "$_set.crt" "$_set.ca" >"$_set.fullchain.pem"
		cat "$_set.crt" "$_set.ca" "$KEY" >"$_set.combined.pem"
	done
	KEY=
}
inject_setup() { # LAYOUT SERVICES
	INJECT_LAYOUT=$1 INJECT_SERVICES=$2
	SHARDS=$(mktemp -d /dev/shm/certrepo.XXXXXX 2>/dev/null) ||
		SHARDS=$(mktemp -d "$T/shards.XXXXXX") || return 1
	trap _inject_cleanup EXIT
	host_begin && make_key "$T/next.key" || return 1
	_inject_sets && _inject_build || return 1
	_head="host = \"host1\"; keep = 1; trust_file = \"$T/pki/ca.pem\";
		profile_dir = \"@D@/profiles\"; state_dir = \"@D@/w/state\";
		shipped_profile_dir = \"@D@/shipped\";
		services = ("
	{
		echo "store : { path = \"@D@/w/store/certrepo.db\"; };"
		echo "$_head"
		_i=0
		while [ $((_i += 1)) -le "$INJECT_SERVICES" ]; do
			_inject_service $_i
		done
		echo ");"
	} >"$T/setup/installer.conf"
	sed 's|^store : .*|store : { driver = "mariadb"; host = "127.0.0.1";\
		port = 1; user = "nobody"; ca_file = "'"$T/pki/ca.pem"'"; };|' \
		"$T/setup/installer.conf" >"$T/setup/down.conf"
}
inject_sweep() { # TEXT [OPTION...] [POINT...]
	_text=$1
	shift
	# One call in so many, as far as three minutes go; of three services
	# that are alike, fewer.
	if [ -z "${KILL_FULL-}" ]; then
		_every=13
		[ "$INJECT_SERVICES" = 1 ] || _every=211
		set -- -k 16 -m "${INJECT_EVERY:-$_every}" "$@"
	fi
	[ -z "${INJECT_REKEY-}" ] || set -- -r "$NAME" "$@"
	rm -rf "${SHARDS:?}"/*
	"$T/x/sweep" -s "$T/setup" -d "$SHARDS" -p "$T/x/inject.so" \
		-i "${INJECT_BUILD:-$ROOT/build}/certrepo-installer" \
		-l "$INJECT_LAYOUT" -n "$INJECT_SERVICES" \
		-j "${INJECT_JOBS:-2}" "$@" >"$T/sweep" 2>"$T/sweep.err" || {
		fail "$_text: $(cat "$T/sweep.err")"
		return
	}
	while read -r _word _rest; do
		case $_word in
		ok) pass "$_text: $_rest" ;;
		not) fail "$_text: ${_rest#ok }" ;;
		*) echo "$_word $_rest" ;;
		esac
	done <"$T/sweep"
}
