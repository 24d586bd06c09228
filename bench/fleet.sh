# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # shared with run.sh
# The status of a large fleet on both stores, and the pulls of its hosts.
# NAMES, HOSTS and PULLS make it smaller.

FLEET_NAMES=${NAMES:-100000}
FLEET_HOSTS=${HOSTS:-50000}
FLEET_PULLS=${PULLS:-5000}
FLEET_NAME=host-000043.dept-43.example.org
FLEET_HOST=node-00021.rack-21.example.net
FLEET_SLOTS='1 2 3 4'

fleet_rows() { # DIALECT
	python3 bench/fleet_rows.py "$1" "$FLEET_NAMES" "$FLEET_HOSTS"
}
fleet_sql() { # SQL: with the store's own client
	if [ "$STORE" = sqlite ]; then
		sqlite3 "$SQLITE_DB" "$1"
	else
		mariadb_sql --quick -NB certrepo -e "$1"
	fi
}
# Most of these columns are what a status reads; the same rows all are.
FLEET_SCAN="SELECT name, enable, ts_expire, ts_due, held FROM certs
	WHERE name > '' ORDER BY name, enable;
	SELECT * FROM cert_facts; SELECT * FROM installs ORDER BY host, name"
FLEET_ONE="SELECT * FROM cert_facts WHERE name = '$FLEET_NAME';
	SELECT * FROM installs WHERE name = '$FLEET_NAME'"

# Medians of ROUNDS runs after one that is not counted, beside YARD's.
fleet_row() { # WHAT YARD LIMIT COMMAND...
	_what=$1 _yard=$2 _limit=$3
	shift 3
	rm -f "$T/f.wall" "$T/f.cpu" "$T/f.rss"
	_i=0
	while [ $_i -le "$ROUNDS" ]; do
		measured "$_limit" "$@"
		case $(field status "$T/m") in
		0 | 1) ;;
		*) bail "$_what: $(tail -1 "$T/err")" ;;
		esac
		for _f in wall cpu rss; do
			[ $_i -eq 0 ] || field $_f "$T/m" >>"$T/f.$_f"
		done
		_i=$((_i + 1))
	done
	_wall=$(median <"$T/f.wall")
	printf '  %-20s %7s %6s %7s %7s\n' "$_what" "$_wall" \
		"${_yard:+$(ratio "$_wall" "$_yard")}" \
		"$(median <"$T/f.cpu")" "$(median <"$T/f.rss")"
}
fleet_status() { # sqlite | mariadb
	printf '  %-20s %7s %6s %7s %7s\n' "$1" 'wall s' ratio 'cpu s' kB
	echo "store : { $_store };" >"$T/status.conf"
	chmod 600 "$T/status.conf"
	set -- "$BUILD/certrepo-status" -c "$T/status.conf"
	if [ "$STORE" = sqlite ]; then
		_c="sqlite3 $SQLITE_DB"
	else
		_c="mariadb --no-defaults --skip-ssl --quick -NB
			--socket=$MARIADB_SOCKET --user=root certrepo -e"
	fi
	# shellcheck disable=SC2086 # words
	fleet_row 'client, all rows' '' 120 $_c "$FLEET_SCAN"
	_all=$_wall
	fleet_row terminal "$_all" 120 "$@"
	fleet_row --prometheus "$_all" 120 "$@" --prometheus
	fleet_row --html "$_all" 120 "$@" --html
	note "its page: $(wc -c <"$T/out") bytes"
	# shellcheck disable=SC2086 # words
	fleet_row 'client, one name' '' 20 $_c "$FLEET_ONE"
	_one=$_wall
	fleet_row 'one name' "$_one" 20 "$@" "$FLEET_NAME"
	fleet_row 'one host' "$_one" 20 "$@" --host "$FLEET_HOST"
}

# --- hosts ---

# A host of its own for each that pulls at the same time: a name, a certificate
# and an account, as populate makes it.
fleet_host() { # SLOT
	_n=p$1.web.example.test _t=$T/fleet/$1
	mkdir -p "$_t/state" "$_t/tls"
	make_key "$_t/key" || bail "no key"
	make_csr "$_t/key" "$T/csr/$_n.csr" "$_n" || bail "no request"
	make_cert "$T/fleet/ca" "$_t/key" "$_t/crt" "$_n" ||
		bail "no certificate"
	run populate add "$_n" --enable
	[ "$rc" = 0 ] || bail "add $_n: $err"
	run populate host add "bench$1" "$_n" --password-file "$_t/password"
	[ "$rc" = 0 ] || bail "host add: $err"
	mariadb_sql certrepo -e "UPDATE certs SET crt =
		UNHEX('$(od -An -v -tx1 "$_t/crt" | tr -d ' \n')'),
		ca = UNHEX('$(od -An -v -tx1 "$T/fleet/ca/ca.pem" |
			tr -d ' \n')'), ts_expire = UNIX_TIMESTAMP() + 2500000
		WHERE name = '$_n'"
	cat >"$_t/conf" <<-END
	host = "bench$1";
	store : { driver = "mariadb"; host = "$MARIADB_HOST";
	    port = $MARIADB_PORT; database = "$MARIADB_DATABASE";
	    user = "certrepo-host-bench$1"; ca_file = "$MARIADB_CA";
	    password_file = "$_t/password"; };
	trust_file = "$T/fleet/ca/ca.pem";
	profile_dir = "$ROOT/installer-profiles";
	state_dir = "$_t/state";
	services = ( { name = "web"; profile = "files-only";
	    certificates = ( { name = "$_n"; key = "$_t/key";
	        dir = "$_t/tls"; } );
	} );
	END
	chmod 600 "$_t/conf" "$_t/password"
	for _round in first second; do
		run "$BUILD/certrepo-installer" -c "$_t/conf"
		[ "$rc" = 0 ] || bail "installer, $_round: $err"
	done
}
server_ticks() { # of CPU: a hundredth of a second each
	awk '{ print $14 + $15 }' "/proc/$MARIADB_PID/stat"
}
# COMMAND has SLOT in it. Sets each (ms of the server's CPU) beside $T/m.
four_at_a_time() { # N COMMAND
	_n=$1
	_script='' _a=$(server_ticks)
	for _s in $FLEET_SLOTS; do
		_script="$_script(SLOT=$_s i=0; while [ \$i -lt $((_n / 4)) ]; do
			i=\$((i + 1)); $2 || echo \$? >&2; done) & "
	done
	measured 600 sh -c "$_script wait"
	each=$(awk -v n="$_n" -v t=$(($(server_ticks) - _a)) \
		-v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f", 1000 * t / hz / n }')
}
fleet_pulls() {
	make_ca "$T/fleet/ca" "bench root" || bail "no CA"
	for _slot in $FLEET_SLOTS; do
		fleet_host "$_slot"
	done
	mariadb_sql -e "SET GLOBAL log_output = 'TABLE';
		TRUNCATE mysql.general_log; SET GLOBAL general_log = 1"
	run "$BUILD/certrepo-installer" -c "$T/fleet/1/conf"
	mariadb_sql -e 'SET GLOBAL general_log = 0'
	note "a pull with nothing to do, exit $rc, \"$out$err\"; the server saw:" \
		"$(mariadb_sql -NB -e "SELECT command_type, count(*)
			FROM mysql.general_log WHERE user_host LIKE '%bench%'
			GROUP BY 1" |
			awk -F'\t' '{ printf "%s %s, ", $2, $1 }' |
			sed 's/, $//')"
	mariadb_sql -NB -e "SELECT argument FROM mysql.general_log
		WHERE user_host LIKE '%bench%' AND command_type
		IN ('Query', 'Execute')" | cut -c 1-70 | sed 's/^/    /'
	printf '  %-20s %7s %6s %7s %10s\n' "$FLEET_PULLS, 4 at a time" \
		'wall s' ratio 'cpu s' 'server ms'
	four_at_a_time "$FLEET_PULLS" "openssl s_client -starttls mysql -brief \
		-connect 127.0.0.1:$MARIADB_PORT -CAfile '$MARIADB_CA' \
		</dev/null >/dev/null 2>&1"
	_yard=$(field wall "$T/m")
	printf '  %-20s %7s %6s %7s %10s\n' 's_client, TLS alone' "$_yard" '' \
		"$(field cpu "$T/m")" "$each"
	four_at_a_time "$FLEET_PULLS" \
		"'$BUILD/certrepo-installer' -c '$T/fleet/'\$SLOT/conf"
	[ ! -s "$T/err" ] || bail "installer: $(tail -1 "$T/err")"
	printf '  %-20s %7s %6s %7s %10s\n' 'idle pulls' \
		"$(field wall "$T/m")" "$(ratio "$(field wall "$T/m")" "$_yard")" \
		"$(field cpu "$T/m")" "$each"
}

part_fleet() {
	printf '\nA fleet of %d names, %d hosts, %d receipts' "$FLEET_NAMES" \
		"$FLEET_HOSTS" $((6 * FLEET_HOSTS))
	echo " (median of $ROUNDS warm runs)"
	ca
	stage_store sqlite || bail "no store"
	fleet_rows sqlite | sqlite3 "$SQLITE_DB" || bail "no rows"
	fleet_status sqlite
	rm -f "$SQLITE_DB"*
	command -v mariadbd >/dev/null || return 0
	# with the pool that a server has by default
	[ ! -s "$T/pid/mariadb" ] || mariadb_stop
	mariadb_start "$T/mariadb" --innodb-buffer-pool-size=128M ||
		bail "no MariaDB"
	mariadb_sql -e "GRANT ALL ON *.* TO certrepo@'%' WITH GRANT OPTION"
	stage_store mariadb || bail "no store"
	fleet_rows mariadb | mariadb_sql certrepo || bail "no rows"
	fleet_status mariadb
	fleet_pulls
}
