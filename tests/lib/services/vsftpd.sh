# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# vsftpd, AUTH TLS. It must be restarted; with files that do not fit it does
# not start.

VSFTPD_PACKAGE=vsftpd
VSFTPD_USER=root
VSFTPD_FILES='fullchain key'

svc_vsftpd_start() {
	svc_begin vsftpd || return 1
	_d=$VSFTPD_DIR
	VSFTPD_PORT=$(free_port)
	VSFTPD_ENDPOINTS=ftp:$VSFTPD_PORT
	VSFTPD_CONF=$_d/vsftpd.conf
	mkdir "$_d/empty"
	# no blanks around =, or at the end of a line
	cat >"$VSFTPD_CONF" <<-END
	listen=YES
	listen_port=$VSFTPD_PORT
	listen_address=127.0.0.1
	background=NO
	anonymous_enable=YES
	local_enable=NO
	anon_root=$_d/empty
	secure_chroot_dir=$_d/empty
	ssl_enable=YES
	allow_anon_ssl=YES
	ssl_ciphers=HIGH
	rsa_cert_file=$VSFTPD_CERT
	rsa_private_key_file=$VSFTPD_KEY
	END
	svc_command vsftpd vsftpd "$VSFTPD_CONF"
	svc_start vsftpd "$VSFTPD_PORT"
}
svc_vsftpd_stop() {
	svc_stop vsftpd
}
svc_vsftpd_alive() {
	svc_alive vsftpd
}
