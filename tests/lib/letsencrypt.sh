# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the caller
# Let's Encrypt by its own names and URLs, for a host whose configuration is
# left as it is: two pebbles, one of them staging, behind an nginx at CA_ADDR.
# The host, www.example.org and shop.example.org, is at HOST_ADDR, at the other end of a wire, since
# both want port 443. Source after lib.sh, as root in network and mount
# namespaces of the test's own.
#
#	le_start		makes all of it; names are in LE_HOSTS then, a file,
#				which is also what this namespace has as /etc/hosts
#	le_web faketime -f +61d	its web server anew, by a clock that is on
#	nsenter "--net=$HOST_NET" COMMAND
#
# LE_CA is the trust anchor of its web server, LE_ROOTS those of what it issues.
# Its certificates live 90 days.

CA_ADDR=192.0.2.1 HOST_ADDR=192.0.2.2
HOST_NET='' LE_CA='' LE_ROOTS='' LE_HOSTS=''

_le_other_net() {
	[ "$(readlink /proc/self/ns/net)" != "$(readlink "$HOST_NET")" ]
}
_le_wire() {
	unshare --net sleep infinity &
	echo $! >"$T/pid/wire"
	HOST_NET=/proc/$!/ns/net
	wait_for 5 _le_other_net && ip link set lo up &&
		ip link add ca type veth peer name host netns "$!" &&
		ip addr add $CA_ADDR/24 dev ca && ip link set ca up &&
		nsenter "--net=$HOST_NET" sh -c "ip link set lo up &&
			ip addr add $HOST_ADDR/24 dev host &&
			ip link set host up"
}
_le_names() {
	LE_HOSTS=$T/le/hosts
	{
		echo '127.0.0.1 localhost'
		echo "$HOST_ADDR www.example.org example.org shop.example.org"
		echo "$CA_ADDR acme-v02.api.letsencrypt.org" \
			acme-staging-v02.api.letsencrypt.org
	} >"$LE_HOSTS"
	mount --bind "$LE_HOSTS" /etc/hosts
}
_le_pebble() { # NAME PORT MANAGEMENT_PORT
	cat >"$T/le/$1.json" <<-END
	{ "pebble": {
	  "listenAddress": "127.0.0.1:$2",
	  "managementListenAddress": "127.0.0.1:$3",
	  "certificate": "$T/le/web.pem", "privateKey": "$T/le/web.key",
	  "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
	  "externalAccountBindingRequired": false,
	  "certificateValidityPeriod": 7776000
	} }
	END
	start "$1" env PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 \
		PEBBLE_WFE_NONCEREJECT=0 pebble -config "$T/le/$1.json" -strict
	LE_ROOTS="$LE_ROOTS $T/le/$1.root.pem"
	{ wait_port "$2" 15 && wait_port "$3" &&
		curl -sSf --noproxy '*' --cacert "$LE_CA" \
			"https://127.0.0.1:$3/roots/0" \
			>"$T/le/$1.root.pem"; } ||
		bail "$1: $(cat "$T/log/$1")"
}
# Longer than a test's CA usually lives: clocks are turned on.
_le_ca() {
	LE_CA=$T/le/ca/ca.pem
	mkdir "$T/le/ca" && make_key "$T/le/ca/ca.key" &&
		openssl req -x509 -new -key "$T/le/ca/ca.key" -out "$LE_CA" \
			-days 200 -subj "/CN=certrepo test HTTPS CA" \
			-addext "keyUsage=critical,keyCertSign,cRLSign" &&
		make_key "$T/le/web.key" &&
		CERT_DAYS=200 make_cert "$T/le/ca" "$T/le/web.key" \
			"$T/le/web.pem" acme-v02.api.letsencrypt.org \
			acme-staging-v02.api.letsencrypt.org 127.0.0.1
}
_le_web_conf() {
	echo "daemon off; pid $T/le/web.pid; error_log stderr;"
	echo "events { } http { access_log off;"
	for _m in client_body proxy fastcgi uwsgi scgi; do
		echo "${_m}_temp_path $T/le/tmp;"
	done
	echo "ssl_certificate $T/le/web.pem;"
	echo "ssl_certificate_key $T/le/web.key;"
	for _m in acme-v02:14000 acme-staging-v02:14001; do
		echo "server { listen $CA_ADDR:443 ssl http2;"
		echo "server_name ${_m%:*}.api.letsencrypt.org;"
		echo "proxy_set_header Host \$host;"
		echo "location = /directory {"
		echo "proxy_pass https://127.0.0.1:${_m#*:}/dir; }"
		echo "location / { proxy_pass https://127.0.0.1:${_m#*:}; } }"
	done
	echo '}'
}
le_web() { # [COMMAND... that runs it]
	stop web
	start web "$@" nginx -c "$T/le/web.conf" -e stderr
	{ wait_for 10 curl -sf --noproxy '*' --cacert "$LE_CA" \
		https://acme-v02.api.letsencrypt.org/directory &&
		adopt web "$T/le/web.pid"; } || bail "web: $(cat "$T/log/web")"
}
le_start() {
	{ mkdir -p "$T/le/tmp" && _le_wire && _le_names && _le_ca; } ||
		bail "no wire to a CA"
	_le_pebble acme-v02 14000 15000
	_le_pebble acme-staging-v02 14001 15001
	_le_web_conf >"$T/le/web.conf"
	le_web
}
# What the host serves as NAME, as the world sees it: its certificate's
# fingerprint; all that it sends is in $T/served, PEM, in order.
le_served() { # [NAME]
	timeout 10 openssl s_client -connect $HOST_ADDR:443 \
		-servername "${1:-www.example.org}" -showcerts </dev/null 2>/dev/null |
		sed -n '/-BEGIN CERT/,/-END CERT/p' >"$T/served"
	cert_fp "$T/served"
}
# The nginx of the README's blocks answers for NAME on port 80.
le_reloaded() { # NAME
	[ "$(curl -s --noproxy '*' -o "$T/le/curl" -w '%{http_code}' \
		"http://$1/")" = 301 ]
}
