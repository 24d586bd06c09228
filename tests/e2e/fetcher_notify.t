#!/bin/sh
# SPDX-License-Identifier: MIT
# What needs a person on the central host is told by mail and by a command:
# once, in one message, and when it is over. sendmail and the command are
# scripts here, the CA is the scripted one.
# shellcheck disable=SC2034,SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

command -v python3 >/dev/null || skip_all "no python3"
mkdir -p "$T/bin"
for x in mail json; do
	printf '#!/bin/sh\n[ ! -e "%s.fails" ] || exit 1\ncat >"%s"\n' \
		"$T/$x" "$T/$x" >"$T/bin/take-$x"
	chmod 755 "$T/bin/take-$x"
done
ln -s "$BUILD/certrepo-fetcher" "$BUILD/certrepo-populate" "$T/bin"
NOTIFY="notify : { mail = \"root\"; sendmail = [ \"$T/bin/take-mail\" ];
	command = [ \"$T/bin/take-json\" ]; };"

# What was mailed since the last time, its lines joined; of the JSON, fields of
# each event.
mailed() {
	[ ! -e "$T/mail" ] || tr -s ' \n' ' ' <"$T/mail"
	rm -f "$T/mail"
}
events() { # FIELD...
	[ -e "$T/json" ] || return 0
	python3 -c 'import json, sys
for e in json.load(open(sys.argv[1]))["events"]:
	print(*(e[f] for f in sys.argv[2:]))' "$T/json" "$@"
	rm -f "$T/json"
}
# The command that a mail says to run.
command_of() { # MAIL BEFORE AFTER
	echo "$1" | sed "s/.*$2//; s/$3.*//"
}
conf() { # SETTING...
	STAGE_EXTRA=$*
	stage_conf
}
due_now() { # NAME
	sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0 WHERE name = '$1'"
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
conf "$NOTIFY"
A=a.example.test B=b.example.test
scripted_row $A || bail "cannot enrol"
scripted_row $B || bail "cannot enrol"
run fetcher --once --verbose
is "$rc $(mailed)$(events event)" "0 " "what goes well is told to nobody"
like "$err" "account ca=pebble url=\"?https://[^ ]*/acct/[^ ]* key=[-_A-Za-z0-9]{43}" \
	"... but a new account is logged"
run fetcher --once --verbose
unlike "$err" "account ca=" "... once"

# --- does it reach anybody? ---
run fetcher --test-notify
like "$rc $out" "^0 mail: a test was taken by: .*take-mail" "a test"
like "$out" "^whether it arrives, that mailbox says; if it does not, see mailq" \
	"... which is not yet there"
like "$(mailed)" "Subject: certrepo on [^ ]*: 1 new matter \\(a test\\)" "... is mailed"
is "$(events event topic)" "new test" "... and told to the command"
echo 'echo no route to mx; exit 75' >"$T/bin/breaks"
chmod 755 "$T/bin/breaks"
conf "notify : { mail = \"root\"; sendmail = [ \"/bin/sh\", \"$T/bin/breaks\" ]; };"
run fetcher --test-notify
is "$rc" 1 "nobody takes it"
like "$err" 'mail of notify: .*/breaks" exited with 75: "no route to mx"' \
	"... which is said, with its status and what it printed"
conf
run fetcher --test-notify
like "$rc $err" "^78 .*$CONF has no notify: nobody is told" "nobody is asked to"
run fetcher --test-notify x.example.test
is "$rc" 64 "a test is about no name"
conf "$NOTIFY"

# --- it fails, and its end is near ---
sql "UPDATE certs SET renew = 1 WHERE name = '$A'"
due_now $A
fault challenge-caa '' -1
run fetcher --once
is "$rc $(mailed)" "1 " "a failure long before its end is nobody's business"
now=$(date +%s)
sql "UPDATE certs SET ts_expire = $((now + 84600)),
	ts_expire_seen = $((now + 84600)),
	ts_not_before = $((now - 89 * 86400)) WHERE name = '$A'"
due_now $A
run fetcher --once $A
is "$rc $(mailed)$(events event)" "1 " "whoever gives names looks"
run fetcher --dry-run
is "$(mailed)$(events event)" "" "nor does a dry run tell"
due_now $A
run fetcher --once
is "$rc" 1 "it fails again"
mail=$(mailed)
like "$mail" "Subject: certrepo on [^ ]*: expires in 23 hours: 1 new matter \\($A\\)" "... one mail"
like "$mail" "certificate $A: failing( since [-0-9TZ:]*)? it expires on [-0-9TZ:]* \\(in 23 h\\); failed attempts: 3; tried again by itself, not before [-0-9TZ:]* [^;]*; the last: caa: " \
	"... says what, until when, and why"
like "$mail" "Change the CAA records of its domain.*certrepo-fetcher -c [^ ]* caa a.example.test To try at once:" \
	"... and what to do, without another CA where there is none"
is "$(events event topic state service name)" "new trouble failing  $A" \
	"... and the command is told"
run fetcher --once
is "$(mailed)$(events event)" "" "the next run tells nobody"

# --- held, by the command of the mail let go ---
sql "UPDATE certs SET count_fail_update = 20 WHERE name = '$A'"
due_now $A
run fetcher --once
like "$rc $err" "^1 .*held until someone acts" "once more: held"
mail=$(mailed)
like "$mail" "1 matter has changed \\($A\\)" "... is another thing"
like "$mail" "certificate $A: held( since [-0-9TZ:]*)? it expires on .* Not tried any more\. " \
	"... that does not end by itself"
is "$(events event state)" "changed held" "... for the command, too"
run fetcher --once
is "$rc $(mailed)$(events event)$err" "0 " "the next run tells nobody, by stderr neither"
fault clear
# shellcheck disable=SC2046 # words
run $(command_of "$mail" 'what is held: ' ' Or, if')
is "$rc $(mailed)" "0 " "what the mail says to run works"
run fetcher --once
is "$rc" 0 "... and the next run renews it"
mail=$(mailed)
like "$mail" "1 matter is over \\($A\\)" "over"
like "$mail" "held( since [-0-9TZ:]*)? its certificate is valid until [-0-9TZ:]* \\(in (89|90) days\\) certrepo-populate" \
	"... and what is now"
is "$(events event state name)" "over held $A" "... for the command, too"

# --- one that is new ---
C=c.example.test
scripted_row $C
fault challenge-unauthorized '' -1
run fetcher --once
is "$rc $(mailed)" "1 " "a new name fails once: it may pass"
due_now $C
run fetcher --once
mail=$(mailed)
like "$mail" "certificate $C: failing( since [-0-9TZ:]*)? it has no certificate yet" "twice: told"
like "$mail" "unauthorized: $C \\(http://$C/\.well-known/acme-challenge/[-_A-Za-z0-9]*\\): the CA did not" \
	"... of which name, and where the CA had to look"
rm -f "$T/json"
populate disable $C >"$T/log/disable"
run fetcher --once
like "$(mailed)" "1 matter is over \\($C\\).* it is disabled" "a person acted: over"
rm -f "$T/json"
fault clear

# --- the CA ---
sql "UPDATE certs SET renew = 1 WHERE name = '$B'"
due_now $B
stop scripted
run fetcher --once
is "$rc $(mailed)" "69 " "the CA is away: not yet told"
conf "$NOTIFY store_patience = 0;"
run fetcher --once
mail=$(mailed)
like "$mail" "1 new matter \\(CA pebble\\)" "when that has lasted, it is"
like "$mail" "CA pebble: ca-down .*; 1 name waits for it: $B expires on 20.*\\(in [0-9]* days\\); it is https:" \
	"... with what waits for it"
is "$(events event topic state name)" "new ca ca-down pebble" "... for the command, too"

# --- the store ---
good=$_store
_store="driver = \"mariadb\"; host = \"127.0.0.1\"; port = $(free_port);
	user = \"x\"; ca_file = \"$PEBBLE_CA\"; timeout = 2;"
conf "$NOTIFY"
run fetcher --once
is "$rc $(mailed)" "69 " "the store is away: not yet told"
conf "$NOTIFY store_patience = 0;"
run fetcher --once
is "$rc" 69 "when that has lasted"
mail=$(mailed)
like "$mail" "1 new matter \\(the store\\).* the store: unavailable .* Nothing is renewed without it; each run tries again\. Hosts go on" \
	"... it is told"
unlike "$mail" "over" "... and nothing is over that cannot be seen"
rm -f "$T/json"
_store=$good
conf "$NOTIFY"
scripted_start || bail 'no server'
conf "$NOTIFY"
sql "DELETE FROM cas"
run fetcher --once
like "$rc $(events event topic name | sort | tr '\n' ';')" "^0 over ca pebble;over store ;" \
	"both are back"
mail=$(mailed)
like "$mail" "the store: unavailable since [-0-9TZ:]* it answers" "... each in its words"
like "$mail" "CA pebble: ca-down since [-0-9TZ:]* it rests no more" "... the CA, too"

# --- one that turns us away is no outage, and stderr may be read by nobody ---
_store="driver = \"sqlite\"; path = \"$T/none.db\";"
conf "$NOTIFY store_patience = 0;"
run fetcher --once
like "$rc $err" "^78 .*no such database.* run certrepo-populate -c $CONF init" \
	"a store that cannot be used is printed"
like "$(mailed)" "the store: refused .*no such database" "... and told"
_store=$good
conf "$NOTIFY"
run fetcher --once
like "$(mailed)" "1 matter is over \\(the store\\)" "... until it can"
rm -f "$T/json"

# --- the CA that was away is asked at once, by the command of the mail ---
sql "UPDATE certs SET renew = 1 WHERE name = '$B'"
due_now $B
fault 503 directory -1
conf "$NOTIFY store_patience = 0;"
run fetcher --once
mail=$(mailed)
like "$rc $mail" "^69 .*1 new matter \\(CA pebble\\)" "the CA says 503"
fault clear
run fetcher --once
is "$rc" 69 "... and is well again, which nobody asks it"
# shellcheck disable=SC2046 # words
run $(command_of "$mail" 'ask the CA at once: ' ' certrepo-populate')
is "$rc" 0 "what the mail says to run asks it"
run fetcher --once
like "$rc $(mailed)" "^0 .*1 matter is over \\(CA pebble\\)" "... and ends the rest for all"
rm -f "$T/json"

# --- an order that the CA has for long ---
P=p.example.test
scripted_row $P
conf "$NOTIFY"
fault processing-day newOrder -1
run fetcher --once
is "$rc $(mailed)" "0 " "the CA takes its time: not yet told"
sql "UPDATE orders SET ts_state = ts_state - 90000"
conf "$NOTIFY store_patience = 0;"
run fetcher --once
mail=$(mailed)
like "$mail" "certificate $P: waiting .*its order waits for the CA since .*order is kept" \
	"for a day: told"
conf
run fetcher --once
like "$err" "orders that wait for their CA: $P; for each: certrepo-populate -c $CONF show NAME" "... without notify, on stderr"
run fetcher --once
is "$err" "" "... once a day"
rm -f "$T/state/fetcher.held"
fault clear
conf "$NOTIFY"
# shellcheck disable=SC2046 # words
run $(command_of "$mail" 'To try at once: ' ' certrepo-populate')
is "$rc" 0 "what the mail says to run takes it"
run fetcher --once
like "$rc $(mailed)" "^0 .*1 matter is over \\($P\\)" "over"
rm -f "$T/json"

# --- another instance, which is dead, has a name ---
scripted_row d.example.test
now=$(date +%s)
sql "UPDATE certs SET lease_owner = 'gone-1', lease_until = $((now + 900)),
	ts_last_update = $((now - 1800)) WHERE name = 'd.example.test'"
run fetcher --once
mail=$(mailed)
like "$rc $mail" "^0 .*1 new matter \\(fetcher gone-1\\)" "leases of a dead fetcher are told"
is "$(events event topic state name)" "new lease late gone-1" "... to the command, too"
run fetcher --break-lease
is "$rc" 64 "a lease is broken by name only"
# shellcheck disable=SC2046 # words
run $(command_of "$mail" 'is dead: ' ' certrepo-populate')
is "$rc" 0 "what the mail says to run works"
run fetcher --break-lease d.example.test
is "$rc$err" 0 "... and again: nobody has it"
run fetcher --once
like "$rc $(mailed)" "^0 .*1 matter is over \\(fetcher gone-1\\)" "over"
cert_ok d.example.test "... and the name has its certificate"
rm -f "$T/json"

# --- the clock ---
sql "UPDATE certs SET renew = 1, ts_due = 0 WHERE name = '$B'"
fault date+7200 '' -1
run fetcher --once
like "$rc $(mailed)" "^69 .*1 new matter \\(the clock\\).*the clock: apart CA pebble: .*here says .* nothing is ordered until they agree.*by this clock 1 name waits; $B: it expires on " \
	"two clocks that are apart are told at once"
is "$(events event topic)" "new clock" "... to the command, too"
fault clear
run fetcher --once
mail=$(mailed)
like "$rc $mail" "^0 .*1 matter is over \\(the clock\\)" "a CA agrees: over"
like "$mail" "the clock: apart since [-0-9TZ:]* it agrees with a CA's" "... which is said"
rm -f "$T/json"

# --- sendmail does not take it ---
now=$(date +%s)
sql "UPDATE certs SET held = 1, ts_due = 9223372036854775807,
	ts_next_attempt = 9223372036854775807 WHERE name = '$A'"
: >"$T/mail.fails"
run fetcher --once
is "$rc" 1 "sendmail fails: no success"
like "$err" 'what needs a person could not be told, see certrepo-populate .* list: mail of notify: .*take-mail.* exited with 1; the command took it' \
	"... which is printed"
like "$(tr '\n' '|' <"$T/err")" "New:\|\|  certificate $A: held.*\|        certrepo-populate -c $CONF enable $A\|" \
	"... with what it was to tell, as the mail has it"
is "$(events event state)" "new held" "... the command was told"
rm "$T/mail.fails"
run fetcher --once
like "$(mailed)" "certificate $A: held" "the next run mails it"
is "$(events event)" "" "... and does not tell the command again"

# --- nobody comes to it: its row cannot be read ---
N=n.example.test
scripted_row $N
sql "UPDATE certs SET enable = 'N' WHERE name <> '$N'"
now=$(date +%s)
sql "UPDATE certs SET crt = 5, ts_due = $((now - 90000)),
	ts_expire = $((now + 7300)), ts_expire_seen = $((now + 7300)),
	ts_not_before = $((now - 89 * 86400)) WHERE name = '$N'"
run fetcher --once
mail=$(mailed)
like "$mail" "expires in 2 hours: 1 new matter \\($N\\)" \
	"a row that cannot be claimed is told by its end"
like "$mail" "certificate $N: overdue since [-0-9TZ:]* it expires on .* no attempt at it is on record" \
	"... with what is known"
like "$err" "$N: store: " "... and what a run met is on stderr"
rm -f "$T/json"
sql "DELETE FROM certs WHERE name = '$N'"
run fetcher --once
like "$(mailed)" "it was removed" "... and over"
sql "UPDATE certs SET enable = 'Y' WHERE name = '$A'"
rm -f "$T/json"

# --- whoever is told hangs: a signal ends it at once ---
printf '#!/bin/sh\n: >"%s/hangs"\nexec sleep 77\n' "$T" >"$T/bin/hangs"
chmod 755 "$T/bin/hangs"
conf "notify : { mail = \"root\"; sendmail = [ \"$T/bin/hangs\" ]; };"
rm -f "$T/state/notices"
timeout 60 "$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/out" 2>"$T/err" \
	</dev/null &
pid=$!
wait_for 20 test -e "$T/hangs"
begun=$(date +%s)
kill -TERM $pid
rc=0
wait $pid || rc=$?
ok "SIGTERM does not wait for the command" \
	test $(($(date +%s) - begun)) -lt 20
is "$rc" 1 "... nor is it a success"
like "$(cat "$T/err")" 'a signal ended this before ".*hangs" had taken it' \
	"... and it is said"
rm -f "$T/state/notices"

# --- nobody is to be told ---
conf
sql "UPDATE certs SET renew = 1, held = 0, count_fail_update = 20
	WHERE name = '$A'"
due_now $A
fault challenge-caa '' -1
run fetcher --once $A
unlike "$err" "held until someone acts: " "whoever gives names is not told of all"
sql "UPDATE certs SET held = 0 WHERE name = '$A'"
due_now $A
run fetcher --once
is "$rc $(mailed)" "1 " "without notify nobody is mailed"
like "$err" "held until someone acts: $A \\(caa\\); for each: certrepo-populate -c $CONF show NAME" \
	"... but on stderr told, of what this run ends in"
fault clear
run fetcher --once
is "$rc $err" "0 " "... once a day"

# --- the configuration is refused, but whom to tell is known ---
conf "$NOTIFY days_left = 99999;"
run fetcher --once
is "$rc" 78 "a setting that is refused"
mail=$(mailed)
like "$mail" "Subject: certrepo on [^ ]*: 1 new matter \\(the configuration\\)" "... is mailed"
like "$mail" "the configuration: refused $CONF:[0-9]*: setting .days_left.*Nothing is renewed before that is mended.*populate -c $CONF list shows all" \
	"... with what it is"
is "$(events event topic state)" "new configuration refused" "... and told to the command"
run fetcher --once
is "$rc $(mailed)$(events event)" "78 " "... once"
conf "$NOTIFY days_left = 99999;" # fresh
chmod 666 "$CONF"
rm -f "$T/state/notices"
run fetcher --once
is "$rc $(mailed)$(events event)" "78 " "a file that others can write runs no command of its"
chmod 600 "$CONF"
run fetcher --once
is "$rc $(events event topic)" "78 new configuration" "... until nobody can"
rm -f "$T/mail"
conf "$NOTIFY"
run fetcher --once
like "$(mailed)" "Over, what was: the configuration: refused since [-0-9TZ:]* it loads" \
	"mended: over"
rm -f "$T/json"
conf 'notify : { mail = "a b@example.org"; };'
run fetcher --once
is "$rc" 78 "an address that is none"
like "$err" 'mail: a b@example.org is not a mail address' "... says so"
# --- what a run met ---

conf "$NOTIFY"

mailed >/dev/null
events event >/dev/null
scripted_reset
offer '{"ari": {}}'
run fetcher --once
sql "UPDATE certs SET ts_ari_poll = 0, ts_not_before = ts_not_before - 172800"
run fetcher --once
mailed >/dev/null
events event >/dev/null
windows "$A -7200 -3600 https://ca.example/why"
sql "UPDATE certs SET ts_ari_poll = 0"
sleep 1 # the new serial's second
run fetcher --once
mail=$(mailed)
like "$mail" "CA pebble: incident( since [-0-9TZ:]*)? it wants 1 certificate renewed at once that had time until now, that of $A; why: https://ca.example/why; .* Which hosts have not got theirs yet: certrepo-populate -c $CONF show NAME" \
	"what the CA wants at once is mailed"
like "$(events event topic state name)" "^new window incident pebble$" \
	"... and told to the command"
run populate show $A
like "$out" 'renewed early because the CA asked .https://ca.example/why' \
	"... and is in its attempts"
run fetcher --once
is "$(mailed)$(events event)" "" "the next run tells nobody"

done_testing
