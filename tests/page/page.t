#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of certrepo-status --html: by a validator, by its size, and in a real
# browser (browser.py, which goes on with the numbers).
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

status_store
html() { # FILE TIME OPTION...: by the clock of that time
	_file=$1 _when=$2
	shift 2
	run env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
		faketime -f "$_when" "$BUILD/certrepo-status" \
		-c "$T/status.conf" --html --output "$T/$_file.html" "$@"
	is "$rc $out$err" "0 " "$_file.html is written"
}
# Another name, whose owner, CA and failure have a meaning in HTML; rows that
# are there are moved to the browser's clock, which nobody can set.
status_sql "INSERT INTO certs (name, csr, md5_modulus, ca_name, ts_due,
	fail_class, fail_detail, count_fail_update, ts_last_update, owner, held)
	VALUES ('mail.example.org', x'00', 'm', '\"><img src=x onerror=window.pwned=1>',
	0, 'rejected', '<script>window.pwned=1</script>', 10, $STATUS_NOW - 60,
	'</td><script>window.pwned=1</script>', 1)"
move=$(($(date +%s) - STATUS_NOW))
status_sql "UPDATE certs SET ts_expire = ts_expire + $move,
	ts_expire_seen = ts_expire_seen + $move,
	ts_not_before = ts_not_before + $move WHERE ts_not_before > 0;
	UPDATE certs SET ts_due = ts_due + $move WHERE ts_due > 0;
	UPDATE certs SET ts_last_update = ts_last_update + $move
	WHERE ts_last_update > 1;
	UPDATE cert_facts SET ts_not_before = ts_not_before + $move,
	ts_not_after = ts_not_after + $move, ts_stored = ts_stored + $move,
	ts_key = ts_key + $move;
	UPDATE installs SET ts = ts + $move, ts_expire = ts_expire + $move;
	UPDATE fetchers SET ts_start = ts_start + $move, ts_end = ts_end + $move,
	ts_ok = ts_ok + $move;
	UPDATE attempt_totals SET day = day + $move / 86400 WHERE day > 0"
html fresh +0s
html stale -4d
html short +0s --fresh 1s
is "$(tidy -q -e "$T/fresh.html" 2>&1)" "" "a validator has nothing to say"
is "$(grep -Eoi '(src|action)=.|href=("[^#]|[^"])|url\(|@import' "$T/fresh.html" |
	grep -v '^src=x$')" "" "nothing in it leads elsewhere"
run "$BUILD/certrepo-status" -c "$T/status.conf" --html
is "$rc" 1 "to who asks, the exit status says that somebody is needed"
# Many that need somebody, and many that do not.
status_sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	WHERE i < 20000)
	INSERT INTO certs (name, csr, md5_modulus, ts_due, held, fail_class)
	SELECT 'n' || i || '.a-longer-name-than-most-people-have.example.org',
	x'00', i, 0, i % 2, 'unauthorized' FROM n"
html many +0s
ok "it stays below 2 MB" test "$(wc -c <"$T/many.html")" -lt 2000000
is "$(tidy -q -e "$T/many.html" 2>&1)" "" "and whole"
like "$(cat "$T/many.html")" 'And [0-9]+ more certificates that need somebody' \
	"what does not fit is counted"
"$PYTHON" "$ROOT/tests/page/browser.py" "$T" >"$T/browser" 2>"$T/log/browser"
rc=$?
# its numbers go on behind ours
while read -r word rest; do
	case $word in
	ok) pass "${rest#* - }" ;;
	not) fail "${rest#* - }" ;;
	'#') echo "# $rest" ;;
	esac
done <"$T/browser"
is "$rc" 0 "the browser came to the end" || tail -5 "$T/log/browser"
[ -z "${SHOTS-}" ] || cp "$T"/*.png "$T"/*.html "$SHOTS"
done_testing
