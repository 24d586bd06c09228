#!/bin/sh
# SPDX-License-Identifier: MIT
# Whom the store is believed to be: a certificate for another name, or of
# nobody's CA, is refused however the host is spelt and wherever it is named;
# and what a server says before TLS keeps its number and its words.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"
echo "$MARIADB_PID" >"$T/pid/mariadb"
restart() { # OPTION...: the last --bind-address counts
	mariadb_stop
	mariadb_start "$T/db" "$@" || bail "MariaDB does not start again"
	echo "$MARIADB_PID" >"$T/pid/mariadb"
}
umask 077
conf() { # SETTINGS of the store
	cat >"$T/certrepo.conf" <<-END
	store : { driver = "mariadb"; connect_timeout = 5; timeout = 5; $1 };
	csr_dir = "$T"; state_dir = "$T";
	ca = ( { name = "x"; account_key = "$T/account.pem"; agree_tos = true;
		directory = "https://127.0.0.1:1/dir"; } );
	END
}
at() { # HOST
	conf "host = \"$1\"; port = $MARIADB_PORT; user = \"certrepo\";
		password_file = \"$MARIADB_PASSWORD_FILE\"; ca_file = \"$MARIADB_CA\";"
}
file() { # LINE...: by an option file
	{
		printf '%s\n' '[client]' "port=$MARIADB_PORT" user=certrepo \
			"password=$(cat "$MARIADB_PASSWORD_FILE")"
		printf '%s\n' "$@"
	} >"$T/my.cnf"
	conf "option_file = \"$T/my.cnf\";"
}
list() {
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" list
}
says() { # ERE NAME
	list
	is "$rc" 78 "$2: refused"
	like "$err" "$1" "$2: says so"
}

cert() { # FILE SUBJECT_ALT_NAME
	openssl req -new -key "$T/db/tls/key.pem" -subj /CN=other.example.org \
		-addext "subjectAltName=$2" -out "$T/req.pem"
	openssl x509 -req -in "$T/req.pem" -CA "$T/db/tls/ca.pem" \
		-CAkey "$T/db/tls/ca.key" -CAcreateserial -days 9 \
		-copy_extensions copy -out "$T/db/tls/$1.pem" 2>/dev/null
	chmod 644 "$T/db/tls/$1.pem"
}
cert all IP:127.0.0.1,IP:::1,DNS:localhost
cert none DNS:other.example.org
hosts='127.0.0.1 localhost'
[ ! -e /proc/sys/net/ipv6/conf/lo/disable_ipv6 ] ||
	[ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6)" = 1 ] ||
	hosts="$hosts ::1"

restart --ssl-cert="$T/db/tls/all.pem" --bind-address='*'
at 127.0.0.1
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
is "$rc" 0 "init" || diag "$err"
for h in $hosts; do
	at "$h"
	list
	is "$rc" 0 "$h, by its own name" || diag "$err"
	[ "$h" != localhost ] || continue # means the socket in that file
	file "host=$h" "ssl-ca=$MARIADB_CA"
	list
	is "$rc" 0 "$h by an option file" || diag "$err"
	file "host=$h"
	list
	is "$rc" 78 "$h by an option file that names no CA: refused"
done
restart --ssl-cert="$T/db/tls/none.pem" --bind-address='*'
for h in $hosts; do
	at "$h"
	says "certificate that is not for the name \"$h\"" \
		"$h, another's certificate"
	[ "$h" != localhost ] || continue
	file "host=$h" "ssl-ca=$MARIADB_CA"
	says 'certificate that is not for the name' \
		"$h by an option file, another's certificate"
done

# --- not by our CA, or too late ---

at 127.0.0.1
sed "s|$MARIADB_CA|$T/other/ca.pem|" "$T/certrepo.conf" >"$T/other.conf"
make_ca "$T/other" 'another CA'
mv "$T/other.conf" "$T/certrepo.conf"
says 'does not come from the CA of ca_file .*other' "another's CA"
at 127.0.0.1
openssl x509 -req -in "$T/req.pem" -CA "$T/db/tls/ca.pem" \
	-CAkey "$T/db/tls/ca.key" -CAcreateserial -days -1 \
	-copy_extensions copy -out "$T/db/tls/old.pem" 2>/dev/null
if [ -s "$T/db/tls/old.pem" ]; then # this openssl takes that
	chmod 644 "$T/db/tls/old.pem"
	restart --ssl-cert="$T/db/tls/old.pem"
	says 'certificate that has expired; this host.s clock says 20[-0-9]* .date.: see that it is right; only if the clock is right, give the server a new one .ssl_cert., then run there: FLUSH SSL' \
		"an old certificate"
fi
restart --ssl-cert="$T/db/tls/all.pem"
if command -v faketime >/dev/null; then # a clock that is wrong, here
	run env ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		faketime -f +70d "$BUILD/certrepo-populate" \
		-c "$T/certrepo.conf" list
	is "$rc" 78 "a clock that is ahead"
	like "$err" "has expired; this host's clock says $(date -u -d '70 days' +%F)" \
		"... may be what is wrong"
	run env ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		faketime -f -1y "$BUILD/certrepo-populate" \
		-c "$T/certrepo.conf" list
	is "$rc" 78 "one that is behind"
	like "$err" "is not valid yet; this host's clock .*says $(date -u -d '365 days ago' +%F)" \
		"... as well"
fi

# --- before TLS ---

restart --max-connections=10
at 127.0.0.1
cat >"$T/hold.py" <<'END'
import socket, sys, time
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        for _ in range(12)]
print("held", flush=True)
time.sleep(60)
END
start hold "$PYTHON" "$T/hold.py" "$MARIADB_PORT"
wait_for 10 grep -q held "$T/log/hold"
list
is "$rc" 69 "too many connections"
like "$err" 'before TLS could show.* it said: .1040 - Too many connections' \
	"... by number and words"
stop hold
restart
mariadb_sql -e "DROP USER certrepo@'%'; CREATE USER certrepo@192.0.2.1;
	DELETE FROM mysql.global_priv WHERE host NOT IN ('localhost', '192.0.2.1');
	FLUSH PRIVILEGES"
list
is "$rc" 69 "no account for this host"
like "$err" "before TLS could show.* it said: .1130 - Host '[0-9a-z.]+' is not allowed" \
	"... by number and words"
mariadb_stop
done_testing
