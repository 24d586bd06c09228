# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# INN's news reader server, STARTTLS. Each connection reads its files anew, so
# that there is nothing to tell it; with files that do not fit it answers
# STARTTLS with 580. packaging/inn.sh unpacks it.

NNRPD_PACKAGE=inn2-unpacked
NNRPD_USER=news
NNRPD_FILES='fullchain key'
NNRPD_ROOT=/usr/local/lib/certrepo-tests/nnrpd

_svc_nnrpd_conf() { # DIR
	cat >"$1/etc/inn.conf" <<-END
	mta: "/bin/false %s"
	nnrpdloadlimit: 0
	organization: "a test"
	ovmethod: tradindexed
	hismethod: hisv6
	pathhost: localhost
	domain: localhost.test
	pathnews: $NNRPD_ROOT/usr/lib/news
	pathetc: $1/etc
	pathdb: $1/spool
	pathrun: $1/run
	pathtmp: $1/run
	pathlog: $1/run
	pathspool: $1/spool
	patharticles: $1/spool
	pathoverview: $1/spool
	runasuser: news
	runasgroup: news
	tlscafile: $NNRPD_CERT
	tlscertfile: $NNRPD_CERT
	tlskeyfile: $NNRPD_KEY
	END
	cat >"$1/etc/readers.conf" <<-END
	auth "all" { hosts: "*" default: "<anon>" }
	access "all" { users: "<anon>" newsgroups: "*" }
	END
	printf 'method tradspool {\n newsgroups: *\n class: 0\n}\n' \
		>"$1/etc/storage.conf"
	: >"$1/etc/newsfeeds"
	: >"$1/etc/inn-secrets.conf"
	: >"$1/spool/active"
	: >"$1/spool/history"
	: >"$1/spool/tradspool.map"
	chown -R news: "$1/run" "$1/spool"
}
svc_nnrpd_start() {
	svc_begin nnrpd || return 1
	_d=$NNRPD_DIR _bin=$NNRPD_ROOT/usr/lib/news/bin
	NNRPD_PORT=$(free_port)
	NNRPD_ENDPOINTS=nntp:$NNRPD_PORT
	NNRPD_CONF=$_d/etc/inn.conf
	mkdir "$_d/etc" "$_d/run" "$_d/spool"
	_svc_nnrpd_conf "$_d"
	_env="env INNCONF=$NNRPD_CONF LD_LIBRARY_PATH=$NNRPD_ROOT/usr/lib/news"
	_env="$_env setpriv --reuid=news --regid=news --clear-groups"
	# the one with TLS, before there was one for all
	_nnrpd=$_bin/nnrpd-ssl
	[ -x "$_nnrpd" ] || _nnrpd=$_bin/nnrpd
	# makes the overview that nnrpd wants to open
	$_env "$_bin/overchan" </dev/null || return 1
	svc_command nnrpd "$_env" "$_nnrpd" -D -f -b 127.0.0.1 \
		-p "$NNRPD_PORT"
	svc_start nnrpd "$NNRPD_PORT"
}
svc_nnrpd_stop() {
	svc_stop nnrpd
}
svc_nnrpd_alive() {
	svc_alive nnrpd
}
