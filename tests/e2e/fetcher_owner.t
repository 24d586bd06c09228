#!/bin/sh
# SPDX-License-Identifier: MIT
# The owner of a name is told by mail what becomes of it, and of no other: by
# fetchers on one store, with pebble as their CA. sendmail is a script.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"

# Each mail is a file, of the last argument, which is to whom.
mkdir -p "$T/bin" "$T/mails" "$T/state2"
cat >"$T/bin/take-mail" <<-END
	#!/bin/sh
	for to; do :; done
	[ ! -e "$T/fails" ] || exit 75
	cat >"$T/mails/\$to.\$\$"
END
chmod 755 "$T/bin/take-mail"
NOTIFY="notify : { mail = \"root\"; sendmail = [ \"$T/bin/take-mail\", \"root\" ]; };"
A=a.example.test B=b.example.test C=c.example.test D=d.example.test

# What was mailed to WHOM since the last time, its lines joined.
mailed() { # WHOM
	for _m in "$T/mails/$1".*; do
		[ -e "$_m" ] || continue
		tr -s ' \n' ' ' <"$_m"
		rm "$_m"
	done
}
nobody() { # NAME
	is "$(ls "$T/mails")" "" "$1"
	rm -f "$T/mails"/*
}
due_now() {
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0 WHERE crt IS NULL"
}
conf() { # SETTING...
	STAGE_EXTRA=$*
	stage_conf
	sed "s,state_dir = .*,state_dir = \"$T/state2\";,
		s,$T/state/account.pem,$T/state2/account.pem," "$CONF" >"$T/two.conf"
	chmod 600 "$T/two.conf"
}
# The second fetcher.
two() {
	run "$BUILD/certrepo-fetcher" -c "$T/two.conf" --once
}
ended() {
	! running one && ! running two
}

stage_dns || bail "no name server"
stage_start || bail "no CA"
stage_store mariadb || bail "no store"
conf "$NOTIFY"
for n in $A $B $C; do
	enrol "$n" ec "$n" || bail "cannot enrol"
	run populate set "$n" challenge=http-01 webroot_path="$WEBROOT"
done
run populate set $A owner=ann@example.org
is "$rc" 0 "an owner"
run populate set $B owner=bob@example.org
is "$rc" 0 "another"

run fetcher --once
is "$rc" 1 "pebble does not see their proofs"
nobody "... which is nobody's business, once"
due_now
run fetcher --once
like "$(mailed root)" "Subject: [^:]*: 3 new matters .*3 certificates: failing " \
	"twice: all are told of all"
mail=$(mailed ann@example.org)
like "$mail" "^To: ann@example.org Subject: certrepo on [^ ]*: 1 new matter \\($A\\) " \
	"the owner of one is told"
like "$mail" "You \\(ann@example.org\\) are noted there as the owner .*certificate $A: failing" \
	"... why, and what"
unlike "$mail" "$B|$C|bob|root" "... and of no other"
mail=$(mailed bob@example.org)
like "$mail" "certificate $B: failing" "so is the other one"
unlike "$mail" "$A|$C|ann" "... of his"
nobody "... and nobody else"

# --- two fetchers ---
due_now
two
like "$rc $(mailed root)" "^1 .*3 new matters" "another fetcher finds the same"
nobody "... which owners know"
enrol $D ec $D || bail "cannot enrol"
run populate set $D challenge=http-01 webroot_path="$WEBROOT" owner=ann@example.org
sql "UPDATE certs SET count_fail_update = 3, fail_class = 'connection',
	fail_detail = 'no route', ts_next_attempt = 1,
	ts_due = $(($(date +%s) + 3600)) WHERE name = '$D'"
sql "UPDATE certs SET ts_next_attempt = $(($(date +%s) + 3600)),
	ts_due = $(($(date +%s) + 3600)) WHERE name <> '$D' OR 1 = 1"
start one "$BUILD/certrepo-fetcher" -c "$CONF" --once
start two "$BUILD/certrepo-fetcher" -c "$T/two.conf" --once
ok "both at the same time" wait_for 30 ended
is "$(find "$T/mails" -name 'ann@*' | wc -l | tr -d ' ')" 1 "one of them tells the owner"
like "$(mailed ann@example.org)" "1 new matter \\($D\\)" "... of another name of hers"
like "$(mailed root)" "$D.*$D" "... and each tells the others"

# --- over ---
for n in $A $D; do
	run populate set "$n" challenge=dns-01
done
run fetcher --once
cert_ok $A "it is mended"
two
# Each by the fetcher that told her of it.
mail=$(mailed ann@example.org)
like "$mail" "Over, what was: .*certificate $A: failing since .* its certificate is valid until " \
	"over, for its owner"
is "$(printf '%s\n' "$mail" | grep -o "certificate [ad][a-z.]*: failing" |
	sort | uniq -c | tr -s ' ')" " 1 certificate $A: failing
 1 certificate $D: failing" "... once, and so is the other"
rm -f "$T/mails"/*

# --- what the store says, and what sendmail does ---
sql "UPDATE certs SET owner = '-oQ/tmp' WHERE name = '$C'"
sql "UPDATE certs SET owner = 'eve@example.org' WHERE name = '$B'"
: >"$T/fails"
run fetcher --once
is "$rc" 1 "a new owner, and a mail that is not taken"
like "$err" "1 owner of certificates could not be told, the next run tries again: mail to eve@example.org: .*exited with 75" \
	"... is said"
rm "$T/fails"
run fetcher --once
is "$rc" 0 "the next run"
like "$(mailed eve@example.org)" "1 new matter \\($B\\)" "... tells him"
nobody "... and an owner that is an option is nobody"

# --- owners alone ---
conf
if [ "$(id -u)" = 0 ] && [ -e /usr/sbin/sendmail ] && unshare -m true 2>/dev/null; then
	sql "UPDATE certs SET owner = 'zoe@example.org' WHERE name IN ('$B', '$C')"
	run unshare -m sh -c "mount --bind '$T/bin/take-mail' /usr/sbin/sendmail &&
		exec '$BUILD/certrepo-fetcher' -c '$CONF' --once"
	is "$rc" 0 "without notify"
	like "$(mailed zoe@example.org)" "2 new matters" "... owners are told, by sendmail"
	nobody "... and nobody else"
else
	pass "# SKIP needs root, and a sendmail"
fi

done_testing
