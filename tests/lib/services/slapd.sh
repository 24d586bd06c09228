# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# OpenLDAP with its configuration in cn=config, as Debian sets it up: root may
# change it over ldapi (SLAPD_LDAPI). ldap with StartTLS, and ldaps. A modify
# of the names of the files in cn=config, even to what they are, takes a new
# certificate (SLAPD_LDIF); HUP would stop the server. Files that do not fit
# are refused there, and from then on there is no TLS until some fit. With
# SLAPD_CLASSIC set there is slapd.conf instead, and a restart; with files that
# do not fit it does not start.

SLAPD_PACKAGE=slapd
SLAPD_USER=openldap
SLAPD_FILES='fullchain key'

_svc_slapd_conf() { # DIR
	cat <<-END
	dn: cn=config
	objectClass: olcGlobal
	cn: config
	olcPidFile: $1/run/pid
	olcArgsFile: $1/run/args
	olcTLSCertificateFile: $SLAPD_CERT
	olcTLSCertificateKeyFile: $SLAPD_KEY

	dn: cn=module{0},cn=config
	objectClass: olcModuleList
	cn: module{0}
	olcModulePath: /usr/lib/ldap
	olcModuleLoad: back_mdb

	dn: cn=schema,cn=config
	objectClass: olcSchemaConfig
	cn: schema

	include: file:///etc/ldap/schema/core.ldif

	dn: olcDatabase={0}config,cn=config
	objectClass: olcDatabaseConfig
	olcDatabase: {0}config
	olcAccess: to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage

	dn: olcDatabase={1}mdb,cn=config
	objectClass: olcDatabaseConfig
	objectClass: olcMdbConfig
	olcDatabase: {1}mdb
	olcDbDirectory: $1/db
	olcSuffix: dc=example,dc=test
	END
}
_svc_slapd_classic() { # DIR
	cat <<-END
	include /etc/ldap/schema/core.schema
	pidfile $1/run/pid
	argsfile $1/run/args
	TLSCertificateFile $SLAPD_CERT
	TLSCertificateKeyFile $SLAPD_KEY
	modulepath /usr/lib/ldap
	moduleload back_mdb
	database mdb
	directory $1/db
	suffix dc=example,dc=test
	END
}
_svc_slapd_ldif() {
	cat <<-END
	dn: cn=config
	changetype: modify
	replace: olcTLSCertificateFile
	olcTLSCertificateFile: $SLAPD_CERT
	-
	replace: olcTLSCertificateKeyFile
	olcTLSCertificateKeyFile: $SLAPD_KEY
	END
}
_svc_slapd_dynamic() { # DIR
	SLAPD_CONF=$1/cn-config
	SLAPD_LDIF=$1/tls.ldif
	mkdir "$SLAPD_CONF" || return 1
	_svc_slapd_conf "$1" >"$1/config.ldif"
	_svc_slapd_ldif >"$SLAPD_LDIF"
	if ! slapadd -n 0 -F "$SLAPD_CONF" -l "$1/config.ldif" \
		>"$SLAPD_LOG" 2>&1; then
		diag "slapadd: $(tail -3 "$SLAPD_LOG")"
		return 1
	fi
	chown -R openldap: "$SLAPD_CONF"
	SLAPD_RELOAD="ldapmodify -Q -Y EXTERNAL -H $SLAPD_LDAPI -f $SLAPD_LDIF"
}
svc_slapd_start() {
	svc_begin slapd || return 1
	_d=$SLAPD_DIR
	SLAPD_PORT=$(free_port)
	SLAPD_LDAPS_PORT=$(free_port)
	SLAPD_ENDPOINTS="ldap:$SLAPD_PORT tls:$SLAPD_LDAPS_PORT"
	SLAPD_LDAPI=ldapi://$(echo "$_d/run/ldapi" | sed 's|/|%2F|g')
	mkdir "$_d/run" "$_d/db" && chown openldap: "$_d/run" "$_d/db" || return 1
	if [ -n "${SLAPD_CLASSIC-}" ]; then
		SLAPD_CONF=$_d/slapd.conf
		_svc_slapd_classic "$_d" >"$SLAPD_CONF"
		_use="-f $SLAPD_CONF"
	else
		_svc_slapd_dynamic "$_d" || return 1
		_use="-F $SLAPD_CONF"
	fi
	SLAPD_TEST="slaptest -Q -u $_use"
	svc_daemon slapd "$_d/run/pid" "$(unconfined slapd)" \
		-h "'ldap://127.0.0.1:$SLAPD_PORT/ ldaps://127.0.0.1:$SLAPD_LDAPS_PORT/ $SLAPD_LDAPI'" \
		"$_use" -u openldap -g openldap
	svc_start slapd "$SLAPD_PORT" "$SLAPD_LDAPS_PORT"
}
svc_slapd_stop() {
	svc_stop slapd
}
svc_slapd_alive() {
	svc_alive slapd
}
