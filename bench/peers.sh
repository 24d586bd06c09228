# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # shared with run.sh
# How the other clients issue one certificate by http-01 into $WEBROOT from
# the CA at $1, the account being there: peer_NAME_account URL, then
# peer_NAME URL DNSNAME. All of them one after another, as they are meant to
# be run.

peer_lego_account() { :; } # it makes one on its first run
peer_lego() {
	LEGO_CA_CERTIFICATES=$PEBBLE_CA lego --path "$T/lego" --server "$1" \
		--accept-tos --email bench@example.test --domains "$2" \
		--http --http.webroot "$WEBROOT" run
}

peer_certbot_account() { :; } # likewise
peer_certbot() {
	REQUESTS_CA_BUNDLE=$PEBBLE_CA certbot certonly --webroot \
		-w "$WEBROOT" -d "$2" --server "$1" --agree-tos -n \
		--register-unsafely-without-email --config-dir "$T/certbot" \
		--work-dir "$T/certbot" --logs-dir "$T/certbot"
}

_dehydrated() {
	cat >"$T/dehydrated.conf" <<-END
	CA=$1
	BASEDIR=$T/dehydrated
	WELLKNOWN=$WEBROOT/.well-known/acme-challenge
	CURL_OPTS="--cacert $PEBBLE_CA"
	CHALLENGETYPE=http-01
	KEY_ALGO=prime256v1
	END
	mkdir -p "$T/dehydrated" "$WEBROOT/.well-known/acme-challenge"
	shift
	dehydrated -f "$T/dehydrated.conf" "$@"
}
peer_dehydrated_account() {
	_dehydrated "$1" --register --accept-terms
}
peer_dehydrated() {
	_dehydrated "$1" -c -d "$2"
}

# It knows no setting for trust anchors: the system's are replaced for it
# alone, in a mount namespace of its own.
_uacme() {
	_map=
	[ "$(id -u)" = 0 ] || _map=-Ur
	# shellcheck disable=SC2016,SC2086 # for the inner shell; one option
	unshare $_map -m sh -c '
		mount --bind "$0" /etc/ssl/certs/ca-certificates.crt &&
			exec uacme "$@"' "$PEBBLE_CA" -c "$T/uacme" "$@"
}
peer_uacme_account() {
	cat >"$T/uacme.hook" <<-END
	#!/bin/sh
	[ "\$2" = http-01 ] || exit 1
	d=$WEBROOT/.well-known/acme-challenge
	case \$1 in
	begin) mkdir -p \$d && printf %s "\$5" >"\$d/\$4" ;;
	*) rm -f "\$d/\$4" ;;
	esac
	END
	chmod 755 "$T/uacme.hook"
	_uacme -y -a "$1" new
}
peer_uacme() {
	_uacme -a "$1" -t EC -h "$T/uacme.hook" issue "$2"
}
