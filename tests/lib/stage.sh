# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# A central host with all it talks to: BIND with dynamic zones, pebble, a
# store, and certrepo.conf. Source after lib.sh and pebble.sh, and mariadb.sh
# for that store.
#
#	stage_dns; stage_start PEBBLE_CHAIN_LENGTH=2; stage_store sqlite
#	enrol www.example.test ec www.example.test alias.example.test
#	run fetcher --once
#	cert_ok www.example.test "issued"
#
# The zones, each dynamic with a key of its own (hmac-sha512, -sha256, -sha384):
#   example.test          every name; the default
#   sub.example.test      a sub-zone, also reached as a name of its own
#   example.net           where _acme-challenge.alias*.example.test leads to by
#                         CNAME, _acme-challenge.hop.example.test by two, and
#                         all below dn.example.test by DNAME
# Further records of example.test may be put into STAGE_RECORDS before.

STAGE_RECORDS=${STAGE_RECORDS-}

_stage_zone() { # ZONE ALGORITHM
	(umask 077 && tsig-keygen -a "$2" "key-$1" >"$T/dns/$1.key") || return 1
	{
		printf '%s\n' "\$TTL 60" \
			'@ IN SOA ns1.example.test. root.example.test. 1 60 60 600 60' \
			'@ IN NS ns1.example.test.' \
			'@ IN A 127.0.0.1' '*.web IN A 127.0.0.1'
		[ "$1" != example.test ] || printf '%s\n' \
			'ns1 IN A 127.0.0.1' 'sub IN NS ns1' \
			'_acme-challenge.alias IN CNAME alias.example.net.' \
			'_acme-challenge.alias2 IN CNAME alias2.example.net.' \
			'_acme-challenge.hop IN CNAME hop' \
			'hop IN CNAME hop.example.net.' \
			'dn IN DNAME dn.example.net.' "$STAGE_RECORDS"
	} >"$T/dns/$1.db"
	cat >>"$T/dns/named.conf" <<-END
	include "$T/dns/$1.key";
	zone "$1" {
		type primary;
		file "$1.db";
		update-policy { grant key-$1 zonesub TXT; };
	};
	END
}

stage_dns() {
	mkdir -p "$T/dns"
	DNS_PORT=$(free_port)
	cat >"$T/dns/named.conf" <<-END
	options {
		directory "$T/dns";
		pid-file "$T/dns/named.pid";
		session-keyfile "$T/dns/session.key";
		listen-on port $DNS_PORT { 127.0.0.1; };
		listen-on-v6 { none; };
		// so that it follows a CNAME into another of its zones
		recursion yes;
		dnssec-validation no;
		allow-transfer { 127.0.0.1; };
		notify no;
		empty-zones-enable no;
	};
	controls { };
	// so that no query ever leaves this machine
	zone "." { type primary; file "root.db"; };
	END
	printf '%s\n' "\$TTL 60" '@ IN SOA ns1.example.test. root.example.test. 1 60 60 600 60' \
		'@ IN NS ns1.example.test.' >"$T/dns/root.db"
	_stage_zone example.test hmac-sha512 &&
		_stage_zone sub.example.test hmac-sha256 &&
		_stage_zone example.net hmac-sha384 || return 1
	start named "$(unconfined named)" -g -c "$T/dns/named.conf"
	wait_port "$DNS_PORT" || {
		diag "BIND does not start: $(tail -5 "$T/log/named")"
		return 1
	}
}
# TXT records that are in any of the zones now: none, when all is cleaned up.
stage_proofs() {
	for _z in example.test sub.example.test example.net; do
		dig +noall +answer +norecurse @127.0.0.1 -p "$DNS_PORT" \
			"$_z" AXFR | awk '$4 == "TXT"'
	done
}

stage_start() { # [PEBBLE_VARIABLE=VALUE...]
	WEBROOT=$T/www
	mkdir -p "$WEBROOT" "$T/state" "$T/csr" "$T/keys"
	pebble_start "$@" || return 1
	CONF=$T/certrepo.conf
	MAX_ORDERS=${MAX_ORDERS:-4}
	# Commands of these names, so that run, start and timeout have them.
	mkdir -p "$T/bin"
	for _x in fetcher populate; do
		printf '#!/bin/sh\nexec "%s/certrepo-%s" -c "%s" "$@"\n' \
			"$BUILD" "$_x" "$CONF" >"$T/bin/$_x"
		chmod 755 "$T/bin/$_x"
	done
	PATH=$T/bin:$PATH
}

# Write certrepo.conf for a store and create its schema. STAGE_EXTRA is added
# to the file, STAGE_CA to the CA's settings.
stage_store() { # sqlite | mariadb
	STORE=$1
	case $STORE in
	sqlite)
		: "${SQLITE_DB:=$T/certrepo.db}"
		rm -f "$SQLITE_DB" "$SQLITE_DB-wal" "$SQLITE_DB-shm"
		_store="driver = \"sqlite\"; path = \"$SQLITE_DB\";"
		;;
	mariadb)
		_stage_mariadb || return 1
		;;
	esac
	stage_conf
	run populate init
	[ "$rc" = 0 ] || {
		diag "init: exit $rc: $err"
		return 1
	}
}
# One server for all of the test, a new database each time.
_stage_mariadb() {
	if [ ! -s "$T/pid/mariadb" ]; then
		mariadb_start "$T/mariadb" || return 1
	fi
	mariadb_sql -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo
		CHARACTER SET ascii COLLATE ascii_bin' || return 1
	_store="driver = \"mariadb\"; host = \"$MARIADB_HOST\";
		port = $MARIADB_PORT; database = \"$MARIADB_DATABASE\";
		user = \"$MARIADB_USER\"; ca_file = \"$MARIADB_CA\";
		password_file = \"$MARIADB_PASSWORD_FILE\";"
}
stage_conf() {
	cat >"$CONF" <<-END
	store : { $_store };
	csr_dir = "$T/csr";
	state_dir = "$T/state";
	max_orders = $MAX_ORDERS;
	webroot_prefixes = ["$WEBROOT"];
	ca = ( {
	    name = "pebble";
	    directory = "${STAGE_DIRECTORY:-$PEBBLE_DIR}";
	    account_key = "$T/state/account.pem";
	    agree_tos = true;
	    ca_file = "$PEBBLE_CA";
	    ${STAGE_CA-}
	} );
	dns : {
	    resolvers = ["127.0.0.1:$DNS_PORT"];
	    zones = ( $(
		_sep=
		for _z in example.test sub.example.test example.net; do
			[ -f "$T/dns/$_z.key" ] || continue # no stage_dns
			echo "$_sep{ zone = \"$_z\"; key_file = \"$T/dns/$_z.key\";"
			echo "server = \"127.0.0.1:$DNS_PORT\";"
			echo "check = [\"127.0.0.1:$DNS_PORT\"]; }"
			_sep=,
		done
		# rows are enrolled by dns-01 first, and that wants a zone
		[ -n "$_sep" ] || echo '{ zone = "none.invalid"; }'
	) );
	};
	${STAGE_EXTRA-}
	END
	chmod 600 "$CONF"
}

# A key, a CSR and an enabled row.
enrol() { # NAME KEYTYPE DNSNAME...
	_ename=$1
	make_key "$T/keys/$1.key" "$2" || return 1
	shift 2
	make_csr "$T/keys/$_ename.key" "$T/csr/$_ename.csr" "$@" &&
		populate add "$_ename" --enable >"$T/enrol.log" 2>&1 && return 0
	diag "cannot enrol $_ename: $(cat "$T/enrol.log")"
	return 1
}

# One value of the store: SQL that both understand, blobs as they are.
sql() { # SQL
	case $STORE in
	sqlite) sqlite3 "$SQLITE_DB" "$1" ;;
	mariadb) mariadb_sql -NBr certrepo -e "$1" ;;
	esac
}

# What the store holds under NAME is a certificate for our key and exactly
# these names, with a chain to pebble's root and no TXT record left.
cert_ok() { # NAME TEST_NAME [DNSNAME...]
	_cname=$1 _test=$2
	shift 2
	[ $# -gt 0 ] || set -- "$_cname"
	_why=''
	sql "SELECT crt FROM certs WHERE name = '$_cname'" >"$T/crt.pem"
	sql "SELECT ca FROM certs WHERE name = '$_cname'" >"$T/ca.pem"
	if ! grep -q 'BEGIN CERT' "$T/crt.pem"; then
		fail "$_test"
		diag "no certificate; the row says: $(sql "SELECT fail_class, \
			fail_detail FROM certs WHERE name = '$_cname'")"
		diag "exit $rc: $err"
		return 1
	fi
	openssl verify -purpose sslserver -CAfile "$PEBBLE_ROOT" \
		-untrusted "$T/ca.pem" "$T/crt.pem" >"$T/verify" 2>&1 ||
		_why="$_why $(cat "$T/verify")"
	[ "$(openssl x509 -in "$T/crt.pem" -noout -pubkey)" = \
		"$(openssl pkey -in "$T/keys/$_cname.key" -pubout)" ] ||
		_why="$_why another key"
	_got=$(openssl x509 -in "$T/crt.pem" -noout -ext subjectAltName |
		tr -d ' ' | tr ',' '\n' | sed -n 's/^DNS://p' | sort)
	[ "$_got" = "$(printf '%s\n' "$@" | sort)" ] ||
		_why="$_why its names are $_got"
	if [ -z "$_why" ]; then
		pass "$_test"
	else
		fail "$_test"
		diag "$_why"
	fi
}
