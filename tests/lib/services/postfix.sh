# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Postfix with a configuration, queue and data of its own; smtp with STARTTLS
# and smtps. smtpd_tls_chain_files wants POSTFIX_CERT with the key first. A
# reload is enough (processes that are busy go on with the old one); files that
# do not fit are told to the log alone, and STARTTLS is no longer offered.
# POSTFIX_PROXIED takes the PROXY protocol.

POSTFIX_PACKAGE=postfix
POSTFIX_USER=root
POSTFIX_FILES=keyfirst

# Its folders belong to whom it says, or it does not start.
_svc_postfix_dirs() { # DIR
	mkdir "$1/etc" "$1/spool" "$1/data" &&
		chown postfix: "$1/data" && chmod 755 "$1/spool" || return 1
	for _x in active bounce corrupt defer deferred flush hold incoming \
		private saved trace; do
		mkdir -m 700 "$1/spool/$_x" &&
			chown postfix "$1/spool/$_x" || return 1
	done
	mkdir -m 755 "$1/spool/pid" && mkdir -m 730 "$1/spool/maildrop" &&
		mkdir -m 710 "$1/spool/public" &&
		chown postfix:postdrop "$1/spool/maildrop" "$1/spool/public"
}
_svc_postfix_main() { # DIR
	cat >"$1/etc/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $1/spool
	data_directory = $1/data
	command_directory = /usr/sbin
	daemon_directory = /usr/lib/postfix/sbin
	meta_directory = /etc/postfix
	mail_owner = postfix
	setgid_group = postdrop
	multi_instance_enable = yes
	multi_instance_name = postfix-certrepo
	myhostname = mail.example.test
	mydestination = localhost
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	maillog_file = $1/maillog
	maillog_file_prefixes = $1
	smtpd_tls_chain_files = $POSTFIX_CERT
	smtpd_tls_security_level = may
	smtpd_tls_loglevel = 1
	default_transport = error:loopback only
	alias_maps =
	alias_database =
	END
}
_svc_postfix_master() { # DIR
	cat >"$1/etc/master.cf" <<-END
	127.0.0.1:$POSTFIX_PORT inet n - n - - smtpd
	127.0.0.1:$POSTFIX_SMTPS_PORT inet n - n - - smtpd
	  -o smtpd_tls_wrappermode=yes
	127.0.0.1:$POSTFIX_PROXY_PORT inet n - n - - smtpd
	  -o smtpd_upstream_proxy_protocol=haproxy
	pickup unix n - n 60 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	verify unix - - n - 1 verify
	flush unix n - n 1000? 0 flush
	error unix - - n - - error
	retry unix - - n - - error
	local unix - n n - - local
	anvil unix - - n - 1 anvil
	proxymap unix - - n - - proxymap
	postlog unix-dgram n - n - 1 postlogd
	END
}
svc_postfix_start() {
	svc_begin postfix || return 1
	_d=$POSTFIX_DIR
	POSTFIX_LOG=$_d/maillog
	POSTFIX_PORT=$(free_port)
	POSTFIX_SMTPS_PORT=$(free_port)
	POSTFIX_ENDPOINTS="smtp:$POSTFIX_PORT tls:$POSTFIX_SMTPS_PORT"
	POSTFIX_PROXY_PORT=$(free_port)
	POSTFIX_PROXIED=smtp:$POSTFIX_PROXY_PORT
	_svc_postfix_dirs "$_d" && _svc_postfix_main "$_d" &&
		_svc_postfix_master "$_d" || return 1
	POSTFIX_CONF=$_d/etc
	POSTFIX_TEST="postfix -c $_d/etc check"
	POSTFIX_RELOAD="postfix -c $_d/etc reload"
	svc_daemon postfix "$_d/spool/pid/master.pid" \
		postfix -c "$_d/etc" start
	svc_start postfix "$POSTFIX_PORT" "$POSTFIX_SMTPS_PORT"
}
svc_postfix_stop() {
	svc_stop postfix
}
svc_postfix_alive() {
	svc_alive postfix
}
