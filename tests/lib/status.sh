# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# A store of a small fleet as it is at one instant, 2026-12-01 00:00:00 UTC, and
# certrepo-status with the clock of that instant. After lib.sh:
#
#	status_store		$T/db, and $T/status.conf with it
#	status WORD...		certrepo-status then: rc, out, err
#	status_sql SQL
#
#	well	60 of 90 days left, served by web1 and web2
#	old	issued two days ago; web2 serves the one before
#	gone	expired yesterday, seven failures
#	short	of 160 hours, 90 left, on no host
#	off	disabled, and expired
#	new	no certificate yet
# shellcheck disable=SC2154 # rc, out and err are run's

STATUS_NOW=1796083200
# as the store may have it, which others wrote
# shellcheck disable=SC1003 # no quote is meant
STATUS_HOSTILE='<script>alert("1")</script>|\'
_d=86400 _h=3600

status_sql() {
	sqlite3 "$T/db" "$1"
}
_sha() { # WORD
	printf %s "$1" | sha256sum | cut -d' ' -f1
}
_name() { # NAME ENABLE BEGIN END OWNER FAILURES NEXT CLASS DETAIL
	_n_at="'$1.example.org'" _n_crt="'$(_sha "crt $1")'"
	echo "INSERT INTO certs (name, enable, csr, md5_modulus, ca, ca_name, crt,
		ts_expire, ts_expire_seen, ts_not_before, ts_last_update,
		count_fail_update, key_sha256, crt_sha256, ts_due,
		ts_next_attempt, held, owner, fail_class, fail_detail) VALUES
		($_n_at, '$2', x'00', '$1', x'00', 'letsencrypt', x'00', $4, $4,
		$3, $3, $6, '$(_sha "key $1")', $_n_crt, max($4 - ($4 - $3) / 3,
		$7), $7, 0, $5, $8, $9);
	INSERT INTO cert_facts (name, crt_sha256, fingerprint, old_fingerprint,
		ts_not_before, ts_not_after, ts_stored, key_type, key_sha256,
		ts_key, key_certs, issuer, n_names, names_sha256) VALUES
		($_n_at, $_n_crt, '$(_sha "new $1")', '$(_sha "old $1")', $3, $4,
		$3, 'P-256', '$(_sha "key $1")', $STATUS_NOW - 300 * $_d, 5,
		'Test CA E1', 2, '$(_sha "$1")');"
}
_receipt() { # HOST NAME ENDPOINT WHICH
	echo "INSERT INTO installs (host, name, service, endpoint, protocol, state,
		fingerprint, ts_expire, depth, ts, version, profile, needs,
		heartbeat, ts_window) SELECT '$1.example.org', '$2.example.org',
		'web', '$3', 'tls', 'served', '$(_sha "$4 $2")', ts_expire, 2,
		$STATUS_NOW - $_h, '0.2.0', 'nginx', '', $_d, 0 FROM certs
		WHERE name = '$2.example.org';"
}
_alive() { # HOST WHEN
	echo "INSERT INTO installs (host, name, service, endpoint, state, ts_expire,
		depth, ts, version, heartbeat) VALUES ('$1.example.org', '', '',
		'', 'alive', 0, 0, $2, '0.2.0', $_d);"
}
_rows() {
	_t=$STATUS_NOW
	echo 'BEGIN;'
	_name well Y $((_t - 30 * _d)) $((_t + 60 * _d)) "'web@example.org'" \
		0 0 NULL NULL
	_name old Y $((_t - 2 * _d)) $((_t + 88 * _d)) NULL 0 0 NULL NULL
	_name gone Y $((_t - 91 * _d)) $((_t - _d)) "'web@example.org'" 7 \
		$((_t + 5 * _h)) "'unauthorized'" "'$STATUS_HOSTILE'"
	_name short Y $((_t - 70 * _h)) $((_t + 90 * _h)) NULL 0 0 NULL NULL
	_name off N $((_t - 400 * _d)) $((_t - 310 * _d)) NULL 0 0 NULL NULL
	echo "INSERT INTO certs (name, csr, md5_modulus, ca_name, key_sha256, ts_due)
		VALUES ('new.example.org', x'00', 'new', 'letsencrypt',
		'$(_sha 'key new')', 0);"
	for _w in web1 web2; do
		_receipt $_w well 192.0.2.1:443 new
		_alive $_w $((_t - _h))
	done
	_receipt web1 old 192.0.2.1:443 new
	_receipt web2 old 192.0.2.1:443 old
	echo "INSERT INTO cas (name, directory, backoff_until) VALUES
		('letsencrypt', 'https://acme.example/directory', 0);
	INSERT INTO fetchers (instance, host, version, ts_start, ts_end, ts_ok,
		status, n_ok, n_failed) VALUES ('0123456789abcdef',
		'centre.example.org', '0.2.0', $_t - 1800, $_t - 1700, $_t - 1700,
		0, 2, 0);
	INSERT INTO settings (name, value, ts) VALUES
		('default_ca', 'letsencrypt', $_t), ('cas', 'letsencrypt', $_t),
		('days_left', '0', $_t), ('count_fail_limit', '10', $_t),
		('deliver_within', '0', $_t), ('order_timeout', '900', $_t);
	INSERT INTO attempt_totals (day, ca_name, outcome, n) VALUES
		(0, 'letsencrypt', 'ok', 100), ($_t / $_d - 1, 'letsencrypt',
		'ok', 7), ($_t / $_d - 1, 'letsencrypt', 'unauthorized', 2);
	COMMIT;"
}
status_store() {
	command -v faketime >/dev/null || skip_all "no faketime"
	printf 'store : { path = "%s/db"; };\n' "$T" >"$T/status.conf"
	printf 'store : { path = "%s/db"; };\nwebroot_prefixes = ["/srv"];
ca = ( { name = "letsencrypt"; directory = "https://ca.example"; agree_tos = true; contact = [ "mailto:a@example.org" ]; } );\n' \
		"$T" >"$T/c.conf"
	{ "$BUILD/certrepo-populate" -c "$T/c.conf" init &&
		_rows | sqlite3 -bail "$T/db"; } >"$T/log/rows" 2>&1 ||
		bail "no rows: $(cat "$T/log/rows")"
	TZ=UTC
	export TZ
}
status() {
	run env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
		FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f '2026-12-01 00:00:00' \
		"$BUILD/certrepo-status" -c "$T/status.conf" "$@"
}
