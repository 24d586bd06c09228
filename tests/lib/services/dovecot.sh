# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Dovecot: imap, pop3, lmtp and managesieve with STARTTLS, imaps and pop3s.
# doveadm reload takes a new certificate; with files that do not fit it
# succeeds, and there is no TLS.

DOVECOT_PACKAGE=dovecot-core
DOVECOT_USER=root
DOVECOT_FILES='fullchain key'

_svc_dovecot_listener() { # SERVICE NAME PORT [ssl = yes]
	cat <<-END
	service $1 {
	  inet_listener $2 {
	    port = $3
	    ${4-}
	  }
	}
	END
}
# What has other names from 2.4 on, where the first setting is the version.
_svc_dovecot_names() { # DIR
	case $(dovecot --version) in
	2.[0-3].*)
		cat <<-END
		ssl_cert = <$DOVECOT_CERT
		ssl_key = <$DOVECOT_KEY
		mail_location = maildir:$1/mail/%u
		passdb {
		  driver = static
		  args = nopassword=y
		}
		END
		;;
	*)
		cat <<-END
		dovecot_config_version = 2.4.0
		dovecot_storage_version = 2.4.0
		ssl_server_cert_file = $DOVECOT_CERT
		ssl_server_key_file = $DOVECOT_KEY
		mail_driver = maildir
		mail_path = $1/mail/%{user}
		passdb static {
		  password = x
		}
		END
		;;
	esac
}
_svc_dovecot_conf() { # DIR
	_svc_dovecot_names "$1"
	cat <<-END
	base_dir = $1/run
	state_dir = $1/run
	log_path = $1/log
	protocols = imap pop3 lmtp sieve
	listen = 127.0.0.1
	ssl = yes
	END
	_svc_dovecot_listener imap-login imap "$DOVECOT_PORT"
	_svc_dovecot_listener imap-login imaps "$DOVECOT_IMAPS_PORT" 'ssl = yes'
	_svc_dovecot_listener pop3-login pop3 "$DOVECOT_POP3_PORT"
	_svc_dovecot_listener pop3-login pop3s "$DOVECOT_POP3S_PORT" 'ssl = yes'
	_svc_dovecot_listener managesieve-login sieve "$DOVECOT_SIEVE_PORT"
	_svc_dovecot_listener lmtp lmtp "$DOVECOT_LMTP_PORT"
}
svc_dovecot_start() {
	svc_begin dovecot || return 1
	_d=$DOVECOT_DIR
	DOVECOT_LOG=$_d/log
	DOVECOT_CONF=$_d/dovecot.conf
	# shellcheck disable=SC2046 # a list of numbers
	set -- $(free_ports 6)
	DOVECOT_PORT=$1 DOVECOT_IMAPS_PORT=$2 DOVECOT_POP3_PORT=$3
	DOVECOT_POP3S_PORT=$4 DOVECOT_LMTP_PORT=$5 DOVECOT_SIEVE_PORT=$6
	DOVECOT_ENDPOINTS="imap:$1 tls:$2 pop3:$3 tls:$4 lmtp:$5 sieve:$6"
	_svc_dovecot_conf "$_d" >"$DOVECOT_CONF"
	DOVECOT_TEST="doveconf -c $DOVECOT_CONF -h ssl"
	DOVECOT_RELOAD="doveadm -c $DOVECOT_CONF reload"
	svc_daemon dovecot "$_d/run/master.pid" dovecot -c "$DOVECOT_CONF"
	svc_start dovecot "$@"
}
svc_dovecot_stop() {
	svc_stop dovecot
}
svc_dovecot_alive() {
	svc_alive dovecot
}
