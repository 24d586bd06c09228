#!/bin/sh
# SPDX-License-Identifier: MIT
# --request that is killed while a key is on its way to its place: the next run
# removes what lies there under a temporary name, and nothing of anybody else.
# shellcheck disable=SC2034,SC2119,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/kill.sh"

kill_setup fsync
PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "fixed";
files = ( { file = "full.pem"; format = "fullchain"; } );
END
keys=$T/keys key=$T/keys/www.key next=$T/state/next
mkdir "$keys"
HOST_CERT="key = \"$key\";"
host_conf
temps() { # FOLDER [NAME]
	find "$1" -maxdepth 1 -name ".${2-*}.certrepo-*" | wc -l
}
# Killed at the first sync that leaves a key in FOLDER under such a name.
kill_there() { # FOLDER OPTION...
	_there=$1 n=1
	shift
	while [ $n -le 20 ]; do
		find "$_there" -type f -delete
		killed fsync $n "$@"
		[ "$(grep -ls 'PRIVATE KEY' "$_there"/.*.certrepo-*)" = '' ] ||
			return 0
		n=$((n + 1))
	done
	return 1
}

# --- the first key ---
run host
is "$rc" 0 "a row without a certificate, a host without a key"
ok "killed with a first key on its way" kill_there "$keys" --request
not_ok "... which is not there yet" test -e "$key"
# not ours: of another name, of another pattern, no file, of another owner
mine=.www.key.certrepo-abcdefghijklmnop
echo x >"$keys/.other.key.certrepo-abcdefghijklmnop"
echo x >"$keys/.www.key.certrepo-short"
mkdir "$keys/.www.key.certrepo-folderfolderfold"
[ "$(id -u)" != 0 ] ||
	(echo x >"$keys/$mine" && chown 61234 "$keys/$mine")
run host --request
is "$rc" 0 "the next --request" || diag "$err"
is "$(grep -ls 'PRIVATE KEY' "$keys"/.*.certrepo-*)" "" \
	"... leaves no key but the one"
ok "... which is there" test -s "$key"
is "$(temps "$keys" other.key)" 1 "... of another file's name it has nothing"
ok "... nor of another kind" test -e "$keys/.www.key.certrepo-short"
ok "... nor a folder" test -d "$keys/.www.key.certrepo-folderfolderfold"
[ "$(id -u)" != 0 ] || ok "... nor a file of somebody else's" \
	test -e "$keys/$mine"
cp "$key" "$keys/.www.key.certrepo-abcdefgabcdefgab"
run host
not_ok "an ordinary run does it, too" \
	test -e "$keys/.www.key.certrepo-abcdefgabcdefgab"
KEY=$key issue_nth "$T/one" 1 && store_put $NAME "$T/one"
run host
is "$rc" 0 "a certificate of it is installed" || diag "$err"

# --- the next one ---
mkdir -m 700 "$next"
ok "killed with a next key on its way" kill_there "$next" --request \
	--new-key $NAME
not_ok "... which is not there yet" test -e "$next/$NAME"
run host
is "$rc $(temps "$next")" "0 0" "the next run leaves nothing of it"

# --- the folder of the state ---
rm -rf "$T/state"
killed fsync 1 --request
isnt "$(temps "$T" state)" 0 "killed with a folder of the state begun"
run host
is "$(temps "$T" state)" 0 "nor of a folder of the state that was begun"
done_testing
