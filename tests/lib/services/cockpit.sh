# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Cockpit's TLS proxy, as Debian's unit has it, but for the socket that starts
# it, and without the servers behind it: its start copies the last NAME.cert
# of ws-certs.d and the NAME.key beside it to where the proxy, which is not
# root, reads them. With COCKPIT_ETC there is $COCKPIT_ETC/cockpit/ws-certs.d,
# otherwise one with links to COCKPIT_CERT and COCKPIT_KEY. It must be
# restarted, and does not start with files that do not fit.

COCKPIT_PACKAGE=cockpit-ws
COCKPIT_USER=root
COCKPIT_FILES='fullchain key'

svc_cockpit_start() {
	svc_begin cockpit || return 1
	_d=$COCKPIT_DIR
	COCKPIT_PORT=$(free_port)
	COCKPIT_ENDPOINTS=tls:$COCKPIT_PORT
	if [ -z "${COCKPIT_ETC-}" ]; then
		COCKPIT_CONF=$_d/etc/cockpit/ws-certs.d
		mkdir -p "$COCKPIT_CONF" &&
			ln -s "$COCKPIT_CERT" "$COCKPIT_CONF/50-certrepo.cert" &&
			ln -s "$COCKPIT_KEY" "$COCKPIT_CONF/50-certrepo.key" ||
			return 1
	fi
	COCKPIT_TEST="env XDG_CONFIG_DIRS=${COCKPIT_ETC:-$_d/etc}
		/usr/lib/cockpit/cockpit-certificate-ensure --check"
	# shellcheck disable=SC2086,SC2116 # into one line
	COCKPIT_TEST=$(echo $COCKPIT_TEST)
	# as of Debian 13 the unit's user is one that systemd makes up
	_u=cockpit-ws
	id -u $_u >/dev/null 2>&1 || _u=nobody
	# what the unit does; its paths in /run are fixed, so it gets its own
	cat >"$_d/unit" <<-END
	rm -rf $_d/run && mkdir -p $_d/run/cockpit/tls \
		$_d/run/cockpit/wsinstance &&
		chown $_u: $_d/run/cockpit/tls &&
		mount --bind $_d/run /run || exit 1
	export XDG_CONFIG_DIRS=${COCKPIT_ETC:-$_d/etc}
	export RUNTIME_DIRECTORY=/run/cockpit/tls
	/usr/lib/cockpit/cockpit-certificate-ensure --for-cockpit-tls || exit 1
	exec setpriv --reuid=$_u --regid=\$(id -g $_u) --clear-groups \
		/usr/lib/cockpit/cockpit-tls --port $COCKPIT_PORT --idle-timeout 0
	END
	svc_command cockpit unshare --mount /bin/sh "$_d/unit"
	svc_start cockpit "$COCKPIT_PORT"
}
svc_cockpit_stop() {
	svc_stop cockpit
}
svc_cockpit_alive() {
	svc_alive cockpit
}
