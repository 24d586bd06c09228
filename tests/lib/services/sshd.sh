# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# An appliance that nobody can install anything on, reached by ssh, scp and
# sftp as root: a tree like that of an ESXi host (SSHD_ROOT) in which sshd
# runs. There are /etc/vmware/ssl/rui.crt and rui.key, made from SSHD_CERT and
# SSHD_KEY, and /etc/init.d/hostd and rhttpproxy, which start, stop, restart
# and tell their status. rhttpproxy (nginx) serves TLS at SSHD_HTTPS_PORT; with
# files that do not fit it does not start, and there is no TLS. What is in /etc
# is gone with svc_sshd_reboot, unless /sbin/auto-backup.sh has saved it.
#
# SSHD_SSH and SSHD_SCP are ssh and scp with the options they need, SSHD_HOST
# whom to ask: $SSHD_SSH $SSHD_HOST true. SSHD_PORT, SSHD_IDENTITY and
# SSHD_KNOWN_HOSTS are what is in them.

SSHD_PACKAGE=openssh-server
SSHD_USER=root
SSHD_FILES='fullchain key'

# A program in the jail, with its libraries, at its own path.
_svc_sshd_program() { # ROOT PROGRAM...
	_root=$1
	shift
	for _x in "$@"; do
		_x=$(command -v "$_x") || return 1
		ldd "$_x" | grep -o '/[^ ]*'
		echo "$_x"
	done | sort -u | while read -r _x; do
		mkdir -p "$_root$(dirname "$_x")" && cp -L "$_x" "$_root$_x"
	done
}
_svc_sshd_tree() { # ROOT
	mkdir -p "$1/etc/vmware/ssl" "$1/etc/init.d" "$1/etc/ssh" "$1/run/sshd" \
		"$1/var/run" "$1/var/log" "$1/var/lib/nginx" "$1/tmp" "$1/dev" \
		"$1/usr" "$1/bootbank" || return 1
	for _x in bin sbin lib lib64; do
		mkdir "$1/usr/$_x" && ln -s "usr/$_x" "$1/$_x" || return 1
	done
	mknod -m 666 "$1/dev/null" c 1 3 2>/dev/null ||
		{ : >"$1/dev/null" && chmod 666 "$1/dev/null"; }
	# sshd's own programs, from 9.8 on
	_x=$(find /usr/lib/openssh -name 'sshd-*')
	# shellcheck disable=SC2086 # a list
	_svc_sshd_program "$1" /usr/sbin/sshd $_x nginx scp sh cat cp mv rm ls \
		ln mkdir chmod chown mktemp readlink sha256sum sleep sync stat \
		touch || return 1
	cat >"$1/etc/passwd" <<-END
	root:x:0:0::/:/bin/sh
	sshd:x:65534:65534::/run/sshd:/bin/false
	END
	echo root:x:0: >"$1/etc/group"
	cat >"$1/sbin/auto-backup.sh" <<-END
	#!/bin/sh
	cp -p /etc/vmware/ssl/rui.crt /bootbank
	END
	chmod 755 "$1/sbin/auto-backup.sh"
	cp "$SSHD_CERT" "$1/etc/vmware/ssl/rui.crt" &&
		cp "$SSHD_CERT" "$1/bootbank/rui.crt" &&
		cp "$SSHD_KEY" "$1/etc/vmware/ssl/rui.key" &&
		chmod 400 "$1/etc/vmware/ssl/rui.key"
}
_svc_sshd_init() { # ROOT NAME WORD...: a script in the style of /etc/init.d
	_init=$1/etc/init.d/$2 _iname=$2
	shift 2
	cat >"$_init" <<-END
	#!/bin/sh
	pidfile=/var/run/$_iname.pid
	running() {
	  [ -s \$pidfile ] && kill -0 "\$(cat \$pidfile)" 2>/dev/null
	}
	start() {
	  running && return 0
	  $* >>/var/log/$_iname.log 2>&1 </dev/null &
	  echo \$! >\$pidfile
	  sleep 0.2
	  running && echo "$_iname started"
	}
	stop() {
	  running && kill "\$(cat \$pidfile)"
	  i=0
	  while running && [ \$((i += 1)) -le 5 ]; do sleep 0.1; done
	  rm -f \$pidfile
	  echo "$_iname stopped"
	}
	case \$1 in
	start) start ;;
	stop) stop ;;
	restart) stop && start ;;
	status) running && echo "$_iname is running." ;;
	esac
	END
	chmod 755 "$_init"
}
_svc_sshd_proxy() { # PORT
	cat <<-END
	user root;
	daemon off;
	master_process off;
	pid /var/run/nginx.pid;
	error_log stderr;
	events {
	}
	http {
	  access_log off;
	  server {
	    listen 127.0.0.1:$1 ssl;
	    ssl_certificate /etc/vmware/ssl/rui.crt;
	    ssl_certificate_key /etc/vmware/ssl/rui.key;
	  }
	}
	END
}
_svc_sshd_conf() { # PORT
	cat <<-END
	Port $1
	ListenAddress 127.0.0.1
	HostKey /etc/ssh/host_key
	PidFile /var/run/sshd.pid
	AuthorizedKeysFile /etc/ssh/authorized_keys
	AuthenticationMethods publickey
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	UseDNS no
	Subsystem sftp internal-sftp
	END
}
_svc_sshd_keys() { # DIR ROOT
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$2/etc/ssh/host_key" &&
		ssh-keygen -q -t ed25519 -N '' -C '' -f "$1/id" &&
		cp "$1/id.pub" "$2/etc/ssh/authorized_keys" || return 1
	echo "[127.0.0.1]:$SSHD_PORT $(cat "$2/etc/ssh/host_key.pub")" \
		>"$1/known_hosts"
}
svc_sshd_start() {
	svc_begin sshd || return 1
	_d=$SSHD_DIR
	SSHD_ROOT=$_d/root
	SSHD_PORT=$(free_port)
	SSHD_HTTPS_PORT=$(free_port)
	SSHD_ENDPOINTS=tls:$SSHD_HTTPS_PORT
	SSHD_IDENTITY=$_d/id
	SSHD_KNOWN_HOSTS=$_d/known_hosts
	SSHD_HOST=root@127.0.0.1
	_sopt="-F none -i $_d/id -o UserKnownHostsFile=$_d/known_hosts
		-o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=10"
	# shellcheck disable=SC2086,SC2116 # into one line
	_sopt=$(echo $_sopt)
	SSHD_SSH="ssh $_sopt -p $SSHD_PORT"
	SSHD_SCP="scp -q $_sopt -P $SSHD_PORT"
	_svc_sshd_tree "$SSHD_ROOT" && _svc_sshd_keys "$_d" "$SSHD_ROOT" &&
		_svc_sshd_conf "$SSHD_PORT" >"$SSHD_ROOT/etc/ssh/sshd_config" &&
		_svc_sshd_init "$SSHD_ROOT" hostd sleep 1000000 &&
		_svc_sshd_proxy "$SSHD_HTTPS_PORT" >"$SSHD_ROOT/etc/proxy.conf" &&
		_svc_sshd_init "$SSHD_ROOT" rhttpproxy nginx -e stderr \
			-c /etc/proxy.conf || return 1
	cat >"$_d/reload" <<-END
	$SSHD_SCP $SSHD_CERT $SSHD_HOST:/etc/vmware/ssl/rui.crt.new &&
	$SSHD_SSH $SSHD_HOST 'mv /etc/vmware/ssl/rui.crt.new \
		/etc/vmware/ssl/rui.crt && /etc/init.d/hostd restart &&
		/etc/init.d/rhttpproxy restart'
	END
	SSHD_RELOAD="$_svc_lib/ctl $_d reload"
	svc_command sshd chroot "$SSHD_ROOT" /usr/sbin/sshd -D -e
	svc_start sshd "$SSHD_PORT" || return 1
	for _x in hostd rhttpproxy; do
		ln -sf "$SSHD_ROOT/var/run/$_x.pid" "$T/pid/sshd-$_x"
		chroot "$SSHD_ROOT" /etc/init.d/$_x start >/dev/null || return 1
	done
	wait_port "$SSHD_HTTPS_PORT"
}
# The whole appliance; sshd goes on.
svc_sshd_reboot() {
	cp -p "$SSHD_ROOT/bootbank/rui.crt" "$SSHD_ROOT/etc/vmware/ssl/rui.crt"
	for _x in hostd rhttpproxy; do
		chroot "$SSHD_ROOT" /etc/init.d/$_x restart >/dev/null || return 1
	done
	wait_port "$SSHD_HTTPS_PORT"
}
svc_sshd_stop() {
	stop sshd-rhttpproxy && stop sshd-hostd && svc_stop sshd
}
svc_sshd_alive() {
	svc_alive sshd
}
