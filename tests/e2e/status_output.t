#!/bin/sh
# SPDX-License-Identifier: MIT
# --output of root's, on the way to which others have folders and links: what is
# theirs leads nowhere, and what is root's is as it was.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/status.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, to be another user"
command -v setpriv >/dev/null || skip_all "no setpriv"
UID_OF=61234
as_user() {
	(cd "$T/theirs" && setpriv --reuid $UID_OF --regid $UID_OF \
		--clear-groups "$@")
}
status_store
plan 29

chmod 711 "$T"
mkdir "$T/rootonly" "$T/theirs" "$T/mine"
chown $UID_OF:$UID_OF "$T/theirs"
chmod 755 "$T/theirs"
(umask 077 && echo secret >"$T/rootonly/index.html")
untouched() { # NAME
	is "$(cat "$T/rootonly/index.html") $(stat -c %a "$T/rootonly/index.html") $(ls -A "$T/rootonly")" \
		"secret 600 index.html" "$1"
}
page() { # FILE NAME
	is "$(head -c 15 "$1") $(stat -c '%F %a %u' "$1")" \
		"<!DOCTYPE html> regular file 644 0" "$2"
}

# --- links of theirs ---
as_user ln -s "$T/rootonly" www
status --html --output "$T/theirs/www/index.html"
is "$rc $out" "74 " "a folder that is another user's link"
is "$err" "certrepo-status: link $T/theirs/www belongs to user $UID_OF, who is neither root nor the one running this, and is not followed; where it is meant, name with --output what it leads to" \
	"... which is named, and what to do"
untouched "... what it leads to is as it was"
as_user ln -s "$T/rootonly/index.html" index.html
status --prometheus --output "$T/theirs/index.html"
is "$rc $out" "74 " "a file that is one"
like "$err" "^certrepo-status: link $T/theirs/index.html belongs to user $UID_OF, " \
	"... which is named"
untouched "... it leads to what was there"
ln -s "$T/rootonly" "$T/theirs/roots"
status --json --output "$T/theirs/roots/index.html"
is "$rc $out" "74 " "a link of root's that they can swap"
like "$err" "link $T/theirs/roots is not followed: folder $T/theirs, or one above it, can be changed by others; where" \
	"... why"
untouched "... it leads to what was there"

# --- folders of theirs ---
as_user mkdir real
status --html --output "$T/theirs/real/index.html"
is "$rc $out$err" "0 " "a folder of theirs"
page "$T/theirs/real/index.html" "... has it, readable by all"
as_user sh -c 'rm real/index.html && echo theirs >real/index.html'
status --html --output "$T/theirs/real/index.html"
is "$rc $out$err" "0 " "a file of theirs"
page "$T/theirs/real/index.html" "... is replaced"
is "$(ls -A "$T/theirs/real")" "index.html" "... and nothing is left beside it"

# --- what is root's ---
ln -s ../theirs/real "$T/mine/www"
status --html --output "$T/mine/www/page"
is "$rc $out$err" "0 " "a folder that is root's link"
page "$T/theirs/real/page" "... is followed"
ln -s page "$T/mine/link"
status --html --output "$T/mine/link"
is "$rc $out$err" "0 " "a file that is one"
page "$T/mine/page" "... is written where it leads"
is "$(readlink "$T/mine/link")" "page" "... and stays"
echo before >"$T/mine/page"
status --prometheus --output "$T/mine/link"
is "$rc $out$err" "0 " "... again"
like "$(cat "$T/mine/page")" '^certrepo_certificate_info' "... what is there is replaced"
(cd "$T/mine" && status --html --output here && echo "$rc $out$err" >../told)
is "$(cat "$T/told")" "0 " "where we are"
page "$T/mine/here" "... it is"

# --- what is none ---
status --html --output "$T/mine"
is "$rc $out $err" "64  certrepo-status: $T/mine is no regular file: leave --output away to write to standard output" \
	"a folder"
mkfifo "$T/mine/fifo"
status --html --output "$T/mine/fifo"
is "$rc $out" "64 " "a FIFO"
status --html --output /dev/null
is "$rc $out" "64 " "a device"
status --html --output "$T/none/page"
is "$rc $out $err" "74  certrepo-status: $T/none/page cannot be written: its folder is missing" \
	"a folder that is not there"
status --html --output "$T/rootonly/index.html/page"
is "$rc $out $err" "74  certrepo-status: $T/rootonly/index.html is not a folder" \
	"a folder that is a file"
untouched "... which is as it was"
