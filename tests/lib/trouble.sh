# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# Situations of certrepo-trouble(7): what the programs say in them is what the
# page shows, and its commands end them. Source after lib.sh.
#
#	as "$DB" /var/lib/certrepo/certrepo.db
#	situation 'The store is away'	the title in the page
#	shows "$err"			what a program said: a display of this
#					section is in it
#	follow --force			run the section's command that has this
#					in it; rc, out and err as of run()
#	trouble_end
#
# Each display of a section has to be shown, each text has to be in a display,
# each command to be followed. Words that differ between test and page are named
# by as; times and the like are compared by their kind (trouble.py).
# TROUBLE_SHOW=1 prints what is shown, in the page's words.

TROUBLE_PAGE=$ROOT/man/certrepo-trouble.7
_trouble="$PYTHON $ROOT/tests/lib/trouble.py"
_trouble_title=''
mkdir -p "$T/trouble" "$T/bin"
: >"$T/trouble/map"
PATH=$T/bin:$PATH

# What contains another comes first; only: there is no way back.
as() { # TEST PAGE [only]
	printf '%s\t%s%s\n' "$1" "$2" "${3+	$3}" >>"$T/trouble/map"
}
# The program by its own name, with the configuration of the test.
trouble_program() { # NAME CONF
	printf '#!/bin/sh\nexec timeout -k 5 60 "%s/%s" -c "%s" "$@"\n' \
		"$BUILD" "$1" "$2" >"$T/bin/$1"
	chmod 755 "$T/bin/$1"
	as "$1 -c $2" "$1" only
}
situation() { # TITLE
	_situation_end
	_trouble_title=$1 _shown=0
	rm -rf "$T/trouble/shown"
	mkdir "$T/trouble/shown"
	$_trouble commands "$TROUBLE_PAGE" "$1" >"$T/trouble/todo"
	echo "# --- $1"
}
shows() { # TEXT
	_shown=$((_shown + 1))
	printf '%s\n' "$1" >"$T/trouble/shown/$_shown"
	[ -z "${TROUBLE_SHOW-}" ] || printf '%s\n' "$1" |
		$_trouble page "$T/trouble/map" | sed 's/^/# | /'
}
_trouble_take() { # PART: the command, which is one less to do
	_cmd=$(grep -F -e "$1" "$T/trouble/todo" | head -1)
	if [ -z "$_cmd" ]; then
		fail "$_trouble_title: has a command with $1"
		return 1
	fi
	awk -v c="$_cmd" '$0 != c || done++' "$T/trouble/todo" >"$T/trouble/rest"
	mv "$T/trouble/rest" "$T/trouble/todo"
}
# In this shell: a test may play a program by a function.
follow() { # PART
	_trouble_take "$1" || return 0
	_last=$(printf '%s' "$_cmd" | $_trouble test "$T/trouble/map")
	rm -f "$T/trouble/mail"
	rc=0
	eval "$_last" >"$T/out" 2>"$T/err" </dev/null || rc=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
	_trouble_read
}
_trouble_read() { # mail: the subject and body of what was sent
	mail=''
	[ ! -e "$T/trouble/mail" ] ||
		mail=$(sed -n '/^Subject/p; /^$/,$p' "$T/trouble/mail")
	[ -z "${TROUBLE_SHOW-}" ] || diag "$_last ($rc): $out$err
$mail"
}
_situation_end() {
	[ -n "$_trouble_title" ] || return 0
	for _w in check changed; do
		$_trouble $_w "$TROUBLE_PAGE" "$_trouble_title" \
			"$T/trouble/shown" "$T/trouble/map" \
			>"$T/trouble/$_w" 2>&1
	done
	if [ ! -s "$T/trouble/check" ] && [ "$_shown" -gt 0 ]; then
		pass "$_trouble_title: the page shows what is said"
	else
		fail "$_trouble_title: the page shows what is said"
		diag "$(cat "$T/trouble/check")"
		diag "in the page's words: $(cat "$T"/trouble/shown/* |
			$_trouble page "$T/trouble/map")"
	fi
	is "$(cat "$T/trouble/changed")" '' '... and one word more or less is seen'
	is "$(cat "$T/trouble/todo")" '' '... and each of its commands was tried'
	_trouble_title=''
}
trouble_end() {
	_situation_end
	done_testing
}
# A sendmail that keeps the mail, and notify for the configuration.
trouble_sendmail() {
	printf '#!/bin/sh\ncat >"%s"\n' "$T/trouble/mail" >"$T/bin/sendmail"
	chmod 755 "$T/bin/sendmail"
	TROUBLE_NOTIFY="notify : { mail = \"root\";
		sendmail = [ \"$T/bin/sendmail\" ]; };"
}
# A run as the timer starts it.
trouble_mail() { # COMMAND...
	rm -f "$T/trouble/mail"
	run "$@"
	_trouble_read
}
