#!/bin/sh
# SPDX-License-Identifier: MIT
# What needs a person is told by mail and by a command: once, in one message,
# and when it is over. sendmail and the command are scripts here.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"

command -v python3 >/dev/null || skip_all "no python3"
mkdir -p "$T/bin"
for x in mail json; do
	printf '#!/bin/sh\n[ ! -e "%s.fails" ] || exit 1\ncat >"%s"\n' \
		"$T/$x" "$T/$x" >"$T/bin/take-$x"
	chmod 755 "$T/bin/take-$x"
done
NOTIFY="notify : { mail = \"root\"; sendmail = [ \"$T/bin/take-mail\" ];
	command = [ \"$T/bin/take-json\" ]; };"
HOST_EXTRA=$NOTIFY
host_setup || bail "cannot set up a host"
at="127.0.0.1:$NGINX_PORT/$NAME"
placeholder
nginx_run || bail "nginx does not start"

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

issue_nth "$T/one" 1 && store_put $NAME "$T/one"
mv "$T/bin/take-mail" "$T/bin/away"
run host --dry-run
like "$rc $out" "^[12] notify: mail with .*take-mail.
notify:   FAILS: .*take-mail cannot be run" "who cannot be told is found before"
mv "$T/bin/away" "$T/bin/take-mail"
run host --dry-run
unlike "$rc $out" "^[12]|notify" "... and nothing else is said"
run host
is "$rc $(mailed)$(events event)" "0 " "what goes well is told to nobody"

# --- does it reach anybody? ---
run host --test-notify
like "$rc $out" "^0 mail: a test was taken by: .*take-mail" "a test"
like "$out" "^whether it arrives, that mailbox says; if it does not, see mailq" \
	"... which is not yet there"
like "$(mailed)" "Subject: certrepo on host1: 1 new matter \\(a test\\)" "... is mailed"
is "$(events event topic)" "new test" "... and told to the command"
: >"$T/mail.fails"
run host --test-notify
rm "$T/mail.fails" "$T/json"
like "$rc $err" '^2 .*mail of notify: .*take-mail" exited with 1' \
	"... who does not take it is named"

# --- refused, rolled back, over ---
KEY=$T/other.key issue_nth "$T/bad" 2
store_put $NAME "$T/bad"
run host
is "$rc" 1 "a certificate of another key"
mail=$(mailed)
like "$mail" "Subject: certrepo on host1: 1 new matter \\(web\\)" "... one mail"
like "$mail" "service web, certificate $NAME: refused" "... says what"
like "$mail" "belongs to another key" "... and why"
is "$(events event topic state service name)" \
	"new trouble refused web $NAME" "... and the command is told"
run host
is "$rc $(mailed)$(events event)" "1 " "the next run tells nobody"
KEY='' issue_nth "$T/two" 3 && store_put $NAME "$T/two"
run host
is "$rc" 0 "a good one"
like "$(mailed)" "1 matter is over.* refused since [-0-9TZ:]* served since [-0-9TZ:]*, valid until [-0-9TZ:]* certrepo" \
	"... it is over, and what is now"
is "$(events event state)" "over refused" "... for the command, too"

NGINX_COMMAND='"true"'
host_conf
issue_nth "$T/three" 4 && store_put $NAME "$T/three"
run host
is "$rc" 1 "a reload that lies"
mail=$(mailed)
like "$mail" 'service web: rolled-back' "... is told"
like "$mail" 'rolled back, the old set is served' "... with what was done about it"
rm -f "$T/json"
run host
is "$rc $(mailed)$(events event)" "1 " "held afterwards: the same matter, no new mail"
stop nginx
run host
is "$rc" 1 "held, and nginx is down"
like "$(mailed)" "1 new matter \\(web\\).* service web: failed $at cannot be reached" \
	"... which is told beside it"
like "$err" "service web: $at cannot be reached" "... by a line of its own"
is "$(events event topic state)" "new endpoint failed" "... for the command, too"
run host
is "$rc $(mailed)$(events event)" "1 " "... once"
nginx_run || bail "nginx does not start"
run host
is "$rc $(events event topic state)" "1 over endpoint failed" "it runs again: over, and held all the same"
rm -f "$T/mail"
unset NGINX_COMMAND
host_conf
run host
is "$rc $(events event state)" "0 over held" "mended: over"
rm -f "$T/mail"

# --- back, but not proven; then proven, and held ---
cat >"$T/bin/dies" <<END
#!/bin/sh
case \$* in
*reload*) kill -QUIT "\$(cat "$NGINX_PIDFILE")" ;;
esac
END
chmod 755 "$T/bin/dies"
NGINX_COMMAND="\"$T/bin/dies\""
host_conf
issue_nth "$T/four" 5 && store_put $NAME "$T/four"
run host
is "$rc $(events event state)" "1 new failed" "it dies, and cannot be started"
like "$(mailed)" "rolled back, but not proven: .*the next run tries again" "... is told"
nginx_run || bail "nginx does not start"
echo '#!/bin/sh' >"$T/bin/dies"
run host
is "$rc $(events event state)" "1 changed rolled-back" "it runs: what came of it is told"
like "$(mailed)" "the old set is served; .* mend it, then run: certrepo-installer --force web" \
	"... and that it is held"
run host
is "$rc $(mailed)$(events event)" "1 " "... once"
unset NGINX_COMMAND
host_conf
run host
is "$rc $(events event state)" "0 over held" "mended: over"
rm -f "$T/mail"

# --- sendmail does not take it ---
: >"$T/mail.fails"
stop nginx
run host
is "$rc" 1 "nginx is down, and so is sendmail"
like "$err" 'what needs a person could not be told, see certrepo-installer --status: mail of notify: .*take-mail.* exited with 1' \
	"... which is printed"
is "$(events event state)" "new failed" "... the command was told"
rm "$T/mail.fails"
run host
like "$(mailed)" 'cannot be reached' "the next run mails it"
is "$(events event)" "" "... and does not tell the command again"
nginx_run || bail "nginx does not start"
run host
is "$rc $(events event)" "0 over" "over"
rm -f "$T/mail"

# --- what will be wrong in time ---
UNTIL=$(date -u -d '5 days' +%Y%m%d%H%M%SZ) FROM=$(date -u -d '30 minutes ago' +%Y%m%d%H%M%SZ)
issue "$T/short" && store_put $NAME "$T/short"
FROM=$(date -u -d '2 months ago' +%Y%m%d%H%M%SZ)
issue "$T/short"
run host
UNTIL='' FROM=''
is "$rc $(mailed)" "0 " "a short-lived one with most of its life left"
HOST_EXTRA="$NOTIFY expiring = \"6d\"; key_age = \"300d\";"
host_conf
run host
is "$rc" 0 "five days are little now, which is no failure"
mail=$(mailed)
like "$mail" "service web, certificate $NAME: expiring" "... but told"
like "$mail" "Subject: certrepo on host1: expires in [45] days: 1 new matter \\(web\\)" "... with how urgent it is"
like "$mail" 'the store has nothing newer' "... with what is missing"
run host --status
like "$rc $out" "^0 web" "--status does not fail for it"
like "$out" "expires on .*, and the store has nothing newer" "... but tells it"
is "$(events event topic state)" "new expiring expiring" "... to the command, too"
touch -d '1 year ago' "$T/host.key"
run host
is "$(events event topic state)" "new key-age old" "and an old key"
like "$(mailed)" "its key $T/host.key is of .*; for a new one run: certrepo-installer --request --new-key $NAME" "... by mail"
touch "$T/host.key"
NGINX_COMMAND='"true"'
host_conf
issue_nth "$T/lie" 100 && store_put $NAME "$T/lie"
run host
is "$rc $(events event topic state | sort | tr '\n' ';')" \
	"1 changed expiring expiring;new trouble rolled-back;over key-age old;" \
	"a newer one that does not work: the old one expires all the same"
mail=$(mailed)
like "$mail" "rolled back, the old set is served; what is in place is valid until $(date -u -d '+5 days' +%Y-)" \
	"... says until when there is time"
like "$mail" "expires on .*; the newer one in the store could not be installed" "... and why"
run host
like "$(mailed)" "expires on .*; the newer one in the store is held, .* certrepo-installer --force web" \
	"held: how to end it is told"
rm -f "$T/json"
unset NGINX_COMMAND
host_conf
issue_nth "$T/five" 100 && store_put $NAME "$T/five"
run host
is "$rc $(events event topic | sort | tr '\n' ' ')" \
	"0 over expiring over trouble " "both over"
rm -f "$T/mail"

# --- the store is away ---
host_without_store
is "$rc $(mailed)" "69 " "the store is away: not yet told"
# As an installer of the version before would have written it.
sed -i -e '1d;$d' -e 's/^store\(	[^	]*	[^	]*\)	[0-9]*/store\1	1000/' \
	"$T/state/notices"
host_without_store
is "$rc" 69 "it is still away after hours"
like "$(mailed)" 'the store: unavailable' "... and told"
rm -f "$T/json"
run host
is "$rc $(events event topic)" "0 over store" "it is back"
rm -f "$T/mail"

# --- nobody is told in a dry run, or when nothing is set ---
KEY=$T/other.key issue_nth "$T/bad" 100
store_put $NAME "$T/bad"
run host --dry-run
is "$rc $(mailed)$(events event)" "1 " "a dry run tells nobody"
HOST_EXTRA=''
host_conf
run host
is "$rc $(mailed)" "1 " "without notify nobody is told"
like "$err" 'belongs to another key' "... by mail, but on stderr"
HOST_EXTRA='notify : { mail = "a b@example.org"; };'
host_conf
run host
is "$rc" 78 "an address that is none"
like "$err" 'mail: a b@example.org is not a mail address' "... says so"
# --- a request that was rejected ---
HOST_EXTRA=$NOTIFY
host_conf
run host
mailed >/dev/null
run host --request --new-key $NAME
run host
is "$(mailed)" "" "a request that waits is told to nobody"
sqlite3 "$DB" "UPDATE host_requests SET state = 'rejected', reason = 'no need'"
run host
like "$(mailed)" "New: certificate $NAME: refused the request for a certificate of its next key \(.*\) was rejected: \"no need\"" \
	"one that is rejected is told, with the reason"
run host
is "$(mailed)" "" "... once"
run host --request --new-key $NAME
run host
like "$(mailed)" "1 matter is over" "... until it is asked for again"
done_testing
