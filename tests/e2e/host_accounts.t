#!/bin/sh
# SPDX-License-Identifier: MIT
# Accounts of hosts on MariaDB, by certrepo-populate host: made, pasted into the
# installer.conf of a host, which gets its certificate and no other, and
# reports; granted, revoked, removed, forgotten; by an account that may not make
# any; repeated after it was stopped; and what SQLite says.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/nginx.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"
host_setup || bail "cannot set up a host"
OTHER=other.example.test
cp "$T/certrepo.conf" "$T/sqlite.conf"
admin_conf() { # USER PASSWORD_FILE
	sed "s|^store : .*|store : { driver = \"mariadb\"; host = \"127.0.0.1\"; port = $MARIADB_PORT; user = \"$1\"; password_file = \"$2\"; ca_file = \"$MARIADB_CA\"; };|" \
		"$T/sqlite.conf"
}
(umask 077 && echo admin-secret >"$T/admin.password" &&
	echo populate-secret >"$T/populate.password")
mariadb_sql -e "CREATE USER admin@'%' IDENTIFIED BY 'admin-secret'
	REQUIRE SSL; GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION"
admin_conf admin "$T/admin.password" >"$T/certrepo.conf"
admin_conf certrepo-populate "$T/populate.password" >"$T/populate.conf"
populate() {
	run "$BUILD/certrepo-populate" -c "${CONF:-$T/certrepo.conf}" "$@"
}
ask() { # SQL
	mariadb_sql -N certrepo -e "$1"
}
accounts() {
	ask "SELECT user FROM mysql.user WHERE user LIKE 'certrepo-host-%'" |
		sort | tr '\n' ' '
}
hex() { # FILE
	od -An -v -tx1 "$1" | tr -d ' \n'
}
store_put() { # NAME BASE
	ask "UPDATE certs SET crt = UNHEX('$(hex "$2.crt")'),
		ca = UNHEX('$(hex "$2.ca")') WHERE name = '$1'"
}
# As the host's account, by hand: its password is that of FILE.
as_host() { # HOST FILE SQL
	mariadb --no-defaults --host=127.0.0.1 --port="$MARIADB_PORT" --ssl \
		--ssl-ca="$MARIADB_CA" --user="certrepo-host-$1" \
		--password="$(cat "$2")" -N certrepo -e "$3" 2>&1
}

populate init
is "$rc" 0 "the tables"
{ store_row $NAME && store_row $OTHER "$T/other.key"; } || bail "cannot enrol"
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
KEY=$T/other.key issue_nth "$T/two" 1 $OTHER && store_put $OTHER "$T/two"

# --- made ---

populate host add host1 www.example.tst
like "$rc $err" "^1 .*www.example.tst is not enrolled.*is $NAME meant" \
	"a name that is none is refused, with what is near"
is "$(accounts)$(ask 'SELECT * FROM hosts')" "" "... and nothing is made"
populate host add 'h;ost' $NAME
like "$rc $err" '^1 .*h;ost is no name of a host' "nor of a host that is none"
populate -n host add host1 $NAME
is "$rc $(accounts)$(ask 'SELECT * FROM hosts')" "0 " "--dry-run makes nothing"
like "$out" "^host1: would have the account certrepo-host-host1, with a password of its own, and may read $NAME" \
	"... and says what it would"
ask "SET GLOBAL general_log_file = '$T/db/data/general.log';
	SET GLOBAL general_log = 1"
populate host add host1 $NAME
is "$rc $err" "0 " "an account"
is "$(accounts)" "certrepo-host-host1 " "... is there"
is "$(ask 'SELECT account, name, host FROM host_names' | tr '\t' ' ')" \
	"certrepo-host-host1 $NAME host1" "... with what it may read"
printf '%s\n' "$out" | sed -n 's/^  password *\([A-Za-z0-9]*\)$/\1/p' \
	>"$T/host1.password"
chmod 600 "$T/host1.password"
is "$(wc -c <"$T/host1.password")" 33 "its password is shown, 32 characters"
not_ok "... and is in no log of the server" \
	grep -qF "$(cat "$T/host1.password")" "$T/db/data/general.log"
ok "... where its hash is" grep -q 'CREATE USER .*USING .\*' \
	"$T/db/data/general.log"
ask "SET GLOBAL general_log = 0"
printf '%s\n' "$out" | sed -n '/^host = /,/^ *};$/p' >"$T/pasted"
like "$(cat "$T/pasted")" "port = $MARIADB_PORT;" "the group to paste"

# --- the host ---

# As it was printed, but for the folder of the password.
host_conf
sed -i -e '/^store : /d' -e '/^host = /d' "$HOST_CONF"
sed "s#/etc/certrepo/host.password#$T/host1.password#" "$T/pasted" \
	>>"$HOST_CONF"
placeholder
nginx_run || bail "nginx does not start"
run host
like "$rc $err" "^0 .*served service=web name=$NAME " "the installer, by what was pasted"
is "$(served)" "$(cert_fp "$T/one.crt")" "... has its certificate served"
populate host show host1
is "$rc $err" "0 " "show"
like "$out" "account +certrepo-host-host1, since 20" "... its account"
like "$out" "may read +$NAME\$" "... what it may read"
like "$out" "last seen +20.*Z\$" "... when it was seen"
like "$out" "Z  $NAME web 127.0.0.1:$NGINX_PORT/$NAME: served" "... what it serves"
populate host show --json host1
is "$(printf '%s' "$out" | jq -r '.host, .account, .account_missing,
	.names[0].name, (.installs[] | select(.endpoint != "") | .state)' |
	tr '\n' ' ')" \
	"host1 certrepo-host-host1 false $NAME served " "... as JSON"
is "$(as_host host1 "$T/host1.password" \
	"CALL host_certs_get('[\"$NAME\",\"$OTHER\"]')" | cut -f1)" $NAME \
	"it reads its name, and not another's"
like "$(as_host host1 "$T/host1.password" "SELECT name FROM host_certs")" \
	'SELECT command denied' "... nothing past the procedures"
like "$(as_host host1 "$T/host1.password" "SELECT name FROM certs")" \
	'SELECT command denied' "... nor the tables"
like "$(mariadb --no-defaults --skip-ssl --host=127.0.0.1 \
	--port="$MARIADB_PORT" --user=certrepo-host-host1 \
	--password="$(cat "$T/host1.password")" -e 'SELECT 1' 2>&1)" \
	'Access denied' "... nor anything in clear text"

# --- again ---

populate host add host1
is "$rc $(accounts)" "0 certrepo-host-host1 " "added again: one account"
like "$out" 'password +it keeps the one it has; --new-password' "... which keeps its password"
run host
is "$rc $err" "0 " "... by which the host goes on"
populate host add host1 --password-file "$T/new.password"
is "$rc $(ls "$T/new.password" 2>/dev/null)" "0 " "... no file with a password that is not known"
populate host add host1 --new-password --password-file "$T/new.password"
is "$rc $(stat -c '%a' "$T/new.password")" "0 600" "another password, into a file"
unlike "$out" "$(cat "$T/new.password")" "... which is not shown"
like "$(as_host host1 "$T/host1.password" 'SELECT 1')" 'Access denied' \
	"... the old one is of no use"
is "$(as_host host1 "$T/new.password" 'SELECT 1')" 1 "... the new one is"
populate host add host1 --new-password --password-file "$T/new.password"
like "$rc $err" '^1 .*is there, and is not overwritten' \
	"a file that is there is not overwritten"
unlike "$out$err" 'is noted|once more' "... nothing was done, and would not be"
populate host add fresh9 --new-password --password-file "$T/new.password"
is "$rc $(mariadb_sql -NB certrepo -e "SELECT COUNT(*) FROM hosts WHERE
	host = 'fresh9'")" "1 0" "... no host is noted either"
echo 'not a password' >"$T/text"
chmod 600 "$T/text"
populate host add host1 --password-file "$T/text"
like "$rc $err $(cat "$T/text")" '^1 .*not overwritten.* not a password$' \
	"... whatever it is"
chmod 644 "$T/new.password"
populate host add host1 --password-file "$T/new.password"
like "$rc $err" '^78 .*new.password' "... nor believed when all can read it"
chmod 600 "$T/new.password"

# One that somebody else laid where it was going to be looked for.
mkdir -m 1777 "$T/shared"
echo known-to-somebody-else >"$T/shared/planted"
chmod 600 "$T/shared/planted"
chown nobody "$T/shared/planted"
populate host add host1 --password-file "$T/shared/planted"
like "$rc $err" '^78 .*shared/planted' "nor when it is somebody else's"
ln -s "$T/new.password" "$T/shared/link"
populate host add host1 --password-file "$T/shared/link"
isnt "$rc" 0 "... or a link in a folder of all"
mkfifo -m 600 "$T/shared/fifo"
RUN_TIMEOUT=10 populate host add host1 --password-file "$T/shared/fifo"
like "$rc" '^(74|78)$' "... or no file"
install -d -o nobody -m 755 "$T/theirs"
populate host add host1 --password-file "$T/theirs/new"
like "$rc $err" '^78 .*theirs' "... nor is one made in a folder of theirs"
is "$(as_host host1 "$T/new.password" 'SELECT 1')" 1 "... the account keeps its own"

# Stopped when the row was there and no account; when the file was there, too;
# an account that is gone, as after a restore.
ask "DROP USER 'certrepo-host-host1'@'%'"
populate host show host1
like "$out" '^ +certrepo-populate -c .* host add host1$' \
	"an account that is gone is told"
populate host list
like "$out" '^host1 .*certrepo-host-host1, which the server does not have$' \
	"... in the list, too"
run host
like "$rc $err" '^78 .*certrepo-host-host1' "... by the host as well"
populate host add host1 --password-file "$T/new.password"
is "$rc $(as_host host1 "$T/new.password" 'SELECT 1')" "0 1" \
	"made again, with the password of its file"
like "$out" "^  password +the one that was in $T/new.password; on" \
	"... and that is said"
ask "DROP USER 'certrepo-host-host1'@'%'"
populate init
like "$rc $err" \
	'^0 .*does not have the account of 1 host .host1., as after a restore: certrepo-populate -c .* host add HOST --password-file FILE makes it' \
	"init says that it is gone, and what to do"
is "$(printf '%s\n' "$err" | wc -l)" 1 "... in one line"
ask "INSERT INTO hosts (host, account, ts_added) SELECT
	CONCAT('lost', seq), CONCAT('certrepo-host-lost', seq), 1 FROM seq_1_to_9;
	INSERT INTO host_names VALUES ('certrepo-host', '*', '*')"
populate init
like "$err" 'of 10 hosts .host1, lost1, lost2, lost3, lost4, \.\.\..' \
	"... of many a few are named"
like "$err" 'does not have an account .certrepo-host. that hosts share' \
	"... and the one that is shared"
ask "DELETE FROM hosts WHERE host LIKE 'lost%';
	DELETE FROM host_names WHERE account = 'certrepo-host'"
# One that may not see accounts says nothing of them.
ask "CREATE USER seer@'%' IDENTIFIED BY 'populate-secret' REQUIRE SSL;
	GRANT ALL ON certrepo.* TO seer@'%'"
admin_conf seer "$T/populate.password" >"$T/seer.conf"
CONF=$T/seer.conf
populate init
is "$rc" 0 "init by an account that may not see accounts"
unlike "$out$err" 'as after a restore' "... says nothing of them"
ask "DROP USER seer@'%'"
CONF=
populate host add host1
is "$rc $(accounts)" "0 certrepo-host-host1 " "... or with one that is new"
printf '%s\n' "$out" | sed -n 's/^  password *\([A-Za-z0-9]*\)$/\1/p' \
	>"$T/host1.password"
run host
is "$rc $err" "0 " "... by which the host goes on"

# One that was made by hand, for the views.
ask "CREATE USER 'certrepo-host-old'@'%' IDENTIFIED BY 'old-secret';
	GRANT SELECT ON host_certs TO 'certrepo-host-old'@'%'"
(umask 077 && echo old-secret >"$T/old.password")
populate host add old $OTHER
is "$rc" 0 "an account that was there"
like "$out" 'had other rights, which it has no more' "... loses what it had"
like "$(as_host old "$T/old.password" 'SELECT name FROM host_certs')" \
	'denied' "... the views"
is "$(as_host old "$T/old.password" \
	"CALL host_certs_get('[\"$NAME\",\"$OTHER\"]')" | cut -f1)" $OTHER \
	"... and reads what it may"

# --- where the password cannot be shown ---

unshown() { # TO ARG...
	_to=$1 && shift
	rc=0
	err=$(sh -c '"$@" >'"$_to" sh "$BUILD/certrepo-populate" \
		-c "$T/certrepo.conf" "$@" 2>&1) || rc=$?
}
for to in /dev/full '&-'; do
	unshown "$to" host add unseen $OTHER
	like "$rc $err" \
		'^1 .*cannot write to standard output, where the password of unseen' \
		"a stdout that takes nothing ($to): refused"
	is "$(accounts | grep -c unseen)$(ask "SELECT COUNT(*) FROM hosts
		WHERE host = 'unseen'")" 00 "... before anything is made"
done
unshown /dev/full host add unseen $OTHER --password-file "$T/unseen.password"
is "$rc $err $(wc -c <"$T/unseen.password")" \
	"1 certrepo-populate: cannot write to standard output 33" \
	"... with a file for the password nothing is lost"
unshown /dev/full host add unseen --new-password
like "$rc $err" '^1 .*so nothing was done' "another password: refused"
like "$(as_host unseen "$T/unseen.password" 'SELECT 1')" '^1' \
	"... and the one before holds"
# Room for its first line, and no more.
(
	ulimit -f 1
	head -c 500 /dev/zero >"$T/small"
	"$BUILD/certrepo-populate" -c "$T/certrepo.conf" host add unseen \
		--new-password >>"$T/small" 2>"$T/err"
)
like "$? $(cat "$T/err")" \
	'^1 .*unseen has a password that was not shown; make another one by certrepo-populate -c .* host add unseen --new-password$' \
	"what is cut off later is told, with what to do"
is "$(wc -l <"$T/err")" 1 "... in one line"
# Who reads goes away: whatever was done is said.
mkfifo "$T/gone"
sh -c 'exec 3<"$1"; exec 3<&-' sh "$T/gone" &
gone=$!
(
	exec 7>"$T/gone"
	wait $gone
	exec "$BUILD/certrepo-populate" -c "$T/certrepo.conf" host add unseen \
		--new-password >&7 2>"$T/err"
)
like "$? $(cat "$T/err")" '^1 .*cannot write to standard output' \
	"a pipe that nobody reads is no death in silence"
populate host remove -y unseen

# --- list, grant, revoke ---

ask "INSERT INTO installs (host, name, service, endpoint, state, ts) VALUES
	('gone', '$NAME', 'web', '', 'served', 1700000000)"
populate host list
is "$rc $err" "0 " "list"
like "$out" '^gone +2023-11-14T22:13:20Z +- +1 +shared account$' \
	"... one that is known by its reports alone"
like "$out" '^host1 +20[^ ]*Z +1 +[0-9]+ +certrepo-host-host1$' "... one with an account"
like "$out" '^old +never +1 +0 +certrepo-host-old$' "... one that was never seen"
populate host list --json
is "$(printf '%s' "$out" | jq -r '.[] | .host + "=" + (.account // "-")' |
	tr '\n' ' ')" 'gone=- host1=certrepo-host-host1 old=certrepo-host-old ' \
	"... as JSON"
populate host grant host1 $OTHER
is "$rc $out" "0 host1 may read $OTHER" "granted"
is "$(as_host host1 "$T/host1.password" \
	"CALL host_certs_get('[\"$NAME\",\"$OTHER\"]')" | cut -f1 | sort |
	tr '\n' ' ')" "$OTHER $NAME " "... it reads that, too"
populate host grant hots1 $OTHER
like "$rc $err" '^1 .*hots1 has no account.*is host1 meant' "a host that is none"
populate host grant gone $OTHER
like "$rc $err" '^1 .*no account of its own.*host add gone makes one' \
	"... or has no account"
populate host revoke host1 $OTHER $NAME no.example.test
like "$rc $err" '^1 .*may not read no.example.test' "what it has not is not revoked"
is "$(ask "SELECT COUNT(*) FROM host_names WHERE host = 'host1'")" 2 \
	"... nor anything beside it"
populate host revoke host1 $NAME
is "$rc" 0 "revoked"
is "$(as_host host1 "$T/host1.password" \
	"CALL host_certs_get('[\"$NAME\",\"$OTHER\"]')" | cut -f1)" $OTHER \
	"... it reads it no more"
is "$(ask "SELECT COUNT(*) FROM installs WHERE host = 'host1' AND
	name = '$NAME'")" 0 "... and what it reported of it is gone"
run host
like "$rc $err" "$NAME" "... the host says so"
is "$(served)" "$(cert_fp "$T/one.crt")" "... and serves what it has"
is "$(ask "SELECT COUNT(*) FROM installs WHERE host = 'host1' AND
	name = '$NAME'")" 0 "... and reports nothing of it"
populate host grant host1 $NAME
run host
is "$rc $err" "0 " "granted again: all is well"

# --- remove, forget ---

populate host remove host1 </dev/null
like "$rc $err" '^1 .*no terminal to ask on, say --yes' "removal asks"
populate -n host remove host1
is "$rc $(accounts)" "0 certrepo-host-host1 certrepo-host-old " \
	"... and --dry-run removes nothing"
# Somebody is logged in by it.
mkfifo "$T/in"
mariadb --no-defaults --host=127.0.0.1 --port="$MARIADB_PORT" --ssl \
	--ssl-ca="$MARIADB_CA" --user=certrepo-host-host1 \
	--password="$(cat "$T/host1.password")" --unbuffered -nN certrepo \
	<"$T/in" >"$T/logged" 2>&1 &
logged=$!
exec 8>"$T/in"
echo 'SELECT "in";' >&8
i=0
until grep -q in "$T/logged" || [ $i -gt 100 ]; do i=$((i + 1)) && sleep 0.1; done
populate host remove -y host1
is "$rc $err" "0 " "removed"
is "$(accounts)" "certrepo-host-old " "... the account"
is "$(ask "SELECT user FROM information_schema.processlist
	WHERE user LIKE 'certrepo-host%'")" "" "... and who was logged in by it"
exec 8>&-
wait $logged
is "$(ask "SELECT (SELECT COUNT(*) FROM hosts WHERE host = 'host1') +
	(SELECT COUNT(*) FROM host_names WHERE host = 'host1') +
	(SELECT COUNT(*) FROM installs WHERE host = 'host1')")" 0 \
	"... its row, its names, its reports"
run host
is "$rc" 78 "the host is let in no more"
populate host remove -y host1
like "$rc $err" '^1 .*host1 has no account' "removed again: there is none"
ask "DELETE FROM hosts WHERE host = 'old'"
populate host remove -y old
is "$rc $(accounts)" "0 " "an account without a row is found as well"
populate -n host forget gone
is "$rc $out" "0 gone: would forget 1 report; as long as it runs, it reports again" \
	"forget --dry-run"
populate host forget gone
is "$rc $(ask "SELECT COUNT(*) FROM installs")" "0 0" "a host without an account is forgotten"
populate host forget gone
like "$rc $err" '^1 .*gone reported nothing' "... once"

# --- an account that may not make accounts ---

sed 's/@PASSWORD@/"populate-secret"/' "$ROOT/schema/grants.sql" |
	mariadb_sql || bail "no grants"
CONF=$T/populate.conf
populate host add host1 $NAME
is "$rc $err" "0 " "by certrepo-populate's account"
is "$(accounts)" "" "... nothing is made"
like "$out" 'may not make or drop accounts. Let an' "... it says so"
printf '%s\n' "$out" | grep ';$' | grep -E '^(CREATE|ALTER|GRANT|KILL) ' \
	>"$T/host.sql"
printf '%s\n' "$out" | sed -n 's/^  password *\([A-Za-z0-9]*\)$/\1/p' \
	>"$T/host1.password"
not_ok "... and shows no password in a statement" \
	grep -qF "$(cat "$T/host1.password")" "$T/host.sql"
populate host list
like "$rc $out" '^host1 .* certrepo-host-host1 .not checked.$' \
	"what it may not see the list does not say is there"
populate host show host1
like "$rc $(echo "$out" | tr -s '\n ' ' ')" \
	"^0 .*whether the server has it was not checked" "... nor does show"
populate host show --json host1
is "$(printf '%s' "$out" | jq -r '.account_missing')" null "... as JSON"
populate host list --json
is "$(printf '%s' "$out" | jq -r '.[] | select(.host == "host1") |
	.account_missing')" null "... of all"
ok "... an administrator runs what it prints" mariadb_sql -e "SOURCE $T/host.sql"
run host
is "$rc $err" "0 " "... and the host is let in"
populate host add host1 $OTHER
is "$rc" 0 "a name more"
unlike "$out" 'CREATE' "... takes no administrator"
populate host add host1 --new-password
printf '%s\n' "$out" | grep -E '^(CREATE|ALTER|GRANT|KILL) ' >"$T/host.sql"
printf '%s\n' "$out" | sed -n 's/^  password *\([A-Za-z0-9]*\)$/\1/p' \
	>"$T/host1.password"
ok "another password does" mariadb_sql -e "SOURCE $T/host.sql"
run host
is "$rc $err" "0 " "... and the host is let in"
populate host remove -y host1
is "$rc $(ask "SELECT COUNT(*) FROM host_names WHERE host = 'host1'")" "0 0" \
	"removed: nothing is left that it may read"
printf '%s\n' "$out" | grep -E '^(DROP|KILL) ' >"$T/host.sql"
ok "... the account is for an administrator" mariadb_sql -e "SOURCE $T/host.sql"
is "$(accounts)" "" "... who drops it"
populate host add host1
populate host add host2
populate host remove -y host1 host2
is "$rc $(printf '%s\n' "$out" | grep -c 'Let an administrator')$(printf '%s\n' "$out" |
	grep -c '^DROP ')" "0 12" "of several: what to do once, and all statements"
CONF=

# --- a right that is not there is said once ---

ask "CREATE USER less@'%' IDENTIFIED BY 'populate-secret' REQUIRE SSL;
	GRANT SELECT ON certrepo.* TO less@'%';
	INSERT INTO host_requests (account, host, name, csr, key_sha256, state, ts)
	VALUES ('', 'web1', '$NAME', (SELECT csr FROM certs WHERE name = '$NAME'),
	'a', 'pending', 1)"
admin_conf less "$T/populate.password" >"$T/less.conf"
CONF=$T/less.conf
populate disable $NAME $OTHER
is "$rc $(printf '%s\n' "$err" | grep -c 'UPDATE command denied')" "78 1" \
	"of several names, one line"
populate approve "$(ask 'SELECT MAX(id) FROM host_requests')"
is "$rc $(printf '%s' "$err" | grep -o 'by hand, use the account' | wc -l)" \
	"78 1" "of a request, and which account has it, once"
ask "DELETE FROM host_requests; DROP USER less@'%'"
CONF=

# --- a database of another name; the longest host ---

ask "CREATE DATABASE \`odd\`\`name\`"
sed 's|database = "[^"]*";||; s|store : {|& database = "odd`name";|' \
	"$T/certrepo.conf" >"$T/odd.conf"
CONF=$T/odd.conf
populate init
is "$rc" 0 "a database with a quote in its name"
long=$(printf 'h%.0s' $(seq 1 255))
populate host add "$long"
is "$rc $err" "0 " "... and a host of 255 characters"
is "$(accounts | wc -c)" 81 "... whose account has 80"
like "$out" 'database = "odd`name";' "... and the group to paste says it"
CONF=

# --- SQLite ---

CONF=$T/sqlite.conf
populate host add host1 $NAME
like "$rc $err" '^78 .*is SQLite, which knows no accounts.*nothing has to be done' \
	"SQLite: no accounts, and what that means"
sqlite3 "$DB" "INSERT INTO installs (host, name, service, endpoint, state, ts)
	VALUES ('host1', '$NAME', 'web', '', 'served', 1700000000)"
populate host list
like "$rc $out" 'host1 +2023-11-14T22:13:20Z +- +1 +-$' "... its hosts are listed"
populate host show host1
like "$rc $out" " $NAME web: served" "... and shown"
populate host remove -y host1
like "$rc $err" '^78 .*host forget host1' "... removed they cannot be"
populate host forget host1
is "$rc $(sqlite3 "$DB" 'SELECT COUNT(*) FROM installs')" "0 0" "... but forgotten"
done_testing
