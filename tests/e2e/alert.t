#!/bin/sh
# SPDX-License-Identifier: MIT
# certrepo-alert where something that it needs is missing or refuses: systemctl,
# journalctl and sendmail are scripts here. (With real ones: units.t.)
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"

mkdir "$T/bin" "$T/state"
fake() { # NAME LINE...
	_f=$T/bin/$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$_f"
	chmod 755 "$_f"
}
# How a run ended, and what it printed.
ended() { # RESULT STATUS TEXT
	fake systemctl 'case $* in *us+utc*) echo "Mon 2026-11-30 09:24:40.120057 UTC" ;; esac' \
		'case $3 in' "Result) echo $1 ;;" "ExecMainStatus) echo $2 ;;" \
		'InvocationID) echo 0123 ;;' 'ConditionResult) echo yes ;;' 'esac'
	printf '%s' "$3" >"$T/said"
	fake journalctl 'case "$*" in' '*--sync*) ;;' "*_TRANSPORT=stdout*_SYSTEMD_INVOCATION_ID=0123*) cat '$T/said' ;;" \
		'*INVOCATION_ID=0123*) echo Starting ;;' 'esac'
	fake sendmail "cat >'$T/mail'"
}
# No sendmail of this machine is on this PATH.
alert() {
	rm -f "$T/mail"
	run env -i TMPDIR="$T" PATH="$T/bin:/usr/bin:/bin" MAILTO=ops STATE_DIRECTORY="$T/state" \
		sh "$ROOT/packaging/certrepo-alert" x
	mail=$(cat "$T/mail" 2>/dev/null)
}
[ ! -x /usr/bin/sendmail ] || skip_all "a sendmail in /usr/bin"

plan 23
ended success 0 ''
alert
is "$rc $out$err$mail" "0 " "well and silent: nothing"
ended exit-code 1 ''
alert
is "$rc $out$err$mail" "0 " "it failed and printed nothing: it knows who is told"
ended exit-code 1 '3 names fail
'
alert
like "$mail" '^To: ops' "what it printed is mailed"
like "$mail" '^3 names fail$' "... as it is"
ended exit-code 1 '4 names fail
'
alert
is "$rc $mail" "0 " "... not again for another number"
ended exit-code 1 'no names fail
'
alert
like "$mail" '^no names fail$' "... but for another word"
touch -d '1439 minutes ago' "$T"/state/*
touch -d '1441 minutes ago' "$T"/state/*
alert
like "$mail" '^no names fail$' "... and after a day"

# --- what has no ID, as journald came to it when the run had ended ---
ended exit-code 1 'late
'
fake journalctl 'case "$*" in' '*--sync* | *_SYSTEMD_INVOCATION_ID=*) ;;' \
	"*_TRANSPORT=stdout*--since*09:24:40.120057\ UTC\ _SYSTEMD_UNIT=x.service) cat '$T/said' ;;" \
	'*INVOCATION_ID=0123*) echo Starting ;;' 'esac'
alert
like "$mail" '^late$' "what has no ID is known by its unit"
fake systemctl 'case $3 in' "Result) echo exit-code ;;" "ExecMainStatus) echo 1 ;;" \
	'InvocationID) echo 0123 ;;' 'ConditionResult) echo yes ;;' 'esac'
alert
is "$rc $out$err$mail" "0 " "... of a run that began nobody knows when, all with one is"

# --- much of it, and what would speak to a terminal ---
ended exit-code 1 "$(printf 'red \033[31m \302\233 bell \007 \303\244\ttab')
"
alert
like "$mail" '^red \[31m  bell  ä	tab$' "what would speak to a terminal is not mailed"
is "$(printf %s "$mail" | LC_ALL=C tr -d '\n\t -~\303\244')" '' "... nothing of it"
ended exit-code 1 ''
fake journalctl 'case "$*" in' '*--sync*) ;;' \
	"*_TRANSPORT=stdout*) trap '' PIPE; head -c 300000 /dev/zero | tr '\\0' x; echo \$? >'$T/whole' ;;" 'esac'
fake sendmail "cat >'$T/mail'; du -sb '$T'/tmp.* | cut -f 1 >'$T/size'"
alert
like "$(tr -dc x <"$T/mail" | wc -c)" '^1000[0-9][0-9]$' "of a lot the first 100 kB are mailed"
ok "... and no more is kept meanwhile" test "$(cat "$T/size")" -lt 350000

# --- the journal ---
ended oom-kill 9 ''
fake journalctl 'echo "No journal files were opened due to insufficient permissions." >&2' 'exit 1'
alert
like "$mail" 'x\.service was ended \(oom-kill, 9\)' "without a journal: that it died is mailed"
like "$mail" 'What it printed is not known: journalctl: No journal files were opened' "... and why no more"
ended success 0 ''
fake journalctl 'exit 1'
alert
is "$rc $mail" "1 " "... what printed nothing, or something, is told to nobody"
like "$err" '^<3>what x\.service printed is not known: journalctl' "... but is an error in the journal"
ended exit-code 1 ''
fake journalctl :
alert
like "$mail" 'What it printed is not known: the journal has no word of this run' \
	"a journal that keeps nothing is none"

# --- mail ---
ended timeout 15 ''
rm "$T/bin/sendmail"
alert
is "$rc" 1 "without sendmail it fails"
like "$err" '^<3>x\.service took too long, and was ended, and ops could not be told: there is no sendmail: install a mail server; see journalctl -u x\.service$' \
	"... with an error in the journal"
ended timeout 15 ''
fake sendmail 'cat >/dev/null' 'echo "mailq full"' 'exit 75'
alert
like "$rc $err" '^1 <3>.*sendmail failed \(status 75\): mailq full' "one that takes nothing: likewise"
ended timeout 15 ''
alert
like "$rc $mail" '^0 To: ops' "... and told when it does"
is "$(find "$T" -maxdepth 1 -name 'tmp.*')" "" "nothing is left"
