#!/bin/sh
# SPDX-License-Identifier: MIT
# What it costs: bench/run.sh BUILD [PART...]. Parts: requests, issue, memory,
# many, idle, polls, revoked, installer, fleet. Measured on this machine,
# against pebble and the others on loopback; a far CA is made by a proxy that
# delays. Ratios are against what the same run measured, so they can be compared
# between machines.
set -u
cd "$(dirname "$0")/.." || exit 1
ROOT=$PWD
BUILD=$(cd "${1:-build}" && pwd) || exit 1
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- requests issue memory many idle polls revoked \
	installer fleet
. "$ROOT/tests/lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
. "$ROOT/tests/lib/nginx.sh"
[ ! -e "$ROOT/tests/lib/mariadb.sh" ] || . "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/stage.sh"
. "$ROOT/tests/lib/scripted.sh"
. "$ROOT/bench/peers.sh"
. "$ROOT/bench/fleet.sh"

DELAY=25  # ms each way: a round trip of 50
ORDERS=100
MANY=${MANY:-10000}
ROUNDS=${ROUNDS:-5}
PEER_ORDERS=${PEER_ORDERS:-3}
PACE=10000 # requests per second; the default is kind to public CAs
LIMIT=30  # seconds; then a run of ORDERS is taken as hung

B=$BUILD/bench
mkdir -p "$B"
for p in delay_proxy measure yardstick; do
	[ -n "$(find "$B/$p" -newer "bench/$p.c" 2>/dev/null)" ] ||
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -o "$B/$p" "bench/$p.c" \
			-lcurl -lcrypto || exit 1
done
[ "$BUILD" = "${BUILD%/san}" ] ||
	echo "note: this build has the sanitizers in it; it is slow and big"

note() {
	printf '  %s\n' "$*"
}
field() { # NAME FILE: of measure's and yardstick's lines
	sed -n "s/.*\b$1=\([0-9.]*\).*/\1/p" "$2" | tail -1
}
median() { # numbers on stdin
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'
}
measured() { # LIMIT COMMAND...: result in $T/m
	_l=$1
	shift
	"$B/measure" "$T/m" "$_l" "$@" >"$T/out" 2>"$T/err"
}

far() { # the CA, a round trip away: FAR_DIR
	FAR_PORT=$(free_port)
	start proxy "$B/delay_proxy" "$FAR_PORT" "$PEBBLE_PORT" "$1"
	wait_port "$FAR_PORT" || bail "no proxy"
	FAR_DIR=https://127.0.0.1:$FAR_PORT/dir
}

ca() { # [PEBBLE_VARIABLE=VALUE...]: all anew
	stop pebble
	stop proxy
	rm -rf "$T/state"
	stage_start PEBBLE_AUTHZREUSE=0 "$@" || bail "no CA"
}

# --- the rows ---

make_names() { # N
	[ ! -e "$T/names.$1" ] || return 0
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		n=n$i.web.example.test
		echo "$n"
		[ -s "$T/csr/$n.csr" ] && continue
		make_key "$T/keys/$n.key" &&
			make_csr "$T/keys/$n.key" "$T/csr/$n.csr" "$n"
	done >"$T/names.$1"
}
fill() { # N CHALLENGE: a store with N rows that are due
	make_names "$1"
	stage_store sqlite || bail "no store"
	while read -r n; do
		populate add "$n" --enable || exit 1
	done <"$T/names.$1" >"$T/enrol.log" 2>&1 ||
		bail "cannot enrol: $(tail -1 "$T/enrol.log")"
	[ "$2" != http-01 ] || sql "UPDATE certs SET challenge = 'http-01',
		webroot_path = '$WEBROOT'"
}
# The account exists, as it does for every run but the first of a life.
know_account() {
	fill 1 dns-01
	run fetcher --once
	[ "$rc" = 0 ] || bail "no first certificate: $err"
	: >"$PEBBLE_LOG"
}
keep_account() { # the store's row of the CA survives another fill
	sqlite3 "$SQLITE_DB" ".dump cas" | grep '^INSERT' >"$T/cas.sql"
	fill "$1" "$2"
	sqlite3 "$SQLITE_DB" <"$T/cas.sql"
}

# --- 1: requests ---

part_requests() {
	echo "One issuance from an existing account"
	ca
	far 0
	STAGE_DIRECTORY=$FAR_DIR
	know_account
	keep_account 1 dns-01
	stop proxy
	: >"$T/log/proxy"
	start proxy "$B/delay_proxy" "$FAR_PORT" "$PEBBLE_PORT" 0
	wait_for 5 sh -c "ss -Hltn sport = :$FAR_PORT | grep -q ."
	run fetcher --once
	[ "$rc" = 0 ] || bail "fetcher: $err"
	stop proxy
	# pebble logs each request as "METHOD /path -> calling handler()"
	sed -n 's/.* \([A-Z]* \/[a-zA-Z-]*\).* -> calling handler.*/\1/p' \
		"$PEBBLE_LOG" | sort | uniq -c | while read -r k what; do
		note "$(printf '%3d  %s' "$k" "$what")"
	done
	note "$(grep -c 'calling handler' "$PEBBLE_LOG") requests over" \
		"$(sed -n 's/^connections=//p' "$T/log/proxy") connection(s);" \
		"RFC 8555 needs 9: directory, nonce, and 7"
	unset STAGE_DIRECTORY
}

# --- 2: a hundred over 50 ms ---

# Prints wall and cpu of one run, or says that pebble hung and repeats.
one_yardstick() { # yard | proof: with http-01, which costs the CA time, too
	_va='' _dir=$T/www/.well-known/acme-challenge
	[ "$1" = proof ] || _va=PEBBLE_VA_ALWAYS_VALID=1 _dir=''
	[ -z "$_dir" ] || mkdir -p "$_dir"
	while :; do
		ca $_va
		far $DELAY
		measured $LIMIT "$B/yardstick" "$FAR_DIR" "$PEBBLE_CA" \
			$ORDERS ${_dir:+"$_dir"}
		pebble_alive && break
		hung=$((hung + 1))
	done
	[ "$(field status "$T/m")" = 0 ] || bail "yardstick: $(cat "$T/err")"
	field wall "$T/out" >>"$T/$1.wall"
	field cpu "$T/m" >>"$T/$1.cpu"
	[ -z "$_dir" ] || rm -r "$T/www/.well-known"
}
one_ours() { # CHALLENGE
	while :; do
		ca
		far $DELAY
		STAGE_DIRECTORY=$FAR_DIR
		STAGE_CA="requests_per_second = $PACE;"
		know_account
		keep_account $ORDERS "$1"
		unset STAGE_DIRECTORY STAGE_CA
		measured $LIMIT fetcher --once
		pebble_alive && break
		hung=$((hung + 1))
	done
	_got=$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL')
	if [ "$(field status "$T/m")" != 0 ] || [ "$_got" != $ORDERS ]; then
		grep -v ' renewed name=' "$T/err" | head -5 | cut -c 1-300
		bail "fetcher, $1: $_got of $ORDERS"
	fi
	field wall "$T/m" >>"$T/$1.wall"
	field cpu "$T/m" >>"$T/$1.cpu"
	field rss "$T/m" >>"$T/$1.rss"
}

row() { # NAME WALL CPU REMARK...
	_row=$1 _wall=$2 _cpu=$3
	shift 3
	printf '  %-20s %7s %6s %8s %7s  %s\n' "$_row" "$_wall" \
		"$(ratio "$_wall" "$yard")" "$(ratio "$_wall" "$proof")" \
		"$_cpu" "$*"
}
part_issue() {
	printf '\n%d issuances over a round trip of %d ms' $ORDERS \
		$((2 * DELAY))
	echo " (median of $ROUNDS runs)"
	hung=0
	rm -f "$T"/*.wall "$T"/*.cpu
	MAX_ORDERS=$ORDERS
	round=0
	while [ $round -lt "$ROUNDS" ]; do
		one_yardstick yard
		one_yardstick proof
		one_ours dns-01
		one_ours http-01
		round=$((round + 1))
	done
	MAX_ORDERS=4
	yard=$(median <"$T/yard.wall") proof=$(median <"$T/proof.wall")
	printf '  %-20s %7s %6s %8s %7s\n' '' 'wall s' ratio proving 'cpu s'
	row yardstick "$yard" "$(median <"$T/yard.cpu")" \
		"best $(sort -n "$T/yard.wall" | head -1); no proof, store, checks"
	row 'proving yardstick' "$proof" "$(median <"$T/proof.cpu")" \
		"best $(sort -n "$T/proof.wall" | head -1); http-01"
	for c in dns-01 http-01; do
		row "certrepo $c" "$(median <"$T/$c.wall")" \
			"$(median <"$T/$c.cpu")" \
			"best $(sort -n "$T/$c.wall" | head -1);" \
			"up to $(sort -n "$T/$c.rss" | tail -1) kB"
	done
	note "(certrepo with requests_per_second = $PACE: our own CA has no limit)"
	[ -z "${PEERS-1}" ] || part_peers
	[ $hung -eq 0 ] || note "pebble locked up in $hung run(s), which were" \
		"repeated (its known fault)"
}
part_peers() {
	for p in lego uacme certbot dehydrated; do
		command -v $p >/dev/null || continue
		ca
		far $DELAY
		if ! peer_${p}_account "$FAR_DIR" >"$T/out" 2>&1 ||
			! peer_$p "$FAR_DIR" first.web.example.test \
				>"$T/out" 2>&1; then
			note "$p: does not issue here: $(tail -1 "$T/out")"
			continue
		fi
		_a=$(date +%s%N)
		i=0
		while [ $i -lt "$PEER_ORDERS" ]; do
			i=$((i + 1))
			peer_$p "$FAR_DIR" p$i.web.example.test \
				>"$T/out" 2>&1 || break
		done
		_b=$(date +%s%N)
		if [ $i -lt "$PEER_ORDERS" ]; then
			note "$p: failed: $(tail -1 "$T/out")"
			continue
		fi
		row "$p http-01" "$(awk -v t=$((_b - _a)) -v n=$i -v o=$ORDERS \
			'BEGIN { printf "%.1f", t / 1e9 / n * o }')" '' \
			"one by one, from $i"
	done
	part_lego16
}
# The fastest of them, as somebody in a hurry would run it.
part_lego16() {
	command -v lego >/dev/null || return 0
	for try in 1 2 3; do
		ca
		far $DELAY
		peer_lego "$FAR_DIR" first.web.example.test >"$T/out" 2>&1
		_a=$(date +%s%N)
		i=0
		while [ $i -lt 32 ]; do
			i=$((i + 1))
			echo q$i.web.example.test
		done | (
			export WEBROOT PEBBLE_CA T FAR_DIR
			timeout 60 xargs -P 16 -I@ sh -c '. ./bench/peers.sh
				peer_lego "$FAR_DIR" @'
		) >"$T/out" 2>&1 && pebble_alive && break
		hung=$((hung + 1))
		[ "$try" != 3 ] || return 0
	done
	_b=$(date +%s%N)
	row "lego, 16 processes" "$(awk -v t=$((_b - _a)) -v o=$ORDERS \
		'BEGIN { printf "%.1f", t / 1e9 / 32 * o }')" '' "from 32"
}

# --- 3: memory, and an idle run ---

part_memory() {
	printf '\nThe fetcher with 1,000 certificates due\n'
	MAX_ORDERS=100
	hung=0
	while :; do
		ca PEBBLE_VA_ALWAYS_VALID=1
		fill 1000 http-01 # at the default pace
		measured 120 fetcher --once
		pebble_alive && break
		hung=$((hung + 1))
		[ $hung -lt 3 ] || MAX_ORDERS=4
	done
	issued
	[ $hung -eq 0 ] || note "(pebble locked up in $hung run(s))"
	MAX_ORDERS=4
}
issued() {
	note "$(sql 'SELECT count(*) FROM certs WHERE crt IS NOT NULL') issued," \
		"$MAX_ORDERS at once, peak $(field rss "$T/m") kB," \
		"$(field wall "$T/m") s, $(field cpu "$T/m") s of CPU"
}
# A CA that bears it: the scripted one, without pace or distance; ten times as
# many must not cost more for each, and hardly more memory.
part_many() {
	printf '\nThe fetcher with %d and %d certificates due, a patient CA\n' \
		$((MANY / 10)) "$MANY"
	MAX_ORDERS=100
	unset STAGE_DIRECTORY
	ca
	scripted_start || bail "no scripted CA"
	STAGE_CA="requests_per_second = $PACE;"
	for n in $((MANY / 10)) "$MANY"; do
		fill_many "$n"
		measured 3600 fetcher --once
		[ "$(field status "$T/m")" = 0 ] || bail "fetcher: $(tail -1 "$T/err")"
		issued
	done
	stop scripted
	unset STAGE_DIRECTORY STAGE_CA
	MAX_ORDERS=4
}
# N rows that are due, put into the table as a script would: one key for all,
# since it is not the keys that are measured.
fill_many() {
	stage_store sqlite || bail "no store"
	make_key "$T/many.key"
	_i=0
	while [ $_i -lt "$1" ]; do
		_i=$((_i + 1))
		[ -s "$T/csr/m$_i.csr" ] ||
			make_csr "$T/many.key" "$T/csr/m$_i.csr" m$_i.example.test
		echo "INSERT INTO certs (name, csr, md5_modulus, challenge,
			webroot_path, ts_expire, ts_expire_seen) VALUES (
			'm$_i.example.test', readfile('$T/csr/m$_i.csr'), 'x',
			'http-01', '$WEBROOT', 1, 1);"
	done >"$T/many.sql"
	sqlite3 "$SQLITE_DB" 'BEGIN' ".read $T/many.sql" 'COMMIT' ||
		bail "no rows"
}

idle_rows() { # N: rows with a certificate that are not due
	know_account
	# A million of real ones would be gigabytes that no idle run reads.
	[ "$1" -lt 1000000 ] || sql "UPDATE certs SET csr = 'x', crt = 'x',
		ca = 'x'"
	sqlite3 "$SQLITE_DB" <<-END
	CREATE TEMP TABLE one AS SELECT * FROM certs;
	CREATE TEMP TABLE num AS WITH RECURSIVE n(i) AS
		(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1 - 1)
		SELECT i FROM n;
	UPDATE one SET name = '';
	BEGIN;
	$(sqlite3 "$SQLITE_DB" "SELECT 'INSERT INTO certs(' ||
		group_concat(name) || ') SELECT ' || group_concat(
		CASE name WHEN 'name' THEN '''i'' || i || ''.example.test'''
		ELSE name END) || ' FROM one, num;'
		FROM pragma_table_info('certs')")
	COMMIT;
	END
}
part_idle() {
	printf '\nThe fetcher with nothing due (median of 20 runs)\n'
	ca
	for n in 100 100000 1000000; do
		idle_rows $n
		rm -f "$T/idle.wall" "$T/idle.cpu"
		round=0
		while [ $round -lt 20 ]; do
			measured 30 fetcher --once
			field wall "$T/m" >>"$T/idle.wall"
			field cpu "$T/m" >>"$T/idle.cpu"
			round=$((round + 1))
		done
		note "$(printf '%7d rows: %s s, %s s of CPU, %s kB, exit %s' \
			"$(sql 'SELECT count(*) FROM certs')" \
			"$(median <"$T/idle.wall")" "$(median <"$T/idle.cpu")" \
			"$(field rss "$T/m")" "$(field status "$T/m")")"
	done
}

# --- 4: what CAs say of renewal ---

# A CA that has nothing but a directory and renewal information (RFC 9773): a
# window in a month, to be asked for again in six hours. HTTP/2, as the public
# ones. It logs a line for each request.
ari_server() {
	ARI_PORT=$(free_port)
	_d=$T/ari
	mkdir -p "$_d"
	_window=$(date -u -d '30 days' +%Y-%m-%dT%TZ)
	_after=$(date -u -d '32 days' +%Y-%m-%dT%TZ)
	_h2='' _listen=' http2'
	# from 1.25 on by a word of its own
	if nginx -v 2>&1 | grep -Eq '/1\.(2[5-9]|[3-9][0-9])'; then
		_h2='http2 on;' _listen=''
	fi
	_base=https://127.0.0.1:$FAR_PORT
	cat >"$_d/nginx.conf" <<-END
	$([ "$(id -u)" != 0 ] || echo 'user root;')
	daemon off; pid $_d/pid; error_log stderr error; worker_processes 1;
	events { worker_connections 2048; }
	http {
	  log_format path '\$msec \$connection \$uri';
	  access_log $_d/log path;
	  client_body_temp_path $_d/tmp; proxy_temp_path $_d/tmp;
	  fastcgi_temp_path $_d/tmp; uwsgi_temp_path $_d/tmp;
	  scgi_temp_path $_d/tmp;
	  server {
	    listen 127.0.0.1:$ARI_PORT ssl$_listen;
	    $_h2
	    ssl_certificate $T/pebble/cert.pem;
	    ssl_certificate_key $T/pebble/key.pem;
	    default_type application/json;
	    location = /dir { return 200 '{"newNonce": "$_base/nonce",
	      "newAccount": "$_base/acct", "newOrder": "$_base/order",
	      "renewalInfo": "$_base/ari"}'; }
	    location /ari/ {
	      add_header Retry-After 21600;
	      return 200 '{"suggestedWindow": {"start": "$_window",
	        "end": "$_after"}}';
	    }
	  }
	}
	END
	start ari nginx -c "$_d/nginx.conf" -e stderr
	wait_port "$ARI_PORT" || bail "no server of windows: $(cat "$T/log/ari")"
}
# Rows with a certificate of pebble's, whose CA is that server from now on.
ari_rows() { # N
	idle_rows "$1"
	stop proxy
	FAR_PORT=$(free_port)
	ari_server
	start proxy "$B/delay_proxy" "$FAR_PORT" "$ARI_PORT" $DELAY
	wait_port "$FAR_PORT" || bail "no proxy"
	STAGE_DIRECTORY=https://127.0.0.1:$FAR_PORT/dir
	stage_conf
	sql "UPDATE certs SET ts_ari_poll = 0"
	sql "DELETE FROM cas"
	: >"$T/ari/log"
}
ari_end() {
	stop proxy
	stop ari
	unset STAGE_DIRECTORY
}
polled() { # requests for windows so far
	grep -c ' /ari/' "$T/ari/log"
}
# curl asks the same of the same server, all at once over what it likes.
poll_yardstick() { # N
	_i=0
	while [ $_i -lt "$1" ]; do
		_i=$((_i + 1))
		printf 'url = "%s/ari/%d"\noutput = /dev/null\n' \
			"${STAGE_DIRECTORY%/dir}" $_i
	done >"$T/polls.curl"
	measured 60 curl -sSf --noproxy '*' --http2 --cacert "$PEBBLE_CA" \
		--parallel --parallel-max 200 -K "$T/polls.curl"
	[ "$(field status "$T/m")" = 0 ] || bail "curl: $(tail -1 "$T/err")"
}
part_polls() {
	printf '\nRenewal information over a round trip of %d ms' $((2 * DELAY))
	echo " (median of $ROUNDS runs)"
	ca PEBBLE_VA_ALWAYS_VALID=1
	ari_rows 1000
	rm -f "$T"/poll*.wall
	round=0
	while [ $round -lt "$ROUNDS" ]; do
		round=$((round + 1))
		poll_yardstick 1000
		field wall "$T/m" >>"$T/pollyard.wall"
		: >"$T/ari/log"
		sql "UPDATE certs SET ts_ari_poll = 0"
		measured 60 fetcher --once
		[ "$(polled)" = 1000 ] ||
			bail "$(polled) polls of 1000: $(tail -3 "$T/err")"
		field wall "$T/m" >>"$T/poll.wall"
		field cpu "$T/m" >>"$T/poll.cpu"
	done
	_wall=$(median <"$T/poll.wall") _yard=$(median <"$T/pollyard.wall")
	note "1,000 polls: $_wall s ($(median <"$T/poll.cpu") s of CPU) over" \
		"$(awk '{ print $2 }' "$T/ari/log" | sort -u | wc -l)" \
		"connection(s); curl $_yard s, $(ratio "$_wall" "$_yard")"
	: >"$T/ari/log"
	measured 60 fetcher --once
	note "again at once: $(grep -c . "$T/ari/log") requests," \
		"$(field wall "$T/m") s"
	ari_end
	part_polls_many
}
# Each was asked about six hours ago, or less: an hourly run has a sixth to do.
part_polls_many() {
	ca PEBBLE_VA_ALWAYS_VALID=1
	ari_rows 100000
	sql "UPDATE certs SET ts_ari_poll = $(date +%s) - 1800 +
		3600 * (rowid % 6)"
	measured 300 fetcher --once
	note "$(sql 'SELECT count(*) FROM certs') rows, each asked about every" \
		"6 h: $(polled) polls in an hourly run, $(field wall "$T/m") s," \
		"$(field cpu "$T/m") s of CPU, peak $(field rss "$T/m") kB"
	: >"$T/ari/log"
	measured 60 fetcher --once
	note "again at once: $(grep -c . "$T/ari/log") requests," \
		"$(field wall "$T/m") s"
	ari_end
}

# 300 of 1,000 are to be revoked: their windows move into the past. Each is
# asked about every six hours, a sixth of them in an hourly run.
part_revoked() {
	printf '\nA mass revocation: 300 of 1,000 certificates at once\n'
	MAX_ORDERS=100
	unset STAGE_DIRECTORY
	ca
	scripted_start --offer '{"ari": {}}' || bail "no scripted CA"
	STAGE_CA="requests_per_second = $PACE;"
	fill_many 1000
	measured 600 fetcher --once
	[ "$(field status "$T/m")" = 0 ] || bail "fetcher: $(tail -1 "$T/err")"
	sql "UPDATE certs SET ts_ari_poll = 0, ts_not_before = ts_not_before -
		172800, ts_expire = ts_expire - rowid * 7919 % 1000,
		ts_expire_seen = ts_expire - rowid * 7919 % 1000"
	measured 600 fetcher --once
	[ "$(sql 'SELECT count(*) FROM certs WHERE ts_ari > 0')" = 1000 ] ||
		bail "not all have a window: $(tail -1 "$T/err")"
	sql "SELECT name FROM certs WHERE rowid % 10 < 3 ORDER BY ts_expire" \
		>"$T/revoked"
	sed 's/$/ -7200 -3600 https:\/\/ca.example\/why/' "$T/revoked" \
		>"$T/scripted/windows.new"
	mv "$T/scripted/windows.new" "$T/scripted/windows"
	sql "UPDATE certs SET ts_ari_poll = $(date +%s) - 1800 +
		3600 * (rowid % 6)"
	for hour in first second; do
		: >"$REQUESTS"
		measured 600 fetcher --once
		note "$hour run: $(requests renewalInfo) polls," \
			"$(requests newOrder) orders, $(field wall "$T/m") s," \
			"$(field cpu "$T/m") s of CPU, exit $(field status \
			"$T/m"); $(not_by_urgency) of them more than" \
			"$MAX_ORDERS places from their turn"
		sql "UPDATE certs SET ts_ari_poll = ts_ari_poll - 3600"
	done
	note "$(sql "SELECT count(*) FROM (SELECT name FROM attempts WHERE
		detail LIKE 'renewed early%' GROUP BY name)") are renewed"
	stop scripted
	unset STAGE_DIRECTORY STAGE_CA
	MAX_ORDERS=4
}
# Orders that were not made in the order of their ends.
not_by_urgency() {
	sed -n 's/.*"kind": "newOrder".*"names": \["\([^"]*\)".*/\1/p' \
		"$REQUESTS" | awk -v most="$MAX_ORDERS" '
		NR == FNR { turn[$1] = FNR; next }
		{ d = FNR - turn[$1]; n += d > most || d < -most }
		END { print n + 0 }' "$T/revoked" -
}

# --- 5: an idle host ---

part_installer() {
	command -v mariadbd >/dev/null || return 0
	printf '\nThe installer with nothing to do, MariaDB over TLS'
	echo " (median of 20 runs)"
	ca
	stage_store mariadb || bail "no store"
	enrol one.web.example.test ec one.web.example.test
	run fetcher --once
	[ "$rc" = 0 ] || bail "no certificate: $err"
	mkdir -p "$T/tls" "$T/istate"
	cat >"$T/installer.conf" <<-END
	store : { $_store };
	trust_file = "$PEBBLE_ROOT";
	profile_dir = "$ROOT/installer-profiles";
	state_dir = "$T/istate";
	services = ( { name = "web"; profile = "files-only";
	    certificates = ( { name = "one.web.example.test";
	        key = "$T/keys/one.web.example.test.key"; dir = "$T/tls"; } );
	} );
	END
	chmod 600 "$T/installer.conf"
	set -- "$BUILD/certrepo-installer" -c "$T/installer.conf"
	run "$@"
	[ "$rc" = 0 ] || bail "installer: $err"
	mariadb_sql -e "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1"
	run "$@"
	mariadb_sql -e 'SET GLOBAL general_log = 0'
	note "exit $rc, says \"$out$err\"; the server saw:" \
		"$(mariadb_sql -NB -e "SELECT command_type, count(*)
			FROM mysql.general_log WHERE user_host LIKE '%certrepo%'
			GROUP BY 1" |
			awk -F'\t' '{ printf "%s %s, ", $2, $1 }' |
			sed 's/, $//')"
	mariadb_sql -NB -e "SELECT argument FROM mysql.general_log
		WHERE user_host LIKE '%certrepo%' AND command_type
		IN ('Query', 'Execute')" | cut -c 1-70 |
		sed 's/^/    /'
	rm -f "$T/i.cpu" "$T/tls.cpu"
	i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		measured 20 "$@"
		field cpu "$T/m" >>"$T/i.cpu"
		measured 20 openssl s_client -starttls mysql -brief \
			-connect "127.0.0.1:$MARIADB_PORT" \
			-CAfile "$MARIADB_CA" </dev/null
		field cpu "$T/m" >>"$T/tls.cpu"
	done
	note "$(median <"$T/i.cpu") s of CPU, start of the program and TLS" \
		"included; openssl s_client, TLS alone: $(median <"$T/tls.cpu") s"
}

stage_dns || bail "no name server"
make_key "$T/k" && make_self_signed "$T/k" "$T/c" www.example.test
mkdir -p "$T/www"
NGINX_ROOT=$T/www
nginx_start "$T/c" "$T/k" || bail "no web server"
PEBBLE_HTTP_PORT=$NGINX_HTTP_PORT
for part in "$@"; do
	"part_$part"
done
