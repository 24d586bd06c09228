# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# A host with nginx, and a store that tests fill by hand. Source after lib.sh
# and nginx.sh.
#
#	host_setup                 CA, key, store, installer.conf
#	issue "$T/new"             a certificate: $T/new.crt, $T/new.ca
#	store_put NAME "$T/new"    into the store's row
#	run host                   the installer
#	served                     fingerprint that nginx shows
#
# NAME is www.example.test; DIR the folder of its files.

NAME=www.example.test

# --- certificates: root -> intermediate -> leaf ---

host_pki() {
	make_ca "$T/pki" "host test root" &&
		make_sub_ca "$T/pki" "$T/pki/sub" "host test intermediate" &&
		make_ca "$T/pki/other" "a root nobody trusts" &&
		make_key "$T/host.key" "${1:-ec}" && make_key "$T/other.key"
}
# BASE.crt and BASE.ca, from key KEY (the host's) for NAMEs (NAME). FROM and
# UNTIL as openssl takes them, YYYYMMDDHHMMSSZ; SIGNER a CA's folder.
issue() { # BASE [NAME...]
	_base=$1
	shift
	[ $# -gt 0 ] || set -- $NAME
	_signer=${SIGNER:-$T/pki/sub}
	make_csr "${KEY:-$T/host.key}" "$_base.csr" "$@" || return 1
	: >"$_base.index"
	cat >"$_base.cnf" <<-END
	[ca]
	default_ca = x
	[x]
	database = $_base.index
	new_certs_dir = $T
	policy = any
	default_md = sha256
	copy_extensions = copy
	unique_subject = no
	rand_serial = yes
	x509_extensions = leaf
	[any]
	commonName = optional
	[leaf]
	extendedKeyUsage = serverAuth
	keyUsage = critical,digitalSignature
	END
	openssl ca -batch -notext -config "$_base.cnf" -in "$_base.csr" \
		-cert "$_signer/ca.pem" -keyfile "$_signer/ca.key" \
		-startdate "${FROM:-$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)}" \
		-enddate "${UNTIL:-$(date -u -d '60 days' +%Y%m%d%H%M%SZ)}" \
		-out "$_base.crt" >"$_base.log" 2>&1 || {
		diag "$(cat "$_base.log")"
		return 1
	}
	rm -f "$_base.csr" "$_base.cnf" "$_base.index"* "$_base.log"
	cp "$_signer/ca.pem" "$_base.ca"
}
# The Nth of a line of certificates, each an hour younger than the one before.
issue_nth() { # BASE N [NAME...]
	_ib=$1 _in=$2
	shift 2
	FROM=$(date -u -d "$((100 - _in)) hours ago" +%Y%m%d%H%M%SZ)
	issue "$_ib" "$@"
	FROM=''
}

# --- the store ---

host_store() {
	DB=$T/store/certrepo.db
	mkdir -p "$T/store"
	echo "store : { path = \"$DB\"; };
	ca = ( { name = \"none\"; directory = \"https://127.0.0.1:1/\";
		account_key = \"$T/store/account.pem\"; agree_tos = true; } );
	dns : { zones = ( { zone = \"acme.example.net\"; } ); };
	state_dir = \"$T/store\"; csr_dir = \"$T/store\";" >"$T/certrepo.conf"
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
	[ "$rc" = 0 ] || {
		diag "init: $err"
		return 1
	}
}
store_row() { # NAME [KEY [DNSNAME...]]: enrolled and enabled, no certificate
	_row=$1 _rkey=${2:-$T/host.key}
	[ $# -lt 2 ] || shift
	shift
	[ $# -gt 0 ] || set -- "$_row"
	make_csr "$_rkey" "$T/row.csr" "$@" || return 1
	run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" add "$_row" \
		--csr "$T/row.csr" --enable
	[ "$rc" = 0 ] || {
		diag "add: $err"
		return 1
	}
}
store_put() { # NAME BASE
	sqlite3 "$DB" ".timeout 5000" "UPDATE certs SET
		crt = readfile('$2.crt'), ca = readfile('$2.ca')
		WHERE name = '$1'"
}
# The installer with a store that nobody answers for.
host_without_store() { # [OPTION...]
	sed -e 's|^store : .*|store : { driver = "mariadb"; host = "127.0.0.1";\
		port = 1; user = "nobody"; ca_file = "'"$T/pki/ca.pem"'"; };|' \
		"$HOST_CONF" >"$T/down.conf"
	chmod 600 "$T/down.conf"
	run "$BUILD/certrepo-installer" -c "$T/down.conf" "$@"
}
# state, then detail, of a receipt
receipt() { # ENDPOINT [NAME]
	sqlite3 "$DB" "SELECT state FROM installs WHERE host = 'host1' AND
		name = '${2-$NAME}' AND endpoint = '$1' AND
		service IN ('web', '')"
}
receipt_detail() { # ENDPOINT [NAME]
	sqlite3 "$DB" "SELECT detail FROM installs WHERE host = 'host1' AND
		name = '${2-$NAME}' AND endpoint = '$1' AND
		service IN ('web', '')"
}

# --- the host ---

# Variables that change it: PROFILE, HOST_CERT (settings of the certificate),
# HOST_CERTS (", { more of them }"), HOST_VERIFY (the list), HOST_SERVICE, HOST_EXTRA, NGINX_COMMAND (quoted
# arguments), NGINX_START.
host_conf() {
	HOST_CONF=$T/installer.conf
	: "${DIR:=$T/tls}" "${PROFILE:=nginx}"
	_vars=
	if [ "$PROFILE" = nginx ]; then
		_ncmd="\"nginx\", \"-c\", \"$NGINX_CONF\", \"-e\", \"stderr\""
		_vars="vars = (
			{ name = \"nginx\"; value = [ ${NGINX_COMMAND:-$_ncmd} ]; },
			{ name = \"start\"; value = [ ${NGINX_START:-\"/bin/false\"} ]; } );"
	fi
	cat >"$HOST_CONF" <<-END
	store : { path = "$DB"; };
	host = "host1";
	trust_file = "$T/pki/ca.pem";
	profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped";
	state_dir = "$T/state";
	${HOST_EXTRA-}
	services = ( {
		name = "web";
		profile = "$PROFILE";
		$_vars
		certificates = ( {
			name = "$NAME";
			${HOST_CERT-key = \"$T/host.key\";}
			dir = "$DIR";
			${HOST_CERT_EXTRA-}
		} ${HOST_CERTS-} );
		verify = ( ${HOST_VERIFY-{ address = \"127.0.0.1:$NGINX_PORT\"; server_name = \"$NAME\"; \}} );
		verify_time = ${VERIFY_TIME:-3};
		${HOST_SERVICE-}
	} ${HOST_SERVICES-} );
	END
	chmod 600 "$HOST_CONF"
}
# The folders, the profiles, keys, store and row, and the command.
host_begin() { # [KEYTYPE]
	umask 022
	: "${DIR:=$T/tls}"
	mkdir -p "$T/profiles" "$T/shipped" "$T/bin" "$DIR" &&
		cp "$ROOT"/installer-profiles/*.conf "$T/shipped" &&
		host_pki "${1:-ec}" && host_store && store_row $NAME || return 1
	printf '#!/bin/sh\nexec "%s/certrepo-installer" -c "%s" "$@"\n' \
		"$BUILD" "$T/installer.conf" >"$T/bin/host"
	chmod 755 "$T/bin/host"
	PATH=$T/bin:$PATH
}
host_setup() {
	host_begin || return 1
	nginx_conf "$DIR/current/fullchain.pem" "$T/host.key" && host_conf
}
# nginx serving something from before certrepo came.
placeholder() {
	mkdir -p "$DIR/before" &&
		make_self_signed "$T/host.key" "$DIR/before/fullchain.pem" $NAME &&
		ln -s before "$DIR/current"
}
served() {
	tls_fp "$NGINX_PORT" "$NAME"
}
# What is on disk, as the service reads it.
on_disk() {
	cert_fp "${DISK_FILE:-$DIR/current/fullchain.pem}"
}
# Nothing half-done is left: no temporary file, no journal.
tidy() {
	[ -z "$(find "$DIR" "$T/state" -name '.*certrepo-*' 2>/dev/null)" ] &&
		[ -z "$(ls "$T/state/journal" 2>/dev/null)" ]
}
