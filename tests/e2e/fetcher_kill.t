#!/bin/sh
# SPDX-License-Identifier: MIT
# The fetcher is killed (SIGKILL) before each of its system calls that change
# anything or talk to anybody, one run for each. The next run, at once,
# finishes the same orders: none is ordered a second time once the URL of its
# order was committed, the zone and the web root are clean, nothing is left
# in the store. KILL_STRIDE=1 in the environment tries every call on MariaDB,
# too.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/nginx.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

CALLS=sendto,sendmsg,write,fdatasync,fsync,renameat,rename,unlink,unlinkat
# LeakSanitizer does not work under strace.
NOLEAK=ASAN_OPTIONS=detect_leaks=0
DNS=a.example.test WEB=b.web.example.test

strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"

new_orders() {
	grep -c 'POST /order-plz' "$PEBBLE_LOG"
}
start_again() {
	sql "UPDATE certs SET crt = NULL, ca = NULL, ts_expire = 1,
		ts_expire_seen = 1, ts_due = 0, ts_next_attempt = 0"
	: >"$PEBBLE_LOG"
}
why() {
	_why="$_why
$*"
}
# Kill before call number $2 of kind $1, then run again and look.
kill_at() { # CALL NUMBER
	start_again
	# Where it is its connection's process that dies, again and again, the
	# fetcher would wait for its store: it is ended.
	RUN_TIMEOUT=20 run env $NOLEAK strace -f -qq -o "$T/strace" \
		-e "inject=$1:signal=KILL:when=$2" \
		"$BUILD/certrepo-fetcher" -c "$CONF" --once
	[ "$rc" != 0 ] || return 1 # it has fewer
	_left=$(sql "SELECT count(*) FROM certs WHERE crt IS NULL AND NOT EXISTS
		(SELECT 1 FROM orders WHERE orders.name = certs.name)")
	_at="$(sql 'SELECT count(*) FROM orders') orders,"
	_at="$_at $(sql 'SELECT count(*) FROM proofs') proofs"
	_kills=$((_kills + 1))
	: >"$PEBBLE_LOG"
	run fetcher --once
	[ "$rc" = 0 ] || why "$1 $2 ($_at): the next run: exit $rc: $err"
	[ "$(new_orders)" = "$_left" ] ||
		why "$1 $2 ($_at): $(new_orders) orders, not $_left: $err"
	_rest=$(sql "SELECT (SELECT count(*) FROM certs WHERE crt IS NULL) +
		(SELECT count(*) FROM orders) + (SELECT count(*) FROM proofs) +
		(SELECT count(*) FROM certs WHERE lease_owner IS NOT NULL)")
	[ "$_rest" = 0 ] || why "$1 $2 ($_at): $_rest rows are left"
	_rest=$(find "$WEBROOT" -type f)$(stage_proofs)
	[ -z "$_rest" ] || why "$1 $2 ($_at): not clean: $_rest"
	return 0
}
# shellcheck disable=SC2153 # STORE is stage.sh's
kill_everywhere() { # STRIDE
	start_again
	RUN_TIMEOUT=60 run env $NOLEAK strace -f -qq -o "$T/strace" \
		-e "trace=$CALLS" "$BUILD/certrepo-fetcher" -c "$CONF" --once
	is "$rc" 0 "$STORE: not killed"
	cp "$T/strace" "$T/calls"
	_why='' _kills=0
	for _c in $(echo "$CALLS" | tr , ' '); do
		_max=$(grep -c "^[0-9]* *$_c(" "$T/calls")
		_k=1
		while [ $_k -le "$_max" ]; do
			kill_at "$_c" $_k || break
			_k=$((_k + $1))
		done
	done
	if [ -z "$_why" ]; then
		pass "$STORE: killed $_kills times, finished by the next run"
	else
		fail "$STORE: killed $_kills times, finished by the next run"
		diag "$_why"
	fi
}

plan 4
stage_dns || bail "no name server"
make_key "$T/k" && make_self_signed "$T/k" "$T/c" www.example.test
NGINX_ROOT=$T/www
nginx_start "$T/c" "$T/k" || bail "no web server"
PEBBLE_HTTP_PORT=$NGINX_HTTP_PORT
stage_start PEBBLE_AUTHZREUSE=0 || bail "no CA"
for store in sqlite mariadb; do
	stage_store $store || bail "no store on $store"
	enrol $DNS ec $DNS '*.a.example.test'
	enrol $WEB ec $WEB
	populate set $WEB challenge=http-01 webroot_path="$WEBROOT" \
		>/dev/null || bail "populate set"
	run fetcher --once # makes the account
	stride=${KILL_STRIDE:-3}
	[ $store = mariadb ] || stride=1
	kill_everywhere "$stride"
done
