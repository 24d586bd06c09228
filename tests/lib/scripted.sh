# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# A fetcher against the scripted ACME server, by http-01 (nobody looks at the
# proof). Source after stage.sh.
#
#	scripted_start; stage_store sqlite; scripted_row www.example.test
#	fault cert-other-key; run fetcher --once
#	offer '{"ari": {}}'; windows '* -7200 -3600' '* raw {}'
#
# Afterwards: REQUESTS, the server's log, one JSON line for each request; ROOT_1
# to ROOT_3 and ROOT_OLD, the trust anchors of its other chains. All it can do is
# at the top of acme_server.py.

scripted_start() { # [ACME_SERVER_OPTION...]
	DNS_PORT=${DNS_PORT:-9} # nobody there: http-01 needs none
	[ -d "$T/csr" ] || stage_start || return 1
	stop pebble
	REQUESTS=$T/scripted/requests
	mkdir -p "$T/scripted"
	rm -f "$T/log/scripted"
	start scripted "$PYTHON" "$ROOT/tests/lib/acme_server.py" \
		--cert "$T/pebble/cert.pem" --key "$T/pebble/key.pem" \
		--dir "$T/scripted" --log "$REQUESTS" "$@"
	wait_for 15 grep -q ^ready "$T/log/scripted" || {
		diag "no scripted server: $(cat "$T/log/scripted")"
		return 1
	}
	STAGE_DIRECTORY=$(sed -n 's/^ready //p' "$T/log/scripted")
	PEBBLE_ROOT=$T/scripted/root.pem
	ROOT_OLD=$T/scripted/root-old.pem
	ROOT_1=$T/scripted/root-1.pem ROOT_2=$T/scripted/root-2.pem
	ROOT_3=$T/scripted/root-3.pem
}
_scripted_post() { # PATH JSON
	curl -sSf --http1.1 --noproxy '*' --max-time 5 --cacert "$PEBBLE_CA" \
		-o /dev/null "${STAGE_DIRECTORY%/dir}/$1" -d "$2" ||
		bail "$1 $2 was not taken"
}
offer() { # JSON
	_scripted_post offer "$1"
}
windows() { # LINE...: all there are
	printf '%s\n' "$@" >"$T/scripted/windows.new"
	mv "$T/scripted/windows.new" "$T/scripted/windows"
}
fault() { # NAME [AT [TIMES [MATCH]]]; clear
	if [ "$1" = clear ]; then
		_json='{"clear": true}'
	else
		_json="{\"name\": \"$1\", \"times\": ${3:-1}"
		[ -z "${2-}" ] || _json="$_json, \"at\": \"$2\""
		[ -z "${4-}" ] || _json="$_json, \"match\": \"$4\""
		_json="$_json}"
	fi
	_scripted_post fault "$_json"
}
scripted_row() { # NAME [DNSNAME...]
	[ $# -gt 1 ] || set -- "$1" "$1"
	_row=$1
	shift
	enrol "$_row" ec "$@" && populate set "$_row" challenge=http-01 \
		webroot_path="$WEBROOT" >"$T/enrol.log" 2>&1
}
# Nothing was tried yet, no certificate, no account.
scripted_reset() {
	fault clear
	: >"$REQUESTS"
	for _t in orders proofs attempts cas; do
		sql "DELETE FROM $_t"
	done
	sql "UPDATE certs SET crt = NULL, ca = NULL, ts_expire = 1,
		ts_expire_seen = 1, ts_due = 0, ts_next_attempt = 0, held = 0,
		count_fail_update = 0, fail_class = NULL, fail_detail = NULL,
		lease_owner = NULL, lease_until = 0"
}
requests() { # KIND: how many
	grep -c "\"kind\": \"$1\"" "$REQUESTS"
}
